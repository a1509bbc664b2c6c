// Package records is how decisions are kept: the bytes of a record, and the views of it.
//
// A record is appended once, under a number n that rises, and never changed. Its data are
//
//	1 byte    format, 1
//	varints   how many runs it is about, and of each the number of the record before that is about
//	          the run; 0: there is none
//	JSON      what was decided: see body
//
// So the trace of a run is a walk back. What a decision did is in the JSON alone, which is the same
// whatever else was decided beside it: a replay compares it byte for byte.
package records

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/usher-run/usher/engine"
)

// What a record is decided on that no decision of the core made.
const (
	SetAside = "set aside" // a wait, or a result that a run holds for, that cannot be decided
	ByHand   = "by hand"   // somebody retried or dropped a delivery
)

const format = 1

// body is a record as JSON. Entries stand at the instant of the record.
type body struct {
	Input   string  `json:"i"`
	Due     bool    `json:"d,omitempty"`
	Runs    []run   `json:"r,omitempty"` // in the order in which entries are about them first
	Entries []entry `json:"e"`
}

type run struct {
	ID       string `json:"i"`
	Playbook string `json:"p"`
	Whole    *whole `json:"w,omitempty"` // of one that begins and ends here
}

type whole struct {
	Revision  string                    `json:"v"`
	State     engine.RunState           `json:"s"`
	Reason    string                    `json:"y,omitempty"`
	Converted bool                      `json:"c,omitempty"`
	PC        int                       `json:"n,omitempty"`
	Trigger   map[string]any            `json:"t,omitempty"`
	Actions   map[string]map[string]any `json:"a,omitempty"`
}

type entry struct {
	Run      int            `json:"r,omitempty"` // its place among the runs, from 1; 0: a refusal, or about the member alone
	What     string         `json:"w,omitempty"` // not of a refusal
	Step     string         `json:"s,omitempty"`
	Playbook string         `json:"p,omitempty"` // that refused
	Input    string         `json:"i,omitempty"` // of a refusal; empty: that of the record
	Reason   string         `json:"y,omitempty"`
	Detail   map[string]any `json:"d,omitempty"`
	Effect   string         `json:"k,omitempty"`
}

// Encode returns the JSON of a record, and the ids of the runs that it is about, in their order.
func Encode(r *engine.Record) (data []byte, runs []string, err error) {
	b := body{Input: r.Input, Due: r.Due, Entries: make([]entry, len(r.Entries))}
	for i := range r.Entries {
		e := &r.Entries[i]
		to := &b.Entries[i]
		to.Reason, to.Detail = e.Reason, e.Detail
		if e.Run == nil {
			to.Playbook = e.Playbook
			if !e.Refuses() {
				to.What = e.What
			}
			if e.Input != r.Input {
				to.Input = e.Input
			}
			continue
		}
		to.What, to.Step, to.Effect = e.What, e.Step, e.Effect
		for k := range b.Runs {
			if b.Runs[k].ID == e.Run.ID {
				to.Run = k + 1
				break
			}
		}
		if to.Run == 0 {
			b.Runs = append(b.Runs, run{ID: e.Run.ID, Playbook: e.Run.Playbook, Whole: wholeOf(r, e.Run.ID)})
			runs = append(runs, e.Run.ID)
			to.Run = len(b.Runs)
		}
	}
	data, err = b.write()
	return data, runs, err
}

func wholeOf(r *engine.Record, id string) *whole {
	w := Whole(r, id)
	if w == nil {
		return nil
	}
	return &whole{
		Revision: w.Revision, State: w.State, Reason: w.Reason, Converted: !w.ConvertedAt.IsZero(), PC: w.PC,
		Trigger: w.Trigger, Actions: w.Actions,
	}
}

// Whole returns the run that a record begins and ends; nil when it does not.
func Whole(r *engine.Record, id string) *engine.Run {
	for _, w := range r.Whole {
		if w.ID == id {
			return w
		}
	}
	return nil
}

// Join returns what is stored of a record: its JSON, and for each of its runs the number of the
// record before.
func Join(data []byte, before []int64) []byte {
	out := make([]byte, 0, 2+len(data)+8*len(before))
	out = append(out, format)
	out = binary.AppendUvarint(out, uint64(len(before)))
	for _, n := range before {
		out = binary.AppendUvarint(out, uint64(n))
	}
	return append(out, data...)
}

var errCut = errors.New("it is cut off")

// Split is the reverse of Join.
func Split(stored []byte) (data []byte, before []int64, err error) {
	if len(stored) == 0 || stored[0] != format {
		return nil, nil, errors.New("it has no format that this version knows")
	}
	rest := stored[1:]
	next := func() (int64, bool) {
		v, n := binary.Uvarint(rest)
		if n <= 0 {
			return 0, false
		}
		rest = rest[n:]
		return int64(v), true
	}
	count, ok := next()
	if !ok || count > int64(len(rest)) {
		return nil, nil, errCut
	}
	for range count {
		n, ok := next()
		if !ok {
			return nil, nil, errCut
		}
		before = append(before, n)
	}
	return rest, before, nil
}

// Decode reads the JSON of a record of a member at an instant. Runs that are not whole have nothing
// but their ids.
func Decode(data []byte, member string, at time.Time) (r engine.Record, err error) {
	var b body
	if err := json.Unmarshal(data, &b); err != nil {
		return r, err
	}
	r = engine.Record{Member: member, At: at, Input: b.Input, Due: b.Due, Entries: make([]engine.Entry, len(b.Entries))}
	runs := make([]*engine.Run, len(b.Runs))
	for i := range b.Runs {
		of := &engine.Run{ID: b.Runs[i].ID, Playbook: b.Runs[i].Playbook, Member: member}
		if w := b.Runs[i].Whole; w != nil {
			of.Revision, of.State, of.Reason, of.PC, of.Trigger, of.Actions = w.Revision, w.State, w.Reason, w.PC, w.Trigger,
				w.Actions
			of.StartedAt, of.EndedAt = at, at
			if w.Converted {
				of.ConvertedAt = at
			}
			r.Whole = append(r.Whole, of)
		}
		runs[i] = of
	}
	for i := range b.Entries {
		from, to := &b.Entries[i], &r.Entries[i]
		to.TraceEntry = engine.TraceEntry{At: at, What: from.What, Step: from.Step, Reason: from.Reason, Detail: from.Detail}
		switch {
		case from.Run > len(runs) || from.Run < 0:
			return r, fmt.Errorf("an entry is about run %d of %d", from.Run, len(runs))
		case from.Run > 0:
			to.Run, to.Effect = runs[from.Run-1], from.Effect
		default:
			to.Playbook, to.Input = from.Playbook, from.Input
			if to.What == "" {
				to.What = engine.WhatRefused
			}
			if to.Input == "" {
				to.Input = b.Input
			}
		}
	}
	return r, nil
}
