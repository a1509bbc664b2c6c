package engine

import "time"

// Version is the number of the rules by which this package decides. It is raised when the same inputs
// may be decided otherwise than before.
const Version = 3

// note adds an entry to the record of the present decision: see [effects.Recorder.Note].
func (d *decider) note(at time.Time) *Entry { return d.recorder.Note(d.c, d.ID, at) }

// endRecord ends a decision.
func (d *decider) endRecord() {
	if d.e.o.Brief {
		d.recorder.End(d.c, nil)
		return
	}
	d.recorder.End(d.c, d.encode)
}
