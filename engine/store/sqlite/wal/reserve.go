package wal

import (
	"errors"
	"os"

	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// Reserve fills the log up with zeros, to the size that it will have: bringing what is written over
// them to the disk takes one write, where a file that grows takes two, the second for its length. A
// reader of the log stops at the first frame that is none, as it does at the remains of an earlier
// round. Nobody else writes meanwhile: a transaction is open on c.
func Reserve(c *sqlconn.Conn, path string, size int64) (err error) {
	if _, err := c.Exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if _, e := c.Exec("ROLLBACK"); err == nil {
			err = e
		}
	}()
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	zeros := make([]byte, 1<<20)
	for at := info.Size(); at < size; {
		n, err := f.WriteAt(zeros[:min(int64(len(zeros)), size-at)], at)
		if err != nil {
			return err
		}
		at += int64(n)
	}
	return f.Sync()
}
