package sqlite

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// When members were last seen is brought to their subjects before there is too much to read of it,
// and is known all the while: also after a restart, and through a handle that has read nothing yet.
func TestLastSeenIsBroughtToTheSubjects(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "usher.db")
	s := open(t, path)
	other := open(t, path, beside)
	const members, each = 4400, 4
	var ids []string
	first := &engine.Changes{}
	for i := range members {
		ids = append(ids, fmt.Sprint("m", i))
		first.Members = append(first.Members, &engine.Member{ID: ids[i]})
	}
	fences := map[int]int64{}
	var want [members]time.Time
	decide := func(c *engine.Changes, inputs []engine.Input) {
		t.Helper()
		marks := map[int]int64{}
		for i := range inputs {
			marks[s.Lanes().OfMember(inputs[i].Member)] = inputs[i].Seq
		}
		for lane := range s.Lanes() {
			var err error
			if fences[lane] == 0 {
				if fences[lane], err = s.Claim(ctx, lane); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Commit(ctx, lane, fences[lane], marks[lane], c); err != nil {
				t.Fatal(err)
			}
		}
	}
	check := func(s store.Store) {
		t.Helper()
		states, err := s.States(ctx, ids, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, id := range ids {
			if got := states[id].Member.LastSeenAt; !got.Equal(want[i]) {
				t.Fatalf("%s was last seen at %v, want %v", id, got, want[i])
			}
		}
	}
	decide(first, nil)
	for round := range each {
		var in []engine.Input
		for i, id := range ids {
			in = append(in, engine.Input{Kind: engine.InputEvent, ID: fmt.Sprint(id, "-", round), Member: id, Name: "x"})
			if i%2 == round%2 {
				in = in[:len(in)-1]
			}
		}
		if _, err := s.Accept(ctx, in); err != nil {
			t.Fatal(err)
		}
		for i := range in {
			var n int
			if _, err := fmt.Sscanf(in[i].Member, "m%d", &n); err != nil {
				t.Fatal(err)
			}
			want[n] = in[i].At
		}
		decide(&engine.Changes{}, in)
		check(s)
		if round == 2 {
			check(other)
		}
	}
	brought := 0
	err := s.(*db).read(ctx, func(c *conn) error {
		return c.query("SELECT count(*) FROM subjects WHERE seen > 0", nil, func(r row) error {
			brought = int(r.int(0))
			return nil
		})
	})
	if err != nil || brought == 0 {
		t.Errorf("%d subjects know when they were last seen, %v", brought, err)
	}
	check(other)
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close()
	check(s)
}
