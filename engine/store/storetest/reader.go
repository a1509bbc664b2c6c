package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

func coupon(code, run string) engine.Coupon {
	return engine.Coupon{
		Code: code, Pool: "ten", Member: "m-0", Playbook: "welcome", Run: run, Step: "gift", IssuedAt: now(),
		ExpiresAt: now().Add(time.Hour),
	}
}

// noCursors holds that what no list gave is told by its type.
func (s *suite) noCursors(read func(cursor string) error) {
	s.t.Helper()
	for _, cursor := range []string{"x", "-1", "5.5", "1.2.3.!", "99999999999999999999", "1.1.x.", "\x00"} {
		if err := read(cursor); !errors.Is(err, store.ErrCursor) {
			s.t.Errorf("cursor %q: %v", cursor, err)
		}
	}
}

var readerCases = map[string]func(*testing.T, *suite){
	"knows who is not there": func(t *testing.T, s *suite) {
		_, err := s.Member(s.ctx, "nobody")
		_, err2 := s.Run(s.ctx, "none")
		_, err3 := s.Coupon(s.ctx, "none")
		_, err4 := s.Redeem(s.ctx, "none", "x")
		for _, err := range []error{err, err2, err3, err4} {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("got %v", err)
			}
		}
	},
	"shows a run with all that it did": func(t *testing.T, s *suite) {
		at := now()
		r := waiting("r", "m-0", at)
		r.StartedAt = at
		c, d := coupon("C1", "r"), delivery("k", "r", at)
		s.commit("m-0", 0, &engine.Changes{
			Members: []*engine.Member{{ID: "m-0", Points: 2}}, Runs: []*engine.Run{r}, Coupons: []engine.Coupon{c},
			Deliveries: []engine.Delivery{d},
		})
		rec := s.run("r")
		s.same("trace", rec.Trace, []engine.TraceEntry{
			{At: at, What: "entered"}, {At: at, What: "coupon"}, {At: at, What: "message"},
		})
		s.same("coupons", rec.Coupons, []store.CouponRecord{{Coupon: c}})
		s.same("deliveries", unnumbered(rec.Deliveries), []store.Attempted{{Delivery: d, State: store.DeliveryPending}})
		m, err := s.Member(s.ctx, "m-0")
		s.must(err)
		s.same("member", m.Points, 2)
	},
	"shows what has ended of a member, and as no decision": func(t *testing.T, s *suite) {
		at := now()
		ended := engine.Entry{TraceEntry: engine.TraceEntry{At: at, What: engine.WhatEnded, Detail: map[string]any{"tags": []any{"keen"}}}}
		s.commit("m-0", 0, &engine.Changes{
			Members: []*engine.Member{{ID: "m-0"}},
			Records: []engine.Record{
				refusal(engine.Decision{At: at, Member: "m-0", Playbook: "p", Input: "e", Reason: "condition"}),
				{Member: "m-0", At: at, Input: "ends", Due: true, Entries: []engine.Entry{ended}},
			},
		})
		items, _, err := s.Timeline(s.ctx, "m-0", "", 10)
		s.must(err)
		s.same("items", len(items), 2)
		s.same("ended", items[0], store.TimelineItem{At: at, Ended: map[string]any{"tags": []any{"keen"}}})
		for _, f := range []store.DecisionFilter{{Member: "m-0"}, {Playbook: "p"}, {Member: "m-0", Playbook: "p"}} {
			list, _, err := s.Decisions(s.ctx, f)
			s.must(err)
			s.same("decisions", len(list), 1)
			s.same("the refusal", list[0].Playbook, "p")
		}
	},
	"shows what became of a member's level, and as no decision": func(t *testing.T, s *suite) {
		at := now()
		level := engine.Entry{TraceEntry: engine.TraceEntry{
			At: at, What: engine.WhatLevel, Reason: "reached", Detail: map[string]any{"attribute": "level", "after": "gold"},
		}}
		s.commit("m-0", 0, &engine.Changes{
			Members: []*engine.Member{{ID: "m-0"}},
			Records: []engine.Record{{Member: "m-0", At: at, Input: "e", Entries: []engine.Entry{level}}},
		})
		items, _, err := s.Timeline(s.ctx, "m-0", "", 10)
		s.must(err)
		s.same("items", items, []store.TimelineItem{
			{At: at, Level: map[string]any{"reason": "reached", "attribute": "level", "after": "gold"}},
		})
		list, _, err := s.Decisions(s.ctx, store.DecisionFilter{Member: "m-0"})
		s.must(err)
		s.same("decisions", len(list), 0)
	},
	"shows messages that runs of others handed over": func(t *testing.T, s *suite) {
		at := now()
		about := &engine.Run{ID: "k", Playbook: "p", Member: "m-0"}
		s.commit("m-0", 0, &engine.Changes{
			Members: []*engine.Member{{ID: "m-0"}},
			Records: []engine.Record{{Member: "m-0", At: at, Input: "e", Entries: []engine.Entry{{Run: about, TraceEntry: engine.TraceEntry{
				At: at, What: "message", Step: "thank", Reason: "capped", Detail: map[string]any{"run": "r", "status": "skipped"},
			}}}}},
		})
		items, _, err := s.Timeline(s.ctx, "m-0", "", 10)
		s.must(err)
		s.same("items", items, []store.TimelineItem{{At: at, Message: map[string]any{
			"playbook": "p", "step": "thank", "delivery": "k", "status": "skipped", "run": "r", "reason": "capped",
		}}})
		list, _, err := s.Decisions(s.ctx, store.DecisionFilter{Member: "m-0"})
		s.must(err)
		s.same("decisions", len(list), 0)
	},
	"shows effects that came later": func(t *testing.T, s *suite) {
		for i, r := range []*engine.Run{waiting("r", "m-0", now()), waiting("", "m-0", now())} {
			if r.ID == "" { // one that has ended where it began
				r.ID, r.State, r.EndedAt = timed(r.StartedAt, "r"), engine.RunDone, r.StartedAt
			}
			one, two, key := fmt.Sprint("C1-", i), fmt.Sprint("C2-", i), fmt.Sprint("k", i)
			s.commit("m-0", 0, &engine.Changes{Runs: []*engine.Run{r}, Coupons: []engine.Coupon{coupon(one, r.ID)}})
			r.New = false
			s.commit("m-0", 0, &engine.Changes{
				Runs: []*engine.Run{r}, Coupons: []engine.Coupon{coupon(two, r.ID)},
				Deliveries: []engine.Delivery{delivery(key, r.ID, now())},
			})
			rec := s.run(r.ID)
			s.same("effects", []int{len(rec.Coupons), len(rec.Deliveries)}, []int{2, 1})
		}
		list, _, err := s.MemberCoupons(s.ctx, "m-0", "", 10)
		s.must(err)
		s.same("coupons", len(list), 4)
	},
	"pages over a member's coupons, newest first": func(t *testing.T, s *suite) {
		at := now()
		issued := 5
		for i, codes := range [][]string{{"A", "B"}, {"C", "一 二"}, {"E"}} { // some at one instant
			r := waiting(fmt.Sprint("r", i), "m-0", at)
			c := &engine.Changes{Runs: []*engine.Run{r}}
			for _, code := range codes {
				c.Coupons = append(c.Coupons, coupon(code, r.ID))
			}
			s.commit("m-0", 0, c)
		}
		for _, limit := range []int{1, 2, 3, 10} {
			var codes []string
			for cursor := ""; len(codes) <= issued; {
				page, next, err := s.MemberCoupons(s.ctx, "m-0", cursor, limit)
				s.must(err)
				for _, c := range page {
					codes = append(codes, c.Code)
				}
				if cursor = next; cursor == "" {
					break
				}
			}
			s.same("coupons", codes, []string{"E", "C", "一 二", "A", "B"})
		}
		s.noCursors(func(cursor string) error { _, _, err := s.MemberCoupons(s.ctx, "m-0", cursor, 1); return err })
	},
	"lists what a member is still to be sent, soonest first": func(t *testing.T, s *suite) {
		at := now()
		theirs := delivery("theirs", "other", at)
		theirs.Member = s.otherMember()
		s.commit("m-0", 0, &engine.Changes{
			Runs: []*engine.Run{waiting("r", "m-0", at), waiting("other", theirs.Member, at)},
			Deliveries: []engine.Delivery{
				delivery("late", "r", at.Add(2*time.Hour)), delivery("sent", "r", at), theirs,
			},
		})
		again := waiting("r", "m-0", at)
		again.New = false
		s.commit("m-0", 0, &engine.Changes{
			Runs: []*engine.Run{again}, Deliveries: []engine.Delivery{delivery("soon", "r", at.Add(time.Hour))},
		})
		s.must(s.Settle(s.ctx, []store.Outcome{{Key: "sent", State: store.DeliverySent, At: at}}))
		list, err := s.MemberPending(s.ctx, "m-0")
		s.must(err)
		var keys []string
		for _, d := range list {
			keys = append(keys, d.Key)
		}
		s.same("pending", keys, []string{"soon", "late"})
		list, err = s.MemberPending(s.ctx, "nobody")
		s.must(err)
		s.same("nobody's", len(list), 0)
	},
	"gives a short page where it passes over much, and goes on": func(t *testing.T, s *suite) {
		at := now()
		rare := waiting(timed(at, "rare"), "m-0", at)
		rare.Playbook, rare.State, rare.EndedAt = "rare", engine.RunDone, at
		s.commit("m-0", 0, &engine.Changes{
			Runs:    []*engine.Run{rare},
			Records: []engine.Record{refusal(engine.Decision{At: at, Member: "m-0", Playbook: "rare", Input: "e", Reason: "condition"})},
		})
		many := &engine.Changes{}
		for i := range store.PageReads {
			r := waiting(timed(at, fmt.Sprint(i)), "m-0", at)
			r.State, r.EndedAt = engine.RunDone, at
			many.Runs = append(many.Runs, r)
			many.Records = append(many.Records, engine.Record{Member: "m-0", At: at, Input: "e", Whole: []*engine.Run{r}, Entries: []engine.Entry{
				{TraceEntry: engine.TraceEntry{At: at, What: engine.ReasonEntered}, Run: r},
			}})
		}
		s.commit("m-0", 0, many)
		pages := func(read func(cursor string) (n int, next string, err error)) (sizes []int) {
			for cursor := ""; ; {
				n, next, err := read(cursor)
				s.must(err)
				sizes = append(sizes, n)
				if cursor = next; cursor == "" {
					return sizes
				}
			}
		}
		s.same("runs", pages(func(cursor string) (int, string, error) {
			list, next, err := s.Runs(s.ctx, store.RunFilter{Member: "m-0", Playbook: "rare", Cursor: cursor, Limit: 10})
			return len(list), next, err
		}), []int{0, 1})
		s.same("decisions", pages(func(cursor string) (int, string, error) {
			f := store.DecisionFilter{Member: "m-0", Playbook: "rare", Cursor: cursor, Limit: 10}
			list, next, err := s.Decisions(s.ctx, f)
			return len(list), next, err
		}), []int{0, 2})
	},
	"shows what a member has behind any number of decisions that show nothing": func(t *testing.T, s *suite) {
		at := now()
		r := waiting(timed(at, "r"), "m-0", at.Add(time.Hour))
		no := refusal(engine.Decision{At: at, Member: "m-0", Playbook: "rescue", Input: "e", Reason: "condition"})
		s.commit("m-0", 0, &engine.Changes{
			Runs: []*engine.Run{r}, Coupons: []engine.Coupon{coupon("C", r.ID)}, Records: []engine.Record{no},
		})
		many := &engine.Changes{}
		for range store.PageReads + 1 {
			many.Records = append(many.Records, steps(r, engine.TraceEntry{At: at, What: "tag"}))
		}
		s.commit("m-0", 0, many)
		runs, _, err := s.Runs(s.ctx, store.RunFilter{Member: "m-0", Limit: 1})
		s.must(err)
		coupons, _, err := s.MemberCoupons(s.ctx, "m-0", "", 1)
		s.must(err)
		decisions, _, err := s.Decisions(s.ctx, store.DecisionFilter{Member: "m-0", Limit: 2})
		s.must(err)
		items, next, err := s.Timeline(s.ctx, "m-0", "", 3)
		s.must(err)
		s.same("runs, coupons, decisions, items", []int{len(runs), len(coupons), len(decisions), len(items)}, []int{1, 1, 2, 3})
		s.same("end", next, "")
	},
	"pages over a member's events, newest first": func(t *testing.T, s *suite) {
		old := event("old", "m-0", "y")
		old.Time = now().Add(-time.Hour)
		in := s.accept(event("a", "m-0", "x"), event("b", "m-0", "y"), old, event("c", "m-0", "x"), event("d", "m-0", "y"),
			event("theirs", s.otherMember(), "x"))
		s.commit("m-0", in[3].Seq, &engine.Changes{})
		want := []string{"c", "b", "a", "old"}
		for limit := 1; limit <= len(want); limit++ {
			var got []string
			for cursor := ""; len(got) <= len(want); {
				page, next, err := s.MemberEvents(s.ctx, "m-0", cursor, limit)
				s.must(err)
				got = append(got, ids(page)...)
				if cursor = next; cursor == "" {
					break
				}
			}
			s.same(fmt.Sprint("pages of ", limit), got, want)
		}
		s.noCursors(func(cursor string) error { _, _, err := s.MemberEvents(s.ctx, "m-0", cursor, 1); return err })
	},
	"pages over runs, newest first, by any filter": func(t *testing.T, s *suite) {
		at := now()
		called := map[string]string{} // names by id
		begin := func(name, member, playbook string, state engine.RunState, at time.Time) {
			r := waiting(timed(at, name), member, at)
			r.StartedAt, r.State, r.Playbook = at, state, playbook
			called[r.ID] = name
			s.commit(r.Member, 0, &engine.Changes{Runs: []*engine.Run{r}})
		}
		prefix := map[string]string{}
		for i, name := range []string{"r1", "r2", "r3", "r4"} {
			at := at.Add(time.Duration(i) * time.Second)
			begin(name, []string{"m-0", s.otherMember()}[i/2], []string{"welcome", "rescue"}[i%2],
				[]engine.RunState{engine.RunWaiting, engine.RunDone}[i%2], at)
			prefix[name] = timed(at, name)
		}
		list := func(f store.RunFilter) (names []string) {
			f.Limit = 1
			for {
				page, next, err := s.Runs(s.ctx, f)
				s.must(err)
				for _, r := range page {
					names = append(names, called[r.ID])
				}
				if f.Cursor = next; next == "" {
					return names
				}
			}
		}
		s.same("all", list(store.RunFilter{}), []string{"r4", "r3", "r2", "r1"})
		s.same("member", list(store.RunFilter{Member: "m-0"}), []string{"r2", "r1"})
		s.same("playbook", list(store.RunFilter{Playbook: "rescue"}), []string{"r4", "r2"})
		s.same("state", list(store.RunFilter{State: engine.RunWaiting}), []string{"r3", "r1"})
		century := prefix["r1"][:2]
		s.same("prefix", list(store.RunFilter{Prefix: century}), []string{"r4", "r3", "r2", "r1"})
		s.same("whole id", list(store.RunFilter{Prefix: prefix["r2"]}), []string{"r2"})
		s.same("its instant", list(store.RunFilter{Prefix: prefix["r2"][:9]}), []string{"r2"})
		s.same("no such prefix", len(list(store.RunFilter{Prefix: prefix["r2"] + "3"})), 0)
		s.same("no prefix at all", len(list(store.RunFilter{Prefix: "!"})), 0)
		s.same("prefix and state", list(store.RunFilter{Prefix: century, State: engine.RunWaiting}), []string{"r3", "r1"})
		s.same("all three", list(store.RunFilter{Member: "m-0", Playbook: "rescue", State: engine.RunDone}), []string{"r2"})
		if _, _, err := s.Runs(s.ctx, store.RunFilter{Cursor: "nonsense"}); !errors.Is(err, store.ErrCursor) {
			t.Fatalf("a cursor that no list gave: %v", err)
		}
		for _, state := range []engine.RunState{engine.RunFailed, engine.RunExited, engine.RunHoldout} {
			for _, n := range []string{"1", "2"} {
				begin(string(state)+n, "m-0", "welcome"+n, state, at)
			}
			one, two := string(state)+"1", string(state)+"2"
			s.same("state", list(store.RunFilter{State: state}), []string{two, one})
			s.same("state and playbook", list(store.RunFilter{State: state, Playbook: "welcome1"}), []string{one})
			s.same("state and member", list(store.RunFilter{State: state, Member: "m-0"}), []string{two, one})
			s.same("state and prefix", list(store.RunFilter{State: state, Prefix: timed(at, one)}), []string{one})
		}
		all := list(store.RunFilter{})
		s.ctx = store.Asked(s.ctx)
		s.same("a question is answered alike", list(store.RunFilter{}), all)
	},
	"lists decisions, entered and refused, newest first": func(t *testing.T, s *suite) {
		at := now()
		refuse := func(input, playbook string) engine.Decision {
			return engine.Decision{
				At: at, Member: "m-0", Playbook: playbook, Input: input, Reason: "condition",
				Seen: map[string]any{"level": "gold"},
			}
		}
		one, two := refuse("e1", "welcome"), refuse("e3", "rescue")
		s.commit("m-0", 0, &engine.Changes{Records: []engine.Record{refusal(one)}})
		r, held := waiting("r", "m-0", at), waiting("held", "m-0", at)
		r.StartedAt = at
		held.ID, held.State = timed(held.StartedAt, "held"), engine.RunHoldout
		began := steps(r, engine.TraceEntry{At: at, What: "entered", Detail: map[string]any{"input": "e2"}})
		s.commit("m-0", 0, &engine.Changes{Runs: []*engine.Run{r}, Records: []engine.Record{began}})
		s.commit("m-0", 0, &engine.Changes{Records: []engine.Record{refusal(two)}})
		s.commit(s.otherMember(), 0, &engine.Changes{Runs: []*engine.Run{held}})

		entered := engine.Decision{At: at, Member: "m-0", Playbook: "welcome", Input: "e2", Reason: "entered", Run: "r"}
		page, next, err := s.Decisions(s.ctx, store.DecisionFilter{Member: "m-0", Limit: 3, Playbook: ""})
		s.must(err)
		s.same("first", page[0].Reason, "holdout")
		s.same("page", page[1:], []engine.Decision{two, entered})
		page, next, err = s.Decisions(s.ctx, store.DecisionFilter{Member: "m-0", Limit: 3, Cursor: next})
		s.must(err)
		s.same("last page", page, []engine.Decision{one})
		s.same("end", next, "")
		page, _, err = s.Decisions(s.ctx, store.DecisionFilter{Playbook: "rescue"})
		s.must(err)
		s.same("playbook", page, []engine.Decision{two})
		page, _, err = s.Decisions(s.ctx, store.DecisionFilter{Playbook: "rescue", Member: "m-0"})
		s.must(err)
		s.same("both", page, []engine.Decision{two})
	},
	"merges a member's timeline, newest first, by page": func(t *testing.T, s *suite) {
		want := s.history(12)
		for _, limit := range []int{1, 2, 5, 7, 100} {
			var got []string
			for cursor := ""; len(got) <= len(want); {
				page, next, err := s.Timeline(s.ctx, "m-0", cursor, limit)
				s.must(err)
				if len(page) > limit || len(page) == 0 {
					t.Fatalf("a page of %d items, limit %d", len(page), limit)
				}
				for _, item := range page {
					got = append(got, named(item))
				}
				if cursor = next; cursor == "" {
					break
				}
			}
			s.same(fmt.Sprint("pages of ", limit), got, want)
		}
		_, next, err := s.Timeline(s.ctx, "nobody", "", 10)
		s.must(err)
		s.same("of nobody", next, "")
		s.noCursors(func(cursor string) error { _, _, err := s.Timeline(s.ctx, "m-0", cursor, 1); return err })
	},
	"goes on with a timeline where it was, whatever came in between": func(t *testing.T, s *suite) {
		want := s.history(3)
		page, next, err := s.Timeline(s.ctx, "m-0", "", 2)
		s.must(err)
		in := s.accept(event("late", "m-0", "x"))[0]
		r := waiting("late", "m-0", in.At)
		s.commit("m-0", in.Seq, &engine.Changes{
			Runs: []*engine.Run{r}, Coupons: []engine.Coupon{coupon("LATE", "late")},
			Records: []engine.Record{
				refusal(engine.Decision{At: in.At, Member: "m-0", Playbook: "late", Input: "late", Reason: "condition"}),
			},
		})
		more, next, err := s.Timeline(s.ctx, "m-0", next, 100)
		s.must(err)
		var got []string
		for _, item := range append(page, more...) {
			got = append(got, named(item))
		}
		s.same("items", got, want)
		s.same("end", next, "")
	},
	"sums up the tallies of commits": sumsUpTallies,
	"stats are of one moment":        statsAreOfOneMoment,
	"lists what was set aside, newest first": func(t *testing.T, s *suite) {
		in := s.accept(event("a", "m-0", "x"), event("b", "m-0", "x"))
		for _, i := range in {
			s.commit("m-0", i.Seq, &engine.Changes{Poisoned: []engine.Poisoned{{Seq: i.Seq, Error: "broken"}}})
		}
		list, next, err := s.Failures(s.ctx, store.FailureFilter{Limit: 1})
		s.must(err)
		s.same("failures", list, []store.Failure{{
			N: list[0].N, At: in[1].At, What: "input", ID: "b", Member: "m-0",
			Error: "broken",
		}})
		list, next, err = s.Failures(s.ctx, store.FailureFilter{Cursor: next, Limit: 1})
		s.must(err)
		s.same("second page", []string{list[0].ID, next}, []string{"a", ""})
	},
	"lists runs that failed, once": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(1)
		at := now()
		r := waiting("r", m[0], at)
		s.commit(m[0], 0, &engine.Changes{Members: []*engine.Member{{ID: m[0]}}, Runs: []*engine.Run{r}})
		r.New, r.State, r.Reason, r.EndedAt, r.DueAt = false, engine.RunFailed, "actions[0]", at, time.Time{}
		ended := steps(r, engine.TraceEntry{At: at, What: "error", Step: "actions[0]", Reason: "no tag"},
			engine.TraceEntry{At: at, What: "failed", Reason: "actions[0]"})
		s.commit(m[0], 0, &engine.Changes{Runs: []*engine.Run{r}, Records: []engine.Record{ended}})
		r.ConvertedAt = at
		goal := steps(r, engine.TraceEntry{At: at, What: "goal"})
		s.commit(m[0], 0, &engine.Changes{Runs: []*engine.Run{r}, Records: []engine.Record{goal}})
		list, _, err := s.Failures(s.ctx, store.FailureFilter{Limit: 5})
		s.must(err)
		s.same("failures", list, []store.Failure{{
			N: list[0].N, At: at, What: "run", ID: "r", Member: m[0],
			Error: "actions[0]: no tag",
		}})
	},
	"answers": func(t *testing.T, s *suite) { s.must(s.Ping(s.ctx)) },
}
