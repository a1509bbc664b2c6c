package engine_test

import (
	"encoding/json"
	"fmt"
	"slices"
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

// A run keeps 1,000 values of its entry, and as many of each snippet. More refuse the entry, or fail the run.
func TestWhatARunKeepsIsBounded(t *testing.T) {
	ws := load(t, map[string]string{
		"usher.yaml":         boundsUsher,
		"snippets/take.yaml": "params: {list: [int]}\nactions: [{tag: taken}]\n",
		"playbooks/vars.yaml": "id: vars\nstage: activation\ntrigger: {event: buy}\n" +
			"vars: {list: '= map(events(\"view\", \"90d\"), .n)', n: = len(vars.list)}\nactions: [{tag: x}]\n",
		"playbooks/uses.yaml": "id: uses\nstage: activation\ntrigger: {event: buy}\n" +
			"actions: [{use: take, with: {list: '= map(events(\"view\", \"90d\"), .n)'}}]\n",
	})
	for views, want := range map[int]string{ // a list is a value, too, and so is the number of its items
		998:   "[uses done vars 998 vars done]",
		999:   "[uses done vars error]",
		1_000: "[uses failed vars error]",
	} {
		var got []string
		w := sim.NewWorld(newEngine(ws), start, func(c *engine.Changes) {
			for _, e := range c.Entries() {
				if e.Run == nil {
					got = append(got, e.Playbook+" "+e.Reason)
					continue
				}
				if vars, shown := e.Detail["vars"].(map[string]any); shown {
					got = append(got, fmt.Sprint("vars ", vars["n"]))
				}
				if e.What == string(engine.RunDone) || e.What == string(engine.RunFailed) {
					got = append(got, e.Run.Playbook+" "+e.What)
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
		if slices.Sort(got); fmt.Sprint(got) != want {
			t.Errorf("%d views: %v, want %s", views, got, want)
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
			"goal: [{event: buy, within: 30d}, {if: member.points > 5, within: 30d}]\nactions: [{tag: x}]\n",
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

// inBatches decides inputs in batches of some size, each at a horizon of its own, and the time after
// them.
func inBatches(t *testing.T, files map[string]string, inputs []engine.Input, size int, after time.Time) *shell {
	s := newShell(t, newEngine(load(t, files)))
	for len(inputs) > 0 {
		n := min(size, len(inputs))
		s.decide(inputs[:n], inputs[n-1].At)
		inputs = inputs[n:]
	}
	s.decide(nil, after)
	return s
}

// A member has a hundred open runs of a playbook at most. One more is refused by its mode; when one has
// ended, another may begin. It is so whatever is decided in one go, and of each playbook for itself.
func TestOpenRunsAreBounded(t *testing.T) {
	files := map[string]string{
		"usher.yaml": boundsUsher,
		"playbooks/a.yaml": "id: a\nstage: activation\ntrigger: {event: view}\nmode: parallel\n" +
			"exit: [{event: note, if: 'string(trigger.n) == event.text'}]\nactions: [{wait: 10d}]\n",
		"playbooks/b.yaml": "id: b\nstage: activation\ntrigger: {event: view, if: event.n < 3}\nmode: parallel\nactions: [{wait: 10d}]\n",
	}
	var inputs []engine.Input
	for i := range 105 {
		inputs = append(inputs, boundsEvent(i, "view", map[string]any{"n": float64(i)}))
	}
	inputs = append(inputs, boundsEvent(105, "note", map[string]any{"text": "7"}), boundsEvent(106, "view", map[string]any{"n": 106.0}),
		boundsEvent(107, "view", map[string]any{"n": 107.0}), boundsEvent(20*24*60, "view", map[string]any{"n": 200.0}))
	var first []string
	for _, size := range []int{len(inputs), 1, 7} {
		s := inBatches(t, files, inputs, size, inputs[len(inputs)-1].At)
		begun, open := map[string]int{}, 0
		for _, r := range s.runs {
			begun[r.Playbook]++
			if r.State == engine.RunWaiting {
				open++
			}
		}
		if begun["a"] != 102 || begun["b"] != 3 || open != 1 {
			t.Errorf("batches of %d: %v begun, %d open", size, begun, open)
		}
		var refused []string
		for _, d := range s.refusals {
			if d.Playbook != "a" || d.Reason != engine.ReasonMode || fmt.Sprint(d.Seen) != "map[open_runs:100]" {
				t.Errorf("batches of %d: %+v", size, d)
			}
			refused = append(refused, d.Input)
		}
		if fmt.Sprint(refused) != "[e100 e101 e102 e103 e104 e107]" {
			t.Errorf("batches of %d: %v are refused", size, refused)
		}
		if first == nil {
			first = s.records
		} else if !slices.Equal(first, s.records) {
			t.Errorf("batches of %d decide otherwise", size)
		}
	}
}

// A hundred messages wait for the end of quiet hours at most. One more is skipped with the reason, also
// one that went out too late; when those have gone out there is room.
func TestDeferredMessagesAreBounded(t *testing.T) {
	files := map[string]string{
		"usher.yaml": boundsUsher + "channels: {out: {type: log}}\nquiet_hours: {from: \"22:00\", to: \"08:00\"}\n",
		"playbooks/a.yaml": "id: a\nstage: activation\ntrigger: {event: view}\nmode: parallel\n" +
			"actions:\n  - {id: m, message: {channel: out, text: hi}}\n  - {message: {channel: out, class: transactional, text: now}}\n",
	}
	night := start.Truncate(24 * time.Hour).Add(22 * time.Hour)
	at := func(i int, name string, minutes int) engine.Input {
		in := boundsEvent(i, name, map[string]any{"n": float64(i)})
		in.At = night.Add(time.Duration(minutes) * time.Minute)
		in.Time = in.At
		return in
	}
	var inputs []engine.Input
	for i := range 103 {
		inputs = append(inputs, at(i, "view", i))
	}
	late := engine.ReleaseAgain(&engine.Delivery{Key: "late", Member: "m", Channel: "out", ReleasedAt: night.Add(-time.Minute)})
	late.Seq, late.At = 104, night.Add(110*time.Minute)
	inputs = append(inputs, late, at(110, "view", 24*60))
	var first []string
	for _, size := range []int{len(inputs), 1, 7} {
		s := inBatches(t, files, inputs, size, night.Add(34*time.Hour))
		outcomes := map[string]int{}
		for _, id := range s.order {
			for _, e := range s.traces[id] {
				if e.What == "message" || e.What == "released" {
					outcomes[e.What+" "+e.Reason]++
				}
			}
			if r := s.runs[id]; r.Actions["m"]["status"] == "skipped" && r.Actions["m"]["reason"] != engine.ReasonTooMany {
				t.Errorf("batches of %d: %v", size, r.Actions)
			}
		}
		const want = "map[message :104 message deferred:101 message too many deferred:3 released :101]"
		if fmt.Sprint(outcomes) != want || len(s.state().Member.Deferred) != 0 {
			t.Errorf("batches of %d: %v, want %s", size, outcomes, want)
		}
		if len(s.releases) != 102 || s.releases[0].State != engine.DeliveryDropped ||
			s.releases[0].Reason != engine.ReasonTooMany {
			t.Errorf("batches of %d: %d releases, first %+v", size, len(s.releases), s.releases[0])
		}
		if first == nil {
			first = s.records
		} else if !slices.Equal(first, s.records) {
			t.Errorf("batches of %d decide otherwise", size)
		}
	}
}
