package sqlite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
	"github.com/usher-run/usher/engine/store/sqlite/wal"
)

// writePages accepts inputs of about 100 pages.
func writePages(t *testing.T, d *db, name string) {
	t.Helper()
	list := make([]engine.Input, 100)
	for i := range list {
		id := fmt.Sprintf("%s-%d", name, i)
		list[i] = engine.Input{
			Kind: engine.InputEvent, ID: id, Member: id, Name: "x",
			Payload: &engine.Payload{Properties: map[string]any{"text": strings.Repeat("很", sqlconn.PageSize/3)}},
		}
	}
	if _, err := d.Accept(context.Background(), list); err != nil {
		t.Fatal(err)
	}
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// The log is copied while it grows, and begins anew: it does not become much longer than where
// copying begins, whatever is written. While a reader needs what is older it only grows.
func TestTheLogBeginsAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	d := open(t, path).(*db)
	defer d.Close()
	const most = 3 * logRoom
	for i := range 800 {
		writePages(t, d, fmt.Sprint("a", i))
	}
	if log, base := sizeOf(t, path+"-wal"), sizeOf(t, path); log > most || base < most {
		t.Fatalf("after 80,000 pages the log has %d bytes, the database %d", log, base)
	}
	held := sizeOf(t, path+"-wal")
	err := d.read(context.Background(), func(c *conn) error {
		return c.query("SELECT seq FROM inbox LIMIT 1", nil, func(row) error {
			for i := range 600 {
				writePages(t, d, fmt.Sprint("b", i))
			}
			held = sizeOf(t, path+"-wal")
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	if held < most {
		t.Errorf("while a reader needed what was older the log had %d bytes", held)
	}
	for i := range 400 {
		writePages(t, d, fmt.Sprint("c", i))
	}
	if log := sizeOf(t, path+"-wal"); log > held {
		t.Errorf("after the reader the log grew from %d to %d bytes", held, log)
	}
}

// No commit pays for copying the log: the writer copies no more than what was written while the
// checkpointer did.
func TestCommitsCopyLittle(t *testing.T) {
	d := open(t, filepath.Join(t.TempDir(), "usher.db")).(*db)
	defer d.Close()
	copies, byWriter := 0, 0
	for i := range 600 {
		before := d.log.Phase()
		writePages(t, d, fmt.Sprint(i))
		if d.log.Phase() == wal.Copied && before != wal.Copied {
			copies++
		}
		if d.log.Phase() == wal.Resumes {
			byWriter++
		}
	}
	if copies < 2 {
		t.Errorf("the log was copied beside the writer %d times in 60,000 pages", copies)
	}
	if byWriter > 20*copies {
		t.Errorf("%d commits copied a rest, for %d copies", byWriter, copies)
	}
}
