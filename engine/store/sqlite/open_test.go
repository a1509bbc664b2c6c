package sqlite

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// holder is the environment variable that makes the test binary open a database and wait.
const holder = "USHER_TEST_HOLD"

// TestHolder is no test: it is the other process.
func TestHolder(t *testing.T) {
	path := os.Getenv(holder)
	if path == "" {
		return
	}
	open(t, path)
	_, _ = os.Stdout.WriteString("held\n")
	select {}
}

// holdElsewhere lets another process have the database, and returns what kills it.
func holdElsewhere(t *testing.T, path string) (kill func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestHolder$")
	cmd.Env = append(os.Environ(), holder+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed, as it says
	}
	t.Cleanup(kill)
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "held\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	return kill
}

// names returns other ways to write the path of a database.
func names(t *testing.T, path string) map[string]string {
	t.Helper()
	list := map[string]string{"its own name": path, "the same in other words": filepath.Dir(path) + "/./usher.db"}
	for name, link := range map[string]func(string, string) error{"a hard link": os.Link, "a symbolic link": os.Symlink} {
		at := filepath.Join(t.TempDir(), "other.db")
		if err := link(path, at); err != nil {
			t.Fatal(err)
		}
		list[name] = at
	}
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if list["a relative path"], err = filepath.Rel(wd, path); err != nil {
		t.Fatal(err)
	}
	return list
}

// A database has one owner, by whatever name another comes, with a journal or without.
func TestOneOwner(t *testing.T) {
	for who, own := range map[string]func(*testing.T, string) (end func()){
		"another process": holdElsewhere,
		"this process": func(t *testing.T, path string) func() {
			s := open(t, path, WithJournal())
			return func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		},
	} {
		t.Run(who, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "usher.db")
			end := own(t, path)
			for name, path := range names(t, path) {
				for _, options := range [][]Option{nil, {WithJournal()}} {
					if s, err := Open(context.Background(), path, options...); !errors.Is(err, ErrHeld) {
						t.Errorf("opened by %s: %v", name, err)
						if err == nil {
							_ = s.Close()
						}
					}
				}
			}
			end()
			if err := open(t, path).Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Where files cannot be locked a database can be used, and it is said that nothing keeps others
// away.
func TestFilesThatCannotBeLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	var told error
	unlockable := func(d *db) {
		d.lock = func(*os.File) (bool, error) { return false, errors.ErrUnsupported }
	}
	s := open(t, path, unlockable, WithJournal(), WithoutLock(func(err error) { told = err }))
	defer s.Close()
	if told == nil || !strings.Contains(told.Error(), "cannot lock files") {
		t.Errorf("told %v", told)
	}
	if accept(t, s, "a"); exists(t, path+"-inbox") {
		t.Error("there is a journal, which another process would not see")
	}
	if _, err := Open(context.Background(), path, unlockable); !errors.Is(err, ErrHeld) {
		t.Errorf("opened twice in one process: %v", err)
	}
}

// Who reads beside usher is let in, and takes nothing away when they go.
func TestReadersBesideTheOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	s := open(t, path)
	defer s.Close()
	dsn, err := sqlconn.DSN(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := dial(dsn + sqlconn.ReadingOnly)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.one("SELECT at FROM clock", nil, func(row) error { return nil }); err != nil {
		t.Error(err)
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
	if _, err := Open(context.Background(), path); !errors.Is(err, ErrHeld) {
		t.Errorf("opened: %v", err)
	}
}
