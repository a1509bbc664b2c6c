package storetest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// Blocks are had under the numbers of lanes, of which there may be fewer: only that one commits that
// there is in any case.
var poolCases = map[string]func(*testing.T, *suite){
	"reserves up to the budget, then reclaims, then is dry": func(t *testing.T, s *suite) {
		reserve := func(lane, n int) engine.PoolState {
			st, err := s.Reserve(s.ctx, lane, "ten", 10, n)
			s.must(err)
			return st
		}
		s.same("first", reserve(1, 4), engine.PoolState{Free: 4})
		s.same("second", reserve(2, 4), engine.PoolState{Free: 4})
		s.same("the rest", reserve(1, 4), engine.PoolState{Free: 6})
		s.same("reclaimed from the largest block", reserve(0, 3), engine.PoolState{Free: 3})
		pools, err := s.Pools(s.ctx, 1, map[string]int{"ten": 100, "other": 100})
		s.must(err)
		s.same("what is left of it", pools, map[string]engine.PoolState{"ten": {Free: 3}, "other": {}})
		s.same("all that the others have", reserve(0, 20), engine.PoolState{Free: 10, Dry: true})

		fence, err := s.Claim(s.ctx, 0)
		s.must(err)
		s.must(s.Commit(s.ctx, 0, fence, 0, &engine.Changes{Taken: map[string]int{"ten": 10}}))
		s.same("dry", reserve(1, 1), engine.PoolState{Dry: true})
		raised, err := s.Reserve(s.ctx, 1, "ten", 11, 5)
		s.must(err)
		s.same("with a raised budget", raised, engine.PoolState{Free: 1, Dry: true})
	},
	"grants no more than a block holds": func(t *testing.T, s *suite) {
		fence, err := s.Claim(s.ctx, 0)
		s.must(err)
		_, err = s.Reserve(s.ctx, 0, "ten", 100, 2)
		s.must(err)
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
		pools, err := s.Pools(s.ctx, 0, map[string]int{"ten": 100})
		s.must(err)
		s.same("left", pools["ten"].Free, 0)
	},
	"obeys a lowered budget at once": func(t *testing.T, s *suite) {
		reserve := func(lane, budget, n int) engine.PoolState {
			st, err := s.Reserve(s.ctx, lane, "ten", budget, n)
			s.must(err)
			return st
		}
		pools := func(lane, budget int) engine.PoolState {
			list, err := s.Pools(s.ctx, lane, map[string]int{"ten": budget})
			s.must(err)
			return list["ten"]
		}
		fence, err := s.Claim(s.ctx, 0)
		s.must(err)
		take := func(n int) error {
			return s.Commit(s.ctx, 0, fence, 0, &engine.Changes{
				Members: []*engine.Member{{ID: "m"}},
				Taken:   map[string]int{"ten": n},
			})
		}
		reserve(0, 1000, 200)
		reserve(1, 1000, 150)
		s.must(take(20)) // 20 issued; 180 and 150 in blocks
		s.same("with the same budget", pools(0, 1000), engine.PoolState{Free: 180})
		s.same("the largest blocks are cut", pools(0, 185), engine.PoolState{Free: 15})
		s.same("not the others", pools(1, 185), engine.PoolState{Free: 150})
		if err := take(16); !errors.Is(err, store.ErrStale) {
			t.Fatalf("a batch took what was taken back: %v", err)
		}
		s.same("what is left is had to the last", reserve(0, 185, 1000), engine.PoolState{Free: 165, Dry: true})
		s.same("below what was issued", pools(0, 10), engine.PoolState{})
		s.same("and reserved", reserve(1, 10, 5), engine.PoolState{Dry: true})
		s.same("raised again, counted by what was issued", reserve(1, 30, 100), engine.PoolState{Free: 10, Dry: true})
	},
	"a budget counts what was issued without one": func(t *testing.T, s *suite) {
		fence, err := s.Claim(s.ctx, 0)
		s.must(err)
		coupon := func(code string) engine.Coupon { return engine.Coupon{Code: code, Pool: "ten", Member: "m", Run: "r"} }
		s.must(s.Commit(s.ctx, 0, fence, 0, &engine.Changes{Coupons: []engine.Coupon{coupon("a"), coupon("b"), coupon("c")}}))
		st, err := s.Reserve(s.ctx, 0, "ten", 5, 10)
		s.must(err)
		s.same("left", st, engine.PoolState{Free: 2, Dry: true})
		s.must(s.Commit(s.ctx, 0, fence, 0, &engine.Changes{
			Coupons: []engine.Coupon{coupon("d")},
			Taken:   map[string]int{"ten": 1},
		}))
		st, err = s.Reserve(s.ctx, 0, "ten", 7, 10)
		s.must(err)
		s.same("raised", st, engine.PoolState{Free: 3, Dry: true})
	},
}
