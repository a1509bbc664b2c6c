package engine

import (
	"fmt"
	"sync"
	"time"

	"github.com/usher-run/usher/engine/eval"
	"github.com/usher-run/usher/engine/index"
	"github.com/usher-run/usher/engine/naming"
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

	index *index.Index
	world eval.World // index, and what else evaluations read
	o     Options
	left  func(Ask) int // of pools that nobody else takes from; nil: others do
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

// New makes the engine of a workspace without mistakes.
func New(ws *playbooks.Workspace, o Options) *Engine {
	with := shared{
		zones: view.ZonesOf(ws.Schema.Timezone),
		keys:  naming.NewKeys(o.Secret),
		spare: &sync.Pool{New: func() any { return &decider{Evaluator: eval.Evaluator{Env: expression.NewEnv()}} }},
	}
	e := decidesFor(ws.Of(""), o, with)
	e.whole = ws
	e.objects(ws)
	return e
}

// What the engine knows of the workspace that it decides by: see package index.
type (
	book  = index.Book
	start = index.Start
)

// Observer is told what the core decides where traces and refusals do not say it: see [eval.Observer].
type Observer = eval.Observer

// shared is what the engines of one workspace share.
type shared struct {
	keys  *naming.Keys
	spare *sync.Pool // deciders between two uses
	zones *view.Zones
}

// Workspace returns the active workspace.
func (e *Engine) Workspace() *playbooks.Workspace { return e.whole }

// InSegment reports whether the subject is in the segment at the instant; the empty name is
// everybody. It may lack trees, as a decision: see [NotBuilt].
func (e *Engine) InSegment(segment string, st *State, at time.Time) (bool, error) {
	switch {
	case segment == "":
		return true, nil
	case st.Member != nil:
		e = e.of(st.Member.ID)
	}
	g := e.index.WS.Schema.Segment(segment)
	if g == nil || g.Expr == nil {
		return false, fmt.Errorf("there is no segment %q", segment)
	}
	if st.Member == nil {
		return false, nil
	}
	d := e.decider(st.Member.ID, st)
	defer d.release()
	d.Begin(at)
	in, err := g.Expr.Test(d.Env)
	return in, d.failure(err)
}

// decidesFor makes the engine of a workspace as members, or the objects of a kind, see it.
func decidesFor(ws *playbooks.Workspace, o Options, with shared) *Engine {
	x := index.New(ws, index.Options{Registry: o.Registry, Paused: o.Paused, Watched: o.Watched})
	e := &Engine{o: o, shared: with}
	return e.withIndex(x)
}
