package sim_test

import (
	"slices"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine/sim"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
)

const invitations = `usher: 1
timezone: Asia/Shanghai
member: {nickname: string, level: {enum: [tin, gold]}}
channels: {shop: {type: log}}
segments: {golden: member.level == "gold"}
events:
  member.joined: {invited_by: optional string}
  invited: {guest: string}
frequency_caps: [{max: 1, per: 24h}]
quiet_hours: {from: "22:00", to: "08:00"}
`

// thanks rewards who has invited somebody.
const thanks = `id: thanks
stage: acquisition
trigger: {event: member.joined, if: event.invited_by != nil}
mode: parallel
actions:
  - tag: guest
  - emit: {event: invited, member: = trigger.invited_by, properties: {guest: = member.id}}
`

const reward = `id: reward
stage: acquisition
trigger: {event: invited}
mode: parallel
actions:
  - points: 100
  - id: hi
    message: {channel: shop, text: "{{ trigger.guest }} 来了"}
  - wait: 1h
  - if: actions.hi.status == "failed"
    then:
      - tag: unreached
`

// runScripts returns what tests of the playbook thanks say that fail, "" of those that pass.
func runScripts(t *testing.T, tests string) map[string]*sim.Failure {
	t.Helper()
	files := fstest.MapFS{}
	for name, text := range map[string]string{
		"usher.yaml": invitations, "playbooks/thanks.yaml": thanks, "playbooks/reward.yaml": reward,
		"playbooks/golden.yaml": "id: golden\nstage: retention\ntrigger: {segment_enter: golden}\nactions:\n  - tag: golden\n",
		"playbooks/x_test.yaml": tests,
	} {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	ws, diags := loader.Load(files, actions.Registry())
	for _, d := range diags {
		if d.Severity == diag.Error {
			t.Fatalf("%+v", d)
		}
	}
	out := map[string]*sim.Failure{}
	for _, r := range sim.Test(ws, sim.TestOptions{Registry: actions.Registry(), Effects: actions.Effects()}).Tests {
		out[r.Name] = r.Failure
	}
	return out
}

// An expect with a member speaks of what happened to that member alone, events that runs emitted to
// them among it; what happened to others stays for an expect of theirs, and fails the test at the end.
func TestSeveralMembers(t *testing.T) {
	got := runScripts(t, `playbook: thanks
with: [reward]
tests:
  - name: each apart
    members: [{id: a, nickname: 小王}, {id: b}]
    script:
      - {member: b, event: member.joined, properties: {invited_by: a}}
      - expect: {member: a, points: 100, events: [{event: invited, properties: {guest: b}}], messages: [{contains: b 来了}]}
      - expect: {member: b, tags: {added: [guest]}, run: done}
  - name: all together
    members: [{id: a}, {id: b}]
    script:
      - {member: b, event: member.joined, properties: {invited_by: a}}
      - expect: {points: 100, tags: {added: [guest]}, events: [{event: invited, member: a}], messages: [{contains: b}], run: done}
  - name: the others are left
    members: [{id: a}, {id: b}]
    script:
      - {member: b, event: member.joined, properties: {invited_by: a}}
      - expect: {member: b, tags: {added: [guest]}}
  - name: not of the other
    members: [{id: a}, {id: b}]
    script:
      - {member: b, event: member.joined, properties: {invited_by: a}}
      - expect: {member: b, points: 100, tags: {added: [guest]}}
  - name: the first unless it is said
    members: [{id: a}, {id: b}]
    history:
      - {event: invited, at: -1d, times: 3, properties: {guest: x}}
    script:
      - {event: member.joined}
      - expect: {member: a, run: none}
      - {event: member.joined, properties: {invited_by: b}}
      - expect: {member: a, run: done, tags: {added: [guest]}}
      - expect: {member: b, run: none, points: 100, events: [{event: invited}], messages: [{contains: a}]}
`)
	for name, want := range map[string]string{
		"each apart": "", "all together": "", "the first unless it is said": "",
		"the others are left": "the script ends, but no expect names what happened",
		"not of the other":    "points differ: expected 100, happened 0",
	} {
		f, ran := got[name]
		if !ran {
			t.Errorf("%s did not run", name)
		}
		if (f == nil) != (want == "") || f != nil && f.Message != want {
			t.Errorf("%s: %+v, want %q", name, f, want)
		}
	}
	if f := got["the others are left"]; f != nil {
		for _, want := range []string{"  - {channel: shop, class: promotional, member: a, status: queued, text: b 来了}", "points of a: 100"} {
			if !slices.Contains(f.Happened, want) {
				t.Errorf("what happened does not say to whom: %q", f.Happened)
			}
		}
	}
}

// A test says what becomes of a message, as its run learns it; one that failed takes no place under a
// frequency cap. Attributes are written from outside for whom a step names.
func TestOutcomesAndUpdates(t *testing.T) {
	got := runScripts(t, `playbook: reward
with: [golden]
tests:
  - name: failed
    member: {id: a}
    force: {messages: {hi: {status: failed, reason: 号码停用}}}
    script:
      - {event: invited, properties: {guest: x}}
      - {event: invited, properties: {guest: y}}
      - expect: {points: 200, messages: [{status: failed, reason: 号码停用}, {status: failed}]}
      - advance: 1h
      - expect: {tags: {added: [unreached]}, run: done}
  - name: failed when quiet hours are over
    at: 2026-01-05T23:00:00Z
    member: {id: a}
    force: {messages: {hi: {status: failed, reason: 号码停用}}}
    script:
      - {event: invited, properties: {guest: x}}
      - expect: {points: 100, deferred: [{status: queued, reason: deferred}]}
      - advance: 9h
      - expect: {messages: [{status: failed, reason: 号码停用}]}
  - name: sent
    member: {id: a}
    script:
      - {event: invited, properties: {guest: x}}
      - {event: invited, properties: {guest: y}}
      - expect: {points: 200, messages: [{contains: x}, {status: skipped, reason: capped}]}
      - advance: 1h
      - expect: {run: done}
  - name: written
    members: [{id: a}, {id: b}]
    script:
      - {member: b, attributes: {level: gold}}
      - expect: {member: b, tags: {added: [golden]}}
      - {attributes: {level: gold}}
      - expect: {member: a, tags: {added: [golden]}}
`)
	for name, f := range got {
		if f != nil {
			t.Errorf("%s: %s\nexpected %q\nhappened %q", name, f.Message, f.Expected, f.Happened)
		}
	}
	if len(got) != 4 {
		t.Errorf("%d tests ran", len(got))
	}
}
