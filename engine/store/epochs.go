package store

import (
	"context"
	"iter"
	"time"

	"github.com/usher-run/usher/engine"
)

// Epoch is what decisions depend on beside what they are about.
type Epoch struct {
	Workspace string               `json:"workspace"`         // hash of the active one
	Engine    int                  `json:"engine"`            // see [engine.Version]
	Zones     string               `json:"zones"`             // who carries the time zones, with its version
	Paused    []string             `json:"paused,omitempty"`  // playbooks paused over HTTP, sorted
	Watched   map[string]time.Time `json:"watched,omitempty"` // see [engine.Options]
}

// Epochs says under what decisions are made.
type Epochs interface {
	// BeginEpoch gives what decisions depend on a number, which changes are committed under.
	//
	//  1. The same epoch has the same number. (Epochs "gives the same epoch the same number")
	//  2. It lasts until another begins, or until something is activated, paused or watched anew.
	//     Changes under one that is over are refused with ErrStale. (Epochs "refuses what was decided
	//     under an epoch that is over")
	BeginEpoch(ctx context.Context, e Epoch) (n int64, err error)
	// Epoch returns an epoch by its number, or ErrNotFound.
	//
	//  1. It comes back as it was. (Epochs "gives the same epoch the same number")
	Epoch(ctx context.Context, n int64) (Epoch, error)
}

// Recorded is a record as it was committed.
type Recorded struct {
	engine.Record
	Data  []byte // its JSON; see package records
	Epoch int64
}

// Span says that the inputs of a lane behind a Seq were decided under an epoch, up to the next span.
type Span struct {
	Seq, Epoch int64
}

// Past is what was decided, for a replay. Who goes through it may take as long as it likes: what is
// read is of one moment, and little of it is in memory.
type Past interface {
	// Extent returns how many inputs and records there are: at least that, and not many more.
	//
	//  1. It counts what was taken in and decided. (Epochs "gives back what was decided by the subjects'
	//     hash")
	Extent(ctx context.Context) (n int64, err error)
	// Decided goes through the decided inputs of a lane, or of one member of it.
	//
	//  1. They come by their subjects' hash, those of one hash in order. (Epochs "gives back what was
	//     decided by the subjects' hash")
	//  2. What was set aside, is held, or was emitted by a run to its own member is left out. (Epochs
	//     "gives back what was decided, under which epoch")
	Decided(ctx context.Context, lane int, member string) iter.Seq2[engine.Input, error]
	// Records goes through the records of a lane, or of one member of it.
	//
	//  1. They come by their subjects' hash, those of one hash in order. (Epochs "gives back what was
	//     decided by the subjects' hash")
	//  2. Each is under its epoch. Seq of one that the passing of time brought is that of the input
	//     before. (Epochs "gives back what was decided, under which epoch")
	Records(ctx context.Context, lane int, member string) iter.Seq2[Recorded, error]
	// Spans returns under which epochs the inputs of a lane were decided.
	//
	//  1. There is one for each change. (Epochs "gives back what was decided, under which epoch")
	Spans(ctx context.Context, lane int) ([]Span, error)
}
