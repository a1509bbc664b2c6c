package loader

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
)

// TestNothingIsDropped puts expressions that cannot be compiled wherever one may stand: each must
// be an error of its file, and the playbook must not be among those that run without it.
func TestNothingIsDropped(t *testing.T) {
	places := []string{
		"trigger: {event: order.paid, if: '%s'}\nactions: [{tag: x}]\n",
		"trigger: {event: order.paid}\nvars: {a: '= %s'}\nactions: [{tag: x}]\n",
		"trigger: {any: [{id: x, segment_enter: loyal}, {id: y, event: order.paid, if: '%s'}]}\nactions: [{tag: x}]\n",
		"trigger: {any: [{id: x, segment_enter: loyal}, {id: y, event: order.paid}]}\ncondition: '%s'\nactions: [{tag: x}]\n",
		"trigger: {changed: member.level, if: '%s'}\nactions: [{tag: x}]\n",
		"trigger: {event: order.paid}\ncondition: '%s'\nactions: [{tag: x}]\n",
		"trigger: {event: order.paid}\ngoal: {event: order.paid, if: '%s', within: 7d}\nactions: [{tag: x}]\n",
		"trigger: {event: order.paid}\nexit: [{event: order.paid, if: '%s'}]\nactions: [{tag: x}]\n",
		"trigger: {segment_enter: loyal}\nactions: [{if: '%s', tag: x}]\n",
		"trigger: {event: order.paid}\nactions: [{if: '%s', then: [{tag: x}]}]\n",
		"trigger: {event: order.paid}\nactions: [{choose: [{if: '%s', then: [{tag: x}]}]}]\n",
		"trigger: {event: order.paid}\nactions: [{if: '%s', choose: [{if: member.vip ?? false, then: [{tag: x}]}]}]\n",
		"trigger: {event: order.paid}\nactions: [{wait: {event: order.paid, if: '%s', timeout: 1d}}]\n",
		"trigger: {event: order.paid}\nactions: [{wait: {any: [{id: x, event: member.left}, {id: y, event: order.paid, if: '%s'}], timeout: 1d}}]\n",
		"trigger: {event: order.paid}\nactions: [{wait: {until: '= %s'}}]\n",
		"trigger: {event: order.paid}\nactions: [{split: {by: '= %s', ways: [{name: a, weight: 100, then: []}]}}]\n",
		"trigger: {event: order.paid}\nactions: [{tag: '= %s'}]\n",
		"trigger: {event: order.paid}\nactions: [{tag: {add: ['= %s']}}]\n",
		"trigger: {event: order.paid}\nactions: [{set: {vip: '= %s'}}]\n",
		"trigger: {event: order.paid}\nactions: [{points: '= %s'}]\n",
		"trigger: {event: order.paid}\nactions: [{emit: {event: member.joined, properties: {channel: '= %s'}}}]\n",
		"trigger: {event: order.paid}\nactions: [{webhook: {url: 'https://crm.example', body: {a: '= %s'}}}]\n",
		"trigger: {event: order.paid}\nactions: [{message: {channel: wecom, text: x, attach: [{image: '= %s'}]}}]\n",
		"trigger: {event: order.paid}\nactions: [{message: {channel: wecom, text: x, attach: [{link: {url: 'https://a.test', title: '= %s'}}]}}]\n",
		"trigger: {event: order.paid}\nactions: [{message: {channel: wecom, text: x, data: {rank: '= %s'}}}]\n",
	}
	wrong := []string{
		"trigger.nothing > 1", "actions.later.timed_out", "actions.none.code", "event", "event.nothing > 1",
		"member.nothing", "nobody", `in_segment("nobody")`, `len(events("nobody")) > 0`, "1 +", "“a”",
	}
	for _, place := range places {
		for _, expr := range wrong {
			text := fmt.Sprintf("id: a\nstage: retention\n"+place, expr)
			text = strings.TrimSuffix(text, "]\n") + ", {id: later, wait: {event: order.paid, timeout: 1d}}]\n"
			fsys := example(t, "")
			ws, diags := Load(fstest.MapFS{
				playbooks.SchemaFile: fsys[playbooks.SchemaFile],
				"playbooks/a.yaml":   {Data: []byte(text)},
			}, testRegistry())
			found := false
			for _, d := range diags {
				found = found || d.File == "playbooks/a.yaml" && d.Severity == diag.Error
			}
			if !found || len(ws.Playbooks) > 0 {
				t.Errorf("no mistake was found, or the playbook is run (%d):\n%s", len(ws.Playbooks), text)
			}
		}
	}
}
