package engine_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/enginetest"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
	"pgregory.net/rapid"
)

// noted counts what an observer is told, in the words of traces and refusals.
type noted struct {
	names map[any]string
	told  map[string]int
}

func (n *noted) tell(format string, args ...any) { n.told[fmt.Sprintf(format, args...)]++ }

func (n *noted) Judged(x *expression.Expr, holds bool) {
	if name, ok := n.names[x]; ok && !holds {
		n.tell("%s", name)
	}
}

func (n *noted) Began(s *playbooks.Step) { n.tell("%s", n.names[s]) }

func (n *noted) Matched(m *playbooks.Condition) { n.tell("%s", n.names[m]) }

func (n *noted) TookBranch(*playbooks.Template, int) { n.tell("text") }

// noting makes the observer of a workspace. A condition is told when it fails; of an `if` the step
// that it skips.
func noting(ws *playbooks.Workspace) *noted {
	n := &noted{names: map[any]string{}, told: map[string]int{}}
	for _, p := range ws.Playbooks {
		if p.Condition != nil {
			n.names[p.Condition] = p.ID + " refused"
		}
		for i := range p.Goals {
			n.names[&p.Goals[i].Condition] = p.ID + " goal"
		}
		for i := range p.Exits {
			n.names[&p.Exits[i]] = p.ID + " exit"
		}
		for i := range p.Steps {
			s := &p.Steps[i]
			n.names[s] = p.ID + " began " + s.Name()
			if s.Guard != nil && s.Key != "if" {
				n.names[s.Guard] = p.ID + " skipped " + s.Name()
			}
			if s.Wait != nil {
				for k := range s.Wait.Matches {
					n.names[&s.Wait.Matches[k].Condition] = p.ID + " woke " + s.Name()
				}
			}
		}
	}
	return n
}

// traced counts the same by what the decisions left behind.
func traced(ws *playbooks.Workspace, s *shell) map[string]int {
	out := map[string]int{}
	for _, d := range s.refusals {
		if d.Reason == engine.ReasonCondition {
			out[d.Playbook+" refused"]++
		}
	}
	for id, trace := range s.traces {
		p := ws.Playbook(s.runs[id].Playbook)
		events := map[string]bool{}
		for i := range p.Exits {
			events[p.Exits[i].Label()] = true
		}
		for _, e := range trace {
			switch {
			case e.What == "skipped":
				out[p.ID+" skipped "+e.Step]++
			case e.What == "goal":
				out[p.ID+" goal"]++
			case e.What == "woke" && (e.Reason == engine.ReasonEvent || e.Reason == engine.ReasonCondition):
				out[p.ID+" woke "+e.Step]++
			case e.What == "wait" && e.Reason == engine.ReasonHolds:
				out[p.ID+" woke "+e.Step]++
				out[p.ID+" began "+e.Step]++
			case e.What == string(engine.RunExited) && events[e.Reason]:
				out[p.ID+" exit"]++
			case e.What == string(engine.RunExited) && e.Reason != engine.ReasonRestarted &&
				e.Reason != engine.ReasonNotActive:
				out[p.ID+" began exit"]++
			case e.What == "if" && e.Reason == "else":
			case e.What == "error" && e.Step != "": // an `if` that fails tells of no action
				i := slices.IndexFunc(p.Steps, func(s playbooks.Step) bool { return s.Name() == e.Step })
				if i >= 0 && p.Steps[i].Guard == nil { // else no action failed: a chain has stopped, or a condition
					out[p.ID+" began "+e.Step]++
				}
			case slices.ContainsFunc(p.Steps, func(s playbooks.Step) bool { return s.Name() == e.Step && s.Key == e.What }):
				out[p.ID+" began "+e.Step]++
			}
		}
	}
	return out
}

// An observer changes no decision, and is told each as often as traces and refusals tell it.
func TestObserverIsToldWhatWasDecided(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		files, ws := drawWorkspace(rt, t)
		seen := noting(ws)
		o := engine.Options{Secret: []byte("s"), Registry: actions.Registry(), Effects: actions.Effects()}
		plain := engine.New(ws, o)
		o.Observer = seen
		observed := engine.New(ws, o)
		inputs := enginetest.History(rt)
		end := inputs[len(inputs)-1].At.Add(12 * 24 * time.Hour)
		_, decided := simulated(rt, t, plain, inputs, end)
		inputs = decided["m"]
		without, with := newShell(t, plain), newShell(t, observed)
		without.decide(slices.Clone(inputs), end)
		with.decide(slices.Clone(inputs), end)
		if a, b := without.outcome(), with.outcome(); a != b {
			rt.Fatalf("%s\nalone:\n%s\nobserved:\n%s", files, a, b)
		}
		delete(seen.told, "text")
		exits := map[string]bool{} // actions that end a run: the trace does not name them
		for _, p := range ws.Playbooks {
			for i := range p.Steps {
				if s := &p.Steps[i]; s.Key == "exit" {
					exits[p.ID+" began "+s.Name()] = true
				}
			}
		}
		told := map[string]int{}
		for name, n := range seen.told {
			if exits[name] {
				id, _, _ := strings.Cut(name, " ")
				name = id + " began exit"
			}
			told[name] += n
		}
		if want := traced(ws, with); !maps.Equal(told, want) {
			rt.Fatalf("%s\ntold:\n%v\ntraced:\n%v", files, told, want)
		}
	})
}
