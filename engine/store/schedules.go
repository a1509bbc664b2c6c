package store

import (
	"context"
	"time"

	"github.com/usher-run/usher/engine"
)

// Occurrence is one firing of a playbook's schedule.
type Occurrence struct {
	Playbook string // or engine.SegmentsLook
	At       time.Time
	Cursor   string // members up to here were fanned out to
	Done     bool
}

// Schedules is what the scheduler needs.
type Schedules interface {
	// LastOccurrence returns the newest recorded occurrence of the playbook; ErrNotFound: there is
	// none.
	//
	//  1. The newest is the one with the latest At. (Schedules "records an occurrence once")
	LastOccurrence(ctx context.Context, playbook string) (Occurrence, error)

	// RecordOccurrence stores an occurrence. One that is Done fans out to nobody.
	//
	//  1. It returns false when the occurrence was recorded before. (Schedules "records an
	//     occurrence once")
	RecordOccurrence(ctx context.Context, o Occurrence) (bool, error)

	// OpenOccurrences lists those that are not done, oldest first.
	//
	//  1. One is open until the last FanOut. (Schedules "fans out with its cursor, and skips what
	//     is known")
	OpenOccurrences(ctx context.Context) ([]Occurrence, error)

	// FanOut accepts inputs of an occurrence and moves its cursor, in one commit.
	//
	//  1. Inputs known already are skipped. (Schedules "fans out with its cursor, and skips what is
	//     known")
	FanOut(ctx context.Context, o Occurrence, inputs []engine.Input) error

	// Backlog returns how many inputs of the kind are undecided.
	//
	//  1. It falls as they are decided. (Schedules "fans out with its cursor, and skips what is
	//     known")
	Backlog(ctx context.Context, kind engine.InputKind) (int, error)

	// MembersAfter pages over all members by id. One that cannot be read has no Member, and says
	// why in Unreadable.
	//
	//  1. Each is on one page. (Schedules "pages over all members by id")
	MembersAfter(ctx context.Context, cursor string, limit int) ([]ListedMember, error)
}

// ListedMember is a member on a page of all of them.
type ListedMember struct {
	ID         string
	Member     *engine.Member // nil: it cannot be read
	Unreadable string         // why it cannot be read
}
