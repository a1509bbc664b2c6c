package engine

import (
	"fmt"
	"time"

	"github.com/usher-run/usher/playbooks"
)

// State is a member as loaded for a decision. The core changes it in place.
type State struct {
	Member  *Member            // nil: not seen before
	Runs    []*Run             // the open ones, by start, then playbook; besides, closed ones that a goal or a result is about
	History map[string][]Input // decided events by name, by time then Seq: what Needs asked for
}

// Engine decides for one active workspace. It is immutable and safe for concurrent use.
type Engine struct{}

// Effect carries out an action locally, or puts a remote one into the outbox.
type Effect func(*Act) error

// Act is one action being carried out.
type Act struct{}

// Options is what an Engine needs beside the workspace.
type Options struct {
	Secret  []byte            // keys run ids and coupon codes
	Effects map[string]Effect // by action key
	Paused  map[string]bool   // playbooks paused from outside
}

// New makes the engine of a workspace without mistakes.
func New(ws *playbooks.Workspace, o Options) *Engine { return &Engine{} }

// Workspace gives the active workspace.
func (e *Engine) Workspace() *playbooks.Workspace { return nil }

// Knows tells whether the engine has the revision of a playbook, active or pinned.
func (e *Engine) Knows(revision string) bool { return true }

// WithRevision gives an engine that knows a further revision, for runs that keep it. ws is the workspace that holds it.
func (e *Engine) WithRevision(ws *playbooks.Workspace, p *playbooks.Playbook) *Engine { return e }

// Needs is what has to be loaded before a decision.
type Needs struct {
	History []HistoryNeed // one an event name
	Pools   []string      // coupon pools with a budget that may be drawn from
	Runs    []string      // runs, open or not, that inputs and goals are about
}

// HistoryNeed asks for the events of a name that are not older than Window before now; the zero Window asks for all.
type HistoryNeed struct {
	Event  string
	Window playbooks.Duration
}

// NeedsOf tells what deciding these inputs, and the due waits of these runs, may read.
func (e *Engine) NeedsOf(inputs []Input, states map[string]*State) Needs { return Needs{} }

// NeedPool says that a pool's block is used up but the pool is not: reserve more and decide again, on state loaded anew.
type NeedPool struct{ Pool string }

func (e *NeedPool) Error() string { return fmt.Sprintf("coupon pool %s: block used up", e.Pool) }

// Decide decides a member's inputs, in their order, and all waits that are due: those at or before an input's instant before
// it, and at the end those at or before horizon. Changes are added to c. The error is a *NeedPool, or says that an input
// cannot be decided; state and c are then to be thrown away.
func (e *Engine) Decide(member string, st *State, inputs []Input, horizon time.Time, pools map[string]*PoolState, c *Changes) error {
	return nil
}

// InSegment tells whether the member is in the segment at the instant; the empty name is everybody.
func (e *Engine) InSegment(segment string, st *State, at time.Time) (bool, error) { return false, nil }
