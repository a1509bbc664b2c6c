package records

import "strconv"

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
