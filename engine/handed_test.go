package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
)

const handingUsher = `usher: 1
timezone: UTC
member: {nickname: string}
objects: {group: {title: string, loud: '= len(events("said", "7d")) > 0'}}
events: {said: {group: ref group}}
channels: {out: {type: log}}
frequency_caps: [{channels: [out], max: 1, per: 1d}]
quiet_hours: {from: "22:00", to: "08:00"}
`

const handing = `id: p
stage: activation
trigger: {event: said}
mode: parallel
actions:
  - id: told
    message: {channel: out, to: {group: = trigger.group}, with: {who: = member.nickname}, text: "{{ group.title }}{% if group.loud %}!{% endif %} {{ with.who | default: '?' }}"}
`

// lines decides for one member and the group g, each in its own line.
type lines struct {
	*testing.T
	e      *engine.Engine
	states map[string]*engine.State
	seq    int64
	all    engine.Changes // deliveries and releases
	told   []string       // what the member was told, as status/reason
}

var groupG = naming.ObjectID("group", "g")

func handingTo(t *testing.T, status string) *lines {
	t.Helper()
	return &lines{
		T: t, e: newEngine(load(t, map[string]string{"usher.yaml": handingUsher, "playbooks/p.yaml": "status: " + status + "\n" + handing})),
		states: map[string]*engine.State{
			"m":    {Member: &engine.Member{ID: "m", Attributes: map[string]any{"nickname": "Anna"}}},
			groupG: {Member: &engine.Member{ID: groupG, Attributes: map[string]any{"title": "Milk"}}},
		},
	}
}

// decide decides an input, what is due until then, and what goes to other lines by it.
func (l *lines) decide(in engine.Input) {
	l.Helper()
	l.seq++
	if in.Seq = l.seq; in.Time.IsZero() {
		in.Time = in.At
	}
	if in.Kind == engine.InputResult && in.Member == "m" {
		l.told = append(l.told, fmt.Sprintf("%v/%v", in.Properties["status"], in.Properties["reason"]))
	}
	l.until(in.Member, []engine.Input{in}, in.At)
}

func (l *lines) until(subject string, inputs []engine.Input, at time.Time) {
	l.Helper()
	var c engine.Changes
	if err := l.e.Decide(subject, l.states[subject], inputs, at, nil, &c); err != nil {
		l.Fatal(err)
	}
	l.all.Deliveries, l.all.Releases = append(l.all.Deliveries, c.Deliveries...), append(l.all.Releases, c.Releases...)
	for _, in := range c.Emitted {
		in.At = at
		l.decide(in)
	}
}

func (l *lines) said(at time.Time) {
	l.Helper()
	in := engine.Input{
		Kind: engine.InputEvent, ID: fmt.Sprint("e", l.seq), Member: "m", Name: "said", At: at,
		Payload: &engine.Payload{Properties: map[string]any{"group": "g"}, Objects: []string{groupG}},
	}
	copies, err := in.Copies()
	if err != nil {
		l.Fatal(err)
	}
	copies[0].Seq = l.seq + 1
	l.decide(copies[0])
	l.decide(in)
}

func (l *lines) wasTold(want ...string) {
	l.Helper()
	if fmt.Sprint(l.told) != fmt.Sprint(want) {
		l.Errorf("the member was told %v, want %v", l.told, want)
	}
}

// What is put off in the object's line is released there, late messages are decided on again, and the run learns of each
// end. Places under the caps are the object's.
func TestHandedMessagesAreReleasedForTheObject(t *testing.T) {
	l := handingTo(t, "live")
	night := time.Date(2026, 3, 28, 23, 0, 0, 0, time.UTC)
	morning := night.Add(9 * time.Hour)
	l.said(night)
	l.said(night.Add(time.Minute))
	if len(l.states[groupG].Member.Deferred) != 2 || len(l.states["m"].Member.Deferred) != 0 {
		t.Fatalf("put off: %+v", l.states[groupG].Member.Deferred)
	}
	l.until(groupG, nil, morning)
	l.wasTold("skipped/capped")
	d := l.all.Deliveries[0]
	if d.Message.Text != "Milk! Anna" || d.Member != groupG || d.Message.Of != "m" || d.Run != l.states["m"].Runs[0].ID {
		t.Errorf("delivered: %+v", d)
	}
	if r := l.states["m"].Runs[1]; r.Actions["told"]["reason"] != engine.ReasonCapped {
		t.Errorf("the run that is over knows %v", r.Actions)
	}
	d.ReleasedAt = morning
	if !l.e.Late(&d, morning.Add(time.Hour)) {
		t.Fatal("an hour later it is late")
	}
	again := engine.ReleaseAgain(&d)
	again.At = morning.Add(15 * time.Hour)
	l.decide(again) // at night
	l.wasTold("skipped/capped")
	l.decide(engine.Input{Kind: engine.InputDeletion, ID: "gone", Member: groupG, At: morning.Add(16 * time.Hour), Payload: &engine.Payload{}})
	l.wasTold("skipped/capped", "skipped/deleted")
	l.states[groupG] = &engine.State{}
	failed := engine.ResultOf(&d, map[string]any{"status": "failed", "reason": "no such robot"})
	failed.At = morning.Add(17 * time.Hour)
	l.decide(failed)
	l.wasTold("skipped/capped", "skipped/deleted", "failed/no such robot")
	if l.states["m"].Member.Sends != nil {
		t.Error("it takes a place under the member's caps")
	}
}

// A run in shadow hands nothing over.
func TestShadowHandsNothingOver(t *testing.T) {
	l := handingTo(t, "shadow")
	l.said(time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC))
	if r := l.states["m"].Runs[0]; r.Actions["told"]["status"] != "sent" || len(l.all.Deliveries) > 0 || len(l.told) > 0 {
		t.Errorf("left %v, delivered %v, told %v", r.Actions, l.all.Deliveries, l.told)
	}
}

// The line of an object knows a playbook that hands messages to it, by any revision that is known; without it the
// message is skipped.
func TestHandedByAnotherRevision(t *testing.T) {
	l := handingTo(t, "live")
	noon := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	old := load(t, map[string]string{"usher.yaml": handingUsher, "playbooks/p.yaml": handing})
	now := load(t, map[string]string{"usher.yaml": handingUsher, "playbooks/p.yaml": "id: p\nstage: activation\ntrigger: {event: said}\nactions: [{tag: x}]\n"})
	p := old.Playbooks[0]
	in := engine.Input{
		Kind: engine.InputMessage, ID: "k1", Member: groupG, Name: "r", At: noon, Payload: &engine.Payload{Properties: map[string]any{
			"of": "m", "playbook": "p", "revision": p.Revision, "step": "told", "path": p.Steps[0].Path, "channel": "out",
			"class": engine.Promotional,
		}},
	}
	l.e = newEngine(now)
	l.decide(in)
	l.wasTold("skipped/" + engine.ReasonNoBook)
	if l.e = l.e.WithRevision(old, p); !l.e.Knows(p.Revision) {
		t.Fatal("the revision is not known")
	}
	needs := l.e.NeedsOf([]engine.Input{in}, map[string]*engine.State{groupG: l.states[groupG]})
	if len(needs.History) != 1 || needs.History[0].Event != "said" {
		t.Errorf("it needs %+v", needs.History)
	}
	broken := in
	broken.Payload = &engine.Payload{}
	if err := l.e.Decide(groupG, l.states[groupG], []engine.Input{broken}, noon, nil, new(engine.Changes)); err == nil {
		t.Error("a message of nobody is decided")
	}
	in.ID = "k2"
	l.decide(in)
	if len(l.all.Deliveries) != 1 || l.all.Deliveries[0].Message.Text != "Milk ?" {
		t.Errorf("delivered: %+v", l.all.Deliveries)
	}
}

// What becomes of a message that a group's run hands to its own group is about the message: whether the run is over and
// not read any more, or still open, changes nothing. An exit does not call it back.
func TestHandedToItself(t *testing.T) {
	const itself = `id: p
for: group
stage: activation
trigger: {event: said}
exit: [{if: '"over" in group.tags'}]
actions:
  - message: {channel: out, to: {group: = trigger.group}, text: "{{ group.title }}"}
  - %s
`
	night := time.Date(2026, 3, 28, 23, 0, 0, 0, time.UTC)
	morning := night.Add(9 * time.Hour)
	released := func(t *testing.T, next string, between func(*lines)) []engine.Entry {
		l := handingTo(t, "live")
		l.e = newEngine(load(t, map[string]string{"usher.yaml": handingUsher, "playbooks/p.yaml": fmt.Sprintf(itself, next)}))
		l.decide(engine.Input{
			Kind: engine.InputEvent, ID: "e", Member: groupG, Name: "said", At: night,
			Payload: &engine.Payload{Properties: map[string]any{"group": "g"}},
		})
		st := l.states[groupG]
		if len(st.Member.Deferred) != 1 {
			t.Fatalf("put off: %+v", st.Member.Deferred)
		}
		between(l)
		var c engine.Changes
		if err := l.e.Decide(groupG, st, nil, morning, nil, &c); err != nil {
			t.Fatal(err)
		}
		if len(c.Releases) != 1 || c.Releases[0].State != engine.DeliveryPending {
			t.Fatalf("released: %+v", c.Releases)
		}
		return c.Records[0].Entries
	}
	read := released(t, "tag: x", func(*lines) {})
	forgotten := released(t, "tag: x", func(l *lines) { l.states[groupG].Runs = nil })
	open := released(t, "wait: 2d", func(*lines) {})
	for _, other := range [][]engine.Entry{forgotten, open} {
		if read[0].Run.ID != other[0].Run.ID || read[0].What != "released" {
			t.Errorf("with the run at hand %+v of %s, else %+v of %s", read[0], read[0].Run.ID, other[0], other[0].Run.ID)
		}
	}
	released(t, "wait: 2d", func(l *lines) {
		l.decide(engine.Input{
			Kind: engine.InputUpdate, ID: "u", Member: groupG, At: night.Add(time.Hour), Payload: &engine.Payload{AddTags: []string{"over"}},
		})
		if r := l.states[groupG].Runs[0]; r.State != engine.RunExited {
			t.Errorf("the run is %s", r.State)
		}
	})
}
