package effects

import (
	"maps"
	"time"
)

// Recorder writes the record of the present decision.
type Recorder struct {
	Seq int64 // of the last input that came from outside

	first int    // its place among the records of the changes
	input string // id of what is decided on
	due   bool
}

// Begin begins a decision. One that does nothing leaves no record.
func (r *Recorder) Begin(c *Changes, input string, due bool) {
	r.first, r.input, r.due = len(c.Records), input, due
}

// Note adds an entry to the record of the present decision on a member at an instant, and returns it: it is good
// until the next one. The record has it once the decision ends.
func (r *Recorder) Note(c *Changes, member string, at time.Time) *Entry {
	n := len(c.Records)
	if n == r.first || !c.Records[n-1].At.Equal(at) {
		c.Records = append(c.Records, Record{
			Member: member, At: at, Input: r.input, Seq: r.Seq, Due: r.due, From: len(c.All),
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

// End ends a decision: its records get their entries, and runs that it began and ended are in
// them whole, as encode leaves them; nil: they are not.
func (r *Recorder) End(c *Changes, encode func(*Run)) {
	for i := r.first; i < len(c.Records); i++ {
		r, end := &c.Records[i], len(c.All)
		if i+1 < len(c.Records) {
			end = c.Records[i+1].From
		}
		r.Entries = c.All[r.From:end:end]
		if encode == nil {
			continue
		}
		for j := range r.Entries {
			run := r.Entries[j].Run
			if run == nil || !run.New || !r.Entries[j].Ends() || !r.Begins(run) {
				continue
			}
			encode(run)
			whole := *run
			whole.Actions = maps.Clone(run.Actions)
			r.Whole = append(r.Whole, &whole)
		}
	}
}
