package worker_test

import (
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

const giver = `id: giver
stage: conversion
trigger: {event: order.paid}
actions:
  - id: gift
    coupon: {pool: many}
  - wait: {event: coupon.redeemed, timeout: 30d}
  - if: actions.gift.redeemed_at != nil
    tag: used
`

const lapsed = `id: lapsed
stage: retention
trigger: {event: coupon.expired}
condition: len(member.coupons) == 1
actions:
  - tag: lapsed
`

// A redemption reaches the line of its member, at the instant that was answered, and a coupon that was not redeemed
// expires there. A replay decides alike.
func TestRedemptionsAndExpiriesReachTheLine(t *testing.T) {
	declare(t, "  many: {prefix: MANY}\n", "  many: {prefix: MANY, expires: 7d}\n")
	w := newWorld(t, embedded(t))
	w.activate(giver)
	wk := w.run()
	codes := map[string]string{}
	for _, member := range []string{"spends", "keeps"} {
		w.accept(order("order of "+member, member))
		w.until("the coupon", func() bool {
			list, _, err := w.MemberCoupons(w.ctx, member, "", 1)
			if err == nil && len(list) == 1 {
				codes[member] = list[0].Code
			}
			return codes[member] != ""
		})
	}
	w.activate(giver, lapsed) // coupons that were given before are known
	rec, err := w.Redeem(w.ctx, codes["spends"], "till-7")
	if err != nil {
		t.Fatal(err)
	}
	wk.Wake("spends")
	w.until("the run goes on", func() bool { return w.state("giver", engine.RunDone) == 1 })
	list, _, err := w.Runs(w.ctx, store.RunFilter{Member: "spends", Playbook: "giver", Limit: 1})
	if err != nil || len(list) != 1 || !list[0].EndedAt.Equal(rec.RedeemedAt) {
		t.Errorf("redeemed at %s, and the run is %+v, %v", rec.RedeemedAt, list, err)
	}
	w.until("the watch of coupons", func() bool {
		m, err := w.Member(w.ctx, "keeps")
		return err == nil && !m.DueAt().IsZero()
	})
	w.advance(8 * 24 * time.Hour)
	w.until("the expiry", func() bool { return w.state("lapsed", engine.RunDone) == 1 })
	for member, want := range map[string]string{"spends": "used", "keeps": "lapsed"} {
		m, err := w.Member(w.ctx, member)
		if err != nil || len(m.Tags) != 1 || m.Tags[0] != want {
			t.Errorf("%s has %+v, %v", member, m, err)
		}
		if differences := w.replayed(member); len(differences) > 0 {
			t.Errorf("replayed otherwise: %q", differences)
		}
	}
}
