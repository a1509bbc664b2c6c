// Package member is what the engine keeps of a person beside runs and history: one document, with what
// holds of it by itself, whatever decides on it.
package member

import "time"

// Member is all that the engine keeps of a person beside runs and history. It is stored as one JSON
// document.
type Member struct {
	ID         string         `json:"id"`
	Attributes map[string]any `json:"attributes,omitempty"` // as JSON decodes them; typed by the schema when read
	Tags       []string       `json:"tags,omitempty"`       // sorted, without repeats
	// Of attributes that a backfill wrote, and of those that were removed: the time as of which that
	// is known.
	Backfilled map[string]time.Time `json:"backfilled,omitempty"`
	CreatedAt  time.Time            `json:"created_at"`
	LastSeenAt time.Time            `json:"last_seen_at,omitzero"`
	Points     int                  `json:"points,omitempty"`
	Entries    map[string]time.Time `json:"entries,omitempty"` // playbook id -> last entry
	Coupons    map[string]int       `json:"coupons,omitempty"` // pool -> coupons issued
	Goals      []GoalWatch          `json:"goals,omitempty"`   // goals that may still be reached, in order of entry
	Sends      []Send               `json:"sends,omitempty"`   // messages that frequency caps still count, oldest first
	// Of watched segments alone: whether the member is in one, when that was last found out, and when
	// time may change it.
	Segments map[string]Membership `json:"segments,omitempty"`
	// Messages that were put off, by the key of their delivery.
	Deferred      map[string]Deferred `json:"deferred,omitempty"`
	Dates         map[string]DateMark `json:"dates,omitempty"` // of playbooks that dates start
	ReevaluatedAt time.Time           `json:"reevaluated_at,omitzero"`
	ReevaluateAt  time.Time           `json:"reevaluate_at,omitzero"`

	// What few members have; nil: this one has none of it. Read it by [Member.Rarely], which is never nil.
	Rare *Rare `json:"rare,omitempty"`
}

// Rare is what few members have. It is kept apart so that the others are small.
type Rare struct {
	// Of tags that the member has to an end: when it comes. The others they have for ever.
	TagEnds map[string]time.Time `json:"tag_ends,omitempty"`
	Coupons *Coupons             `json:"coupons,omitempty"`
	Raffles map[string]InRaffle  `json:"raffles,omitempty"` // by their names
	Lots    *Lots                `json:"lots,omitempty"`    // the points, where they expire; nil: it is not noted when
	Level   *Level               `json:"level,omitempty"`   // where an attribute follows a number; nil: it is not recorded
	Exits   map[string]int64     `json:"exits,omitempty"`   // of playbooks entered whose open runs exit: the watch, in ms
}

// InRaffle is what a member has of a raffle.
type InRaffle struct {
	Entries int  `json:"entries"`
	Won     bool `json:"won,omitempty"` // a ticket that was drawn at once
}

// Entered counts an entry for a raffle.
func (r *Rare) Entered(raffle string) { r.raffle(raffle, func(in *InRaffle) { in.Entries++ }) }

// Won notes that a ticket won that was drawn at once.
func (r *Rare) Won(raffle string) { r.raffle(raffle, func(in *InRaffle) { in.Won = true }) }

// MayWin reports whether one more ticket may win.
func (r *Rare) MayWin(raffle string, each bool) bool { return each || !r.Raffles[raffle].Won }

func (r *Rare) raffle(name string, f func(*InRaffle)) {
	if r.Raffles == nil {
		r.Raffles = map[string]InRaffle{}
	}
	in := r.Raffles[name]
	f(&in)
	r.Raffles[name] = in
}

var none Rare

// Rarely returns what few members have, to read.
func (m *Member) Rarely() *Rare {
	if m.Rare == nil {
		return &none
	}
	return m.Rare
}

// Rarer returns what few members have, to write.
func (m *Member) Rarer() *Rare {
	if m.Rare == nil {
		m.Rare = new(Rare)
	}
	return m.Rare
}

// GoalWatch is an entry whose goal may still be reached.
type GoalWatch struct {
	Run      string    `json:"run"`
	Playbook string    `json:"playbook"`
	Revision string    `json:"revision"`
	Event    string    `json:"event,omitempty"` // empty: a condition that is looked at
	Until    time.Time `json:"until"`
	Item     int       `json:"item,omitempty"` // which of several goals of the entry
	In       bool      `json:"in,omitempty"`   // of a segment whose border is to be crossed: the member was in it last
}

// Send is a message that was decided, as frequency caps count it.
type Send struct {
	Channel string    `json:"channel"`
	At      time.Time `json:"at"`
}

// Membership is what is known of a member and a watched segment.
type Membership struct {
	In    bool  `json:"in,omitempty"`
	Since int64 `json:"since,omitempty"` // of the watch that it belongs to, in milliseconds
}

// Deferred is a message that was put off to the end of quiet hours. It is released then, as a wait
// Ends then.
type Deferred struct {
	Run      string    `json:"run"`
	Playbook string    `json:"playbook"`
	Step     string    `json:"step"`
	Channel  string    `json:"channel"`
	At       time.Time `json:"at"`
	Of       string    `json:"of,omitempty"` // whose run it is, where that is another subject's
}

// DateMark is what is known of a member and a playbook that a date starts.
type DateMark struct {
	Since int64     `json:"since,omitempty"` // of the watch that it belongs to, in milliseconds
	At    time.Time `json:"at,omitzero"`     // when the date comes next; zero: it does not
	Been  string    `json:"been,omitempty"`  // which one has come last: see [playbooks.DateTrigger.Coming]
	Zone  string    `json:"zone,omitempty"`  // that At is in; empty: the workspace's
}
