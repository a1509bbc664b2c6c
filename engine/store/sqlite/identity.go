package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// sqliteMagic is how every database of SQLite begins.
const sqliteMagic = "SQLite format 3\x00"

// closeToOthers makes the database's files their owner's alone. SQLite gives what it makes beside
// the database the same permissions, whatever the umask.
func closeToOthers(path string) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal", "-inbox"} {
		if err := Private(path + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Private makes a file or a folder its owner's alone, when others may use it.
func Private(path string) error {
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" || info.Mode().Perm()&0o077 == 0 { // Windows has other permissions
		return err
	}
	if err := os.Chmod(path, info.Mode().Perm()&^0o077); err != nil {
		return fmt.Errorf("others may use %s, and it cannot be closed to them: `chmod go= %s` as its owner: %w", path, path,
			err)
	}
	return nil
}

// identify refuses a file that is no database of usher, or one of a version that this program does
// not know. It changes nothing.
func identify(ctx context.Context, path string) (err error) {
	begins, err := beginning(path)
	switch {
	case err != nil:
		return err
	case len(begins) == 0:
		return nil // new
	case !bytes.Equal(begins, []byte(sqliteMagic)):
		return errors.New("it is not a usher database, and no database at all: name another file, or move it away")
	}
	pool, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+
		"?_pragma=busy_timeout(10000)&_pragma=query_only(1)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	pool.SetMaxOpenConns(1)
	var tables, versions int
	err = pool.QueryRowContext(ctx, "SELECT count(*), coalesce(sum(name = 'goose_db_version'), 0) FROM sqlite_master WHERE type = 'table'").Scan(&tables, &versions)
	if err != nil {
		return damaged(err)
	}
	if tables == 0 {
		return nil // made, and nothing in it yet
	}
	if versions == 0 {
		return errors.New("it is not a usher database: it holds the tables of another program")
	}
	var has int64
	if err := pool.QueryRowContext(ctx, "SELECT coalesce(max(version_id), 0) FROM goose_db_version").
		Scan(&has); err != nil {
		return damaged(err)
	}
	first, last, err := migrationRange()
	switch {
	case err != nil:
		return err
	case has > last:
		return fmt.Errorf("it was written by a newer usher: its tables have version %d, this usher knows them up to %d; "+
			"start the newer one, or restore the backup from before the upgrade", has, last)
	case has > 0 && has < first:
		return fmt.Errorf("it was written by an older usher: its tables have version %d, this usher begins at %d and "+
			"cannot take them over; go on with the older one, or name a new file", has, first)
	}
	return nil
}

func beginning(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	b := make([]byte, len(sqliteMagic))
	n, err := io.ReadFull(f, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return b[:n], errors.Join(err, f.Close())
}

// Result codes of SQLite for a file that cannot be made sense of.
const (
	codeCorrupt = 11
	codeNotADB  = 26
)

// damaged adds to SQLite's error what can be done.
func damaged(err error) error {
	if c := code(err) & 0xff; c == codeCorrupt || c == codeNotADB {
		return fmt.Errorf("it is damaged: restore a backup: %w", err)
	}
	return err
}

// migrationRange returns the versions of the oldest and the newest tables that this program knows.
func migrationRange() (first, last int64, err error) {
	list, err := migrations.ReadDir("migrations")
	if err != nil {
		return 0, 0, err
	}
	for _, f := range list {
		number, _, _ := strings.Cut(f.Name(), "_")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, 0, fmt.Errorf("migration %s has no number: %w", f.Name(), err)
		}
		if first == 0 || n < first {
			first = n
		}
		last = max(last, n)
	}
	return first, last, nil
}
