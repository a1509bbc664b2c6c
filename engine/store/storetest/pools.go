package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// reserve reserves n of the pool "ten" for a lane.
func (s *suite) reserve(lane, most, n int) engine.PoolState {
	list, err := s.Reserve(s.ctx, lane, []engine.Ask{{Pool: "ten", Most: most, N: n}})
	s.must(err)
	return list["ten"]
}

// pool returns what a lane may grant of an ask.
func (s *suite) pool(lane int, a engine.Ask) engine.PoolState {
	list, err := s.Pools(s.ctx, lane, []engine.Ask{a})
	s.must(err)
	return list[a.Pool]
}

// granted commits that lane 0 has taken of pools.
func (s *suite) granted(taken map[string]int) {
	fence, err := s.Claim(s.ctx, 0)
	s.must(err)
	s.must(s.Commit(s.ctx, 0, fence, 0, &engine.Changes{Taken: taken}))
}

// Blocks are had under the numbers of lanes, of which there may be fewer: only that one commits that
// there is in any case.
var poolCases = map[string]func(*testing.T, *suite){
	"reserves up to the budget, then reclaims, then is dry": func(_ *testing.T, s *suite) {
		reserve := func(lane, n int) engine.PoolState { return s.reserve(lane, 10, n) }
		s.same("first", reserve(1, 4), engine.PoolState{Free: 4})
		s.same("second", reserve(2, 4), engine.PoolState{Free: 4})
		s.same("it holds so many", reserve(1, 4), engine.PoolState{Free: 4})
		s.same("the rest", reserve(1, 6), engine.PoolState{Free: 6})
		s.same("reclaimed from the largest block", reserve(0, 3), engine.PoolState{Free: 3})
		pools, err := s.Pools(s.ctx, 1, []engine.Ask{{Pool: "ten", Most: 100}, {Pool: "other", Most: 100}})
		s.must(err)
		s.same("what is left of it", pools, map[string]engine.PoolState{"ten": {Free: 3}, "other": {}})
		s.same("all that the others have", reserve(0, 20), engine.PoolState{Free: 10, Dry: true})

		s.granted(map[string]int{"ten": 10})
		s.same("dry", reserve(1, 1), engine.PoolState{Dry: true})
		s.same("with a raised budget", s.reserve(1, 11, 5), engine.PoolState{Free: 1, Dry: true})
	},
	"takes from no other lane what is only reserved ahead": func(_ *testing.T, s *suite) {
		ahead := func(lane, n, ahead int) engine.PoolState {
			list, err := s.Reserve(s.ctx, lane, []engine.Ask{{Pool: "ten", Most: 10, N: n, Ahead: ahead}})
			s.must(err)
			return list["ten"]
		}
		s.same("what nobody has", ahead(1, 0, 8), engine.PoolState{Free: 8})
		s.same("and no more", ahead(2, 0, 8), engine.PoolState{Free: 2})
		s.same("until it is needed", ahead(2, 3, 8), engine.PoolState{Free: 3})
		s.same("from the other", s.pool(1, engine.Ask{Pool: "ten", Most: 10}), engine.PoolState{Free: 7})
	},
	"tells without a reservation that a pool is dry": func(_ *testing.T, s *suite) {
		ten := engine.Ask{Pool: "ten", Most: 10}
		s.reserve(0, 10, 9)
		s.same("there is one more", s.pool(0, ten), engine.PoolState{Free: 9})
		s.reserve(1, 10, 1)
		s.same("another lane has it", s.pool(0, ten), engine.PoolState{Free: 9})
		s.reserve(0, 10, 10)
		s.same("no other lane has any", s.pool(0, ten), engine.PoolState{Free: 10, Dry: true})
		s.same("this one has", s.pool(1, ten), engine.PoolState{})
		s.granted(map[string]int{"ten": 10})
		s.same("nobody has", s.pool(1, ten), engine.PoolState{Dry: true})
		s.same("until there are more", s.pool(1, engine.Ask{Pool: "ten", Most: 11}), engine.PoolState{})
	},
	"forgets pools whose time is over, and grants nothing more of them": func(_ *testing.T, s *suite) {
		at := time.Date(2026, 3, 6, 0, 0, 0, 0, time.UTC)
		day := func(name string, n int) engine.Ask {
			return engine.Ask{Pool: name, Most: 5, Until: at.AddDate(0, 0, n), N: 2}
		}
		all := []engine.Ask{day("quota:a:today", 0), day("quota:a:tomorrow", 1), {Pool: "ten", Most: 5, N: 2}}
		_, err := s.Reserve(s.ctx, 0, all)
		s.must(err)
		s.granted(map[string]int{"quota:a:today": 1, "quota:a:tomorrow": 1, "ten": 1})
		s.must(s.Forget(s.ctx, at.Add(-time.Millisecond)))
		s.same("its last instant is not over", s.pool(0, all[0]), engine.PoolState{Free: 1})
		s.must(s.Forget(s.ctx, at))
		s.must(s.Forget(s.ctx, at.Add(-time.Hour))) // what is forgotten stays so
		s.same("it is over", s.pool(0, all[0]), engine.PoolState{Dry: true})
		list, err := s.Reserve(s.ctx, 0, all)
		s.must(err)
		s.same("nothing is granted twice, others stay", list, map[string]engine.PoolState{
			"quota:a:today": {Dry: true}, "quota:a:tomorrow": {Free: 2}, "ten": {Free: 2},
		})
		s.same("nor of a pool that nobody had", s.pool(0, day("quota:b:today", 0)), engine.PoolState{Dry: true})
	},
	"grants no more than a block holds": func(t *testing.T, s *suite) {
		fence, err := s.Claim(s.ctx, 0)
		s.must(err)
		s.reserve(0, 100, 2)
		take := func(n int) error {
			return s.Commit(s.ctx, 0, fence, 0, &engine.Changes{
				Members: []*engine.Member{{ID: fmt.Sprint("m", n)}},
				Taken:   map[string]int{"ten": n},
			})
		}
		if err := take(3); !errors.Is(err, store.ErrStale) {
			t.Fatalf("took 3 of 2: %v", err)
		}
		s.same("nothing stored", s.states([]string{"m3"}, nil)["m3"].Member, (*engine.Member)(nil))
		s.must(take(2))
		s.same("left", s.pool(0, engine.Ask{Pool: "ten", Most: 100}).Free, 0)
	},
	"obeys a lowered budget at once": func(t *testing.T, s *suite) {
		pools := func(lane, budget int) engine.PoolState { return s.pool(lane, engine.Ask{Pool: "ten", Most: budget}) }
		fence, err := s.Claim(s.ctx, 0)
		s.must(err)
		take := func(n int) error {
			return s.Commit(s.ctx, 0, fence, 0, &engine.Changes{
				Members: []*engine.Member{{ID: "m"}},
				Taken:   map[string]int{"ten": n},
			})
		}
		s.reserve(0, 1000, 200)
		s.reserve(1, 1000, 150)
		s.must(take(20)) // 20 issued; 180 and 150 in blocks
		s.same("with the same budget", pools(0, 1000), engine.PoolState{Free: 180})
		s.same("the largest blocks are cut", pools(0, 185), engine.PoolState{Free: 15})
		s.same("not the others", pools(1, 185), engine.PoolState{Free: 150})
		if err := take(16); !errors.Is(err, store.ErrStale) {
			t.Fatalf("a batch took what was taken back: %v", err)
		}
		s.same("what is left is had to the last", s.reserve(0, 185, 1000), engine.PoolState{Free: 165, Dry: true})
		s.same("below what was issued", pools(0, 10), engine.PoolState{Dry: true})
		s.same("and reserved", s.reserve(1, 10, 5), engine.PoolState{Dry: true})
		s.same("raised again, counted by what was issued", s.reserve(1, 30, 100), engine.PoolState{Free: 10, Dry: true})
	},
	"a budget counts what was issued without one": func(t *testing.T, s *suite) {
		fence, err := s.Claim(s.ctx, 0)
		s.must(err)
		coupon := func(code string) engine.Coupon { return engine.Coupon{Code: code, Pool: "ten", Member: "m", Run: "r"} }
		s.must(s.Commit(s.ctx, 0, fence, 0, &engine.Changes{Coupons: []engine.Coupon{coupon("a"), coupon("b"), coupon("c")}}))
		s.same("left", s.reserve(0, 5, 10), engine.PoolState{Free: 2, Dry: true})
		s.must(s.Commit(s.ctx, 0, fence, 0, &engine.Changes{
			Coupons: []engine.Coupon{coupon("d")},
			Taken:   map[string]int{"ten": 1},
		}))
		s.same("raised", s.reserve(0, 7, 10), engine.PoolState{Free: 3, Dry: true})
	},
}
