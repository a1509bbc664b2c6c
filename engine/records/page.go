package records

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Page is a page of a list of items, newest first.
type Page struct {
	Full bool // there is more than the page holds

	before, last int64
	room, reads  int
}

// NewPage returns an empty page of items whose places are smaller than before, which reads so many
// records at most.
func NewPage(before int64, limit, reads int) *Page {
	return &Page{before: before, room: limit, reads: reads}
}

// Takes reports whether an item belongs to the page.
func (p *Page) Takes(place int64) bool {
	if place >= p.before || p.Full {
		return false
	}
	if p.room == 0 {
		p.Full = true
		return false
	}
	p.room, p.last = p.room-1, place
	return true
}

// Reads counts a record that is read for the page. It reports whether the page reads so many: else it
// is full, and the next one begins with that record.
func (p *Page) Reads(n int64) bool {
	if p.reads--; p.reads >= 0 {
		return true
	}
	p.Cut(LastPlace(n) + 1)
	return false
}

// Cut ends the page: the next one begins below a place.
func (p *Page) Cut(place int64) { p.Full, p.last = true, place }

// Next returns the cursor of the page that follows; empty: there is none.
func (p *Page) Next() string {
	if !p.Full {
		return ""
	}
	return strconv.FormatInt(p.last, 10)
}

// EventPlace orders the events of a member: by their time in milliseconds, then as they were accepted.
// The zero place is that of none.
type EventPlace struct{ Time, Seq int64 }

// After is behind all events.
var After = EventPlace{math.MaxInt64, math.MaxInt64}

// Compare orders places.
func (e EventPlace) Compare(o EventPlace) int {
	return cmp.Or(cmp.Compare(e.Time, o.Time), cmp.Compare(e.Seq, o.Seq))
}

func (e EventPlace) String() string { return fmt.Sprintf("%d_%d", e.Time, e.Seq) }

// ParseEventPlace reads a place as a cursor; empty: nothing was read. It reports whether it is one.
func ParseEventPlace(cursor string) (e EventPlace, ok bool) {
	if cursor == "" {
		return After, true
	}
	at, seq, _ := strings.Cut(cursor, "_")
	var err1, err2 error
	e.Time, err1 = strconv.ParseInt(at, 10, 64)
	e.Seq, err2 = strconv.ParseInt(seq, 10, 64)
	return e, err1 == nil && err2 == nil && e.Seq >= 0
}

// TimelineCursor is how far a timeline was read: what is left of events and of items is at smaller
// places.
type TimelineCursor struct {
	Events  EventPlace
	Decided int64
}

// ParseTimelineCursor reads a cursor; empty: nothing was read. It reports whether it is one.
func ParseTimelineCursor(cursor string) (p TimelineCursor, ok bool) {
	if cursor == "" {
		return TimelineCursor{After, 1 << 62}, true
	}
	decided, events, _ := strings.Cut(cursor, "_")
	var err error
	p.Decided, err = strconv.ParseInt(decided, 10, 64)
	p.Events, ok = ParseEventPlace(events)
	return p, err == nil && ok && events != "" && p.Decided >= 0
}

func (p TimelineCursor) String() string { return fmt.Sprintf("%d_%s", p.Decided, p.Events) }
