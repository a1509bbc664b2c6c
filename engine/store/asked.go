package store

import (
	"context"
	"errors"
	"time"
)

// AskTime is how long the reads of a question may take together: see [Asked].
const AskTime = 2 * time.Second

// ErrSlow says that a question was cut: its reads took longer than they may.
var ErrSlow = errors.New("the reads of a question took too long")

type askedKey struct{}

// Asked marks a context as that of a question from outside, which is asked now. A driver reads for
// it on connections of their own, so that no decision waits for one, and cuts it with [ErrSlow]
// when its reads have taken [AskTime] together, waiting for a connection included. What it answers
// is on the disk: who asked may act on it, so no power cut undoes it.
func Asked(ctx context.Context) context.Context {
	return context.WithValue(ctx, askedKey{}, time.Now())
}

// AskedAt returns when the question was asked that the context is of; false: it is of none.
func AskedAt(ctx context.Context) (time.Time, bool) {
	at, is := ctx.Value(askedKey{}).(time.Time)
	return at, is
}
