package sim_test

import (
	"testing"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/strictjson"
)

// Ids are the same when all their bytes are: neither case, nor space, nor the way in which Unicode
// writes a letter is evened out.
func TestWhatCountsAsTheSame(t *testing.T) {
	ids := []string{"m1", "M1", " m1", "m1 ", "\uff4d1", "caf\u00e9", "cafe\u0301", "01", "1"}
	w := newWorld(t, monday)
	seen := map[*engine.Member]bool{}
	for i, id := range ids {
		if rej := strictjson.MemberID(id); rej != nil {
			t.Errorf("%q: %v", id, rej)
		}
		in := ordered(id, monday, monday, float64(i), true)
		in.Member = id
		if err := w.Input(in); err != nil {
			t.Fatal(err)
		}
		if w.member.ID != id || seen[w.member] {
			t.Errorf("%q is %q", id, w.member.ID)
		}
		seen[w.member] = true
	}
	for _, id := range []string{"", "  ", "\u3000", "a\nb", "a\x00", "a\xff"} {
		if strictjson.MemberID(id) == nil {
			t.Errorf("%q is an id", id)
		}
	}
}
