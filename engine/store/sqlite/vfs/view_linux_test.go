//go:build amd64 || arm64 || loong64 || ppc64le || riscv64 || s390x

package vfs

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"modernc.org/libc"
)

// reads counts the calls of the system that read.
var reads struct {
	read  uintptr // the call
	calls int
}

func countRead(tls *libc.TLS, fd int32, p uintptr, n libc.Tsize_t, off int64) libc.Tssize_t {
	reads.calls++
	type call = func(_ *libc.TLS, fd int32, p uintptr, n libc.Tsize_t, off int64) libc.Tssize_t
	return function[call](reads.read)(tls, fd, p, n, off)
}

// TestPagesAreReadWithoutCalls: of the database and of its log, as they grow.
func TestPagesAreReadWithoutCalls(t *testing.T) {
	reads.read = replace(t, "pread", pointer(countRead))
	calls := map[string]int{}
	for _, layer := range []string{"", layered} {
		conns := connect(t, filepath.Join(t.TempDir(), "db"), layer, 2)
		execute(t, conns[0], "CREATE TABLE t (i INTEGER PRIMARY KEY, v TEXT)")
		for round := range 4 {
			execute(t, conns[0], fillRows(1000*round, 1000*round+99))
			if round == 1 {
				execute(t, conns[0], "PRAGMA wal_checkpoint(PASSIVE)")
			}
			before, sum := reads.calls, 0
			if err := conns[1].QueryRowContext(context.Background(), "SELECT sum(length(v)) FROM t").Scan(&sum); err != nil {
				t.Fatal(err)
			}
			calls[layer] += reads.calls - before
			if least := 60_000 * (round + 1); sum < least {
				t.Errorf("%d bytes, want %d and more", sum, least)
			}
		}
	}
	if calls[layered] != 0 || calls[""] < 50 {
		t.Errorf("calls: %v", calls)
	}
}

// TestCutFileIsAnError: what is behind the end of a file that was cut is no memory, and the process
// goes on.
func TestCutFileIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	conns := connect(t, path, layered, 2)
	execute(t, conns[0], "CREATE TABLE t (i INTEGER PRIMARY KEY, v TEXT)")
	execute(t, conns[0], fillRows(1, 200))
	execute(t, conns[0], "PRAGMA wal_checkpoint(TRUNCATE)")
	count := func() (n int, err error) {
		err = conns[1].QueryRowContext(context.Background(), "SELECT count(*) FROM t WHERE v > ''").Scan(&n)
		return n, err
	}
	if n, err := count(); n != 200 || err != nil {
		t.Fatal(n, err)
	}
	if err := os.Truncate(path, 3*4096); err != nil {
		t.Fatal(err)
	}
	if n, err := count(); err == nil {
		t.Errorf("%d rows were read of a file that was cut", n)
	}
}

// TestViewEndsWithItsUsers: the addresses of a file are given back.
func TestViewEndsWithItsUsers(t *testing.T) {
	before := len(views)
	t.Run("open", func(t *testing.T) {
		conns := connect(t, filepath.Join(t.TempDir(), "db"), layered, 3)
		execute(t, conns[0], "CREATE TABLE t (i INTEGER PRIMARY KEY, v TEXT)")
		execute(t, conns[1], "INSERT INTO t VALUES (1, 'x')")
		if n := len(views) - before; n != 2 {
			t.Errorf("%d views of a database and its log", n)
		}
	})
	if n := len(views) - before; n != 0 {
		t.Errorf("%d views are left", n)
	}
}
