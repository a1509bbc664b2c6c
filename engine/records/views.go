package records

import (
	"bytes"
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/usher-run/usher/engine"
)

// Item is something of a record that lists show; one of its fields behind Place is set.
type Item struct {
	Place    int64 // orders the items of all records, newest last
	Run      *engine.Run
	Decision *engine.Decision // a refusal; that a run was entered is its Run
	Coupon   string           // its code
	Ended    map[string]any   // what the member had to an end that has come
	Level    map[string]any   // what became of the level of the member, and why
	Message  map[string]any   // what became of a message that a run of another subject handed over, and why
	At       time.Time
	Input    string // of a Run: that it was entered on
	Holdout  bool   // of a Run: it was entered as one of the control group
}

// placeBits are the bits of a place that tell the items of one record apart.
const placeBits = 20

// NumberOf returns the number of the record that an item at the place is of.
func NumberOf(place int64) int64 { return place >> placeBits }

// LastPlace returns the last place of a record.
func LastPlace(n int64) int64 { return n<<placeBits | (1<<placeBits - 1) }

// Items returns what lists show of the record with a number, newest first: its coupons, then its
// decisions.
func Items(n int64, r *engine.Record) (items []Item) {
	for i := range r.Entries {
		if e := &r.Entries[i]; e.Run != nil && e.What == keyCoupon && e.Effect != "" {
			items = append(items, Item{Coupon: e.Effect})
		}
	}
	for i := range slices.Backward(r.Entries) {
		e := &r.Entries[i]
		if d, refused := r.Refusal(e); refused {
			items = append(items, Item{Decision: &d})
		} else if e.IsOfMember() {
			items = append(items, itemOfMember(e))
		} else if m := e.HandedOver(); m != nil {
			items = append(items, Item{Message: m})
		} else if e.Begins() {
			begun := e.Run
			if w := Whole(r, e.Run.ID); w != nil {
				begun = w
			}
			input, _ := e.Detail["input"].(string)
			items = append(items, Item{Run: begun, Input: input, Holdout: e.What == engine.ReasonHoldout})
		}
	}
	for i := range items {
		items[i].At = r.At
		items[i].Place = n<<placeBits | int64(len(items)-1-i)
	}
	return items
}

// itemOfMember returns what lists show of an entry that is about the member alone.
func itemOfMember(e *engine.Entry) Item {
	if e.What == engine.WhatEnded {
		return Item{Ended: e.Detail}
	}
	level := map[string]any{"reason": e.Reason}
	maps.Copy(level, e.Detail)
	return Item{Level: level}
}

// Shown is what lists show of a record, as a set.
type Shown int

// What lists show of a record.
const (
	ShowsRun     Shown = 1 << iota // that it begins
	ShowsRefusal                   // or what has ended, or became of a level or a message
	ShowsCoupon
)

// ShownOf returns what the items of a record show.
func ShownOf(items []Item) (s Shown) {
	for i := range items {
		switch it := &items[i]; {
		case it.Run != nil:
			s |= ShowsRun
		case it.Decision != nil, it.Ended != nil, it.Level != nil, it.Message != nil:
			s |= ShowsRefusal
		default:
			s |= ShowsCoupon
		}
	}
	return s
}

// Decided returns a refusal, or the decision that began a run.
func (i *Item) Decided() engine.Decision {
	if i.Decision != nil {
		return *i.Decision
	}
	d := engine.Decision{
		At: i.At, Member: i.Run.Member, Playbook: i.Run.Playbook, Run: i.Run.ID, Input: i.Input, Reason: engine.ReasonEntered,
	}
	if i.Holdout {
		d.Reason = engine.ReasonHoldout
	}
	return d
}

const keyCoupon = "coupon"

// Effects returns the keys of the deliveries and the codes of the coupons that a record made for a
// run.
func Effects(r *engine.Record, run string) (deliveries, coupons []string) {
	for i := range r.Entries {
		switch e := &r.Entries[i]; {
		case e.Run == nil || e.Run.ID != run || e.Effect == "":
		case e.What == keyCoupon:
			coupons = append(coupons, e.Effect)
		default:
			deliveries = append(deliveries, e.Effect)
		}
	}
	return deliveries, coupons
}

// Trace returns the entries of a record that are about a run.
func Trace(r *engine.Record, run string) (trace []engine.TraceEntry) {
	for i := range r.Entries {
		if e := &r.Entries[i]; e.Run != nil && e.Run.ID == run {
			trace = append(trace, e.TraceEntry)
		}
	}
	return trace
}

// Failed returns the runs that changes fail, with where and why.
func Failed(c *engine.Changes) iter.Seq2[*engine.Run, string] {
	return func(yield func(*engine.Run, string) bool) {
		for i := range c.Records {
			for j := range c.Records[i].Entries {
				e := &c.Records[i].Entries[j]
				if e.Run == nil || e.What != string(engine.RunFailed) {
					continue
				}
				reason := e.Reason
				if why := c.Records[i].FailedBy(e); why != "" {
					reason += ": " + why
				}
				if !yield(e.Run, reason) {
					return
				}
			}
		}
	}
}

// Mentions reports whether the JSON of a record may be about a playbook or a run: without reading
// it.
func Mentions(data []byte, name string) bool {
	text, err := json.Marshal(name)
	return err != nil || bytes.Contains(data, text)
}

// Mark says that a block of records holds something of a playbook. Lists read such blocks alone.
type Mark struct {
	Playbook string // empty: of any
	What     string // refused, entered, or the state in which a run ended
	Block    int64
}

// blockSize is how many records one mark is about: so many are read to find one that is rare.
const blockSize = 1024

// BlockOf returns the block of a record.
func BlockOf(n int64) int64 { return n / blockSize }

// Block returns the first and the last record of a block.
func Block(block int64) (first, last int64) { return block * blockSize, (block+1)*blockSize - 1 }

// MarksOf adds the marks of the record with a number.
func MarksOf(n int64, r *engine.Record, marks map[Mark]bool) {
	block := BlockOf(n)
	for i := range r.Entries {
		switch e := &r.Entries[i]; {
		case e.Refuses():
			marks[Mark{e.Playbook, engine.WhatRefused, block}] = true
		case e.Begins():
			marks[Mark{e.Run.Playbook, engine.ReasonEntered, block}] = true
			marks[Mark{"", engine.ReasonEntered, block}] = true
		}
	}
	for _, w := range r.Whole {
		MarkEnd(n, w, marks)
	}
}

// MarkEnd adds the marks of a run that has ended and began in the record with a number.
func MarkEnd(n int64, r *engine.Run, marks map[Mark]bool) {
	marks[Mark{r.Playbook, string(r.State), BlockOf(n)}] = true
	marks[Mark{"", string(r.State), BlockOf(n)}] = true
}
