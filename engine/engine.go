package engine

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/usher-run/usher/engine/grants"
	"github.com/usher-run/usher/engine/history"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/view"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
)

// Engine decides for one active workspace. It is immutable and safe for concurrent use.
type Engine struct {
	ws       *playbooks.Workspace
	o        Options
	active   map[string]*book      // by playbook id
	books    map[string]*book      // by revision, active and pinned
	unusable map[string]string     // revisions that cannot be had, with the reason
	events   map[string]*listening // who wants to know of an event, by its name
	dated    []*dated              // playbooks that dates of the member start, by id
	watched  []*watched            // segments that triggers are about, by name
	ending   []*ending             // playbooks whose open runs exit at an instant, by id
	changed  view.Fields           // fields of the member whose changes start playbooks
	onChange [][]start             // which, of each of them, by playbook id

	expiring    *expiring         // when coupons expire; nil: nobody asks
	makes       map[string]bool   // events that usher makes itself and that the workspace names
	left        func(Ask) int     // of pools that nobody else takes from; nil: others do
	prioritized bool              // some playbook has a priority
	address     map[string]string // channel name -> the member's attribute that holds its address
	types       *view.Types       // of the active workspace
	keys        *naming.Keys
	spare       *sync.Pool // deciders between two uses
	zones       *view.Zones
}

// Options is what an Engine needs beside the workspace.
type Options struct {
	Secret   []byte            // keys run ids and coupon codes
	Registry *schema.Registry  // what actions and channels declare
	Effects  map[string]Effect // by action key
	Paused   map[string]bool   // playbooks paused from outside
	// Brief is for a simulation that only counts: traces and refusals say what happened and not why,
	// states stay in memory, and the workspace stays the same.
	Brief bool
	// Watched tells since when segments are watched that triggers are about. One that is missing:
	// always.
	Watched map[string]time.Time
	// Holdout overrides the dice of the control group, for tests of playbooks; nil: the dice decide.
	Holdout func(playbook, member string) (in, forced bool)
	// Split overrides the dice of a split, by the step's name, for tests of playbooks; "" or nil: the
	// dice decide.
	Split func(playbook, step string) (way string)
	// Observer is told of decisions, for the coverage of tests; nil: nobody asks.
	Observer Observer
	// Raffle overrides what the tickets of a raffle draw, for tests of playbooks; nil: their hashes decide.
	Raffle func(raffle string) (prize string, forced bool)
}

// book is a playbook with what it was compiled against.
type book struct {
	*playbooks.Playbook
	ws       *playbooks.Workspace
	types    *view.Types                 // of ws
	today    playbooks.Status            // of an active playbook: also a pause from outside counts
	shared   bool                        // an active playbook whose condition another has too
	record   *schema.Type                // of `trigger`
	computed map[string]*expression.Expr // computed attributes, for texts
	slots    []expression.Slot
	pools    []string
	raffles  []string
	emits    []string                // events that its runs may emit
	actions  map[string]*schema.Type // results by action id
	outside  map[string]string       // frames: of each `use` of a snippet that in which it stands
	since    []string                // events that waits count from the entry on
}

// New makes the engine of a workspace without mistakes.
func New(ws *playbooks.Workspace, o Options) *Engine {
	e := &Engine{
		ws: ws, o: o, active: map[string]*book{}, books: map[string]*book{}, events: map[string]*listening{},
		types: view.TypesOf(ws.Schema), address: map[string]string{}, zones: view.ZonesOf(ws.Schema.Timezone),
		keys:  naming.NewKeys(o.Secret),
		spare: &sync.Pool{New: func() any { return &decider{evaluator: evaluator{env: expression.NewEnv()}} }},
	}
	for _, ch := range ws.Schema.Channels {
		if spec := o.Registry.Channel(ch.Type); spec != nil && spec.NeedsTo {
			e.address[ch.Name] = spec.Address
		}
	}
	computed := computedOf(ws.Schema)
	for _, g := range ws.Schema.Segments {
		if g.Expr != nil {
			e.track(g.Expr.Slots)
			e.take(g.Expr.Aggregates, ws.Schema)
		}
	}
	for _, x := range computed {
		e.take(x.Aggregates, ws.Schema)
	}
	for _, p := range ws.Playbooks {
		b := e.compile(ws, e.types, p, computed)
		e.active[p.ID] = b
		e.books[p.Revision] = b
		e.track(b.slots)
		e.take(b.Aggregates, b.ws.Schema)
		for _, t := range p.Trigger.Items() {
			if t.Kind != playbooks.TriggerEvent || p.Status == playbooks.Draft {
				continue
			}
			if l := e.listen(t.Event.Name); !slices.Contains(l.books, b) {
				l.books = append(l.books, b)
			}
		}
	}
	e.watch()
	e.dates()
	e.ends()
	e.changes()
	e.settle()
	e.making()
	return e
}

// settle works out what depends on all active playbooks.
func (e *Engine) settle() {
	texts := map[string]int{}
	for _, b := range e.active {
		e.prioritized = e.prioritized || b.Priority != 0
		if b.today = e.status(b.ID); b.Condition != nil {
			texts[b.Condition.Text]++
		}
	}
	for _, b := range e.active {
		b.shared = b.Condition != nil && texts[b.Condition.Text] > 1 && len(b.Vars) == 0 &&
			b.Trigger.Kind != playbooks.TriggerAny
	}
}

// stored returns the type of a result as a run keeps it: an action leaves what it has.
func stored(result *schema.Type) *schema.Type {
	t := &schema.Type{Kind: schema.KindObject}
	for _, f := range result.Fields {
		t.Fields = append(t.Fields, schema.Field{Name: f.Name, Type: f.Type.AsOptional()})
	}
	return t
}

// computedOf compiles the computed attributes, for texts that show them.
func computedOf(s *playbooks.Schema) map[string]*expression.Expr {
	out := map[string]*expression.Expr{}
	for _, a := range s.Attributes {
		if a.Expr != nil {
			out[a.Name] = a.Expr
		}
	}
	return out
}

func (e *Engine) compile(ws *playbooks.Workspace, t *view.Types, p *playbooks.Playbook,
	computed map[string]*expression.Expr,
) *book {
	b := &book{
		Playbook: p, ws: ws, types: t, record: p.Trigger.Record(ws.Schema), computed: computed,
		slots: slices.Clone(p.Slots), actions: map[string]*schema.Type{},
		outside: map[string]string{},
	}
	if b.record == nil { // an event that is declared nowhere has only what every event has
		b.record = (&playbooks.Trigger{}).Record(ws.Schema)
	}
	if len(p.Vars) > 0 {
		b.actions[expression.VarsKey] = p.VarsType()
	}
	b.counts()
	for i := range p.Steps {
		s := &p.Steps[i]
		if s.ID != "" && s.Result != nil {
			b.actions[s.ID] = stored(s.Result)
		}
		if s.Key == "use" {
			b.outside[s.Name()] = s.Frame
			if s.Params != nil {
				b.actions[expression.ParamsKey(s.Name())] = stored(s.Params)
			}
			continue
		}
		for _, name := range s.Args["pool"].Names() {
			if !slices.Contains(b.pools, name) {
				b.pools = append(b.pools, name)
			}
		}
		if s.Key == "coupon" && !slices.Contains(b.emits, playbooks.CouponIssued) {
			b.emits = append(b.emits, playbooks.CouponIssued)
		}
		if name, ok := literal(s, "enter").(string); ok && s.Key == "raffle" {
			b.raffles, b.emits = append(b.raffles, name), append(b.emits, playbooks.RaffleDrawn)
		}
		if v := s.Args["event"]; s.Key == "emit" && v != nil {
			if name, ok := v.Literal.(string); ok && !slices.Contains(b.emits, name) {
				b.emits = append(b.emits, name)
			}
		}
		for _, v := range s.Args {
			b.textSlots(v)
		}
		for _, v := range s.Variants {
			b.textSlots(v.Value)
		}
	}
	return b
}

// textSlots adds what the computed attributes that a text shows read of the history.
func (b *book) textSlots(v *playbooks.Value) {
	if v == nil {
		return
	}
	for _, item := range v.List {
		b.textSlots(item)
	}
	for _, item := range v.Map {
		b.textSlots(item)
	}
	for _, t := range v.Choices {
		b.textSlots(&playbooks.Value{Text: t})
	}
	if v.Text == nil {
		return
	}
	for _, name := range v.Text.Refs.Attributes {
		if x := b.computed[name]; x != nil {
			b.slots = append(b.slots, x.Slots...)
		}
	}
}

// Workspace returns the active workspace.
func (e *Engine) Workspace() *playbooks.Workspace { return e.ws }

// Knows reports whether the engine has the revision of a playbook, active or pinned.
func (e *Engine) Knows(revision string) bool { return e.books[revision] != nil }

// WithRevision returns an engine that knows a further revision, for runs that keep it. ws is the
// workspace that holds it.
func (e *Engine) WithRevision(ws *playbooks.Workspace, p *playbooks.Playbook) *Engine {
	c := *e
	c.books, c.events = maps.Clone(e.books), maps.Clone(e.events)
	b := c.compile(ws, view.TypesOf(ws.Schema), p, computedOf(ws.Schema))
	c.books[p.Revision] = b
	c.track(b.slots)
	c.take(b.Aggregates, b.ws.Schema)
	for _, x := range b.computed {
		c.take(x.Aggregates, b.ws.Schema)
	}
	return &c
}

// WithoutRevision returns an engine that knows why it cannot have a revision: runs that keep it are
// parked.
func (e *Engine) WithoutRevision(revision, reason string) *Engine {
	c := *e
	c.unusable = maps.Clone(e.unusable)
	if c.unusable == nil {
		c.unusable = map[string]string{}
	}
	c.unusable[revision] = reason
	return &c
}

// status is today's status of a playbook: one that is not in the workspace any more is paused.
func (e *Engine) status(playbook string) playbooks.Status {
	b := e.active[playbook]
	switch {
	case b == nil:
		return playbooks.Paused
	case b.Status == playbooks.Live && e.o.Paused[playbook]:
		return playbooks.Paused
	}
	return b.Status
}

// priority is today's priority of a playbook; 0 of one that is gone.
func (e *Engine) priority(playbook string) int {
	if b := e.active[playbook]; b != nil {
		return b.Priority
	}
	return 0
}

// compareTurns orders playbooks of which several act at once: by priority, higher first, then by id.
func (e *Engine) compareTurns(a, b string) int {
	if !e.prioritized {
		return cmp.Compare(a, b)
	}
	return cmp.Or(cmp.Compare(e.priority(b), e.priority(a)), cmp.Compare(a, b))
}

// Needs is what has to be loaded before a decision.
type Needs struct {
	History []HistoryNeed // one an event name
	Pools   []Ask         // pools that may be taken from, as far as is known
	Grants  bool          // something may be taken from pools
	Runs    []string      // runs, open or not, that inputs and goals are about
	Since   time.Time     // the windows are to be counted back from here, when it is before all instants; zero: it is not
}

// NeedsOf returns what deciding these inputs, and the due waits of these runs, may read.
func (e *Engine) NeedsOf(inputs []Input, states map[string]*State) Needs {
	n := needs{
		engine: e, seen: map[*book]bool{}, events: map[string]bool{}, windows: history.Windows{},
	}
	n.wanted.Schema = e.ws.Schema
	if last := len(inputs) - 1; last >= 0 {
		n.wanted.First, n.wanted.Last = inputs[0].At, inputs[last].At
	}
	for i := range inputs {
		switch in := &inputs[i]; in.Kind {
		case InputEvent:
			n.event(in.Name)
		case InputTrigger, InputSchedule:
			n.add(e.active[in.Name])
		case InputResult, InputRelease, InputRedeem:
			n.runs = append(n.runs, in.Name)
		}
	}
	for _, w := range e.dated {
		n.add(w.b)
	}
	for _, s := range slices.Concat(e.onChange...) {
		n.add(s.b)
	}
	for _, w := range e.watched {
		n.windows.Add(w.Expr.Slots)
		for _, s := range slices.Concat(w.enter, w.exit) {
			n.add(s.b)
		}
	}
	members := slices.Sorted(maps.Keys(states))
	for _, member := range members {
		if since := e.Unrecorded(states[member].Member); !since.IsZero() && (n.since.IsZero() || since.Before(n.since)) {
			n.since = since
		}
		for _, r := range states[member].Runs {
			n.add(e.books[r.Revision])
		}
	}
	for _, member := range members {
		st := states[member]
		if st.Member == nil {
			continue
		}
		for _, key := range st.Member.DeferredKeys(e.compareTurns) {
			n.runs = append(n.runs, st.Member.Deferred[key].Run)
		}
		for _, g := range st.Member.Goals {
			if n.events[g.Event] {
				n.runs = append(n.runs, g.Run)
				n.add(e.books[g.Revision])
			}
		}
	}
	return n.result()
}

type needs struct {
	engine  *Engine
	seen    map[*book]bool
	events  map[string]bool // that may be decided
	windows history.Windows
	wanted  grants.Wanted
	runs    []string
	since   time.Time
}

// event adds what an event may start, and by what that emits, what it may start.
func (n *needs) event(name string) {
	if n.events[name] {
		return
	}
	n.events[name] = true
	for _, b := range n.engine.listening(name).books {
		n.add(b)
	}
}

func (n *needs) add(b *book) {
	if b == nil || n.seen[b] {
		return
	}
	n.seen[b] = true
	n.windows.Add(b.slots)
	for _, name := range b.emits {
		n.event(name)
	}
	n.wanted.Playbook(b.ID, b.Quota, b.pools, b.raffles)
}

func (n *needs) result() Needs {
	out := Needs{Pools: n.wanted.Asks, Grants: n.wanted.Some, Runs: n.runs, Since: n.since}
	out.History = n.windows.Needs()
	return out
}

// SegmentNeeds returns what InSegment may read of the history.
func (e *Engine) SegmentNeeds(segment string) []HistoryNeed {
	n := needs{engine: e, windows: history.Windows{}}
	if g := e.ws.Schema.Segment(segment); g != nil && g.Expr != nil {
		n.windows.Add(g.Expr.Slots)
	}
	return n.result().History
}

// InSegment reports whether the member is in the segment at the instant; the empty name is
// everybody. It may lack trees, as a decision: see [NotBuilt].
func (e *Engine) InSegment(segment string, st *State, at time.Time) (bool, error) {
	if segment == "" {
		return true, nil
	}
	g := e.ws.Schema.Segment(segment)
	if g == nil || g.Expr == nil {
		return false, fmt.Errorf("there is no segment %q", segment)
	}
	if st.Member == nil {
		return false, nil
	}
	d := e.decider(st.Member.ID, st)
	defer d.release()
	d.begin(at)
	in, err := g.Expr.Test(d.env)
	return in, d.failure(err)
}
