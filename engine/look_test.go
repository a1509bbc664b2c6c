package engine_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
)

const lookSchema = `usher: 1
timezone: Asia/Shanghai
member: {level: {enum: [a, b], default: a}, score: int}
events: {go: {}, buy: {}, stop: {}}
segments: {gold: member.level == "b"}
channels: {out: {type: log}}
`

// Of several goals the first that comes converts, once an entry, also when the run has ended. Each has its own time.
func TestOfSeveralGoalsTheFirstConverts(t *testing.T) {
	e := newEngine(load(t, map[string]string{"usher.yaml": lookSchema, "playbooks/a.yaml": `id: a
stage: activation
trigger: {event: go}
goal:
  - {event: buy, within: 3h}
  - {segment_enter: gold, within: 2h}
  - {segment_exit: gold, within: 2h}
  - {if: member.score != nil, within: 1h}
  - {if: hours_since(member.created_at) >= 4, within: 5h}
  - {event: stop, within: 3h}
  - {event: stop, if: event.id != "", within: 3h}
actions: [{tag: x}]
`}))
	level := func(l string) engine.Payload { return engine.Payload{Attributes: map[string]any{"level": l}} }
	score := engine.Payload{Attributes: map[string]any{"score": 1.0}}
	type does struct {
		after time.Duration
		of    engine.Payload
		name  string // an event; empty: attributes are written
	}
	for name, c := range map[string]struct {
		does []does
		at   time.Duration // when the goal is reached
		by   string
	}{
		"time alone":             {nil, 4 * time.Hour, "if hours_since(member.created_at) >= 4"},
		"an event":               {[]does{{time.Hour, engine.Payload{}, "buy"}}, time.Hour, "buy"},
		"two by one event":       {[]does{{time.Hour, engine.Payload{}, "stop"}}, time.Hour, "stop"},
		"into the segment":       {[]does{{time.Hour, level("b"), ""}, {2 * time.Hour, score, ""}}, time.Hour, "segment_enter gold"},
		"out of the segment":     {[]does{{-time.Minute, level("b"), ""}, {time.Hour, level("a"), ""}}, time.Hour, "segment_exit gold"},
		"in it already is none":  {[]does{{-time.Minute, level("b"), ""}, {time.Hour, level("b"), ""}}, 4 * time.Hour, "if hours_since(member.created_at) >= 4"},
		"what holds":             {[]does{{time.Hour, score, ""}, {time.Hour, engine.Payload{}, "buy"}}, time.Hour, "if member.score != nil"},
		"what holds at once":     {[]does{{-time.Minute, score, ""}}, 0, "if member.score != nil"},
		"two of one input":       {[]does{{time.Hour, engine.Payload{Attributes: map[string]any{"level": "b", "score": 1.0}}, ""}}, time.Hour, "segment_enter gold"},
		"each in its own time":   {[]does{{time.Hour + 1e6, score, ""}, {2*time.Hour + 1e6, level("b"), ""}, {3 * time.Hour, engine.Payload{}, "buy"}}, 3 * time.Hour, "buy"},
		"the event of one input": {[]does{{30 * time.Minute, engine.Payload{Attributes: score.Attributes}, "buy"}}, 30 * time.Minute, "buy"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShell(t, e)
			inputs := []engine.Input{happened(1, "go", 0, engine.Payload{})}
			for i, d := range c.does {
				in := happened(int64(i+2), d.name, d.after, d.of)
				if d.name == "" {
					in.Kind = engine.InputUpdate
				}
				inputs = append(inputs, in)
			}
			slices.SortStableFunc(inputs, func(a, b engine.Input) int { return a.At.Compare(b.At) })
			s.decide(inputs, memoryStart.Add(6*time.Hour))
			r := s.runs[s.order[0]]
			var by []any
			for _, e := range s.traces[r.ID] {
				if e.What == "goal" {
					by = append(by, e.Detail["condition"], e.Detail["event"])
				}
			}
			by = slices.DeleteFunc(by, func(v any) bool { return v == nil })
			want := memoryStart.Add(c.at)
			if c.by == "if hours_since(member.created_at) >= 4" {
				want = inputs[0].At.Add(4 * time.Hour)
			}
			if !r.ConvertedAt.Equal(want) || len(by) != 1 || by[0] != c.by {
				t.Errorf("converted at %v by %v, not at %v by %s", r.ConvertedAt, by, want, c.by)
			}
		})
	}
}

// What cannot be evaluated is not met: the trace says so once, however often it is looked at.
func TestConditionThatCannotBeEvaluatedIsToldOnce(t *testing.T) {
	e := newEngine(load(t, map[string]string{"usher.yaml": lookSchema, "playbooks/a.yaml": `id: a
stage: activation
trigger: {event: go}
exit: [{if: (member.points + 3) * 9007199254740992 * 9007199254740992 > 0}]
actions: [{wait: 3h}]
`}))
	s := newShell(t, e)
	inputs := []engine.Input{happened(1, "go", 0, engine.Payload{})}
	for i := range 5 {
		inputs = append(inputs, happened(int64(i+2), "buy", time.Duration(i+1)*time.Minute, engine.Payload{}))
	}
	s.decide(inputs, memoryStart.Add(4*time.Hour))
	r, told := s.runs[s.order[0]], 0
	for _, e := range s.traces[r.ID] {
		if e.What == engine.WhatError {
			told++
		}
	}
	if r.State != engine.RunDone || told != 1 {
		t.Errorf("%s, told %d times: %+v", r.State, told, s.traces[r.ID])
	}
}

// A run that a condition wakes acts in the next link of the cascade: after all that the decision before it did.
func TestWakesAreLinksOfTheCascade(t *testing.T) {
	e := newEngine(load(t, map[string]string{"usher.yaml": lookSchema, "playbooks/a.yaml": `id: a
stage: activation
trigger: {event: go}
actions:
  - wait: {if: member.points % 2 == 1, timeout: 3h}
  - points: 1
  - wait: {if: member.points % 2 == 1, timeout: 3h}
  - points: 1
`, "playbooks/b.yaml": `id: b
stage: activation
trigger: {event: go}
actions:
  - wait: {if: member.points == 2, timeout: 3h}
  - points: 1
  - wait: {if: member.points == 4, timeout: 3h}
  - tag: four
`, "playbooks/c.yaml": `id: c
stage: activation
trigger: {event: buy}
actions: [{points: 1}]
`}))
	s := newShell(t, e)
	s.decide([]engine.Input{
		happened(1, "go", 0, engine.Payload{}), happened(2, "buy", time.Minute, engine.Payload{}),
	}, memoryStart.Add(2*time.Hour))
	var m engine.Member
	if err := json.Unmarshal(s.member, &m); err != nil {
		t.Fatal(err)
	}
	if m.Points != 4 || !slices.Contains(m.Tags, "four") {
		t.Errorf("%d points, tags %v", m.Points, m.Tags)
	}
}
