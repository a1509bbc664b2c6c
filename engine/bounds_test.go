package engine_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/sim"
)

const boundsUsher = `usher: 1
timezone: UTC
member: {note: string}
events: {view: {n: int}, buy: {}, note: {text: string}}
`

// boundsEvent returns an event of the member, some minutes after the start.
func boundsEvent(i int, name string, properties map[string]any) engine.Input {
	at := start.Add(time.Duration(i) * time.Minute)
	return engine.Input{
		Seq: int64(i + 1), Kind: engine.InputEvent, ID: fmt.Sprint("e", i), Member: "m", Name: name, Time: at, At: at,
		Payload: &engine.Payload{Properties: properties},
	}
}

// An expression reads 10,000 events one by one, and refuses one more with a reason. Counting them
// has no such bound.
func TestListsAreBounded(t *testing.T) {
	ws := load(t, map[string]string{
		"usher.yaml": boundsUsher,
		"playbooks/list.yaml": "id: list\nstage: activation\ntrigger: {event: buy}\nmode: parallel\n" +
			`condition: 'len(filter(events("view", "90d"), days_since(.time) >= 0)) > 0'` + "\nactions: [{tag: x}]\n",
		"playbooks/count.yaml": "id: count\nstage: activation\ntrigger: {event: buy}\nmode: parallel\n" +
			`condition: 'len(events("view", "90d")) > 10000'` + "\nactions: [{tag: y}]\n",
	})
	for views, want := range map[int]string{10_000: "list entered, count condition", 10_001: "list error, count entered"} {
		var got []string
		var reason string
		w := sim.NewWorld(newEngine(ws), start, func(c *engine.Changes) {
			for _, r := range c.Runs {
				got = append(got, r.Playbook+" entered")
			}
			for _, e := range c.Entries() {
				if e.Run == nil {
					got = append(got, e.Playbook+" "+e.Reason)
					reason = fmt.Sprint(e.Detail["condition"])
				}
			}
		})
		for i := range views {
			if err := w.Input(boundsEvent(i, "view", map[string]any{"n": 1.0})); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Input(boundsEvent(views, "buy", nil)); err != nil {
			t.Fatal(err)
		}
		for _, part := range strings.Split(want, ", ") {
			if !strings.Contains(strings.Join(got, ", "), part) {
				t.Errorf("%d views: %v, want %s", views, got, want)
			}
		}
		const says = `events("view", "90d") holds more than 10000 events, and no more are read one by one: write a shorter window`
		if views > 10_000 && !strings.Contains(reason, says) {
			t.Errorf("the reason is %q", reason)
		}
	}
}

// What a member has is bounded: an input that brings too much cannot be decided, an action that
// writes too much fails its run, and removing something helps.
func TestAttributesAreBounded(t *testing.T) {
	e := newEngine(load(t, map[string]string{
		"usher.yaml": boundsUsher,
		"playbooks/a.yaml": "id: a\nstage: activation\ntrigger: {event: note}\nmode: parallel\n" +
			"actions: [{set: {note: = trigger.text}}]\n",
	}))
	st := new(engine.State)
	decide := func(in engine.Input) (*engine.Changes, error) {
		c := new(engine.Changes)
		err := e.Decide("m", st, []engine.Input{in}, in.At, nil, c)
		return c, err
	}
	update := func(i int, attributes map[string]any) engine.Input {
		in := boundsEvent(i, "", nil)
		in.Kind, in.Payload = engine.InputUpdate, &engine.Payload{Attributes: attributes}
		return in
	}
	var refused error
	for i := range 10 {
		before, err := json.Marshal(st.Member)
		if err != nil {
			t.Fatal(err)
		}
		attributes := map[string]any{fmt.Sprint("a", i): strings.Repeat("x", 50<<10), fmt.Sprint("gone", i): nil}
		if _, refused = decide(update(i, attributes)); refused != nil {
			st = new(engine.State)
			if err := json.Unmarshal(before, &st.Member); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	if refused == nil || !strings.Contains(refused.Error(), "at most 131072 are kept: remove some first") {
		t.Fatalf("it was refused with %v", refused)
	}
	text := map[string]any{"text": strings.Repeat("x", 50<<10)}
	c, err := decide(boundsEvent(20, "note", text))
	if err != nil {
		t.Fatal(err)
	}
	why := ""
	for _, reason := range records.Failed(c) {
		why = reason
	}
	if !strings.Contains(why, "remove some first") {
		t.Errorf("the run is %s: %s", c.Runs[0].State, why)
	}
	st.Runs = nil
	if _, err := decide(update(30, map[string]any{"a0": nil})); err != nil {
		t.Fatalf("removing is refused: %v", err)
	}
	if c, err = decide(boundsEvent(40, "note", text)); err != nil || c.Runs[0].State != engine.RunDone {
		t.Errorf("with room: %v, %v", c.Runs[0].State, err)
	}
}

// The last hundred entries of a playbook may reach its goal. Whose goal is given up is told where
// the entry that took its place is.
func TestGoalsAreBounded(t *testing.T) {
	e := newEngine(load(t, map[string]string{
		"usher.yaml": boundsUsher,
		"playbooks/a.yaml": "id: a\nstage: activation\ntrigger: {event: view}\nmode: parallel\n" +
			"goal: {event: buy, within: 30d}\nactions: [{tag: x}]\n",
		"playbooks/b.yaml": "id: b\nstage: activation\ntrigger: {event: view, if: event.n == 0}\nmode: parallel\n" +
			"goal: {event: buy, within: 30d}\nactions: [{tag: x}]\n",
	}))
	s := newShell(t, e)
	for i := range 103 {
		s.decide([]engine.Input{boundsEvent(i, "view", map[string]any{"n": float64(i)})}, start)
	}
	last := boundsEvent(103, "buy", nil)
	s.decide([]engine.Input{last}, last.At)
	converted := map[string]int{}
	for _, id := range s.order {
		if r := s.runs[id]; !r.ConvertedAt.IsZero() {
			converted[r.Playbook]++
		}
	}
	if converted["a"] != 100 || converted["b"] != 1 {
		t.Errorf("%v converted", converted)
	}
	var first, entered string
	for _, id := range s.order {
		if r := s.runs[id]; r.Playbook == "a" {
			if first == "" {
				first = id
			}
			if d := s.traces[id][0].Detail["goal_given_up"]; d != nil && entered == "" {
				entered = fmt.Sprint(d)
			}
		}
	}
	if entered != first {
		t.Errorf("the first goal given up is that of %q, not of %q", entered, first)
	}
}

// An entry of a playbook that is gone is forgotten after a year; one of a playbook that is there is
// kept.
func TestEntriesAreForgotten(t *testing.T) {
	usher := map[string]string{
		"usher.yaml":       boundsUsher,
		"playbooks/a.yaml": "id: a\nstage: activation\ntrigger: {event: view}\nactions: [{tag: x}]\n",
		"playbooks/b.yaml": "id: b\nstage: activation\ntrigger: {event: view}\nactions: [{tag: x}]\n",
	}
	s := newShell(t, newEngine(load(t, usher)))
	s.decide([]engine.Input{boundsEvent(0, "view", map[string]any{"n": 1.0})}, start)
	delete(usher, "playbooks/b.yaml")
	usher["playbooks/c.yaml"] = "id: c\nstage: activation\ntrigger: {event: buy}\nmode: parallel\nactions: [{tag: y}]\n"
	s.e = newEngine(load(t, usher))
	entries := func(days int) map[string]time.Time {
		in := boundsEvent(days*24*60, "buy", nil)
		s.decide([]engine.Input{in}, in.At)
		return s.state().Member.Entries
	}
	if got := entries(300); len(got) != 3 {
		t.Errorf("after 300 days: %v", got)
	}
	if got := entries(400); len(got) != 2 || !got["b"].IsZero() {
		t.Errorf("after 400 days: %v", got)
	}
}
