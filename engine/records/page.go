package records

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Page is a page of a list of items, newest first.
type Page struct {
	Full bool // there is more than the page holds

	before, last int64
	room         int
}

// NewPage returns an empty page of items whose places are smaller than before.
func NewPage(before int64, limit int) *Page { return &Page{before: before, room: limit} }

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

// Next returns the cursor of the page that follows; empty: there is none.
func (p *Page) Next() string {
	if !p.Full {
		return ""
	}
	return strconv.FormatInt(p.last, 10)
}

// TimelineCursor is how far a timeline was read: what is left of events and of items has smaller
// numbers.
type TimelineCursor struct{ Events, Decided int64 }

// ParseTimelineCursor reads a cursor; empty: nothing was read. It reports whether it is one.
func ParseTimelineCursor(cursor string) (p TimelineCursor, ok bool) {
	if cursor == "" {
		return TimelineCursor{math.MaxInt64, 1 << 62}, true
	}
	events, decided, _ := strings.Cut(cursor, "_")
	var err1, err2 error
	p.Events, err1 = strconv.ParseInt(events, 10, 64)
	p.Decided, err2 = strconv.ParseInt(decided, 10, 64)
	return p, err1 == nil && err2 == nil && p.Events >= 0 && p.Decided >= 0
}

func (p TimelineCursor) String() string { return fmt.Sprintf("%d_%d", p.Events, p.Decided) }
