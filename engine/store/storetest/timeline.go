package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// history lets something of each kind happen to a member, n times, and gives the names of the
// items, newest first.
func (s *suite) history(n int) (names []string) {
	var runs []string
	for i := range n {
		in := s.accept(event(fmt.Sprint("e", i), "m-0", "x"))[0]
		at := in.At
		r := waiting(fmt.Sprint("r", i), "m-0", at)
		r.StartedAt = at
		if i%2 == 1 { // one that ends where it begins
			r.ID, r.State, r.EndedAt = timed(at, r.ID), engine.RunDone, at
		}
		runs = append(runs, r.ID)
		c := coupon(fmt.Sprint("c", i), r.ID)
		c.IssuedAt = at
		twin := c
		twin.Code += "-twin"
		s.commit("m-0", in.Seq, &engine.Changes{
			Runs: []*engine.Run{r}, Coupons: []engine.Coupon{c, twin},
			Records: []engine.Record{refusal(engine.Decision{
				At: at, Member: "m-0", Playbook: fmt.Sprint("d", i), Input: in.ID,
				Reason: "condition",
			})},
		})
		// The next event has an instant of its own.
		for now().Equal(at) {
			time.Sleep(time.Millisecond)
		}
	}
	items, next, err := s.Timeline(s.ctx, "m-0", "", 1000)
	s.must(err)
	s.same("end", next, "")
	for _, item := range items {
		names = append(names, named(item))
	}
	s.same("items", len(names), 5*n)
	for i := range n {
		this := names[5*i : 5*i+5]
		number := fmt.Sprint(n - 1 - i)
		s.same("coupons first, event last", []string{this[0], this[1], this[4]},
			[]string{"c" + number, "c" + number + "-twin", "e" + number})
		between := []string{this[2], this[3]}
		slices.Sort(between)
		want := []string{"d" + number, runs[n-1-i]}
		slices.Sort(want)
		s.same("decisions between", between, want)
	}
	return names
}

func named(item store.TimelineItem) string {
	switch {
	case item.Event != nil:
		return item.Event.ID
	case item.Run != nil:
		return item.Run.ID
	case item.Decision != nil:
		return item.Decision.Playbook
	}
	return item.Coupon.Code
}
