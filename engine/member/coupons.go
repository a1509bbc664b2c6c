package member

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Coupons is what is known of the coupons that a member was given.
type Coupons struct {
	List []Coupon `json:"list,omitempty"` // in the order in which they were given
	// Where it is asked for when coupons expire: up to when that was told; when the next one does, zero: none; and the
	// watch that this belongs to, in milliseconds; nil: nobody has asked.
	Told  Instant `json:"told,omitzero"`
	Next  Instant `json:"next,omitzero"`
	Watch *int64  `json:"watch,omitempty"`
}

// Coupon is a coupon that a member was given. It is stored as one line of text: a member's document is read and written
// whole whenever something of them changes, and a document in it costs three times as much.
type Coupon struct {
	Code       string
	Pool       string
	IssuedAt   Instant
	ExpiresAt  Instant
	RedeemedAt Instant
}

// MarshalText returns the coupon as it is stored: its instants, the pool and the code, in this order.
func (c Coupon) MarshalText() ([]byte, error) {
	b := make([]byte, 0, 64)
	for _, at := range [...]Instant{c.IssuedAt, c.ExpiresAt, c.RedeemedAt} {
		b = append(strconv.AppendInt(b, int64(at), 10), ' ')
	}
	b = append(append(b, c.Pool...), ' ')
	return append(b, c.Code...), nil
}

// UnmarshalText reads what MarshalText returned.
func (c *Coupon) UnmarshalText(text []byte) error {
	left := string(text)
	for _, at := range [...]*Instant{&c.IssuedAt, &c.ExpiresAt, &c.RedeemedAt} {
		number, after, _ := strings.Cut(left, " ")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return fmt.Errorf("a coupon is stored as %q: %w", text, err)
		}
		*at, left = Instant(n), after
	}
	var ok bool
	if c.Pool, c.Code, ok = strings.Cut(left, " "); !ok { // a pool's name has no space; a code may
		return fmt.Errorf("a coupon is stored as %q, without a code", text)
	}
	return nil
}

const (
	// maxCoupons is how many coupons are known of a member; of more the oldest are forgotten, those first that have ended.
	maxCoupons = 200
	// keptAfter is how long a coupon is known that has ended: 90 days on any calendar, and a bit.
	keptAfter = 92 * 24 * time.Hour
)

// EndedAt returns when a coupon ended that was redeemed, or has expired at an instant; zero: it has not.
func (c *Coupon) EndedAt(now time.Time) time.Time {
	switch {
	case !c.RedeemedAt.IsZero():
		return c.RedeemedAt.Time()
	case !c.ExpiresAt.IsZero() && c.ExpiresAt <= InstantOf(now):
		return c.ExpiresAt.Time()
	}
	return time.Time{}
}

// GiveCoupon notes a coupon, and forgets those that nobody asks for any more.
func (m *Member) GiveCoupon(c Coupon) *Coupons {
	r := m.Rarer()
	if r.Coupons == nil {
		r.Coupons = new(Coupons)
	}
	k, now := r.Coupons, c.IssuedAt.Time()
	k.List = slices.DeleteFunc(k.List, func(c Coupon) bool {
		ended := c.EndedAt(now)
		return !ended.IsZero() && now.Sub(ended) > keptAfter
	})
	if len(k.List) >= maxCoupons {
		i := slices.IndexFunc(k.List, func(c Coupon) bool { return !c.EndedAt(now).IsZero() })
		k.List = slices.Delete(k.List, max(i, 0), max(i, 0)+1)
	}
	k.List = append(k.List, c)
	return k
}

// RedeemCoupon notes that a coupon was redeemed. It reports false of one that is not known.
func (m *Member) RedeemCoupon(code string, at time.Time) bool {
	k := m.Rarely().Coupons
	if k == nil {
		return false
	}
	i := slices.IndexFunc(k.List, func(c Coupon) bool { return c.Code == code })
	if i < 0 {
		return false
	}
	k.List[i].RedeemedAt = InstantOf(at)
	return true
}

// Watched notes from when on it is told that coupons expire, for a watch.
func (k *Coupons) Watched(watch int64, from time.Time) { k.Watch, k.Told = &watch, InstantOf(from) }

// Owes returns the coupons that have expired at an instant and of which that was not told, by when they did.
func (k *Coupons) Owes(at time.Time) (out []Coupon) {
	for _, c := range k.List {
		if c.RedeemedAt.IsZero() && c.ExpiresAt > k.Told && c.ExpiresAt <= InstantOf(at) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b Coupon) int { return cmp.Compare(a.ExpiresAt, b.ExpiresAt) })
	return out
}

// Expires returns when the first coupon expires of which that is still to be told; zero: none does.
func (k *Coupons) Expires() (at time.Time) {
	for _, c := range k.List {
		if c.RedeemedAt.IsZero() && c.ExpiresAt > k.Told {
			at = Sooner(at, c.ExpiresAt.Time())
		}
	}
	return at
}
