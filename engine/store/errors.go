package store

import "errors"

var (
	// ErrNotFound says that there is nothing under that name.
	ErrNotFound = errors.New("not found")
	// ErrUnavailable says that the database takes nothing at present, because its disk is full, it
	// is busy or it is being closed: it may be asked again later. A driver tells in its own way
	// that it will never take anything again.
	ErrUnavailable = errors.New("the database takes nothing at present")
	// ErrStale says that the batch was decided on a state that has changed since: another worker
	// took the lane, or a coupon block was reclaimed. Nothing was committed; load again and decide
	// again.
	ErrStale = errors.New("decided on a state that has changed since")
	// ErrDamaged says that something is stored that cannot be read any more, as after a fault of
	// the disk. It concerns nothing else.
	ErrDamaged = errors.New("what is stored cannot be read")
	// ErrCursor says that a cursor is none that a list gave.
	ErrCursor = errors.New("not a cursor that a list gave")
	// ErrConflict says that the coupon was redeemed by another request, or that the job has ended.
	ErrConflict = errors.New("conflict")
	// ErrExpired says that the coupon had expired.
	ErrExpired = errors.New("expired")
)

// Unstorable says that a batch holds what the database refuses, or what JSON cannot hold: it is the
// content, and trying again is of no use. Every other error of Commit is passing: the database was
// busy, the disk full, the state has changed.
type Unstorable struct {
	Member string // whose changes they are; empty when nobody can tell
	Err    error
}

func (e *Unstorable) Error() string { return "it cannot be stored: " + e.Err.Error() }

// Unwrap returns what the database said.
func (e *Unstorable) Unwrap() error { return e.Err }
