package history

import (
	"maps"
	"slices"

	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
)

// Need asks for the events of a name that are not older than Window before now; the zero
// Window asks for all.
type Need struct {
	Event    string
	Window   schema.Window
	Subjects []string // whose; nil: of all that are decided on together
}

// Windows are how far back events are asked for, by their names.
type Windows map[string]schema.Window

// Add adds what expressions ask for.
func (n Windows) Add(list []expression.Slot) {
	for _, s := range list {
		w, known := n[s.Event]
		if !known || !w.IsZero() && (s.Window.IsZero() || s.Window.Longest() > w.Longest()) {
			n[s.Event] = s.Window
		}
	}
}

// Needs returns what is asked for, by name.
func (n Windows) Needs() (out []Need) {
	for _, name := range slices.Sorted(maps.Keys(n)) {
		out = append(out, Need{Event: name, Window: n[name]})
	}
	return out
}
