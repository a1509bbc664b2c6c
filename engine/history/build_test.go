package history

import (
	"errors"
	"maps"
	"reflect"
	"testing"

	"github.com/usher-run/usher/engine/tree"
)

// Trees over many events are not built by a decision, which says what it lacks. Built beside decisions,
// in parts, they are those that were built in one go; and until the last part is stored, a tree is
// missing.
func TestManyEventsAreAddedUpBesideDecisions(t *testing.T) {
	back, r, x := longBuys(t)
	want := maps.Clone(back.nodes)
	clear(back.nodes)
	clear(back.roots)
	lacks := func() *NotBuilt {
		t.Helper()
		r.History, r.Unavailable = back.take(nil, nil), nil
		if v, err := ask(r, r, x, r.Now); err == nil {
			t.Fatalf("the sum is %v", v)
		}
		var lack *NotBuilt
		if r.Unavailable == nil || !errors.As(r.Unavailable, &lack) || lack.Event != "buy" || len(lack.Missing) != 1 {
			t.Fatalf("it fails with %v", r.Unavailable)
		}
		return lack
	}
	r.Patient = false
	lack := lacks()
	r.History, r.Unavailable = back.take(nil, nil), nil
	parts, most := 0, 0
	err := r.Build("m", "buy", lack.Missing, func(changes []TreeChange) error {
		if parts++; parts > 1 {
			lacksStill := new(Reader)
			*lacksStill = *r
			defer func() { *r = *lacksStill }()
			lacks()
		}
		for _, c := range changes {
			most = max(most, len(c.Nodes))
		}
		back.take(changes, nil)
		return nil
	})
	if err != nil || parts < 2 {
		t.Fatalf("%d parts, %v", parts, err)
	}
	if !reflect.DeepEqual(back.nodes, want) {
		t.Errorf("%d nodes, in one go %d", len(back.nodes), len(want))
	}
	r.History = back.take(nil, nil)
	if v, err := ask(r, r, x, r.Now); v != 5000 || err != nil {
		t.Errorf("the sum is %v, %v", v, err)
	}
}

// What is held at once while trees are built does not grow with the events.
func TestTreesAreHandedOverInParts(t *testing.T) {
	at := int64(0)
	b := tree.Build(nil, 0, 10_000_000)
	given := map[[2]int64]bool{}
	take := func(nodes []tree.Node) {
		for _, n := range nodes {
			place := [2]int64{int64(n.Level), n.Bucket}
			if given[place] {
				t.Errorf("a node is given twice: %v", place)
			}
			given[place] = true
		}
	}
	for range 1_000_000 {
		b.Add(at, nil)
		at += 10
		if b.Waiting() > 100 {
			take(b.Take())
		}
		if b.Waiting() > 101 {
			t.Fatalf("%d nodes are held", b.Waiting())
		}
	}
	take(b.Tree().Changed())
	if len(given) < 2000 {
		t.Errorf("only %d nodes", len(given))
	}
}
