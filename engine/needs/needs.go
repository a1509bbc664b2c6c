// Package needs is what has to be loaded before a decision. Pure.
package needs

import (
	"cmp"
	"slices"
	"time"

	"github.com/usher-run/usher/engine/grants"
	"github.com/usher-run/usher/engine/history"
	"github.com/usher-run/usher/playbooks/expression"
)

// Needs is what has to be loaded before a decision.
type Needs struct {
	History []history.Need // one an event name
	Pools   []grants.Ask   // pools that may be taken from, as far as is known
	Grants  bool           // something may be taken from pools
	Runs    []string       // runs, open or not, that inputs and goals are about
	Since   time.Time      // the windows are to be counted back from here, when it is before all instants; zero: it is not
}

// List is what is found to be needed so far.
type List struct {
	grants.Wanted
	Runs    []string
	Since   time.Time
	windows history.Windows
	apart   []history.Need // of some subjects
}

// Slots adds what expressions read of the history.
func (l *List) Slots(list []expression.Slot) {
	if l.windows == nil {
		l.windows = history.Windows{}
	}
	l.windows.Add(list)
}

// Add adds what these subjects need.
func (l *List) Add(subjects []string, o Needs) {
	for _, h := range o.History {
		h.Subjects = subjects
		l.apart = append(l.apart, h)
	}
	for _, a := range o.Pools {
		l.Ask(a)
	}
	l.Some = l.Some || o.Grants
	l.Runs = append(l.Runs, o.Runs...)
	if l.Since.IsZero() || !o.Since.IsZero() && o.Since.Before(l.Since) {
		l.Since = o.Since
	}
}

// Result returns all that is needed.
func (l *List) Result() Needs {
	return Needs{
		History: append(l.windows.Needs(), l.apart...), Pools: l.Asks, Grants: l.Some, Runs: l.Runs, Since: l.Since,
	}
}

// Sorted returns it with pools and runs in one order, each once.
func (n Needs) Sorted() Needs {
	slices.SortFunc(n.Pools, func(a, b grants.Ask) int { return cmp.Compare(a.Pool, b.Pool) })
	slices.Sort(n.Runs)
	n.Runs = slices.Compact(n.Runs)
	return n
}
