package loader_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/playbooks/loader"
)

// A stored workspace is compiled without the rules that only advise: here, rules that there may not
// have been when it was stored.
func TestCompileForRunning(t *testing.T) {
	const schema = `usher: 1
timezone: UTC
member:
  level: string
  old: = days_since(member.seen)
  seen: datetime
events: {visit: {n: int, d: optional int}}
segments: {lapsed: days_since(member.seen) > 3}
channels: {out: {type: log}}
`
	head := func(id string) string { return "id: " + id + "\nstage: activation\ntrigger: {event: visit}\n" }
	files := map[string]string{
		"usher.yaml":              schema,
		"playbooks/optional.yaml": head("optional") + "condition: trigger.d > 3\nactions: [{tag: x}]\n",
		"playbooks/constant.yaml": head("constant") + "condition: 1 == 1\nactions: [{exit: enough}]\n",
		"playbooks/segment.yaml": head("segment") +
			"condition: in_segment(\"lapsed\") and member.old > 3\nactions: [{tag: x}]\n",
		"playbooks/text.yaml": head("text") +
			"actions: [{message: {channel: out, text: \"{{ member.gone }} {{ trigger.n }}\"}}]\n",
		"playbooks/behind.yaml":    head("behind") + "actions: [{exit: a}, {tag: b}]\n",
		"playbooks/fine.yaml":      head("fine") + "actions: [{tag: x}]\n",
		"playbooks/channel.yaml":   head("channel") + "actions: [{message: {channel: gone, text: hi}}]\n",
		"playbooks/action.yaml":    head("action") + "actions: [{dance: {}}]\n",
		"playbooks/name.yaml":      head("name") + "condition: nobody.knows\nactions: [{tag: x}]\n",
		"playbooks/template.yaml":  head("template") + "actions: [{message: {channel: out, template: broken}}]\n",
		"playbooks/yaml.yaml":      "id: [yaml\n",
		"playbooks/fine_test.yaml": "playbook: fine\ntests: 3\n",
		"templates/broken.txt":     "{% if %}",
	}
	tree := fstest.MapFS{}
	for name, text := range files {
		tree[name] = &fstest.MapFile{Data: []byte(text)}
	}
	ws, err := loader.Compile(tree, actions.Registry())
	if err != nil {
		t.Fatal(err)
	}
	for id, usable := range map[string]bool{
		"optional": true, "constant": true, "segment": true, "text": true, "behind": true, "fine": true,
		"channel": false, "action": false, "name": false, "template": false, "playbooks/yaml.yaml": false,
	} {
		if reason := ws.Unusable[id]; (ws.Playbook(id) != nil) != usable || (reason == "") != usable {
			t.Errorf("%s: usable %v, reason %q", id, ws.Playbook(id) != nil, reason)
		}
	}
	if !strings.HasPrefix(ws.Unusable["action"], "playbooks/action.yaml:4: ") {
		t.Errorf("reason %q has no place", ws.Unusable["action"])
	}
	if p := ws.Playbook("optional"); p != nil && p.Condition == nil {
		t.Error("the condition is lost")
	}
	if _, err := loader.Compile(fstest.MapFS{"usher.yaml": {Data: []byte("usher: [")}}, actions.Registry()); err == nil {
		t.Error("a workspace that cannot be read was compiled")
	}
}

// What passes the check is compiled to the same revisions.
func TestCompileGivesTheSameRevisions(t *testing.T) {
	tree := fstest.MapFS{
		"usher.yaml": {Data: []byte("usher: 1\ntimezone: UTC\nmember: {level: string}\nevents: {visit: {n: int}}\nchannels: {out: {type: log}}\n")},
		"playbooks/a.yaml": {Data: []byte("id: a\nstage: activation\ntrigger: {event: visit, if: event.n > 1}\ncondition: (member.level ?? \"\") == \"gold\"\n" +
			"actions: [{message: {channel: out, text: \"{{ member.level }}\"}}, {wait: 1h}, {set: {level: = string(trigger.n)}}]\n")},
	}
	loaded, _ := loader.Load(tree, actions.Registry())
	compiled, err := loader.Compile(tree, actions.Registry())
	if err != nil || loaded.Playbook("a").Revision != compiled.Playbook("a").Revision {
		t.Errorf("%v", err)
	}
}
