package engine

import (
	"iter"
	"maps"
	"time"
)

// Record is what one decision on a member did, with its reasons: on an input and all that it
// brought about, on the end of a wait, on a release, or on a re-evaluation. Records are appended
// and never changed: traces, refusals and timelines are views of them.
type Record struct {
	Member string
	At     time.Time // of all its entries: a decision of several instants has several records
	Input  string    // id of what was decided on; that of what it brought about is in the entries
	// Seq is that of the input. Of what the passing of time brought, it is that of the input that was
	// decided before; 0: of none in the same call of Decide.
	Seq     int64
	Due     bool    // the passing of time brought it
	Entries []Entry // in their order
	// Whole are the runs that this record begins and ends, as they are at its end: nothing else is
	// stored of them.
	Whole []*Run

	from int // of its entries among all of the changes
}

// Entry is one thing that a decision did: a step of a run, or the refusal of a playbook.
type Entry struct {
	TraceEntry        // of a refusal What is [WhatRefused], and Detail what the gate saw
	Run        *Run   // nil: a refusal, or [WhatEnded]
	Playbook   string // that refused
	Input      string // of a refusal: id of the input that was judged
	Effect     string // the key of the delivery, or the code of the coupon, that the step made
}

// WhatRefused is the What of an entry that is a refusal.
const WhatRefused = "refused"

// WhatEnded is the What of an entry that says what the member had to an end that has come: Detail
// names the tags. It is about no run.
const WhatEnded = "ended"

// Refuses reports whether the entry is a refusal.
func (e *Entry) Refuses() bool { return e.Run == nil && e.What != WhatEnded }

// Refusal returns the entry as a decision; false when it is something else.
func (r *Record) Refusal(e *Entry) (Decision, bool) {
	if !e.Refuses() {
		return Decision{}, false
	}
	return Decision{
		At: r.At, Member: r.Member, Playbook: e.Playbook, Input: e.Input, Reason: e.Reason, Seen: e.Detail,
	}, true
}

// Entries returns the entries of all records, in their order.
func (c *Changes) Entries() iter.Seq2[*Record, *Entry] {
	return func(yield func(*Record, *Entry) bool) {
		for i := range c.Records {
			r := &c.Records[i]
			for j := range r.Entries {
				if !yield(r, &r.Entries[j]) {
					return
				}
			}
		}
	}
}

// FailedBy returns why the step failed by which a run failed.
func (r *Record) FailedBy(failed *Entry) (why string) {
	for i := range r.Entries {
		if e := &r.Entries[i]; e.Run == failed.Run && e.What == WhatError && e.Step == failed.Reason {
			why = e.Reason
		}
	}
	return why
}

// Version is the number of the rules by which this package decides. It is raised when the same inputs
// may be decided otherwise than before.
const Version = 3

// WhatError is the What of an entry that says why a step failed.
const WhatError = "error"

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
			Member: d.id, At: at, Input: of.input, Seq: of.seq, Due: of.due, from: len(c.entries),
		})
	}
	n = len(c.entries)
	if n < cap(c.entries) {
		c.entries = c.entries[:n+1] // which is empty: see Changes.Reset
	} else {
		c.entries = append(c.entries, Entry{})
	}
	e := &c.entries[n]
	e.At = at
	return e
}

// endRecord ends a decision: its records get their entries, and runs that it began and ended are in
// them whole.
func (d *decider) endRecord() {
	c := d.c
	for i := d.recorder.first; i < len(c.Records); i++ {
		r, end := &c.Records[i], len(c.entries)
		if i+1 < len(c.Records) {
			end = c.Records[i+1].from
		}
		r.Entries = c.entries[r.from:end:end]
		if d.e.o.Brief {
			continue
		}
		for j := range r.Entries {
			run := r.Entries[j].Run
			if run == nil || !run.New || !ends(r.Entries[j].What) || !r.begins(run) {
				continue
			}
			d.encode(run)
			whole := *run
			whole.Actions = maps.Clone(run.Actions)
			r.Whole = append(r.Whole, &whole)
		}
	}
}

// Begins reports whether the entry begins a run.
func (e *Entry) Begins() bool {
	return e.Run != nil && (e.What == ReasonEntered || e.What == ReasonHoldout)
}

func (r *Record) begins(run *Run) bool {
	for i := range r.Entries {
		if e := &r.Entries[i]; e.Run == run && e.Begins() {
			return true
		}
	}
	return false
}

// ends reports whether an entry of this kind ends its run.
func ends(what string) bool {
	switch RunState(what) {
	case RunDone, RunExited, RunFailed, RunHoldout:
		return true
	}
	return false
}
