package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/clock/clocktest"
	"github.com/usher-run/usher/engine/store"
)

// mends returns the statements by which docs/operations.md mends a row of a member.
func mends(t *testing.T) []string {
	t.Helper()
	page, err := os.ReadFile("../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "A row is mended")
	blocks := strings.Split(rest, "```sql\n")
	if !found || len(blocks) < 3 {
		t.Fatal("the page does not say how a row is mended")
	}
	var list []string
	for _, b := range blocks[1:3] {
		statements, _, _ := strings.Cut(b, "```")
		list = append(list, statements)
	}
	return list
}

// run runs statements on the file as an operator does, in the file's folder.
func run(t *testing.T, path, statements string) {
	t.Helper()
	pool, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pool.Close() }()
	pool.SetMaxOpenConns(1)
	if _, err := pool.Exec(statements); err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
}

// A member whose row is damaged is mended as the page says: from a backup, or to begin anew.
func TestRowIsMendedAsDocumented(t *testing.T) {
	fromBackup, anew := mends(t)[0], mends(t)[1]
	dir := t.TempDir()
	path, backup := filepath.Join(dir, "usher.db"), filepath.Join(dir, "backup.db")
	points := func() (int, error) {
		t.Helper()
		s := open(t, path)
		defer func() { _ = s.Close() }()
		m, err := s.Member(t.Context(), "m1")
		if err != nil {
			return 0, err
		}
		return m.Points, nil
	}
	s := open(t, path)
	fence, err := s.Claim(t.Context(), 0)
	if err == nil {
		err = s.Commit(t.Context(), 0, fence, 0, &engine.Changes{Members: []*engine.Member{{ID: "m1", Points: 7}}})
	}
	if err = errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	run(t, path, "VACUUM INTO '"+backup+"'")
	run(t, path, "UPDATE subjects SET state = 'torn' WHERE id = 'm1'")
	if _, err := points(); !errors.Is(err, store.ErrDamaged) {
		t.Fatalf("damaged: %v", err)
	}
	run(t, path, strings.Replace(fromBackup, "'backup.db'", "'"+backup+"'", 1))
	if n, err := points(); n != 7 || err != nil {
		t.Errorf("from a backup: %d points, %v", n, err)
	}
	run(t, path, "UPDATE subjects SET state = 'torn' WHERE id = 'm1'")
	run(t, path, anew)
	if _, err := points(); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("anew: %v", err)
	}
}

// A member of whom something cannot be read is looked at less and less often, and there first.
func TestHeldMembersAreLookedAtLessOften(t *testing.T) {
	machine := &clocktest.Machine{}
	path := filepath.Join(t.TempDir(), "usher.db")
	s := open(t, path, WithClock(machine.Clock()))
	defer func() { _ = s.Close() }()
	var in []engine.Input
	for i := range 3 {
		in = append(in, engine.Input{
			Kind: engine.InputEvent, ID: fmt.Sprint("e", i), Member: "m", Name: "x", Time: time.Unix(int64(i), 0),
		})
	}
	_, err := s.Accept(t.Context(), in)
	fence := int64(0)
	if err == nil {
		fence, err = s.Claim(t.Context(), 0)
	}
	if err == nil {
		err = s.Commit(t.Context(), 0, fence, in[2].Seq, &engine.Changes{Held: nil})
	}
	if err == nil {
		err = s.Commit(t.Context(), 0, fence, in[2].Seq, &engine.Changes{Held: []engine.Held{{Member: "m", Error: "broken"}}})
	}
	if err != nil {
		t.Fatal(err)
	}
	damage := func(id string) { run(t, path, "UPDATE inbox SET data = x'7b' WHERE id = '"+id+"'") }
	goesOn := func() bool {
		t.Helper()
		released, err := s.Release(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(released) == 1
	}
	damage("e2")
	if goesOn() {
		t.Fatal("the member goes on, of whom an event cannot be read")
	}
	damage("e0")
	for event, id := range map[int64]string{0: "e0", in[2].Seq: "e2"} {
		why, which, err := s.(*db).unreadable(t.Context(), "m", event)
		if err != nil || !strings.Contains(why, id) || (id == "e2") != (which == in[2].Seq) {
			t.Errorf("from %d on: %q, %d, %v", event, why, which, err)
		}
	}
	if event, due := s.(*db).looks.Due("m", machine.Clock().Now().Add(time.Hour)); event != in[2].Seq || !due {
		t.Errorf("looks at %d first, %v", event, due)
	}
	waited := []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute}
	for _, wait := range waited {
		machine.Pass(wait - time.Second)
		_, due := s.(*db).looks.Due("m", s.(*db).clock.Now())
		machine.Pass(2 * time.Second)
		if _, then := s.(*db).looks.Due("m", s.(*db).clock.Now()); due || !then {
			t.Errorf("looked at before %v have passed: %v, after it: %v", wait, due, then)
		}
		if goesOn() {
			t.Fatal("the member goes on, of whom an event cannot be read")
		}
	}
	run(t, path, "UPDATE inbox SET data = NULL WHERE member = 'm'")
	if goesOn() {
		t.Error("the member is looked at at once again")
	}
	list, _, err := s.Failures(t.Context(), store.FailureFilter{Limit: 5})
	if err == nil && len(list) == 1 {
		_, err = s.Retry(t.Context(), list[0].N, time.Now())
	}
	if held, e := s.Held(t.Context()); err != nil || e != nil || len(held) > 0 {
		t.Errorf("retried by hand: %v, %v, %v; failures %v", held, err, e, list)
	}
}
