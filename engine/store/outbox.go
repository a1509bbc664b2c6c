package store

import (
	"context"
	"time"

	"github.com/usher-run/usher/engine"
)

// DeliveryState is where a delivery stands.
type DeliveryState = engine.DeliveryState

// The states of a delivery, as the core names them.
const (
	DeliveryDeferred = engine.DeliveryDeferred
	DeliveryPending  = engine.DeliveryPending
	DeliverySent     = engine.DeliverySent
	DeliveryArchived = engine.DeliveryArchived
	DeliveryDropped  = engine.DeliveryDropped
)

// Attempted is a delivery with its past.
type Attempted struct {
	engine.Delivery
	N        int64 // its number in the outbox
	State    DeliveryState
	Attempts int
	Error    string // of the last attempt
	SettleAt time.Time
	// ProviderID is what the receiver calls a message that was sent, when it says so.
	ProviderID string
	// Unreadable says why the message cannot be read; empty: it can.
	Unreadable string
}

// OutOfTurn reports whether an attempt has failed for the moment: messages of the member on the
// channel that were decided later may have gone out before.
func (a *Attempted) OutOfTurn() bool {
	return a.State == DeliveryPending && a.Attempts > 0 || a.State == DeliverySent && a.Attempts > 1
}

// Outcome is what became of an attempt.
type Outcome struct {
	Key       string
	State     DeliveryState // pending: try again at NotBefore; deferred: the core is asked by Result
	Error     string
	NotBefore time.Time
	At        time.Time
	// ProviderID is what the receiver calls the message; empty: it does not say.
	ProviderID string
	// Result is stored in the inbox in the same commit: of what was sent, when the delivery's run is
	// still open; of all else always. Its ID is unique.
	Result *engine.Input
}

// NewestShare is the part of deliveries that are the newest when there are many: a quarter.
const NewestShare = 4

// Outbox is what the delivery worker needs.
type Outbox interface {
	// Deliveries returns pending deliveries of a channel with NotBefore at or before now, but for those
	// whose numbers the caller holds.
	//
	//  1. The oldest is first. (Outbox "gives what is due of a channel, oldest first, with its past")
	//  2. What the caller holds takes nobody's place. (Outbox "passes over what the caller holds")
	//  3. When there are as many as the limit, a part of them, a NewestShare, are the newest, and those
	//     are first: what is decided now does not stand behind all that is late. Nothing goes before what
	//     is pending for its member on the channel. (Outbox "gives some of the newest, too, when much is
	//     due")
	//
	// What it returns is on the disk with all that led to it: no power cut undoes it.
	Deliveries(ctx context.Context, channel string, now time.Time, held []int64, limit int) ([]Attempted, error)

	// Delivery returns a delivery by its key, pending or settled, or ErrNotFound.
	//
	//  1. It comes with its past. (Outbox "finds a delivery by its key, whatever became of it")
	Delivery(ctx context.Context, key string) (Attempted, error)

	// Settle stores the outcomes of attempts, in one commit, which is on the disk when it returns: a
	// power cut sends nothing again that was settled.
	//
	//  1. What is not pending any more is left as it is. (Outbox "settles, once")
	//  2. Pending with an Error is an attempt; without, it was put off and counts as none.
	//     (Outbox "tries again later, and counts attempts")
	//  3. What is archived keeps its last error. (Outbox "keeps what was given up on, with its last
	//     error")
	//  4. A Result is stored in the same commit, once. That something was sent is stored only when
	//     its run is still open. (Outbox "brings the result of a run that waits, once")
	//     So it is of an object's message whose run is another subject's. (Outbox "brings an object what
	//     became of a message while the run waits that is another's")
	//  5. What the receiver calls a message is kept. (Outbox "keeps what the receiver calls a message")
	//  6. What is to be released again is deferred, and its Result is stored; so is that of what was
	//     given up on. (Outbox "asks to release again, once, and brings what was not sent to a run
	//     that has ended")
	Settle(ctx context.Context, outcomes []Outcome) error

	// OwedDeliveries lists the channels with pending deliveries that are due. It also returns when the
	// next is due; zero: none is.
	//
	//  1. It names all of them and no other. (Outbox "tells which channels owe something, and when
	//     the next is due")
	OwedDeliveries(ctx context.Context, now time.Time) (channels []string, next time.Time, err error)
}
