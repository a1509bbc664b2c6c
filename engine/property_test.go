package engine_test

import (
	"cmp"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/enginetest"
	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
	"pgregory.net/rapid"
)

// The workspace of the property tests: every gate, waits of both kinds of duration, shared pools, a
// playbook that others see.
var propertyFiles = map[string]string{
	"usher.yaml": `usher: 1
timezone: America/New_York
member: {level: {enum: [a, b], default: a}, seen: int, heard: string}
events:
  buy: {n: int}
  visit: {}
  leave: {}
  echo: {n: int}
segments:
  buyers: len(events("buy", "30d")) > 0
  busy: len(events("visit", "2d")) > 1
  today: len(events("visit", "today")) > 1
  idle: days_since(member.last_seen_at) >= 2 and (member.seen ?? 0) > 0
  sunday: weekday(now()) == 7 and hour(now()) >= 2
  vague: now() - member.last_seen_at > duration("31h") and "busy" in member.tags
channels: {out: {type: log}}
coupons:
  tight: {prefix: T, budget: 3}
  one: {prefix: O, per_member: 1}
frequency_caps: [{max: 2, per: 24h}]
quiet_hours: {from: "22:00", to: "08:00", timezone: member}
`,
	"playbooks/a.yaml": `id: a-single
stage: activation
trigger: {event: visit}
condition: '"blocked" not in member.tags'
goal: {event: buy, within: 3d}
exit: [{event: leave}]
actions:
  - wait: 1d
  - id: gift
    coupon: tight
  - if: actions.gift.issued
    then: [{message: {channel: out, text: "{{ actions.gift.code }}"}}, {wait: 36h}, {tag: gifted}]
    else: [{tag: missed}]
`,
	"playbooks/b.yaml": `id: b-restart
stage: activation
trigger: {event: buy, if: event.n > 1}
mode: restart
reentry: 1d
actions:
  - set: {seen: = trigger.n}
  - wait: 2d
  - coupon: one
  - message: {channel: out, text: hi}
`,
	"playbooks/c.yaml": `id: c-parallel
stage: retention
trigger: {event: buy}
condition: member.level == "a" and in_segment("buyers") and len(events("coupon.issued", "1d")) < 2
mode: parallel
quota: {max: 4, per: week}
holdout: 30%
goal: {event: buy, if: event.n >= trigger.n, within: 30d}
actions:
  - wait: 12h
  - if: (member.seen ?? 0) > 2
    tag: {add: [blocked], remove: [gifted], for: 2d}
  - message: {channel: out, text: yo}
`,
	"playbooks/d.yaml": `id: d-never
stage: conversion
trigger: {event: visit}
reentry: never
quota: {max: 2, by: = member.level}
actions: [{tag: visitor}, {exit: enough}]
`,
	"playbooks/e.yaml": `id: e-ways
stage: conversion
trigger: {event: visit}
mode: parallel
actions:
  - id: bought
    wait: {event: buy, if: event.n > 0, timeout: 1d}
  - choose:
      - if: not actions.bought.timed_out
        then:
          - set: {seen: = actions.bought.event.n}
          - wait: {until: "02:30"}
          - wait: {until: {weekday: sun, at: "02:30"}}
      - {if: member.level == "b", then: [{exit: b}]}
      - else:
          - wait: {until: "= add_days(trigger.time, 2)"}
  - id: half
    split:
      - {name: x, weight: 62.5, then: [{wait: {event: visit, timeout: 36h}}]}
      - {name: y, weight: 37.5, then: []}
  - message: {channel: out, text: "{{ actions.half.name }} {{ actions.bought.event.time }}"}
`,
	"playbooks/h.yaml": `id: h-busy
stage: retention
trigger: {segment_enter: busy}
mode: parallel
actions: [{tag: busy}, {wait: {event: visit, timeout: 1d}}, {emit: {event: echo, properties: {n: 1}}}]
`,
	"playbooks/i.yaml": `id: i-calm
stage: retention
trigger: {segment_exit: busy}
mode: parallel
actions: [{message: {channel: out, text: "calm"}}, {tag: {remove: [busy]}}]
`,
	"playbooks/j.yaml": `id: j-idle
stage: retention
trigger: {segment_enter: idle}
reentry: 3d
actions: [{tag: idle}, {wait: 6h}, {set: {seen: -1}}]
`,
	"playbooks/k.yaml": `id: k-vague
stage: retention
trigger: {segment_enter: vague}
mode: parallel
actions: [{points: 1}]
`,
	"playbooks/f.yaml": `id: f-echo
stage: conversion
trigger: {event: visit}
mode: parallel
actions:
  - emit: {event: echo, properties: {n: 2}}
  - wait: 12h
  - points: 3
  - emit: {event: echo, properties: {n: '= len(events("buy", "2d"))'}}
`,
	"playbooks/g.yaml": `id: g-heard
stage: conversion
trigger: {event: echo}
mode: parallel
actions:
  - set: {heard: '= (member.heard ?? "") + string(trigger.n) + string(last(events("echo"))?.n ?? 9) + string(first(events("echo", "1d"))?.n ?? 9)'}
  - if: trigger.n > 0
    emit: {event: echo, properties: {n: = trigger.n - 1}}
  - points: -2
`,
}

func load(t testing.TB, files map[string]string) *playbooks.Workspace {
	t.Helper()
	ws, diags := loader.Load(enginetest.FilesOf(files), actions.Registry())
	for _, d := range diags {
		if d.Severity == diag.Error {
			t.Fatalf("%s:%d:%d %s: %s\n%s", d.File, d.Line, d.Column, d.Code, d.Message, files[d.File])
		}
	}
	return ws
}

func newEngine(ws *playbooks.Workspace) *engine.Engine {
	return engine.New(ws, engine.Options{Secret: []byte("s"), Registry: actions.Registry(), Effects: actions.Effects()})
}

var start = enginetest.Start

// shell is the least that a shell has to do: it stores what a decision changed as JSON and loads it
// again.
type shell struct {
	t        testing.TB
	e        *engine.Engine
	id       string // of the member
	member   []byte
	runs     map[string]*engine.Run
	order    []string
	traces   map[string][]engine.TraceEntry
	history  []engine.Input
	pools    map[string]*engine.PoolState
	coupons  []engine.Coupon
	deliver  []engine.Delivery
	releases []engine.Release
	refusals []engine.Decision
	records  []string
	echoes   []string // ids of emitted events
	taken    map[string]int
	seq      int64
}

// alone returns the engine for a shell that decides for nobody else.
func alone(e *engine.Engine) *engine.Engine { return e.Alone(func(a engine.Ask) int { return a.Most }) }

func newShell(t testing.TB, e *engine.Engine) *shell {
	return &shell{
		t: t, e: alone(e), id: "m", runs: map[string]*engine.Run{}, traces: map[string][]engine.TraceEntry{},
		pools: map[string]*engine.PoolState{"tight": {Free: 3, Dry: true}}, taken: map[string]int{},
	}
}

func (s *shell) state() *engine.State {
	st := new(engine.State)
	if s.member != nil {
		st.Member = new(engine.Member)
		if err := json.Unmarshal(s.member, st.Member); err != nil {
			s.t.Fatal(err)
		}
	}
	for _, id := range s.order {
		r := *s.runs[id]
		data, err := json.Marshal(map[string]any{"t": r.Trigger, "a": r.Actions})
		if err != nil {
			s.t.Fatal(err)
		}
		var back struct {
			T map[string]any            `json:"t"`
			A map[string]map[string]any `json:"a"`
		}
		if err := json.Unmarshal(data, &back); err != nil {
			s.t.Fatal(err)
		}
		fresh := engine.Run{
			ID: r.ID, Playbook: r.Playbook, Revision: r.Revision, Member: r.Member, State: r.State, Reason: r.Reason,
			StartedAt: r.StartedAt,
			EndedAt:   r.EndedAt, ConvertedAt: r.ConvertedAt, DueAt: r.DueAt, PC: r.PC, Trigger: back.T, Actions: back.A,
		}
		st.Runs = append(st.Runs, &fresh)
	}
	engine.SortRuns(st.Runs) // as a store gives them
	slices.SortFunc(s.history, func(a, b engine.Input) int { return engine.CompareEvents(&a, &b) })
	for _, in := range s.history {
		st.Remember(engine.Input{
			Seq: in.Seq, Cause: in.Cause, Kind: in.Kind, ID: in.ID, Member: in.Member,
			Name: in.Name, Time: in.Time, At: in.At, Payload: in.Payload,
		})
	}
	return st
}

func (s *shell) decide(inputs []engine.Input, horizon time.Time) {
	c := new(engine.Changes)
	if err := s.e.Decide(s.id, s.state(), inputs, horizon, s.pools, c); err != nil {
		s.t.Fatal(err)
	}
	s.absorb(inputs, c)
}

// absorb takes in what a decision on inputs changed.
func (s *shell) absorb(inputs []engine.Input, c *engine.Changes) {
	var gone int64 // nothing is left of what came up to it
	for _, d := range c.Deleted {
		gone, s.member, s.history, s.echoes = d.Seq, nil, nil, nil
	}
	for _, m := range c.Members {
		data, err := json.Marshal(m)
		if err != nil {
			s.t.Fatal(err)
		}
		s.member = data
	}
	for _, r := range c.Runs {
		if s.runs[r.ID] == nil {
			s.order = append(s.order, r.ID)
		}
		s.runs[r.ID] = r
	}
	for _, in := range inputs {
		if in.Seq <= gone {
			continue
		}
		if in.Kind == engine.InputEvent {
			s.history = append(s.history, in)
		}
		s.saw(&in)
	}
	for _, in := range c.Cascaded { // numbered when they are stored, long after inputs that are not decided yet
		s.seq++
		in.Seq = 1000 + s.seq
		s.history, s.echoes = append(s.history, in), append(s.echoes, in.ID)
	}
	s.coupons = append(s.coupons, c.Coupons...)
	s.deliver = append(s.deliver, c.Deliveries...)
	s.releases = append(s.releases, c.Releases...)
	for pool, n := range c.Taken {
		s.taken[pool] += n
	}
	s.isBounded()
	for r, e := range c.Entries() {
		if d, ok := r.Refusal(e); ok {
			s.refusals = append(s.refusals, d)
		} else if e.Run != nil { // what has ended is in the records
			s.traces[e.Run.ID] = append(s.traces[e.Run.ID], e.TraceEntry)
		}
	}
	for i := range c.Records {
		data, _, err := records.Encode(&c.Records[i])
		if err != nil {
			s.t.Fatal(err)
		}
		s.records = append(s.records, string(data))
	}
}

// isBounded holds what is kept of the member against its bounds: see engine/bounds.go.
func (s *shell) isBounded() {
	open := map[string]int{}
	for _, r := range s.runs {
		if r.State == engine.RunWaiting {
			open[r.Playbook]++
		}
	}
	for playbook, n := range open {
		if n > 100 {
			s.t.Errorf("%d open runs of playbook %s", n, playbook)
		}
	}
	var m engine.Member
	if err := json.Unmarshal([]byte(cmp.Or(string(s.member), "{}")), &m); err != nil {
		s.t.Fatal(err)
	}
	if len(m.Deferred) > 100 {
		s.t.Errorf("%d messages wait", len(m.Deferred))
	}
}

// saw reads from an event when the member was last seen: for that alone nothing is changed.
func (s *shell) saw(in *engine.Input) {
	if in.Kind != engine.InputEvent || s.member == nil {
		return
	}
	p, err := in.Decode()
	if err != nil {
		s.t.Fatal(err)
	}
	m := new(engine.Member)
	if err := json.Unmarshal(s.member, m); err != nil {
		s.t.Fatal(err)
	}
	if !p.MovesLastSeen() || !in.At.After(m.LastSeenAt) {
		return
	}
	m.LastSeenAt = in.At
	if s.member, err = json.Marshal(m); err != nil {
		s.t.Fatal(err)
	}
}

// outcome is all that can be told apart, as JSON.
func (s *shell) outcome() string {
	data, err := json.MarshalIndent(map[string]any{
		"member": string(s.member), "order": slices.Sorted(slices.Values(s.order)), "traces": s.traces, "coupons": s.coupons, "deliveries": s.deliver,
		"refusals": s.refusals, "records": s.records,
		"echoes": s.echoes,
	}, "", " ")
	if err != nil {
		s.t.Fatal(err)
	}
	return string(data)
}

func TestBatchesDecideLikeSingles(t *testing.T) {
	e := newEngine(load(t, propertyFiles))
	rapid.Check(t, func(rt *rapid.T) {
		inputs := enginetest.History(rt)
		end := inputs[len(inputs)-1].At.Add(40 * 24 * time.Hour)
		one := newShell(t, e)
		one.decide(slices.Clone(inputs), end)
		many := newShell(t, e)
		for i := 0; i < len(inputs); {
			n := rapid.IntRange(1, len(inputs)-i).Draw(rt, "batch")
			batch := slices.Clone(inputs[i : i+n])
			i += n
			many.decide(batch, batch[len(batch)-1].At)
		}
		// The waits that are left fall due on their own, looked for at times that have nothing to do with
		// theirs.
		for at := inputs[len(inputs)-1].At; at.Before(end); at = at.Add(7 * time.Hour) {
			many.decide(nil, at)
		}
		many.decide(nil, end)
		if a, b := one.outcome(), many.outcome(); a != b {
			rt.Fatalf("one batch:\n%s\nmany:\n%s", a, b)
		}
	})
}

func TestInvariantsOfRuns(t *testing.T) {
	e := newEngine(load(t, propertyFiles))
	rapid.Check(t, func(rt *rapid.T) {
		s := newShell(t, e)
		inputs := enginetest.History(rt)
		for _, in := range inputs {
			s.decide([]engine.Input{in}, in.At)
			open := map[string]int{}
			for _, r := range s.runs {
				if r.State == engine.RunWaiting {
					open[r.Playbook]++
					if r.DueAt.IsZero() {
						rt.Fatalf("run %s waits for nothing", r.ID)
					}
				}
				if (r.State == engine.RunWaiting) != r.EndedAt.IsZero() {
					rt.Fatalf("run %s is %s and ended at %v", r.ID, r.State, r.EndedAt)
				}
			}
			if open["a-single"] > 1 || open["b-restart"] > 1 {
				rt.Fatalf("more than one open run: %v", open)
			}
		}
		s.decide(nil, inputs[len(inputs)-1].At.Add(60*24*time.Hour))
		s.check(rt)
	})
}

// check holds the finished world against what the language promises.
func (s *shell) check(t *rapid.T) {
	pools, codes := map[string]int{}, map[string]bool{}
	for _, c := range s.coupons {
		pools[c.Pool]++
		if codes[c.Code] {
			t.Fatalf("the code %s was given twice", c.Code)
		}
		codes[c.Code] = true
	}
	if pools["tight"] > 3 || pools["one"] > 1 {
		t.Fatalf("coupons over budget or limit: %v", pools)
	}
	keys := map[string]bool{}
	for _, d := range s.deliver {
		if keys[d.Key] {
			t.Fatalf("the key %s was used twice", d.Key)
		}
		keys[d.Key] = true
		if h := d.NotBefore.In(must(time.LoadLocation("America/New_York"))).Hour(); h < 8 || h >= 22 {
			t.Fatalf("a message may go out at %d o'clock", h)
		}
	}
	never, holdout := 0, map[bool]bool{}
	for id, r := range s.runs {
		if r.State == engine.RunWaiting {
			t.Fatalf("run %s of %s still waits", id, r.Playbook)
		}
		if r.Playbook == "d-never" {
			never++
		}
		if r.Playbook == "c-parallel" {
			holdout[r.State == engine.RunHoldout] = true
		}
		s.checkTrace(t, r)
	}
	if never > 1 || len(holdout) > 1 {
		t.Fatalf("d-never entered %d times; the dice of the holdout fell both ways: %v", never, len(holdout) > 1)
	}
}

func (s *shell) checkTrace(t *rapid.T, r *engine.Run) {
	trace := s.traces[r.ID]
	goals := 0
	for i, e := range trace {
		if i > 0 && e.At.Before(trace[i-1].At) {
			t.Fatalf("the trace of %s goes back in time", r.ID)
		}
		switch e.What {
		case "goal":
			goals++
			if r.Playbook == "a-single" && e.At.After(r.StartedAt.Add(3*24*time.Hour+time.Hour)) {
				t.Fatalf("a goal after its time: %v, entered %v", e.At, r.StartedAt)
			}
		case "woke":
			wait := trace[i-1]
			for j := i - 1; wait.What != "wait"; j-- {
				wait = trace[j]
			}
			until := wait.Detail["until"].(time.Time)
			if early := e.Reason == engine.ReasonEvent; !early && !until.Equal(e.At) || early && until.Before(e.At) {
				t.Fatalf("woke at %v, due %v", e.At, until)
			}
		}
		if r.State == engine.RunHoldout && e.What != "holdout" && e.What != "goal" {
			t.Fatalf("the control group was acted on: %s", e.What)
		}
	}
	if goals > 1 || goals == 1 == r.ConvertedAt.IsZero() {
		t.Fatalf("run %s: %d goals, converted at %v", r.ID, goals, r.ConvertedAt)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
