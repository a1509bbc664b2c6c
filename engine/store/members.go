package store

import (
	"context"
	"time"

	"github.com/usher-run/usher/engine"
)

// Referral is a member whom another has brought.
type Referral struct {
	Member string
	At     time.Time // when it happened
	Event  string    // the id of the event that said so
}

// ReferralPage is a part of whom a member has brought, the newest first.
type ReferralPage struct {
	Referrals []Referral
	Next      string // the cursor of the next page; "": it is the last
}

// Directory knows members by what others call them, and who brought whom.
type Directory interface {
	// Find returns the member whom a text names: by their id, else by the referral code that usher made of it.
	//
	//  1. Somebody is known from when an event of theirs, or attributes, were accepted, decided or not: since the
	//     first of them. A backfilled event counts by its time. (Directory "knows members from their first input on")
	//  2. Once they are stored, since when they were created. (Directory "knows since when members are there")
	//  3. A code names a member who is stored; an id that is like one, whose it is. (Directory "finds members by their
	//     codes")
	//  4. An object is no member. (Directory "takes no object for a member")
	//
	// A code that two members have names nobody.
	Find(ctx context.Context, name string) (who engine.Found, known bool, err error)

	// Referrer returns by whom a member was brought, as Member; ErrNotFound when by nobody.
	//
	//  1. The first referral that is committed stays. (Directory "keeps the first referral of a member")
	Referrer(ctx context.Context, member string) (Referral, error)

	// Referrals lists whom a member has brought, as referrals were committed.
	//
	//  1. Each is on one page, newest first. (Directory "pages over whom a member brought, newest first")
	//  2. Nobody who was deleted is in it, on either side. (Directory "knows nobody who was deleted")
	Referrals(ctx context.Context, member, cursor string, limit int) (ReferralPage, error)
}
