package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
)

const releasing = `usher: 1
timezone: UTC
member: {newsletter: bool}
events: {go: {}, stop: {}}
consent: member.newsletter
channels: {out: {type: log}, other: {type: log}}
frequency_caps: [{channels: [out], max: 1, per: 24h}]
quiet_hours: {from: "22:00", to: "08:00"}
`

// A message whose release was a while ago is released again by today's limits, the message itself
// not counted.
func TestReleaseAgain(t *testing.T) {
	e := newEngine(load(t, map[string]string{"usher.yaml": releasing}))
	noon := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	del := &engine.Delivery{
		Key: "k", Member: "m", Channel: "out", At: noon, NotBefore: noon, ReleasedAt: noon,
		Message: engine.Message{Class: engine.Promotional},
	}
	own := engine.Send{Channel: "out", At: noon}
	agreed := map[string]any{"newsletter": true}
	for name, c := range map[string]struct {
		member *engine.Member
		now    time.Time
		reason string
		until  time.Time
	}{
		"goes out": {
			member: &engine.Member{Attributes: agreed, Sends: []engine.Send{own}},
			now:    noon.Add(time.Hour),
		},
		"nobody":       {now: noon, reason: engine.ReasonConsent},
		"never agreed": {member: &engine.Member{}, now: noon, reason: engine.ReasonConsent},
		"in quiet hours": {
			member: &engine.Member{Attributes: agreed, Sends: []engine.Send{own}},
			now:    noon.Add(11 * time.Hour), until: noon.Add(20 * time.Hour),
		},
		"another since": {
			member: &engine.Member{
				Attributes: agreed,
				Sends:      []engine.Send{own, {Channel: "out", At: noon.Add(time.Hour)}},
			}, now: noon.Add(2 * time.Hour),
			reason: engine.ReasonCapped,
		},
		"another after a day": {
			member: &engine.Member{
				Attributes: agreed,
				Sends:      []engine.Send{own, {Channel: "out", At: noon.Add(25 * time.Hour)}},
			}, now: noon.Add(26 * time.Hour),
			reason: engine.ReasonCapped,
		},
		"of another channel": {member: &engine.Member{
			Attributes: agreed,
			Sends:      []engine.Send{own, {Channel: "other", At: noon.Add(time.Hour)}},
		}, now: noon.Add(2 * time.Hour)},
	} {
		in := engine.ReleaseAgain(del)
		in.Seq, in.At = 1, c.now
		var changes engine.Changes
		st := &engine.State{Member: c.member}
		if err := e.Decide("m", st, []engine.Input{in}, c.now, nil, &changes); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(changes.Releases) != 1 {
			t.Fatalf("%s: %+v", name, changes.Releases)
		}
		r, want := changes.Releases[0], engine.DeliveryPending
		switch {
		case c.reason != "":
			want = engine.DeliveryDropped
		case !c.until.IsZero():
			want = engine.DeliveryDeferred
		}
		if r.State != want || r.Reason != c.reason || !c.until.IsZero() && !r.NotBefore.Equal(c.until) {
			t.Errorf("%s: %+v", name, r)
		}
		place := false
		if st.Member != nil {
			for _, s := range st.Member.Sends {
				place = place || s == engine.Send{Channel: "out", At: c.now}
			}
		}
		if place != (want == engine.DeliveryPending) {
			t.Errorf("%s: has a place under the cap: %v", name, place)
		}
	}
	if e.Late(del, noon.Add(time.Second)) || !e.Late(del, noon.Add(time.Hour)) {
		t.Error("a fresh release is late, or an old one is not")
	}
	del.Message.Class = engine.Transactional
	if e.Late(del, noon.Add(time.Hour)) {
		t.Error("a transactional message is late")
	}
}

// A message that did not arrive gives its place under the cap back: the next one goes out. That it
// was sent does not.
func TestFailedMessageGivesItsPlaceBack(t *testing.T) {
	for status, want := range map[string]int{"failed": 2, "sent": 1} {
		e := newEngine(load(t, map[string]string{"usher.yaml": releasing, "playbooks/p.yaml": `id: p
stage: activation
trigger: {event: go}
mode: parallel
actions: [{id: m, message: {channel: out, text: 你好}}]
`}))
		noon := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
		st := &engine.State{Member: &engine.Member{ID: "m", Attributes: map[string]any{"newsletter": true}}}
		var all []engine.Delivery
		decide := func(in engine.Input) {
			t.Helper()
			in.Member, in.At = "m", noon
			if in.Time.IsZero() {
				in.Time = noon
			}
			var c engine.Changes
			if err := e.Decide("m", st, []engine.Input{in}, noon, nil, &c); err != nil {
				t.Fatal(err)
			}
			all = append(all, c.Deliveries...)
		}
		decide(engine.Input{Seq: 1, Kind: engine.InputEvent, ID: "e1", Name: "go"})
		result := engine.ResultOf(&all[0], map[string]any{"status": status})
		decide(result)
		decide(engine.Input{Seq: 3, Kind: engine.InputEvent, ID: "e2", Name: "go"})
		if len(all) != want {
			t.Errorf("after %s: %d messages went out, want %d", status, len(all), want)
		}
		if got := st.Runs[0]; got.State != engine.RunDone || got.Actions["m"]["status"] != status {
			t.Errorf("a run that has ended did not learn what became of its message: %+v", got)
		}
	}
}

// A message that was put off dies with a run that exits, not with one that is done.
func TestDeferredMessageDiesWithTheExit(t *testing.T) {
	for then, want := range map[string]engine.DeliveryState{"exited": engine.DeliveryDropped, "done": engine.DeliveryPending} {
		steps := `[{id: m, message: {channel: out, text: 你好}}, {wait: 10d}]`
		if then == "done" {
			steps = `[{id: m, message: {channel: out, text: 你好}}]`
		}
		e := newEngine(load(t, map[string]string{"usher.yaml": releasing, "playbooks/p.yaml": `id: p
stage: activation
trigger: {event: go}
exit: [{event: stop}]
actions: ` + steps + "\n"}))
		night := time.Date(2026, 3, 28, 23, 0, 0, 0, time.UTC)
		st := &engine.State{Member: &engine.Member{ID: "m", Attributes: map[string]any{"newsletter": true}}}
		var c engine.Changes
		inputs := []engine.Input{
			{Seq: 1, Kind: engine.InputEvent, ID: "e1", Name: "go", Member: "m", Time: night, At: night},
			{Seq: 2, Kind: engine.InputEvent, ID: "e2", Name: "stop", Member: "m", Time: night, At: night.Add(time.Hour)},
		}
		if err := e.Decide("m", st, inputs, night.Add(12*time.Hour), nil, &c); err != nil {
			t.Fatal(err)
		}
		if len(c.Releases) != 1 || c.Releases[0].State != want || len(st.Member.Deferred) != 0 {
			t.Errorf("%s: %+v, left %v", then, c.Releases, st.Member.Deferred)
		}
		if want == engine.DeliveryPending && !c.Releases[0].At.Equal(night.Add(9*time.Hour)) {
			t.Errorf("released at %v", c.Releases[0].At)
		}
	}
}

// Of messages that went out no more is kept than a frequency cap can see; one that is added counts what goes out
// from then on, and what another has counted.
func TestSendsAreKeptForCaps(t *testing.T) {
	book := `id: p
stage: activation
trigger: {event: go}
mode: parallel
actions:
  - {id: one, message: {channel: out, text: 你好}}
  - {id: two, message: {channel: other, text: 你好}}
`
	caps := func(list string) *engine.Engine {
		return newEngine(load(t, map[string]string{"playbooks/p.yaml": book, "usher.yaml": `usher: 1
timezone: UTC
events: {go: {}}
channels: {out: {type: log}, other: {type: log}}
frequency_caps: [` + list + "]\n"}))
	}
	day := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	st := &engine.State{Member: &engine.Member{ID: "m"}}
	for i, c := range []struct {
		caps  string
		after time.Duration
		sends string // that are kept then
		out   int
	}{
		{"", 0, "[]", 2},
		{"{channels: [out], max: 5, per: 2d}", time.Hour, "[out 1h]", 2},
		{"{channels: [out], max: 5, per: 2d}", 2 * time.Hour, "[out 1h out 2h]", 2},
		// Of before it, a new one knows what another has counted.
		{"{max: 3, per: 1d}", 3 * time.Hour, "[out 1h out 2h out 3h]", 1},
		// Each channel by its own caps.
		{"{channels: [out], max: 9, per: 1h}, {channels: [other], max: 9, per: 7d}", 4 * time.Hour, "[out 3h out 4h other 4h]", 2},
		{"{channels: [other], max: 9, per: 7d}", 5 * time.Hour, "[other 4h other 5h]", 2},
		{"", 6 * time.Hour, "[]", 2},
	} {
		now := day.Add(c.after)
		var changes engine.Changes
		in := engine.Input{
			Seq: int64(i + 1), Kind: engine.InputEvent, ID: fmt.Sprint("e", i), Name: "go", Member: "m", At: now, Time: now,
		}
		if err := caps(c.caps).Decide("m", st, []engine.Input{in}, now, nil, &changes); err != nil {
			t.Fatal(err)
		}
		var kept []string
		for _, s := range st.Member.Sends {
			kept = append(kept, fmt.Sprintf("%s %.0fh", s.Channel, s.At.Sub(day).Hours()))
		}
		if got := fmt.Sprint(kept); got != c.sends || len(changes.Deliveries) != c.out {
			t.Errorf("%d: kept %s, want %s; %d go out, want %d", i, got, c.sends, len(changes.Deliveries), c.out)
		}
	}
}
