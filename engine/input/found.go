package input

import "time"

// Found is a member whom a ref names: what is looked up when an input comes in. Who decides asks nobody.
type Found struct {
	ID        string
	CreatedAt time.Time
}

// Why a ref to a member is missing, in [Payload.Missing].
const (
	MissingUnknown = "unknown member" // neither an id that was seen, nor a referral code
	MissingOneself = "oneself"        // of a referral: nobody brings themselves
	MissingYounger = "younger"        // of a referral: who was there before was brought by nobody who came later
)
