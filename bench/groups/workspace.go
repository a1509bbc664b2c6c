package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing/fstest"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
)

// usher.yaml declares groups; what is asked of their messages stands in place of %s.
const schema = `usher: 1
timezone: Asia/Shanghai
member: {level: {enum: [regular, gold], default: regular}}
objects:
  group:
    title: string
    size: {type: int, default: 0}
%s
channels: {out: {type: log}}
events:
  group.message: {group: ref group, length: int, speaker: string}
  note: {length: int}
  ping: {}
`

// asking are attributes that are computed of the messages of seven days, and segments by them. A message that belongs
// to the group alone names its speaker by a property.
const asking = `    messages_7d: = len(events("group.message", "7d"))
    speakers_7d: = len(distinct(events("group.message", "7d"), %s))
segments:
  cold: {for: group, if: "group.size > 20 and group.speakers_7d < 3"}
  lively: {for: group, if: "group.messages_7d > 1000 and group.speakers_7d > 100"}
`

// ofGroups are the playbooks of groups.
var ofGroups = map[string]string{
	"cold": `id: cold
for: group
stage: retention
trigger: {segment_enter: cold}
actions:
  - tag: {add: cold}
  - message: {channel: out, text: "{{ group.title }}: {{ group.speakers_7d }}"}
`,
	"lively": `id: lively
for: group
stage: retention
trigger: {segment_enter: lively}
actions:
  - tag: {add: lively, remove: cold}
  - message: {channel: out, text: "{{ group.title }}: {{ group.messages_7d }} of {{ group.speakers_7d }}"}
`,
}

// talkers is the playbook of members who write long messages to a group, or notes that belong to no group.
const talkers = `id: talkers
stage: retention
trigger: {event: %[1]s, if: event.length > 190}
condition: len(events("%[1]s", "1d")) >= 5
reentry: 7d
actions:
  - tag: talker
`

// live is the playbook of what has nothing to do with groups. It tells its event.
const live = `id: live
stage: retention
trigger: {event: ping}
mode: parallel
actions:
  - message: {channel: out, class: transactional, text: "{{ trigger.id }}"}
`

// files returns the workspace in which groups and members listen, or not; speaker is who speaks, as an expression of
// an event.
func files(groups, members bool, speaker string) map[string]string {
	out, asked := map[string]string{"playbooks/live.yaml": live}, ""
	if groups {
		asked = strings.TrimSuffix(fmt.Sprintf(asking, speaker), "\n")
		for id, text := range ofGroups {
			out["playbooks/"+id+".yaml"] = text
		}
	}
	if members {
		out["playbooks/talkers.yaml"] = fmt.Sprintf(talkers, "group.message")
		out["playbooks/writers.yaml"] = strings.Replace(fmt.Sprintf(talkers, "note"), "id: talkers", "id: writers", 1)
	}
	out["usher.yaml"] = fmt.Sprintf(schema, asked)
	return out
}

// compile compiles a workspace.
func compile(files map[string]string) (*playbooks.Workspace, error) {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	ws, diags := loader.Load(fsys, actions.Registry())
	for _, d := range diags {
		if d.Severity == diag.Error {
			return nil, fmt.Errorf("%s:%d:%d: %s", d.File, d.Line, d.Column, d.Message)
		}
	}
	return ws, nil
}

// write puts a workspace into a folder.
func write(dir string, files map[string]string) error {
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}
