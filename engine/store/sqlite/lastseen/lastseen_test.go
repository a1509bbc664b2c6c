package lastseen

import (
	"fmt"
	"testing"
)

// stored is a database with so many decided events, each of a member of their own.
type stored struct{ from, to int64 }

func (s *stored) Bounds(int) (from, to int64, err error) { return s.from, s.to, nil }

func (s *stored) Seen(_ int, from, to int64, each func(member string, at, seq int64)) error {
	for seq := from + 1; seq <= to; seq++ {
		each(fmt.Sprint("m", seq), seq, seq)
	}
	return nil
}

// What is known from events alone is brought to the stored rows in parts, each member once, what a
// transaction has failed to write again, and only then the rows know.
func TestBroughtInParts(t *testing.T) {
	db, e, rows := &stored{to: mostUnstored + 100}, New(1), map[string]bool{}
	for call := 1; db.from == 0; call++ {
		if call > 2*mostUnstored/leastPart {
			t.Fatalf("after %d parts %d rows know it, and not all is brought", call, len(rows))
		}
		db.to++ // events go on
		readAll(t, e, db)
		list, to := e.Stored(0, nil, db.to)
		if len(list) > leastPart || list == nil {
			t.Fatalf("%d members at once", len(list))
		}
		if call%3 == 0 {
			continue // it could not be stored
		}
		for id, last := range list {
			if rows[id] || fmt.Sprint("m", last.At) != id {
				t.Errorf("%s is brought again, or with %d", id, last.At)
			}
			rows[id] = true
		}
		e.Brought(0, list, to)
		db.from = to
	}
	for seq := int64(1); seq <= db.from; seq++ {
		if !rows[fmt.Sprint("m", seq)] {
			t.Fatalf("the rows are said to know all up to %d, and m%d does not", db.from, seq)
		}
	}
	if list, _ := e.Stored(0, nil, db.to); list != nil {
		t.Errorf("%d members are brought again", len(list))
	}
	err := e.Of(db, 0, func(l *Lane) {
		if at, later := l.At(fmt.Sprint("m", db.to)); !later || at.At != db.to {
			t.Errorf("the last event is of %d, %v", at, later)
		}
		if _, later := l.At("m1"); later {
			t.Error("what the rows know is still kept")
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What a commit has stored counts once its events are read, and only as far as it knows them.
func TestStoredStatesAreNotBrought(t *testing.T) {
	db, e := &stored{}, New(1)
	for db.to < 3*mostUnstored {
		before := db.to
		db.to += 100
		states := map[string]int64{}
		for seq := before + 1; seq <= db.to; seq++ {
			states[fmt.Sprint("m", seq)] = seq
		}
		if list, _ := e.Stored(0, states, db.to); list != nil {
			t.Fatalf("%d members are to be brought after %d events, and all are stored", len(list), db.to)
		}
		readAll(t, e, db)
	}
	states := map[string]int64{}
	for seq := db.to + 1; seq <= db.to+mostUnstored; seq++ {
		states[fmt.Sprint("m", seq)] = seq - 1 // of the event before
	}
	db.to += mostUnstored
	e.Stored(0, states, db.to)
	readAll(t, e, db)
	if list, _ := e.Stored(0, nil, db.to); list == nil {
		t.Error("the states know less than the events, and nothing is brought")
	}
}

func readAll(t *testing.T, e *Events, db *stored) {
	t.Helper()
	if err := e.Of(db, 0, func(*Lane) {}); err != nil {
		t.Fatal(err)
	}
}

// However many members a commit brings, what is known from events alone does not grow for ever.
func TestPartsKeepUp(t *testing.T) {
	db, e := &stored{}, New(1)
	const each, commits = 1000, 1000
	for range commits {
		db.to += each
		readAll(t, e, db)
		if list, to := e.Stored(0, nil, db.to); list != nil {
			e.Brought(0, list, to)
			db.from = max(db.from, to)
		}
		if behind := db.to - db.from; behind > 4*parts*each {
			t.Fatalf("the rows are %d events behind", behind)
		}
	}
}

// However many members are behind, one transaction brings few of them.
func TestPartsAreBounded(t *testing.T) {
	db, e := &stored{to: 1_000_000}, New(1)
	readAll(t, e, db)
	if list, _ := e.Stored(0, nil, db.to); len(list) == 0 || len(list) > mostPart {
		t.Errorf("%d members at once", len(list))
	}
}
