package engine

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/needs"
	"github.com/usher-run/usher/engine/outline"
	"github.com/usher-run/usher/engine/view"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
)

// Engine decides for one active workspace. It is immutable and safe for concurrent use.
//
// It decides for members; for each kind of objects it holds another, which decides in the same way by what is for them.
// What it is asked from outside it hands to the one that is meant: see [Engine.of].
type Engine struct {
	whole *playbooks.Workspace // nil of the engine of a kind
	kinds map[string]*Engine   // of objects

	ws       *playbooks.Workspace // as members, or the objects of the kind, see it
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
	shared
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
	*outline.Outline
	ws     *playbooks.Workspace
	types  *view.Types      // of ws
	today  playbooks.Status // of an active playbook: also a pause from outside counts
	shared bool             // an active playbook whose condition another has too
}

// New makes the engine of a workspace without mistakes.
func New(ws *playbooks.Workspace, o Options) *Engine {
	e := decidesFor(ws.Of(""), o, shared{
		zones: view.ZonesOf(ws.Schema.Timezone),
		keys:  naming.NewKeys(o.Secret),
		spare: &sync.Pool{New: func() any { return &decider{evaluator: evaluator{env: expression.NewEnv()}} }},
	})
	e.whole = ws
	e.objects(ws)
	return e
}

// shared is what the engines of one workspace share.
type shared struct {
	keys  *naming.Keys
	spare *sync.Pool // deciders between two uses
	zones *view.Zones
}

// decidesFor makes the engine of a workspace as members, or the objects of a kind, see it.
func decidesFor(ws *playbooks.Workspace, o Options, with shared) *Engine {
	e := &Engine{
		ws: ws, o: o, active: map[string]*book{}, books: map[string]*book{}, events: map[string]*listening{},
		types: view.TypesOf(ws.Schema), address: map[string]string{}, shared: with,
	}
	for i := range ws.Schema.Channels {
		ch := &ws.Schema.Channels[i]
		if spec := o.Registry.Channel(ch.Type); spec != nil {
			if attribute, reaches := ch.AddressOf(ws.Schema.Subject(), spec); attribute != "" || spec.NeedsTo || !reaches {
				e.address[ch.Name] = attribute
			}
		}
	}
	computed := outline.Computed(ws.Schema)
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
		b := compile(ws, e.types, p, computed)
		e.active[p.ID] = b
		e.books[p.Revision] = b
		e.track(b.Reads)
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

// compile prepares a playbook against the workspace that holds it.
func compile(
	ws *playbooks.Workspace, t *view.Types, p *playbooks.Playbook, computed map[string]*expression.Expr,
) *book {
	return &book{Playbook: p, Outline: outline.Of(p, ws.Schema, computed), ws: ws, types: t}
}

// Workspace returns the active workspace.
func (e *Engine) Workspace() *playbooks.Workspace { return e.whole }

// withRevision is [Engine.WithRevision] of the engine that decides for whom the playbook is for.
func (e *Engine) withRevision(ws *playbooks.Workspace, p *playbooks.Playbook) *Engine {
	c := *e
	c.books, c.events = maps.Clone(e.books), maps.Clone(e.events)
	b := compile(ws, view.TypesOf(ws.Schema), p, outline.Computed(ws.Schema))
	c.books[p.Revision] = b
	c.track(b.Reads)
	c.take(b.Aggregates, b.ws.Schema)
	for _, x := range b.Computed {
		c.take(x.Aggregates, b.ws.Schema)
	}
	return &c
}

// withoutRevision is [Engine.WithoutRevision] of one engine.
func (e *Engine) withoutRevision(revision, reason string) *Engine {
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

// needsOf is [Engine.NeedsOf] of the subjects of one engine.
func (e *Engine) needsOf(inputs []Input, states map[string]*State) Needs {
	n := collecting{engine: e, seen: map[*book]bool{}, events: map[string]bool{}}
	n.Schema = e.ws.Schema
	if last := len(inputs) - 1; last >= 0 {
		n.First, n.Last = inputs[0].At, inputs[last].At
	}
	for i := range inputs {
		switch in := &inputs[i]; in.Kind {
		case InputEvent:
			n.event(in.Name)
		case InputTrigger, InputSchedule:
			n.add(e.active[in.Name])
		case InputResult, InputRelease, InputRedeem:
			n.Runs = append(n.Runs, in.Name)
		}
	}
	for _, w := range e.dated {
		n.add(w.b)
	}
	for _, s := range slices.Concat(e.onChange...) {
		n.add(s.b)
	}
	for _, w := range e.watched {
		n.Slots(w.Expr.Slots)
		for _, s := range slices.Concat(w.enter, w.exit) {
			n.add(s.b)
		}
	}
	members := slices.Sorted(maps.Keys(states))
	for _, member := range members {
		if since := e.unrecorded(states[member].Member); !since.IsZero() && (n.Since.IsZero() || since.Before(n.Since)) {
			n.Since = since
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
			n.Runs = append(n.Runs, st.Member.Deferred[key].Run)
		}
		for _, g := range st.Member.Goals {
			if n.events[g.Event] {
				n.Runs = append(n.Runs, g.Run)
				n.add(e.books[g.Revision])
			}
		}
	}
	return n.Result()
}

// collecting finds out what decisions may read.
type collecting struct {
	needs.List
	engine *Engine
	seen   map[*book]bool
	events map[string]bool // that may be decided
}

// event adds what an event may start, and by what that emits, what it may start.
func (n *collecting) event(name string) {
	if n.events[name] {
		return
	}
	n.events[name] = true
	for _, b := range n.engine.listening(name).books {
		n.add(b)
	}
}

func (n *collecting) add(b *book) {
	if b == nil || n.seen[b] {
		return
	}
	n.seen[b] = true
	n.Slots(b.Reads)
	for _, name := range b.Emits {
		n.event(name)
	}
	n.Playbook(b.ID, b.Quota, b.Draws, b.Raffles)
}

// segmentNeeds returns what asking for a segment may read of the history.
func (e *Engine) segmentNeeds(g *playbooks.Segment) []HistoryNeed {
	var n needs.List
	if g.Expr != nil {
		n.Slots(g.Expr.Slots)
	}
	return n.Result().History
}

// InSegment reports whether the subject is in the segment at the instant; the empty name is
// everybody. It may lack trees, as a decision: see [NotBuilt].
func (e *Engine) InSegment(segment string, st *State, at time.Time) (bool, error) {
	switch {
	case segment == "":
		return true, nil
	case st.Member != nil:
		e = e.of(st.Member.ID)
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
