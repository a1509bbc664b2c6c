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

// Asked marks a context as that of a question from outside. A driver reads for it on connections of
// their own, so that no decision waits for one, and cuts it with [ErrSlow] after [AskTime], which
// waiting for a connection counts to.
func Asked(ctx context.Context) context.Context { return context.WithValue(ctx, askedKey{}, true) }

// IsAsked reports whether the context is that of a question from outside.
func IsAsked(ctx context.Context) bool { return ctx.Value(askedKey{}) != nil }
