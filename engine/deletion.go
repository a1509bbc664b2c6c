package engine

import (
	"slices"
	"time"
)

// ReasonDeleted is why a run exits, and a message that was put off is dropped, when its object is deleted.
const ReasonDeleted = "deleted"

// decideDeletion ends what is open of an object and forgets it. Who names it afterwards begins anew. A member is not
// deleted so: of people there is more to erase.
func (d *decider) decideDeletion(in *Input) {
	if d.State.Member == nil || d.e.index.WS.Schema.Kind == "" {
		return
	}
	d.Begin(in.At)
	for _, r := range d.State.Runs {
		if r.State == RunWaiting {
			d.end(r, RunExited, ReasonDeleted)
		}
	}
	d.dropDeferred(nil, ReasonDeleted)
	d.c.Cascaded = slices.DeleteFunc(d.c.Cascaded, func(e Input) bool { return e.Member == d.ID })
	d.c.Deleted = append(d.c.Deleted, Deletion{Member: d.ID, Seq: in.Seq, At: in.At})
	d.c.Reevaluations = append(d.c.Reevaluations, Reevaluation{Member: d.ID, At: time.Time{}})
	d.State.Member, d.State.History = nil, nil
	d.touched, d.dueChanged = false, false
	d.noteFields() // nothing of it has changed: it is not there
}
