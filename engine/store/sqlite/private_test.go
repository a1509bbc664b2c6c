//go:build unix

package sqlite

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// openToOthers returns the files of a folder that others than their owner may use.
func openToOthers(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			names = append(names, f.Name()+" "+info.Mode().String())
		}
	}
	return names
}

// TestFilesAreTheirOwners: whatever the umask is, and whatever the files were before.
func TestFilesAreTheirOwners(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	dir := filepath.Join(t.TempDir(), "state")
	path := filepath.Join(dir, "usher.db")
	for round := range 3 {
		s := open(t, path, WithRoom(), WithJournal())
		take(t, s, "a")
		if names := openToOthers(t, dir); len(names) > 0 {
			t.Errorf("round %d: others may use %v", round, names)
		}
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("the folder: %v, %v", info.Mode(), err)
		}
		for _, suffix := range []string{"", "-wal", "-shm", "-inbox"} {
			if !exists(t, path+suffix) {
				t.Errorf("there is no usher.db%s", suffix)
			}
		}
		crash := t.TempDir() // what a crash leaves, of an earlier version
		for _, suffix := range []string{"", "-wal", "-inbox"} {
			copyFile(t, path+suffix, filepath.Join(crash, "usher.db"+suffix))
			if err := os.Chmod(filepath.Join(crash, "usher.db"+suffix), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		again := open(t, filepath.Join(crash, "usher.db"), WithJournal())
		if names := openToOthers(t, crash); len(names) > 0 {
			t.Errorf("round %d, after a crash: others may use %v", round, names)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestForeignFilesAreRefused: with a sentence, and without a change.
func TestForeignFilesAreRefused(t *testing.T) {
	execute := func(path string, statements ...string) {
		pool, err := sql.Open("sqlite", "file:"+path)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		for _, s := range statements {
			if _, err := pool.Exec(s); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		make func(path string)
		want string
	}{
		"a text":       {func(path string) { writeFile(t, path, "my letters\n") }, "not a usher database"},
		"a short file": {func(path string) { writeFile(t, path, "x") }, "not a usher database"},
		"another program's": {
			func(path string) { execute(path, "CREATE TABLE letters (text TEXT)") },
			"tables of another program",
		},
		"a newer usher's": {func(path string) {
			if err := open(t, path).Close(); err != nil {
				t.Fatal(err)
			}
			execute(path, "PRAGMA journal_mode = DELETE",
				"INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
		}, "newer usher: its tables have version 9999"},
		"an older usher's": {func(path string) {
			if err := open(t, path).Close(); err != nil {
				t.Fatal(err)
			}
			execute(path, "PRAGMA journal_mode = DELETE", "UPDATE goose_db_version SET version_id = 12 WHERE version_id > 0")
		}, "older usher: its tables have version 12"},
		"a damaged one": {func(path string) {
			if err := open(t, path).Close(); err != nil {
				t.Fatal(err)
			}
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.WriteAt([]byte(strings.Repeat("damage", 200)), 100); err != nil {
				t.Fatal(err)
			}
		}, "damaged"},
		"a newer journal": {func(path string) {
			if err := open(t, path).Close(); err != nil {
				t.Fatal(err)
			}
			writeFile(t, path+"-inbox", "usher inbox 2\n\x00\x00"+strings.Repeat("x", 1000))
		}, "another version of usher"},
	} {
		path := filepath.Join(t.TempDir(), "usher.db")
		c.make(path)
		before := read(t, path)
		s, err := Open(context.Background(), path, WithJournal())
		if err == nil {
			t.Errorf("%s was opened", name)
			_ = s.Close()
			continue
		}
		if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if name != "a newer journal" && read(t, path) != before {
			t.Errorf("%s was changed", name)
		}
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
