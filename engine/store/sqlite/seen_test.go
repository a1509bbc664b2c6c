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

// Who only commits leaves little to bring to the subjects to whoever opens the database next.
func TestWhoOnlyCommitsLeavesLittleToBring(t *testing.T) {
	ctx := context.Background()
	s := open(t, filepath.Join(t.TempDir(), "usher.db"))
	defer s.Close()
	const batches, each = 80, 500
	fences := make([]int64, len(s.Lanes()))
	for lane := range fences {
		var err error
		if fences[lane], err = s.Claim(ctx, lane); err != nil {
			t.Fatal(err)
		}
	}
	for b := range batches {
		in := make([]engine.Input, each)
		for i := range in {
			id := fmt.Sprint("m", b*each+i)
			in[i] = engine.Input{Kind: engine.InputEvent, ID: id, Member: id, Name: "x"}
		}
		if _, err := s.Accept(ctx, in); err != nil {
			t.Fatal(err)
		}
		marks, changes := make([]int64, len(fences)), make([]engine.Changes, len(fences))
		for _, in := range in {
			lane := s.Lanes().OfMember(in.Member)
			marks[lane] = in.Seq
			changes[lane].Members = append(changes[lane].Members, &engine.Member{ID: in.Member, LastSeenAt: in.At})
		}
		for lane, fence := range fences {
			if err := s.Commit(ctx, lane, fence, marks[lane], &changes[lane]); err != nil {
				t.Fatal(err)
			}
		}
	}
	var from, to int64
	err := s.(*db).read(ctx, func(c *conn) (err error) {
		from, to, err = seenView{c}.Bounds(0)
		return err
	})
	if err != nil || to != batches*each || to-from > 28_000 {
		t.Errorf("when members were last seen is known up to %d of %d events, %v", from, to, err)
	}
}
