package engine

import (
	"github.com/usher-run/usher/engine/view"
)

// What a run remembers is its Trigger and the results in Actions. There are two forms of it:
//
//   - Encoded, it is as JSON holds it. That is how a store keeps it, and how it comes back.
//   - Decoded, it is typed by the run's own revision, and times are shown in the member's zone.
//     That is how expressions read it.
//
// All that is remembered passes through ToJSON, Coerce and Localize, in package view and nowhere else.
// So a value is the same whether the run stayed in memory or was stored in between.

// remember keeps what an action left behind under its id; without one nothing can ask for it.
func (d *decider) remember(r *Run, b *book, id string, fields map[string]any) {
	if id == "" {
		return
	}
	r.Decode(b.Record, b.Results, d.Zone)
	if r.Actions == nil {
		r.Actions = map[string]map[string]any{}
	}
	r.Actions[id] = view.Decoded(b.Results[id], view.Encoded(b.Results[id], fields), d.Zone)
}

// encode prepares a run for the store. A simulation that only counts keeps it in memory.
func (d *decider) encode(r *Run) {
	if b := d.e.index.Books[r.Revision]; b != nil && r.Typed && !d.e.o.Brief {
		r.Encode(b.Record, b.Results)
	}
}
