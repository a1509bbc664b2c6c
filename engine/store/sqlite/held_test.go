package sqlite

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usher-run/usher/engine"
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
