package hold

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
	"strconv"
	"strings"

	"github.com/usher-run/usher/engine/store/sqlite/faults"
)

// sqliteMagic is how every database of SQLite begins.
const sqliteMagic = "SQLite format 3\x00"

// Identify refuses a file that is no database of usher, or one of a version that this program does
// not know. It changes
// nothing. migrations has the files of the tables.
func Identify(ctx context.Context, path string, migrations fs.FS) (err error) {
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
		return faults.Damaged(err)
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
		return faults.Damaged(err)
	}
	first, last, err := migrationRange(migrations)
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

// migrationRange returns the versions of the oldest and the newest tables that this program knows.
func migrationRange(migrations fs.FS) (first, last int64, err error) {
	list, err := fs.ReadDir(migrations, ".")
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
