// Package effects is what decisions bring about: changes, runs, records, and what leaves. It is data alone. Pure.
package effects

import (
	"encoding/json"
	"time"

	"github.com/usher-run/usher/engine/member"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/playbooks/schema"
)

// TraceEntry is one step of the answer to "why?".
type TraceEntry struct {
	At time.Time `json:"at"`
	// entered, holdout, woke, parked, skipped, wait, if, choose, split, goal, exited, done, failed, or
	// the action's key
	What   string         `json:"what"`
	Step   string         `json:"step,omitempty"`   // the action's id, else its path
	Reason string         `json:"reason,omitempty"` // in the field's terms
	Detail map[string]any `json:"detail,omitempty"`
}

// Decision is one judgement of a playbook on an input of a member: entered, or refused with the
// reason.
type Decision struct {
	At       time.Time `json:"at"`
	Member   string    `json:"member"`
	Playbook string    `json:"playbook"`
	Input    string    `json:"input"` // id of the input
	// entered, or the gate that refused: paused, not active, condition, reentry, mode, quota, holdout
	Reason string         `json:"reason"`
	Seen   map[string]any `json:"seen,omitzero"` // condition: the values it saw
	Run    string         `json:"run,omitempty"`
}

// Coupon is a coupon given to a member.
type Coupon struct {
	Code      string
	Pool      string
	Member    string
	Playbook  string
	Run       string
	Step      string
	IssuedAt  time.Time
	ExpiresAt time.Time // zero: never
	Loaded    bool      // its code was one of those loaded, and is given to nobody else
}

// Ticket is an entry of a member for a raffle.
type Ticket struct {
	Ticket, Raffle, Member string
	Rules                  string // of the raffle, as raffle.Rules.Definition
	At                     time.Time
	Hit, Prize             string // drawn at once: what it hit, and what it won; empty: nothing
}

// Referral says by whom a member was brought. The first of a member counts.
type Referral struct {
	Member, By string
	At         time.Time // when it happened
	Event      string    // the id of the event that said so
}

// Delivery is a message or a webhook to be carried out: a row of the outbox.
type Delivery struct {
	Key       string // never changes over retries and restarts; goes to the receiver
	Member    string
	Playbook  string
	Run       string
	Step      string    // the action's id, else its path
	Channel   string    // name in usher.yaml; of a webhook that of its host, see IsWebhook
	NotBefore time.Time // deferred: when it is to be released
	At        time.Time // when it was decided
	// ReleasedAt is when it was last released; zero: it was not, it is deferred.
	ReleasedAt time.Time
	Message    Message
}

// Subject returns to whom the delivery goes: to a member, or to an object by its kind and its id outside.
func (d *Delivery) Subject() (member string, object map[string]string) {
	if kind, id, ok := naming.CutObject(d.Member); ok {
		return "", map[string]string{kind: id}
	}
	return d.Member, nil
}

// Message is what a channel sends.
type Message struct {
	To      string `json:"to,omitempty"`
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text"`
	HTML    bool   `json:"html,omitempty"` // Text is HTML
	Class   string `json:"class"`          // promotional, transactional

	Attach []Attachment   `json:"attach,omitempty"` // what hangs on it
	Data   map[string]any `json:"data,omitempty"`   // further fields of the channel's type, as JSON holds them

	Of string `json:"of,omitempty"` // whose run it is, where that is another subject's: see [Handed]

	Webhook *Webhook `json:"webhook,omitempty"` // set: no message, but a call
}

// Attachment is what hangs on a message.
type Attachment = schema.Attached

// TallyKey names one count of what a playbook did.
type TallyKey struct {
	Playbook string
	What     string // one of the constants of package tally
	Key      string // pool, channel, tag or reason; empty where there is only one count
}

// Poisoned is an input that was set aside with its error: one of the inbox, a due wait, or a
// re-evaluation of a member.
type Poisoned struct {
	Seq      int64     // of the inbox; 0: a due wait of Run, or a re-evaluation
	Run      string    // that fails by it: of the wait, or that holds for the result; empty: none
	Playbook string    // of the run
	Member   string    // of a re-evaluation
	At       time.Time // of the wait or re-evaluation
	Error    string
}

// Held is a member on whom nothing can be decided for a while, because something that is stored of
// them cannot be read, or because trees over their history are being built. Their inputs are kept.
type Held struct {
	Member   string
	Error    string
	Building bool // trees are: see engine.NotBuilt
}

// Webhook is a call of an address: what a [Delivery] carries instead of a message.
type Webhook struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
	Raw     bool              `json:"raw,omitempty"` // Body is a JSON string that is sent as the text in it
	Timeout time.Duration     `json:"timeout"`       // of one attempt
}

// DeliveryState is where a delivery stands.
type DeliveryState string

// The states of a delivery. Deferred goes on to pending, or is dropped, by a decision; all else is
// the outcome of attempts.
const (
	DeliveryDeferred DeliveryState = "deferred" // not released: it waits for a decision
	DeliveryPending  DeliveryState = "pending"  // released: it may be attempted
	DeliverySent     DeliveryState = "sent"
	DeliveryArchived DeliveryState = "archived" // given up on; kept with its last error
	DeliveryDropped  DeliveryState = "dropped"  // it was not released, or its run exited before
)

// Release is a decision on a message that was decided before: it goes out now, is put off, or is
// dropped.
type Release struct {
	Key    string // of the delivery
	Member string
	member.Deferred
	State     DeliveryState // pending, deferred or dropped
	At        time.Time     // of the decision
	NotBefore time.Time     // deferred: to when; else when it was to be released
	Reason    string        // dropped: why
	Again     bool          // it had been released before, and went out too late
}
