package sim

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/grants"
	"github.com/usher-run/usher/engine/intake"
	"github.com/usher-run/usher/engine/naming"
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
	members  []string // of the test, by their ids as they are kept, then its objects
	people   int      // how many of them are members
	zones    map[string]*time.Location
	schema   *playbooks.Schema
	effects  []effect // since the last expect that speaks of them
	latest   map[string]verdict
	newest   string // the member of the test whose verdict is the newest
	reached  reachedPoints
	events   int
	failed   []failedRun               // as effects
	coupons  []engine.Coupon           // that were given
	redeemed map[string]time.Time      // when, by their codes
	put      map[string]map[string]any // messages that were put off, by run and step
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
		Raffle: func(name string) (string, bool) {
			prize, forced := t.Raffles[name]
			return prize, forced
		},
		Split: func(playbook, step string) string {
			if playbook != f.Playbook {
				return ""
			}
			return t.Split[step]
		},
	})
	tt := &tester{
		file: f, test: t, schema: ws.Schema, reached: reached, put: map[string]map[string]any{}, latest: map[string]verdict{},
		zones: map[string]*time.Location{},
	}
	tt.world = NewWorld(e, t.At.UTC(), tt.observe)
	tt.world.answer, tt.world.outcome = tt.answer, tt.outcome
	if t.Quota != nil {
		p := ws.Playbook(f.Playbook)
		tt.leave(grants.OfPlaybook, p.ID, p.Quota, *t.Quota)
	}
	for name, left := range t.Pools {
		if pool := ws.Schema.Pool(name); pool.IsLimited() {
			tt.world.pools[name] = &engine.PoolState{Free: left, Dry: true}
		} else {
			tt.leave(grants.OfCoupons, name, pool.Quota, left)
		}
	}
	if fail := tt.run(); fail != nil {
		res.Failure = fail
		return res
	}
	res.Passed = true
	return res
}

// leave leaves so much of a quota, in the period in which the test begins.
func (t *tester) leave(of, name string, q *playbooks.Quota, left int) {
	pool, others := grants.PlaceAt(of, name, q, t.test.At.In(t.schema.Timezone)).Pool, t.world.left
	t.world.left = func(a engine.Ask) int {
		if a.Pool == pool || strings.HasPrefix(a.Pool, pool+" ") {
			return left
		}
		return others(a)
	}
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
			t.told(t.whom(s.Expect))
			continue
		}
		if err := t.step(s); err != nil {
			return &Failure{Pos: s.Pos, Message: err.Error()}
		}
	}
	if fail := t.failure(nil); fail != nil {
		return fail
	}
	if h := t.happened(""); !h.empty() {
		return &Failure{
			Pos: t.test.Pos, Message: "the script ends, but no expect names what happened", Happened: t.lines(""),
		}
	}
	return nil
}

// whom returns of whom an expect speaks; "": of all.
func (t *tester) whom(x *playbooks.Expect) string {
	switch {
	case x == nil || x.Member == "" && x.Object.Kind == "":
		return ""
	case x.Object.Kind != "":
		return naming.ObjectID(x.Object.Kind, x.Object.ID)
	}
	return t.id(x.Member)
}

// begin puts the members and their history in place. History is what was: it is taken in as a
// backfill is, and starts nothing.
func (t *tester) begin() error {
	at := t.test.At.UTC()
	described := slices.Clone(t.test.Members)
	for _, o := range t.test.Objects {
		described = append(described, o.Fields)
	}
	given := make([]engine.Member, len(described))
	for i, fields := range described {
		s := t.schema
		if i >= len(t.test.Members) {
			s = s.Of(t.test.Objects[i-len(t.test.Members)].Kind)
		}
		m := t.member(fields, s)
		given[i] = *m
		t.members = append(t.members, m.ID)
		t.world.add(m.ID, &engine.State{Member: m})
	}
	t.people = len(t.test.Members)
	for i := range t.test.History {
		e := &t.test.History[i]
		for range e.Times {
			in, err := t.input(e)
			if err != nil {
				return err
			}
			if in.Time.After(at) {
				return fmt.Errorf("history ends where the test starts: %s is after it", in.Time.Format(time.RFC3339))
			}
			in.At, in.Backfill = at, true
			if err := t.take(in); err != nil {
				return err
			}
		}
	}
	for i, id := range t.members {
		// What the test says of the member stands; segments and dates are noted of the member as that
		// makes them.
		m := t.world.members[id].Member
		m.Segments, m.Dates, m.ReevaluatedAt, m.ReevaluateAt = nil, nil, time.Time{}, time.Time{}
		t.forgetLevel(m)
		if _, said := described[i]["created_at"]; said {
			m.CreatedAt = given[i].CreatedAt
		}
		if !given[i].LastSeenAt.IsZero() {
			m.LastSeenAt = given[i].LastSeenAt
		} else if m.LastSeenAt.IsZero() {
			m.LastSeenAt = at
		}
		if err := t.world.watch(id); err != nil {
			return err
		}
	}
	t.effects = nil // of what made the members what they are
	return nil
}

// forgetLevel lets the level of a member be what it is after their history, whatever it was meanwhile.
func (t *tester) forgetLevel(m *engine.Member) {
	if l := t.schema.Levels; l != nil && m.Rare != nil && !naming.IsObject(m.ID) {
		delete(m.Attributes, l.Attribute)
		m.Rare.Level = nil
	}
}

// member returns a member or an object as a test describes them, for whom the schema is.
func (t *tester) member(fields map[string]any, s *playbooks.Schema) *engine.Member {
	id, _ := fields["id"].(string)
	if id = s.MemberID(id); s.Kind != "" {
		id = naming.ObjectID(s.Kind, id)
	}
	m := &engine.Member{ID: id, Attributes: map[string]any{}, CreatedAt: t.test.At.UTC()}
	for k, v := range fields {
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
			if m.Points, _ = v.(int); s.Kind != "" {
				m.Attributes[k] = stored(s, k, v)
			}
		case "created_at":
			m.CreatedAt, _ = v.(time.Time)
		case "last_seen_at":
			m.LastSeenAt, _ = v.(time.Time)
		default:
			m.Attributes[k] = stored(s, k, v)
		}
	}
	t.zones[m.ID] = t.schema.Timezone
	if name, ok := fields["timezone"].(string); ok {
		if z, err := time.LoadLocation(name); err == nil {
			t.zones[m.ID] = z
		}
	}
	return m
}

// stored returns the value of an attribute as it is stored when it comes from outside.
func stored(s *playbooks.Schema, name string, v any) any {
	v = attribute(s, name, v)
	if a := s.Attribute(name); a != nil {
		v = s.Normalized(a, v)
	}
	return v
}

// input makes the input of a test's event. `at: -10d` and `time: -2h` count back from the clock.
func (t *tester) input(e *playbooks.TestEvent) (engine.Input, error) {
	t.events++
	member := t.id(e.Member)
	if e.Object.Kind != "" {
		member = naming.ObjectID(e.Object.Kind, e.Object.ID)
	}
	at := t.world.Now()
	switch {
	case !e.Time.IsZero():
		at = e.Time.UTC()
	case !e.Ago.IsZero():
		back := schema.Duration{Days: max(e.Ago.Days, -e.Ago.Days), Elapsed: max(e.Ago.Elapsed, -e.Ago.Elapsed)}
		at = back.Before(at.In(t.zone(member))).UTC()
	}
	var typ *schema.Type
	if et := t.schema.Event(e.Name); et != nil {
		typ = et.Properties
	}
	props, _ := schema.ToJSON(typ, e.Properties).(map[string]any)
	in := engine.Input{
		Kind: engine.InputEvent, ID: fmt.Sprintf("test-%d", t.events), Member: member, Name: e.Name, Time: at, At: at,
		Payload: &engine.Payload{Properties: props, Attributes: written(t.schema, e.Attributes)},
	}
	if bad := intake.Belong(t.schema.Event(e.Name), &in); bad != nil {
		return in, bad
	}
	if e.Object.Kind != "" && !intake.Names(t.schema.Event(e.Name), &in, member) {
		return in, fmt.Errorf("the event is to be that of %s, and does not name it", called(member))
	}
	return in, nil
}

// zone returns the time zone of a subject of the test; the workspace's of another.
func (t *tester) zone(id string) *time.Location {
	if z := t.zones[id]; z != nil {
		return z
	}
	return t.schema.Timezone
}

// written returns attributes as they are stored.
func written(s *playbooks.Schema, attributes map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range attributes {
		out[k] = stored(s, k, v)
	}
	return out
}

func (t *tester) step(s *playbooks.TestStep) error {
	switch {
	case s.Event != nil:
		in, err := t.input(s.Event)
		if err != nil {
			return err
		}
		if in.At = t.world.Now(); in.Time.After(in.At) { // a time in the future counts as the acceptance
			in.Time = in.At
		}
		return t.take(in)
	case s.Advance != nil:
		return t.world.AdvanceTo(s.Advance.After(t.world.Now().In(t.zone(t.members[0]))).UTC())
	case s.Trigger != nil:
		params, err := t.world.params(t.world.engine.Workspace().Playbook(t.file.Playbook).Trigger.HTTP().Params, s.Trigger)
		if err != nil {
			return err
		}
		return t.outside(s, engine.InputTrigger, t.file.Playbook, &engine.Payload{Properties: params})
	case s.Redeem != "":
		return t.redeem(s)
	case s.Attributes != nil:
		return t.outside(s, engine.InputUpdate, "", &engine.Payload{Attributes: written(t.schemaOf(s.Object), s.Attributes)})
	}
	return nil
}

// take takes an input in, and decides it.
func (t *tester) take(in engine.Input) error {
	switch rej, err := t.world.Admit(&in); {
	case err != nil:
		return err
	case rej != nil:
		return fmt.Errorf("the %s is rejected: %w", in.Kind, rej)
	}
	return t.world.Input(in)
}

// schemaOf returns the schema as an object sees it; of none, as members do.
func (t *tester) schemaOf(o playbooks.ObjectRef) *playbooks.Schema {
	if s := t.schema.Of(o.Kind); s != nil {
		return s
	}
	return t.schema
}

// outside decides what comes in for a member that is no event.
func (t *tester) outside(s *playbooks.TestStep, kind engine.InputKind, name string, p *engine.Payload) error {
	t.events++
	whom := t.id(s.Member)
	if s.Object.Kind != "" {
		whom = naming.ObjectID(s.Object.Kind, s.Object.ID)
	}
	return t.take(engine.Input{
		Kind: kind, ID: fmt.Sprintf("test-%d", t.events), Member: whom, Name: name, Time: t.world.Now(),
		At: t.world.Now(), Payload: p,
	})
}

// observe collects what a decision did.
func (t *tester) observe(c *engine.Changes) {
	t.coupons = append(t.coupons, c.Coupons...)
	for r, e := range c.Entries() {
		if d, ok := r.Refusal(e); ok && d.Playbook == t.file.Playbook {
			t.judged(d.Member, verdict{t.latest[d.Member].run, &d})
		}
	}
	for r, e := range c.Entries() {
		if tellsFailure(e) {
			t.failed = append(t.failed, failureOf(r, e))
		}
		if e.What == engine.WhatEnded && e.Run == nil {
			t.effects = append(t.effects, effect{r.Member, happened{removed: tagsOf(e.Detail), points: -pointsOf(e.Detail)}})
		}
		if e.What == engine.WhatLevel {
			t.level(r.Member, e)
		}
		if e.Run == nil {
			continue
		}
		if e.Run.New && e.Run.Playbook == t.file.Playbook {
			t.judged(e.Run.Member, verdict{run: e.Run})
		}
		t.entry(c, e)
	}
}

// judged notes what became of a member of the test, or of an object, which may come into being.
func (t *tester) judged(member string, v verdict) {
	if slices.Contains(t.members, member) || naming.IsObject(member) {
		t.latest[member], t.newest = v, member
	}
}

// verdict returns what became last of a member; of "": of any.
func (t *tester) verdict(member string) verdict {
	if member == "" {
		member = t.newest
	}
	return t.latest[member]
}
