//go:build linux

package vfs

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"modernc.org/libc"
	_ "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
	"pgregory.net/rapid"
)

// open returns connections to a database with a cache of a few pages, with the layer or without.
func connect(t *testing.T, path, layer string, n int) []*sql.Conn {
	t.Helper()
	if err := Register(); err != nil {
		t.Fatal(err)
	}
	dsn := "file:" + path + "?_pragma=synchronous(OFF)&_pragma=journal_mode(WAL)" +
		"&_pragma=wal_autocheckpoint(0)&_pragma=cache_size(12)" + layer
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	conns := make([]*sql.Conn, n)
	for i := range conns {
		if conns[i], err = pool.Conn(context.Background()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conns[i].Close() })
	}
	return conns
}

const layered = "&vfs=" + Name

// fillRows returns a statement that inserts rows of 600 bytes and more.
func fillRows(from, to int) string {
	return fmt.Sprintf(`WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		INSERT INTO t SELECT i, hex(zeroblob(300)) || i FROM n`, from, to)
}

// steps are what is done on two connections. Rows are larger than the cache, so that frames are
// written before their commit, and written again.
func steps() []struct {
	on  int
	sql string
} {
	return []struct {
		on  int
		sql string
	}{
		{0, "CREATE TABLE t (i INTEGER PRIMARY KEY, v TEXT)"},
		{0, fillRows(1, 3)},
		{0, fillRows(4, 200)},
		{1, "UPDATE t SET v = 'one' WHERE i = 7"},
		{0, "BEGIN"},
		{0, fillRows(201, 300)},
		{0, "UPDATE t SET v = v || 'x'"},
		{0, "COMMIT"},
		{0, "BEGIN"},
		{0, fillRows(301, 400)},
		{0, "ROLLBACK"},
		{1, fillRows(301, 330)}, // in the place of frames that the other has held
		{0, fillRows(401, 402)},
		{0, "BEGIN"},
		{0, fillRows(501, 560)},
		{0, "SAVEPOINT s"},
		{0, "UPDATE t SET v = v || 'y'"},
		{0, "ROLLBACK TO s"},
		{0, "SELECT sum(length(v)) FROM t"},
		{0, "DELETE FROM t WHERE i % 3 = 0"},
		{0, "COMMIT"},
		{1, "PRAGMA wal_checkpoint(PASSIVE)"},
		{0, fillRows(601, 603)}, // the log begins anew
		{1, "UPDATE t SET v = 'two' WHERE i = 8"},
		{0, "PRAGMA wal_checkpoint(TRUNCATE)"},
		{1, fillRows(701, 800)},
		{0, "PRAGMA wal_checkpoint(TRUNCATE)"},
		{0, "BEGIN"},
		{0, fillRows(801, 900)},
		{0, "ROLLBACK"}, // of frames that nobody has read, some are held
		{1, fillRows(801, 830)},
		{0, "UPDATE t SET v = 'three' WHERE i = 10"},
	}
}

// seed makes SQLite's dice, which the head of a log depends on, the same again.
func seed(n int) {
	tls := libc.NewTLS()
	defer tls.Close()
	args := libc.Xmalloc(tls, 16)
	defer libc.Xfree(tls, args)
	sqlite3.Xsqlite3_test_control(tls, sqlite3.SQLITE_TESTCTRL_PRNG_SEED, libc.VaList(args, int32(n+1), uintptr(0)))
}

// committed returns the log up to its last commit, as it is read after a crash.
func committed(t *testing.T, path string) string {
	t.Helper()
	log, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(log) < logHeader {
		return ""
	}
	var order binary.ByteOrder = binary.LittleEndian
	if binary.BigEndian.Uint32(log)&1 == 1 {
		order = binary.BigEndian
	}
	var a, b uint32
	sum := func(p []byte) {
		for ; len(p) >= 8; p = p[8:] {
			a += order.Uint32(p) + b
			b += order.Uint32(p[4:]) + a
		}
	}
	matches := func(p []byte) bool { return binary.BigEndian.Uint32(p) == a && binary.BigEndian.Uint32(p[4:]) == b }
	sum(log[:24])
	if !matches(log[24:]) {
		t.Fatal("the head of the log is damaged")
	}
	page, end := int(binary.BigEndian.Uint32(log[8:])), 0
	for at := logHeader; at+frameHeader+page <= len(log); at += frameHeader + page {
		f := log[at:]
		sum(f[:8])
		sum(f[frameHeader : frameHeader+page])
		if string(f[8:16]) != string(log[16:24]) || !matches(f[16:]) {
			break
		}
		if binary.BigEndian.Uint32(f[4:]) > 0 {
			end = at + frameHeader + page
		}
	}
	return string(log[:end])
}

// TestSameLog: after each commit the log on the disk is the one that SQLite writes by itself.
func TestSameLog(t *testing.T) {
	logs := map[string][]string{}
	for _, layer := range []string{"", layered} {
		t.Run("with "+layer, func(t *testing.T) { // its connections are closed when it ends: they share their caches
			path := filepath.Join(t.TempDir(), "db")
			conns, isOpen := connect(t, path, layer, 2), false
			for i, s := range steps() {
				seed(i)
				execute(t, conns[s.on], s.sql)
				isOpen = s.sql == "BEGIN" || isOpen && s.sql != "COMMIT" && s.sql != "ROLLBACK"
				if !isOpen {
					logs[layer] = append(logs[layer], committed(t, path+"-wal"))
				}
			}
		})
	}
	if len(logs[""]) < 10 || len(logs[""]) != len(logs[layered]) {
		t.Fatalf("%d and %d logs", len(logs[""]), len(logs[layered]))
	}
	for i, plain := range logs[""] {
		if layer := logs[layered][i]; plain != layer {
			t.Errorf("after commit %d the log has %d bytes that are committed, want %d, the same", i, len(layer), len(plain))
		}
	}
}

// disk stands between SQLite and the call of the system that writes to logs.
var disk struct {
	write    uintptr       // the call
	calls    int           // to logs
	failing  int           // the call that fails, from 1 on; 0: none does
	errno    syscall.Errno // it fails with
	isBroken bool          // it writes a half, and fails when it is called for the rest
}

func writeToDisk(tls *libc.TLS, fd int32, p uintptr, n libc.Tsize_t, off int64) libc.Tssize_t {
	if path, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd)); err == nil && strings.HasSuffix(path, "-wal") {
		disk.calls++
		switch {
		case disk.calls != disk.failing:
		case disk.isBroken:
			disk.isBroken = false
			disk.failing++
			n /= 2
		default:
			*at[int32](libc.X__errno_location(tls)) = int32(disk.errno)
			return -1
		}
	}
	type call = func(_ *libc.TLS, fd int32, p uintptr, n libc.Tsize_t, off int64) libc.Tssize_t
	return function[call](disk.write)(tls, fd, p, n, off)
}

// onDisk lets SQLite write through the disk until the test ends.
func onDisk(t *testing.T) {
	t.Helper()
	disk.write = replace(t, "pwrite", pointer(writeToDisk))
}

// replace puts a call of the system in the place of one that SQLite makes, until the test ends, and
// returns that one.
func replace(t *testing.T, call string, with uintptr) uintptr {
	t.Helper()
	if err := Register(); err != nil {
		t.Fatal(err)
	}
	tls := libc.NewTLS()
	below := uintptr(unsafe.Pointer(base))
	name, err := libc.CString(call)
	if err != nil {
		t.Fatal(err)
	}
	set := function[func(_ *libc.TLS, vfs, name, call uintptr) int32](base.FxSetSystemCall)
	before := function[func(_ *libc.TLS, vfs, name uintptr) uintptr](base.FxGetSystemCall)(tls, below, name)
	if before == 0 || set(tls, below, name, with) != sqlite3.SQLITE_OK {
		t.Fatalf("SQLite does not call %s", call)
	}
	t.Cleanup(func() {
		set(tls, below, name, 0)
		libc.Xfree(tls, name)
		tls.Close()
	})
	return before
}

// TestOneCallACommit: a commit of many pages takes one call of the system, where SQLite makes two for
// each page.
func TestOneCallACommit(t *testing.T) {
	onDisk(t)
	calls := map[string]int{}
	for _, layer := range []string{"", layered} {
		c := connect(t, filepath.Join(t.TempDir(), "db"), layer, 1)[0]
		execute(t, c, "CREATE TABLE t (i INTEGER PRIMARY KEY, v TEXT)")
		before := disk.calls
		execute(t, c, fillRows(1, 20)) // fewer pages than the cache holds
		calls[layer] = disk.calls - before
	}
	if calls[layered] != 1 || calls[""] < 10 {
		t.Errorf("calls: %v", calls)
	}
}

// TestWritesFail: whichever write of a log fails, and however, it is told by the commit that needed
// it. What was committed is there, live and after a crash, and nothing else.
func TestWritesFail(t *testing.T) {
	onDisk(t)
	for name, fault := range map[string]struct {
		errno    syscall.Errno
		isBroken bool
		want     string
	}{
		"full disk":    {syscall.ENOSPC, false, "full"},
		"half of it":   {syscall.ENOSPC, true, "full"},
		"broken disk":  {syscall.EIO, false, "I/O"},
		"half of that": {syscall.EIO, true, "I/O"},
	} {
		failed := 0
		for at := 1; failed == at-1; at++ {
			disk.errno, disk.isBroken = fault.errno, fault.isBroken
			t.Run(fmt.Sprintf("%s, %d", name, at), func(t *testing.T) {
				for _, err := range failAt(t, at) {
					failed++
					if !strings.Contains(err.Error(), fault.want) {
						t.Errorf("told as %v", err)
					}
				}
			})
		}
		if failed < 8 {
			t.Errorf("%s: %d writes were seen to fail", name, failed)
		}
	}
}

// failAt commits transactions, small ones and ones larger than the cache, of which a write fails, and
// checks what is there then. It returns how the transactions failed.
func failAt(t *testing.T, call int) (errs []error) {
	t.Helper()
	const transactions = 6
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "db")
	conns := connect(t, path, layered, 2)
	execute(t, conns[0], "CREATE TABLE t (i INTEGER PRIMARY KEY, v TEXT)")
	disk.calls, disk.failing = 0, call
	want := map[int]bool{}
	for n := range transactions {
		rows, c := 1, conns[n/2%2]
		if n%3 == 2 {
			rows = 40
		}
		for _, sql := range []string{"BEGIN IMMEDIATE", fillRows(100*n, 100*n+rows-1), "UPDATE t SET v = v || 'x'", "COMMIT"} {
			if _, err := c.ExecContext(ctx, sql); err != nil {
				errs = append(errs, err)
				_, _ = c.ExecContext(ctx, "ROLLBACK") // SQLite may have done it
				rows = 0
				break
			}
		}
		for i := range rows {
			want[100*n+i] = true
		}
	}
	disk.failing = 0
	crash := filepath.Join(t.TempDir(), "db")
	crashed(t, path, crash)
	for _, c := range []*sql.Conn{conns[0], conns[1], connect(t, crash, "", 1)[0]} {
		var whole string
		if err := c.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&whole); err != nil || whole != "ok" {
			t.Fatalf("the write %d failed, and the database is damaged: %s, %v", call, whole, err)
		}
		rows, err := c.QueryContext(ctx, "SELECT i FROM t")
		if err != nil {
			t.Fatal(err)
		}
		got := map[int]bool{}
		for rows.Next() {
			var i int
			if err := rows.Scan(&i); err != nil {
				t.Fatal(err)
			}
			got[i] = true
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(got, want) {
			t.Fatalf("the write %d failed, and there are %d rows, want %d", call, len(got), len(want))
		}
	}
	return errs
}

// crashed makes a copy of a database as a crash would leave it.
func crashed(t *testing.T, path, crash string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + suffix)
		if err == nil {
			err = os.WriteFile(crash+suffix, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func execute(t *testing.T, c *sql.Conn, sql string) {
	t.Helper()
	if _, err := c.ExecContext(context.Background(), sql); err != nil {
		t.Fatal(err)
	}
}

// TestLostFramesAreNotCommitted: a transaction of which frames could not be written is not committed, whatever
// statement has met that: a full disk undoes a statement alone.
func TestLostFramesAreNotCommitted(t *testing.T) {
	onDisk(t)
	ctx := context.Background()
	met := 0
	for call := 1; call <= 12; call++ {
		c := connect(t, filepath.Join(t.TempDir(), "db"), layered, 1)[0]
		execute(t, c, "CREATE TABLE t (i INTEGER PRIMARY KEY, v TEXT UNIQUE)")
		execute(t, c, "BEGIN IMMEDIATE")
		execute(t, c, fillRows(1, 60))
		disk.errno, disk.isBroken, disk.calls, disk.failing = syscall.ENOSPC, false, 0, call
		_, err := c.ExecContext(ctx, "INSERT INTO t SELECT i + 1000, v || 'x' FROM t ORDER BY i DESC")
		disk.failing = 0
		if err != nil {
			met++
		}
		if _, e := c.ExecContext(ctx, "COMMIT"); e != nil {
			_, _ = c.ExecContext(ctx, "ROLLBACK") // SQLite may have done it
		}
		execute(t, c, "INSERT INTO t VALUES (5000, 'next')")
		var whole string
		if err := c.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&whole); err != nil || whole != "ok" {
			t.Errorf("the write %d failed, and the database is damaged: %s, %v", call, whole, err)
		}
	}
	if met < 3 {
		t.Errorf("%d statements were seen to fail", met)
	}
}

// TestRandomScripts: whatever transactions do, whichever writes fail in them, and whoever copies the log
// into the database meanwhile: the database is whole, and says the same live, to another connection, and
// after a crash.
func TestRandomScripts(t *testing.T) {
	onDisk(t)
	ctx := context.Background()
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		path, crash := filepath.Join(dir, fmt.Sprint(n)), filepath.Join(dir, fmt.Sprint(n, "c"))
		conns := connect(t, path, layered, 2)
		defer func() { _ = errors.Join(conns[0].Close(), conns[1].Close()) }()
		execute(t, conns[0], "CREATE TABLE t (i INTEGER PRIMARY KEY, v TEXT UNIQUE)")
		next := 1
		for range rapid.IntRange(1, 6).Draw(rt, "transactions") {
			c := conns[rapid.IntRange(0, 1).Draw(rt, "connection")]
			disk.calls, disk.failing = 0, rapid.SampledFrom([]int{0, 0, 0, 1, 2, 3, 5, 8}).Draw(rt, "fails")
			disk.errno = rapid.SampledFrom([]syscall.Errno{syscall.ENOSPC, syscall.EIO}).Draw(rt, "error")
			disk.isBroken = rapid.Bool().Draw(rt, "half of it")
			_, _ = c.ExecContext(ctx, "BEGIN IMMEDIATE") // what fails from here on is what is tried
			for range rapid.IntRange(1, 5).Draw(rt, "statements") {
				rows := rapid.IntRange(1, 60).Draw(rt, "rows")
				_, _ = c.ExecContext(ctx, rapid.SampledFrom([]string{
					fillRows(next, next+rows), fmt.Sprintf("UPDATE t SET v = v || 'x%d' WHERE i %% 3 = 0", next),
					"DELETE FROM t WHERE i % 5 = 1", "SAVEPOINT s", "ROLLBACK TO s", "RELEASE s", "SELECT sum(length(v)) FROM t",
					fmt.Sprintf("INSERT INTO t SELECT i + %d, v || 'c%d' FROM t ORDER BY i DESC LIMIT 40", 100_000+next*100, next),
				}).Draw(rt, "statement"))
				next += rows + 1
			}
			if _, err := c.ExecContext(ctx, rapid.SampledFrom([]string{"COMMIT", "COMMIT", "ROLLBACK"}).Draw(rt, "end")); err != nil {
				_, _ = c.ExecContext(ctx, "ROLLBACK") // SQLite may have done it
			}
			disk.failing = 0
			if how := rapid.SampledFrom([]string{"", "PASSIVE", "TRUNCATE", "RESTART"}).Draw(rt, "copied"); how != "" {
				if _, err := conns[rapid.IntRange(0, 1).Draw(rt, "by")].ExecContext(ctx, "PRAGMA wal_checkpoint("+how+")"); err != nil {
					rt.Fatal(err)
				}
			}
			crashed(t, path, crash)
			copied, err := sql.Open("sqlite", crash)
			if err != nil {
				rt.Fatal(err)
			}
			said := map[string]bool{}
			for _, c := range []interface {
				QueryRowContext(context.Context, string, ...any) *sql.Row
			}{conns[0], conns[1], copied} {
				var whole, rows string
				err := c.QueryRowContext(ctx, "PRAGMA integrity_check").Scan(&whole)
				if err == nil {
					err = c.QueryRowContext(ctx, "SELECT count(*) || ' ' || ifnull(sum(length(v) * i), 0) FROM t").Scan(&rows)
				}
				if err != nil || whole != "ok" {
					rt.Fatalf("the database is damaged: %s, %v", whole, err)
				}
				said[rows] = true
			}
			if err := copied.Close(); err != nil || len(said) > 1 {
				rt.Fatalf("three who ask hear %v, %v", slices.Collect(maps.Keys(said)), err)
			}
		}
	})
}
