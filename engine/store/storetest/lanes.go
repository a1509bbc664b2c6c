package storetest

import (
	"fmt"
	"testing"

	"github.com/usher-run/usher/engine"
)

var laneCases = map[string]func(*testing.T, *suite){
	"hold every hash once": func(_ *testing.T, s *suite) {
		s.must(s.Lanes().Check())
	},
	"owe what comes for the subjects that they hold": func(_ *testing.T, s *suite) {
		var inputs []engine.Input
		for i := range 20 * len(s.Lanes()) {
			inputs = append(inputs, event(fmt.Sprint("e", i), fmt.Sprint("m", i), "x"))
		}
		s.accept(inputs...)
		for lane, list := 0, s.Lanes(); lane < len(list); lane++ {
			want := []string{}
			for _, in := range inputs {
				if s.laneOf(in.Member) == lane {
					want = append(want, in.ID)
				}
			}
			s.same(fmt.Sprint("lane ", lane), ids(s.pending(lane, len(inputs)).Inputs), want)
			s.same("there are some", len(want) > 0, true)
		}
	},
}
