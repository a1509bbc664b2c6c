package records

import (
	"bytes"
	"slices"
	"time"

	"github.com/usher-run/usher/engine"
)

// Stored is a record as a database has it.
type Stored struct {
	engine.Record        // as far as it is decoded
	N             int64  // its number
	Data          []byte // its JSON
	Err           error  // that it cannot be read

	before []int64
}

// Read reads a stored record as far as lists need it to pass over it.
func Read(n int64, member string, at time.Time, stored []byte) *Stored {
	r := &Stored{N: n, Record: engine.Record{Member: member, At: at}}
	var data []byte
	data, r.before, r.Err = Split(stored)
	r.Data = bytes.Clone(data)
	return r
}

// Decode decodes the record.
func (r *Stored) Decode() error {
	if r.Err == nil && r.Entries == nil {
		rec, err := Decode(r.Data, r.Member, r.At)
		if r.Err = err; err == nil {
			r.Record = rec
		}
	}
	return r.Err
}

// Items returns what lists show of the record. One that cannot be read is a decision that says so.
func (r *Stored) Items() []Item {
	if err := r.Decode(); err != nil {
		return []Item{{Place: LastPlace(r.N-1) + 1, At: r.At, Decision: &engine.Decision{
			At: r.At, Member: r.Member, Reason: unreadable, Seen: map[string]any{unreadable: unreadableText + err.Error()},
		}}}
	}
	return Items(r.N, &r.Record)
}

// Before returns the number of the record before that is about the run; 0: there is none.
func (r *Stored) Before(run string) int64 {
	var order []string
	for i := range r.Entries {
		if of := r.Entries[i].Run; of != nil && !slices.Contains(order, of.ID) {
			order = append(order, of.ID)
		}
	}
	if i := slices.Index(order, run); i >= 0 && i < len(r.before) {
		return r.before[i]
	}
	return 0
}

// What is said of something that is stored and cannot be read.
const (
	unreadable     = "unreadable"
	unreadableText = "what is stored cannot be read: "
)

// UnreadableEntry stands in a trace for what cannot be read.
func UnreadableEntry(at time.Time, err error) engine.TraceEntry {
	return engine.TraceEntry{At: at, What: unreadable, Reason: unreadableText + err.Error()}
}
