package sqlconn

import (
	"database/sql/driver"
	"fmt"
	"time"
)

// Row is one row of an answer, read by column number.
type Row []driver.Value

// Str returns a text; empty for a number.
func (r Row) Str(i int) string {
	switch v := r[i].(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}

// Int returns a number; 0 for what is none.
func (r Row) Int(i int) int64 {
	v, _ := r[i].(int64)
	return v
}

// Bytes returns what is stored: of another type, if a fault of the disk has damaged it.
func (r Row) Bytes(i int) []byte {
	switch v := r[i].(type) {
	case []byte:
		return v
	case string:
		return []byte(v)
	case nil:
		return nil
	}
	return fmt.Append(nil, r[i])
}

// Instant returns the instant of a number of milliseconds; zero for 0.
func (r Row) Instant(i int) time.Time { return Instant(r.Int(i)) }

// Instant returns the instant of a number of milliseconds; zero for 0.
func Instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Millis returns an instant as a number of milliseconds; 0 for zero.
func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
