package sim_test

import (
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/sim"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
)

// A run that is over still learns what became of what it has sent, as it does when served: of a message that it handed to an
// object, of a webhook that was on its way when it exited.
func TestEndedRunsAreTold(t *testing.T) {
	for name, c := range map[string]struct {
		book   string
		result string
		want   any
	}{
		"handed": {"actions:\n  - message: {channel: out, to: {group: g1}, text: hi}\n", "reason", engine.ReasonNoObject},
		"asked": {
			"exit: [{if: '\"x\" in member.tags'}]\nactions:\n  - tag: x\n  - webhook: https://a.test/\n", "status", 200,
		},
	} {
		t.Run(name, func(t *testing.T) { testEndedRunsAreTold(t, c.book, c.result, c.want) })
	}
}

func testEndedRunsAreTold(t *testing.T, book, result string, want any) {
	ws, diags := loader.Load(fstest.MapFS{
		"usher.yaml":       {Data: []byte("usher: 1\nobjects: {group: {}}\nevents: {joined: {}}\nchannels: {out: {type: log}}\n")},
		"playbooks/p.yaml": {Data: []byte("id: p\nstage: activation\ntrigger: {event: joined}\n" + book)},
	}, actions.Registry())
	for _, d := range diags {
		if d.Severity == diag.Error {
			t.Fatal(d)
		}
	}
	e := engine.New(ws, engine.Options{Secret: []byte("s"), Registry: actions.Registry(), Effects: actions.Effects()})
	var told []any
	w := sim.NewWorld(e, monday, func(c *engine.Changes) {
		for i := range c.Records {
			for _, entry := range c.Records[i].Entries {
				if entry.What == "result" {
					told = append(told, entry.Detail[result])
				}
			}
		}
	})
	in := ordered("e", monday, monday, 0, false)
	in.Name = "joined"
	if err := w.Input(in); err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || told[0] != want {
		t.Errorf("the runs were told %v", told)
	}
}
