package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

var couponCases = map[string]func(*testing.T, *suite){
	"redeems a coupon once": func(t *testing.T, s *suite) {
		c := coupon("C1", "r")
		s.commit("m-0", 0, &engine.Changes{Runs: []*engine.Run{waiting("r", "m-0", now())}, Coupons: []engine.Coupon{c}})
		first, err := s.Redeem(s.ctx, "C1", "till-7")
		s.must(err)
		s.same("first", first, store.CouponRecord{Coupon: c, RedeemedAt: first.RedeemedAt, RedemptionID: "till-7"})
		got, err := s.Redeem(s.ctx, "C1", "till-7")
		s.must(err)
		s.same("again", got, first)
		got, err = s.Redeem(s.ctx, "C1", "till-8")
		if !errors.Is(err, store.ErrConflict) {
			t.Fatalf("another: %v", err)
		}
		s.same("as it is", got, first)
		got, err = s.Coupon(s.ctx, "C1")
		s.must(err)
		s.same("stored", got, first)
	},
	"gives loaded codes out in their order, each once": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(1)
		for _, part := range [][]string{{"Z", "B"}, {"A"}} {
			_, err := s.LoadCodes(s.ctx, "loaded", part)
			s.must(err)
		}
		s.same("reserved", s.codesOf(lane, 2), []string{"Z", "B"})
		s.must(s.gives(lane, m[0], "Z"))
		if err := s.gives(lane, m[0], "Z"); !errors.Is(err, store.ErrStale) {
			t.Errorf("given twice: %v", err)
		}
		if err := s.gives(lane, m[0], "A"); !errors.Is(err, store.ErrStale) {
			t.Errorf("given without a reservation: %v", err)
		}
		left, err := s.CodesLeft(s.ctx, "loaded")
		s.must(err)
		s.same("left", left, 2)
		s.same("the rest", s.codesOf(lane, 3), []string{"B", "A"})
	},
	"loads a code once, ever": func(t *testing.T, s *suite) {
		lane, m := s.membersOfLane(1)
		had, err := s.LoadCodes(s.ctx, "loaded", []string{"A", "B"})
		s.must(err)
		s.same("loaded", had, []string{"", ""})
		s.codesOf(lane, 1)
		s.must(s.gives(lane, m[0], "A"))
		had, err = s.LoadCodes(s.ctx, "other", []string{"A", "B", "C"})
		s.must(err)
		s.same("of another pool", had, []string{"loaded", "loaded", ""})
		had, err = s.LoadCodes(s.ctx, "loaded", []string{"A", "B", "C"})
		s.must(err)
		s.same("again", had, []string{"loaded", "loaded", "other"})
		s.same("to be given", s.codesOf(lane, 3), []string{"B"})
	},
	"reclaims loaded codes from other lanes": func(t *testing.T, s *suite) {
		if len(s.Lanes()) == 1 {
			return
		}
		_, err := s.LoadCodes(s.ctx, "loaded", []string{"A", "B", "C"})
		s.must(err)
		s.same("all of them", s.codesOf(0, 3), []string{"A", "B", "C"})
		s.same("the last of them", s.codesOf(1, 2), []string{"B", "C"})
		s.same("what is left", s.codesOf(0, 0), []string{"A"})
	},
	"a redemption is an input of the member": func(t *testing.T, s *suite) {
		c := coupon("C1", "r")
		s.commit("m-0", 0, &engine.Changes{Runs: []*engine.Run{waiting("r", "m-0", now())}, Coupons: []engine.Coupon{c}})
		rec, err := s.Redeem(s.ctx, "C1", "till-7")
		s.must(err)
		_, err = s.Redeem(s.ctx, "C1", "till-7")
		s.must(err)
		in := s.pending(s.laneOf("m-0"), 10).Inputs
		if len(in) != 1 {
			t.Fatalf("%d inputs are owed", len(in))
		}
		want := engine.RedemptionOf(&c)
		got := in[0]
		_, err = got.Decode()
		s.must(err)
		want.Seq, want.Data, want.At, want.Time = got.Seq, got.Data, rec.RedeemedAt, rec.RedeemedAt
		s.same("input", got, want)
	},
	"redeems nothing that has expired": func(t *testing.T, s *suite) {
		c := coupon("C1", "r")
		c.ExpiresAt = now().Add(-time.Minute)
		s.commit("m-0", 0, &engine.Changes{Runs: []*engine.Run{waiting("r", "m-0", now())}, Coupons: []engine.Coupon{c}})
		got, err := s.Redeem(s.ctx, "C1", "till-7")
		if !errors.Is(err, store.ErrExpired) {
			t.Fatalf("redeemed: %v", err)
		}
		s.same("as it is", got, store.CouponRecord{Coupon: c})
		if in := s.pending(s.laneOf("m-0"), 10).Inputs; len(in) != 0 {
			t.Errorf("%d inputs are owed", len(in))
		}
	},
}

// codesOf returns the codes of a pool that a lane may give, at least n of them if there are so many.
func (s *suite) codesOf(lane, n int) []string {
	s.t.Helper()
	ask := []engine.Ask{{Pool: "loaded", Most: 1 << 30, Codes: true, N: n}}
	_, err := s.Reserve(s.ctx, lane, ask)
	s.must(err)
	list, err := s.Pools(s.ctx, lane, ask)
	s.must(err)
	return list["loaded"].Codes
}

// gives commits coupons of loaded codes in a lane.
func (s *suite) gives(lane int, member string, codes ...string) error {
	c := &engine.Changes{Taken: map[string]int{"loaded": len(codes)}}
	for _, code := range codes {
		k := coupon(code, "r")
		k.Pool, k.Member, k.Loaded = "loaded", member, true
		c.Coupons = append(c.Coupons, k)
	}
	fence := s.pending(lane, 1).Fence
	return s.Commit(s.ctx, lane, fence, 0, c)
}
