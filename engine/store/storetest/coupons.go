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
