package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/usher-run/usher/engine/records"
)

// A mark is stored once, however often it is put, and by the next transaction when one was undone.
func TestMarksAreStoredOnce(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "usher.db")).(*db)
	defer s.Close()
	ctx := context.Background()
	marks := map[records.Mark]bool{{Playbook: "p", What: "entered", Block: 7}: true}
	undone := errors.New("undone")
	for i, want := range []error{undone, nil, nil, undone, nil} {
		wrote := 0
		err := s.write(ctx, 1, func(t *tx) error {
			if err := t.putMarks(marks); err != nil {
				return err
			}
			wrote = len(t.marks)
			return want
		})
		if !errors.Is(err, want) {
			t.Fatalf("transaction %d: %v", i, err)
		}
		stored, rows := 0, 0
		if i > 0 {
			stored = 1
		}
		if i > 1 && wrote > 0 {
			t.Errorf("transaction %d puts a mark that is stored", i)
		}
		if err := s.read(ctx, func(c *conn) error {
			return c.query("SELECT count(*) FROM marks", nil, func(r row) error {
				rows = int(r.int(0))
				return nil
			})
		}); err != nil || rows != stored {
			t.Errorf("after transaction %d there are %d marks, want %d; %v", i, rows, stored, err)
		}
	}
}
