package engine

import (
	"maps"
	"time"
)

// Version is the number of the rules by which this package decides. It is raised when the same inputs
// may be decided otherwise than before.
const Version = 3

// recorder writes the record of the present decision.
type recorder struct {
	first int    // its place among the records of the changes
	input string // id of what is decided on
	seq   int64  // of the last input that came from outside
	due   bool
}

// begin begins a decision. One that does nothing leaves no record.
func (r *recorder) begin(c *Changes, input string, due bool) {
	r.first, r.input, r.due = len(c.Records), input, due
}

// note adds an entry to the record of the present decision at an instant, and returns it: it is good
// until the next one. The record has it once the decision ends.
func (d *decider) note(at time.Time) *Entry {
	c, of := d.c, &d.recorder
	n := len(c.Records)
	if n == of.first || !c.Records[n-1].At.Equal(at) {
		c.Records = append(c.Records, Record{
			Member: d.id, At: at, Input: of.input, Seq: of.seq, Due: of.due, From: len(c.All),
		})
	}
	n = len(c.All)
	if n < cap(c.All) {
		c.All = c.All[:n+1] // which is empty: see Changes.Reset
	} else {
		c.All = append(c.All, Entry{})
	}
	e := &c.All[n]
	e.At = at
	return e
}

// endRecord ends a decision: its records get their entries, and runs that it began and ended are in
// them whole.
func (d *decider) endRecord() {
	c := d.c
	for i := d.recorder.first; i < len(c.Records); i++ {
		r, end := &c.Records[i], len(c.All)
		if i+1 < len(c.Records) {
			end = c.Records[i+1].From
		}
		r.Entries = c.All[r.From:end:end]
		if d.e.o.Brief {
			continue
		}
		for j := range r.Entries {
			run := r.Entries[j].Run
			if run == nil || !run.New || !r.Entries[j].Ends() || !r.Begins(run) {
				continue
			}
			d.encode(run)
			whole := *run
			whole.Actions = maps.Clone(run.Actions)
			r.Whole = append(r.Whole, &whole)
		}
	}
}
