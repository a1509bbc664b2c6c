package sqlite

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store/sqlite/inbox"
	"github.com/usher-run/usher/engine/store/sqlite/trail"
)

// The lists of one member find by an index what they show, in the order in which they show it: nothing
// is read to be passed over or sorted.
func TestListsOfAMemberReadWhatTheyShow(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "usher.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, sql := range map[string]string{
		"runs": string(trail.OfRuns), "coupons": string(trail.OfCoupons), "decisions": string(trail.OfDecisions),
		"timeline": string(trail.OfAny),
		"events":   inbox.EventsBefore, "names of events": inbox.NextName,
	} {
		var plan []string
		err := s.(*db).read(t.Context(), func(c *conn) error {
			args := make([]any, strings.Count(sql, "?"))
			if strings.Contains(sql, "?4") {
				args = args[:4]
			}
			return c.query("EXPLAIN QUERY PLAN "+sql, args, func(r row) error {
				plan = append(plan, r.str(3))
				return nil
			})
		})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(plan) == 0 {
			t.Errorf("%s: no plan", name)
		}
		for _, step := range plan {
			if strings.HasPrefix(step, "SCAN") || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s: %s", name, strings.Join(plan, "; "))
				break
			}
		}
	}
}

// Events of several names are read no further than they may be on the page.
func TestEventsOfAMemberAreReadByName(t *testing.T) {
	ctx := t.Context()
	s, err := Open(ctx, filepath.Join(t.TempDir(), "usher.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	at := time.Now().UTC().Truncate(time.Millisecond).Add(-time.Hour)
	var inputs []engine.Input
	var want []string
	for i := range 600 {
		id := fmt.Sprint("e", i)
		inputs = append(inputs, engine.Input{
			Kind: engine.InputEvent, ID: id, Member: "m", Name: fmt.Sprint("n", i*i%7%5),
			Time: at.Add(time.Duration(i/3) * time.Millisecond),
		})
		want = append(want, id)
	}
	slices.Reverse(want)
	if _, err := s.Accept(ctx, inputs); err != nil {
		t.Fatal(err)
	}
	lane := s.Lanes().OfMember("m")
	fence, err := s.Claim(ctx, lane)
	if err == nil {
		err = s.Commit(ctx, lane, fence, inputs[len(inputs)-1].Seq, &engine.Changes{})
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{1, 7, 50, 1000} {
		var got []string
		for cursor := ""; ; {
			page, next, err := s.MemberEvents(ctx, "m", cursor, limit)
			if err != nil {
				t.Fatal(err)
			}
			for i := range page {
				got = append(got, page[i].ID)
			}
			if cursor = next; cursor == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d: %d events, %.40q", limit, len(got), got)
		}
	}
}

// What is asked for each batch reads what it is about, however much the inbox holds and whoever is held.
func TestHoldingReadsWhatItIsAbout(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "usher.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	for sql, want := range map[string]string{
		keepInputs: "PRIMARY KEY (lane=? AND seq>? AND seq<?)",
		heldAmong:  "SEARCH s USING COVERING INDEX subjects_id (id=? AND kind=?); SEARCH h USING INTEGER PRIMARY KEY (rowid=?)",
	} {
		var plan []string
		err = s.(*db).read(t.Context(), func(c *conn) error {
			return c.query("EXPLAIN QUERY PLAN "+sql, make([]any, strings.Count(sql, "?")), func(r row) error {
				plan = append(plan, r.str(3))
				return nil
			})
		})
		if got := strings.Join(plan, "; "); err != nil || !strings.Contains(got, want) {
			t.Errorf("%s: %s, %v", sql, got, err)
		}
	}
}
