package sim

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
)

// TestOptions says which tests to run and with what.
type TestOptions struct {
	Registry *schema.Registry
	Effects  map[string]engine.Effect
	Run      *regexp.Regexp // only tests whose "playbook/name" matches; nil: all
}

// TestResult is the outcome of one playbook test.
type TestResult struct {
	Playbook string   `json:"playbook"`
	Name     string   `json:"name"`
	Pos      diag.Pos `json:"at"`
	Passed   bool     `json:"passed"`
	Failure  *Failure `json:"failure,omitempty"`
}

// Failure is an expectation beside what happened.
type Failure struct {
	Pos      diag.Pos `json:"at"`
	Message  string   `json:"message"`
	Expected []string `json:"expected"`
	Happened []string `json:"happened"`
}

// TestReport is the outcome of a run of playbook tests.
type TestReport struct {
	Tests    []TestResult `json:"tests"`
	Passed   int          `json:"passed"`
	Failed   int          `json:"failed"`
	Coverage []Coverage   `json:"coverage,omitempty"` // for --coverage: by playbook, of those whose tests may run
	width    int          // of the terminal; 0: none
}

// Test runs the playbook tests of a workspace without mistakes, each in a world of its own.
func Test(ws *playbooks.Workspace, o TestOptions) *TestReport {
	rep := &TestReport{Tests: []TestResult{}}
	reached := reachedPoints{}
	for _, f := range ws.Tests {
		for i := range f.Tests {
			t := &f.Tests[i]
			if o.Run != nil && !o.Run.MatchString(f.Playbook+"/"+t.Name) {
				continue
			}
			r := runTest(ws, f, t, o, reached)
			rep.Tests = append(rep.Tests, r)
			if r.Passed {
				rep.Passed++
			} else {
				rep.Failed++
			}
		}
	}
	for _, p := range ws.Playbooks {
		if o.Run == nil || slices.ContainsFunc(rep.Tests, func(r TestResult) bool { return r.Playbook == p.ID }) {
			rep.Coverage = append(rep.Coverage, coverage(p, reached))
		}
	}
	return rep
}

// tester is one test being run.
type tester struct {
	world    *World
	file     *playbooks.TestFile
	test     *playbooks.Test
	member   string
	schema   *playbooks.Schema
	happened happened
	newest   *engine.Run      // the newest entry
	refused  *engine.Decision // the newest refusal, when it is newer than the entry
	reached  reachedPoints
	events   int
	failed   []failedRun               // since the last expect
	put      map[string]map[string]any // messages that were put off, by run and step
}

// happened is what the playbooks did since the last expect.
type happened struct {
	messages, coupons []map[string]any
	deferred          []map[string]any // need not be named
	events, webhooks  []map[string]any
	added, removed    []string
	set               map[string]any
	points            int
	reasons           []string
}

func (h *happened) empty() bool {
	return len(shown(h.messages, nil, "status", "skipped"))+len(shown(h.coupons, nil, "issued", false))+len(h.added)+
		len(h.removed)+len(h.set)+len(h.events)+len(h.webhooks) == 0 && h.points == 0
}

func runTest(ws *playbooks.Workspace, f *playbooks.TestFile, t *playbooks.Test, o TestOptions,
	reached reachedPoints,
) TestResult {
	res := TestResult{Playbook: f.Playbook, Name: t.Name, Pos: t.Pos}
	only := *ws
	only.Playbooks = nil
	for _, p := range ws.Playbooks {
		if p.ID == f.Playbook || slices.Contains(f.With, p.ID) {
			live := *p
			live.Status = playbooks.Live
			only.Playbooks = append(only.Playbooks, &live)
		}
	}
	e := engine.New(&only, engine.Options{
		Secret: []byte(secret), Registry: o.Registry, Effects: o.Effects, Observer: reached,
		Holdout: func(string, string) (bool, bool) {
			if t.Holdout == nil {
				return false, false
			}
			return *t.Holdout, true
		},
		Split: func(playbook, step string) string {
			if playbook != f.Playbook {
				return ""
			}
			return t.Split[step]
		},
	})
	tt := &tester{file: f, test: t, schema: ws.Schema, reached: reached, put: map[string]map[string]any{}}
	tt.world = NewWorld(e, t.At.UTC(), tt.observe)
	tt.world.answer = tt.answer
	for name, left := range t.Pools {
		tt.world.pools[name] = &engine.PoolState{Free: left, Dry: true}
	}
	if fail := tt.run(); fail != nil {
		res.Failure = fail
		return res
	}
	res.Passed = true
	return res
}

func (t *tester) run() *Failure {
	if err := t.begin(); err != nil {
		return &Failure{Pos: t.test.Pos, Message: err.Error()}
	}
	for i := range t.test.Script {
		s := &t.test.Script[i]
		if s.Expect != nil {
			if fail := t.expect(s.Expect); fail != nil {
				return fail
			}
			t.happened, t.failed = happened{}, nil
			continue
		}
		if err := t.step(s); err != nil {
			return &Failure{Pos: s.Pos, Message: err.Error()}
		}
	}
	if fail := t.failure(nil); fail != nil {
		return fail
	}
	if !t.happened.empty() {
		return &Failure{
			Pos: t.test.Pos, Message: "the script ends, but no expect names what happened", Happened: t.happened.lines(),
		}
	}
	return nil
}

// begin puts the member and their history in place. History is what was: it is taken in as a
// backfill is, and starts nothing.
func (t *tester) begin() error {
	id, _ := t.test.Member["id"].(string)
	id = t.schema.MemberID(id)
	t.member = id
	at := t.test.At.UTC()
	m := &engine.Member{ID: id, Attributes: map[string]any{}, CreatedAt: at}
	for k, v := range t.test.Member {
		switch k {
		case "id":
		case "tags":
			list, _ := v.([]any)
			for _, tag := range list {
				m.Tags = append(m.Tags, fmt.Sprint(tag))
			}
			slices.Sort(m.Tags)
			m.Tags = slices.Compact(m.Tags)
		case "points":
			m.Points, _ = v.(int)
		case "created_at":
			m.CreatedAt, _ = v.(time.Time)
		case "last_seen_at":
			m.LastSeenAt, _ = v.(time.Time)
		default:
			var typ *schema.Type
			if a := t.schema.Attribute(k); a != nil {
				typ = a.Type
			}
			m.Attributes[k] = schema.ToJSON(typ, v)
			if a := t.schema.Attribute(k); a != nil {
				m.Attributes[k] = t.schema.Normalized(a, m.Attributes[k])
			}
		}
	}
	given := *m
	t.world.members[id] = &engine.State{Member: m}
	for i := range t.test.History {
		in := t.input(&t.test.History[i])
		if in.Time.After(at) {
			return fmt.Errorf("history ends where the test starts: %s is after it", in.Time.Format(time.RFC3339))
		}
		in.At, in.Backfill, in.Attributes = at, true, map[string]any{}
		for k, v := range t.test.History[i].Attributes {
			in.Attributes[k] = t.attribute(k, v)
		}
		if err := t.world.Input(in); err != nil {
			return err
		}
	}
	// What the test says of the member stands; segments and dates are noted of the member as that
	// makes them.
	m.Segments, m.Dates, m.ReevaluatedAt, m.ReevaluateAt = nil, nil, time.Time{}, time.Time{}
	if _, said := t.test.Member["created_at"]; said {
		m.CreatedAt = given.CreatedAt
	}
	if !given.LastSeenAt.IsZero() {
		m.LastSeenAt = given.LastSeenAt
	} else if m.LastSeenAt.IsZero() {
		m.LastSeenAt = at
	}
	return t.world.watch(id)
}

// input makes the input of a test's event. `at: -10d` and `time: -2h` count back from the clock.
func (t *tester) input(e *playbooks.TestEvent) engine.Input {
	t.events++
	at := t.world.Now()
	switch {
	case !e.Time.IsZero():
		at = e.Time.UTC()
	case !e.Ago.IsZero():
		back := schema.Duration{Days: max(e.Ago.Days, -e.Ago.Days), Elapsed: max(e.Ago.Elapsed, -e.Ago.Elapsed)}
		at = back.Before(at.In(t.zone())).UTC()
	}
	var typ *schema.Type
	if et := t.schema.Event(e.Name); et != nil {
		typ = et.Properties
	}
	props, _ := schema.ToJSON(typ, e.Properties).(map[string]any)
	return engine.Input{
		Kind: engine.InputEvent, ID: fmt.Sprintf("test-%d", t.events), Member: t.member, Name: e.Name, Time: at, At: at,
		Payload: &engine.Payload{Properties: props, Attributes: e.Attributes},
	}
}

func (t *tester) step(s *playbooks.TestStep) error {
	switch {
	case s.Event != nil:
		in := t.input(s.Event)
		if in.At = t.world.Now(); in.Time.After(in.At) { // a time in the future counts as the acceptance
			in.Time = in.At
		}
		return t.world.Input(in)
	case s.Advance != nil:
		return t.world.AdvanceTo(s.Advance.After(t.world.Now().In(t.zone())).UTC())
	case s.Trigger != nil:
		t.events++
		return t.world.Input(engine.Input{
			Kind: engine.InputTrigger, ID: fmt.Sprintf("test-%d", t.events), Member: t.member, Name: t.file.Playbook,
			Time: t.world.Now(), At: t.world.Now(), Payload: &engine.Payload{Properties: s.Trigger},
		})
	}
	return nil
}

// zone is the member's, in which days are counted.
func (t *tester) zone() *time.Location {
	if name, ok := t.test.Member["timezone"].(string); ok {
		if z, err := time.LoadLocation(name); err == nil {
			return z
		}
	}
	return t.schema.Timezone
}

// observe collects what a decision did.
func (t *tester) observe(c *engine.Changes) {
	for r, e := range c.Entries() {
		if d, ok := r.Refusal(e); ok && d.Playbook == t.file.Playbook && d.Member == t.member {
			t.refused = &d
		}
	}
	for r, e := range c.Entries() {
		if tellsFailure(e) {
			t.failed = append(t.failed, failureOf(r, e))
		}
		if e.Run == nil {
			continue
		}
		if e.Run.New && e.Run.Playbook == t.file.Playbook && e.Run.Member == t.member {
			t.newest, t.refused = e.Run, nil
		}
		t.entry(c, e)
	}
}

// entry takes in one entry of a trace.
func (t *tester) entry(c *engine.Changes, e *engine.Entry) {
	h := &t.happened
	t.reached.entry(e)
	switch e.What {
	case "message":
		item := messageOf(c, e)
		if e.Reason == engine.ReasonDeferred {
			t.put[e.Run.ID+" "+e.Step] = item
			h.deferred = append(h.deferred, item)
			break
		}
		h.messages = append(h.messages, item)
	case "released", string(engine.DeliveryDropped):
		t.left(e)
	case "coupon":
		_, issued := e.Detail["code"]
		h.coupons = append(h.coupons, map[string]any{"pool": e.Detail["pool"], "issued": issued, "reason": e.Reason})
	case "tag":
		added, _ := e.Detail["added"].([]string)
		removed, _ := e.Detail["removed"].([]string)
		h.added = append(h.added, added...)
		h.removed = append(h.removed, removed...)
	case "set":
		if h.set == nil {
			h.set = map[string]any{}
		}
		maps.Copy(h.set, e.Detail)
	case "points":
		added, _ := e.Detail["added"].(int)
		h.points += added
	case "emit":
		h.events = append(h.events, eventOf(e))
	case engine.KeyWebhook:
		h.webhooks = append(h.webhooks, t.webhookOf(e))
	}
	if e.Reason != "" {
		h.reasons = append(h.reasons, e.Reason)
	}
}

// answer returns what the test says about a webhook, else status 200.
func (t *tester) answer(d *engine.Delivery) playbooks.TestAnswer {
	if a, ok := t.test.Webhooks[d.Step]; ok && d.Playbook == t.file.Playbook {
		return a
	}
	return playbooks.TestAnswer{Status: 200}
}

// webhookOf returns a webhook as an expect matches it, with the status of its answer.
func (t *tester) webhookOf(e *engine.Entry) map[string]any {
	item := map[string]any{"url": e.Detail["url"], "method": e.Detail["method"]}
	item["status"] = t.answer(&engine.Delivery{Step: e.Step, Playbook: e.Run.Playbook}).Status
	if body, ok := e.Detail["body"]; ok {
		item["body"] = body
	}
	return item
}

// left takes in that a message which had been put off goes out, or does not.
func (t *tester) left(e *engine.Entry) {
	key := e.Run.ID + " " + e.Step
	item := maps.Clone(t.put[key])
	delete(t.put, key)
	if item == nil || e.Reason == engine.ReasonExited {
		return
	}
	delete(item, "reason")
	if e.What == string(engine.DeliveryDropped) {
		item["status"], item["reason"] = "skipped", e.Reason
	}
	t.happened.messages = append(t.happened.messages, item)
}

// eventOf returns an emitted event as an expect matches it.
func eventOf(e *engine.Entry) map[string]any {
	item := map[string]any{"event": e.Detail["event"], "member": e.Run.Member, "properties": map[string]any{}}
	for _, k := range []string{"member", "properties"} {
		if v, ok := e.Detail[k]; ok {
			item[k] = v
		}
	}
	return item
}

// messageOf returns a message as an expect matches it: with its delivery, or as skipped when there
// is none.
func messageOf(c *engine.Changes, e *engine.Entry) map[string]any {
	item := map[string]any{"channel": e.Detail["channel"], "status": "skipped"}
	for i := range c.Deliveries {
		if d := &c.Deliveries[i]; d.Run == e.Run.ID && d.Step == e.Step {
			item["text"], item["class"], item["to"], item["status"] = d.Message.Text, d.Message.Class, d.Message.To, "queued"
			if d.Message.Subject != "" {
				item["subject"] = d.Message.Subject
			}
		}
	}
	if name, ok := e.Detail["template"]; ok {
		item["template"] = name
	}
	if e.Reason != "" {
		item["reason"] = e.Reason
	}
	return item
}
