package sqlite

import (
	"context"
	"path/filepath"
	"testing"
)

// An id whose place another id has is taken at the next one, once.
func TestIDsWhoseHashesAreOne(t *testing.T) {
	for _, options := range [][]Option{nil, {WithJournal()}} {
		s := open(t, filepath.Join(t.TempDir(), "usher.db"), options...)
		if take(t, s, "a")[0] {
			t.Error("a is known before it came")
		}
		owed(t, s) // all is in the inbox
		err := s.(*db).write(context.Background(), 1, func(t *tx) error {
			_, err := t.exec("UPDATE inbox SET id = 'another' WHERE id = 'a'")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []bool{false, true, true} {
			if got := take(t, s, "a")[0]; got != want {
				t.Errorf("the %dth time: known is %v", i+1, got)
			}
			owed(t, s)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
