package worker_test

import (
	"fmt"
	"slices"
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

// Loaded codes are given out each once, all of them and no more, whatever the number of workers and lanes, also when one
// stops in between; with one lane in the order in which they were loaded. A replay gives the same.
func TestLoadedCodesAreGivenOnce(t *testing.T) { laned(t, testLoadedCodesAreGivenOnce) }

func testLoadedCodesAreGivenOnce(t *testing.T, lanes int) {
	declare(t, "  many: {prefix: MANY}\n", "  many: {codes: imported}\n")
	w := newLanedWorld(t, lanes, embedded(t))
	w.activate("id: gift\nstage: activation\ntrigger: {event: order.paid}\nmode: parallel\nactions:\n  - coupon: {pool: many}\n")
	const loaded, orders = 100, 150
	var codes []string
	for i := range loaded {
		codes = append(codes, fmt.Sprintf("C-%03d", (i*37)%loaded)) // not in the order of the alphabet
	}
	a, stop := w.start()
	b := w.run()
	for i := range orders {
		if i%40 == 0 && i/40*30 < loaded { // in parts, while they are given out
			if _, err := w.LoadCodes(w.ctx, "many", codes[i/40*30:min(loaded, (i/40+1)*30)]); err != nil {
				t.Fatal(err)
			}
		}
		if i == orders/2 {
			stop()
		}
		m := fmt.Sprint("m", i%40)
		w.accept(order(fmt.Sprint("e", i), m))
		a.Wake(m)
		b.Wake(m)
		if i%40 == 39 { // what is loaded is asked for
			w.until("so many runs", func() bool { return w.state("gift", engine.RunDone) == i+1 })
		}
	}
	w.until("all runs", func() bool { return w.state("gift", engine.RunDone) == orders })
	given := map[string]bool{}
	for i := range 40 {
		list, _, err := w.MemberCoupons(w.ctx, fmt.Sprint("m", i), "", 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range list {
			if given[k.Code] || !slices.Contains(codes, k.Code) {
				t.Errorf("the code %s was given twice, or was never loaded", k.Code)
			}
			given[k.Code] = true
		}
	}
	left, err := w.CodesLeft(w.ctx, "many")
	if err != nil || len(given)+left != loaded || left > 0 && w.counts("gift").Skipped[engine.ReasonPoolEmpty] > orders-loaded {
		t.Errorf("%d codes were given, %d are left, %v", len(given), left, err)
	}
	if differences := w.replayed(""); len(differences) > 0 {
		t.Errorf("replayed otherwise: %q", differences)
	}
}

// One lane gives loaded codes out in the order in which they were loaded.
func TestLoadedCodesComeInTheirOrder(t *testing.T) {
	declare(t, "  many: {prefix: MANY}\n", "  many: {codes: imported}\n")
	w := newWorld(t, embedded(t))
	w.activate("id: gift\nstage: activation\ntrigger: {event: order.paid}\nmode: parallel\nactions:\n  - coupon: {pool: many}\n")
	codes := []string{"Z", "A", "M"}
	if _, err := w.LoadCodes(w.ctx, "many", codes); err != nil {
		t.Fatal(err)
	}
	w.run()
	for i := range 5 {
		w.accept(order(fmt.Sprint("e", i), fmt.Sprint("m", i)))
		w.until("the run", func() bool { return w.state("gift", engine.RunDone) == i+1 })
	}
	for i := range 5 {
		list, _, err := w.MemberCoupons(w.ctx, fmt.Sprint("m", i), "", 2)
		if err != nil {
			t.Fatal(err)
		}
		if i >= len(codes) && len(list) != 0 || i < len(codes) && (len(list) != 1 || list[0].Code != codes[i]) {
			t.Errorf("member %d was given %+v", i, list)
		}
	}
	if n := w.counts("gift").Skipped[engine.ReasonPoolEmpty]; n != 2 {
		t.Errorf("%d found the pool empty", n)
	}
}
