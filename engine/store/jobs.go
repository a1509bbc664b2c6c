package store

import (
	"context"
	"time"

	"github.com/usher-run/usher/engine"
)

// JobKind is what a job is for.
type JobKind string

// The kinds of jobs.
const (
	JobSchedule     JobKind = "schedule"     // an occurrence of a playbook's schedule
	JobTrigger      JobKind = "trigger"      // a call that starts a playbook for many members
	JobRaffle       JobKind = "raffle"       // the draw of a raffle
	JobReevaluation JobKind = "reevaluation" // the first look at who is in a segment that begins to be watched
)

// JobState is how far a job is.
type JobState string

// The states of a job. Only an open one ever changes.
const (
	JobOpen      JobState = "open"
	JobDone      JobState = "done"
	JobCancelled JobState = "cancelled" // by hand, or because what it is for is gone
	JobSkipped   JobState = "skipped"   // an occurrence that was carried out for nobody
)

// Job is work over many members: an input for each whom it reaches.
type Job struct {
	N        int64  // its number: later ones have larger numbers
	Name     string // what it is for: of a name there is one job, ever
	Kind     JobKind
	Playbook string // empty: of a re-evaluation or a raffle
	Via      string // of an occurrence: which of several triggers of the playbook; empty: it has one
	Segment  string // whose members it is for; of a schedule the playbook says it
	// Members are those whom it is for, of a trigger without a segment. Lists of jobs leave them out.
	Members []string
	At      time.Time // the occurrence; when it was asked for; when the watch began
	By      string    // who asked for it
	Data    []byte    // what its inputs carry

	State  JobState
	Reason string // why it was cancelled or skipped
	Cursor string // members up to here are behind it
	// How many members it has looked at, for how many it has accepted an input, and of how many
	// nobody could tell whether they are meant.
	LookedAt, Reached, PassedOver int
	EndedAt                       time.Time
}

// Progress is a step of a job, from one cursor to another.
type Progress struct {
	Job                  int64
	From, To             string
	Inputs               []engine.Input
	LookedAt, PassedOver int

	End    JobState // empty: it goes on
	Reason string
	At     time.Time
}

// JobFilter selects jobs.
type JobFilter struct {
	State    JobState // empty: any
	Playbook string   // empty: any
	Cursor   string
	Limit    int
}

// Jobs are fan-outs.
type Jobs interface {
	// AddJob stores a job, durably. It returns the job that is stored under the name.
	//
	//  1. Of a name the first stays, and is no first again. (Jobs "adds a job once under its name")
	AddJob(ctx context.Context, j Job) (stored Job, first bool, err error)

	// LastOccurrence returns the job of the newest occurrence of a schedule of the playbook, which has one, or
	// several told apart by their ids; ErrNotFound: there is none.
	//
	//  1. The newest is the one with the latest At, whatever became of it.
	//     (Jobs "knows the latest occurrence of a playbook")
	//  2. Each of several schedules has its own. (Jobs "knows the latest occurrence of each of several schedules")
	LastOccurrence(ctx context.Context, playbook, via string) (Job, error)

	// OpenJobs lists those that are open, oldest first.
	//
	//  1. One is open until it ends. (Jobs "advances with its inputs, or not at all")
	OpenJobs(ctx context.Context) ([]Job, error)

	// Advance stores the inputs of a step with the step itself. A power cut may undo both together,
	// with all that came after.
	//
	//  1. Reached counts inputs that were not known.
	//     (Jobs "advances with its inputs, or not at all")
	//  2. ErrStale, when the job is not at From, or not open any more: nothing is stored.
	//     (Jobs "advances with its inputs, or not at all", Jobs "cancels an open job")
	Advance(ctx context.Context, p Progress) (Job, error)

	// Job returns a job with its Members; ErrNotFound.
	Job(ctx context.Context, n int64) (Job, error)

	// Jobs lists jobs, newest first.
	//
	//  1. Any filters together select. (Jobs "pages over jobs, newest first, by any filter")
	Jobs(ctx context.Context, f JobFilter) (list []Job, next string, err error)

	// CancelJob ends an open job. What it has accepted is decided all the same. It is ErrNotFound,
	// or ErrConflict with the job as it is when that has ended.
	//
	//  1. It moves no further. (Jobs "cancels an open job")
	CancelJob(ctx context.Context, n int64, reason string, now time.Time) (Job, error)

	// SubjectsAfter pages by id over the objects of a kind; of [Members] over all members, and of [Everybody] over
	// both. One that cannot be read has no Member, and says
	// why in Unreadable.
	//
	//  1. Each is on one page. (Jobs "pages over all members by id")
	//  2. An object is among those of its kind alone. (Jobs "tells members from objects, and these by kind")
	SubjectsAfter(ctx context.Context, kind, cursor string, limit int) ([]ListedMember, error)
}

// What SubjectsAfter pages over beside the objects of a kind.
const (
	Members   = ""
	Everybody = "*"
)

// ListedMember is a member on a page of all of them.
type ListedMember struct {
	ID         string
	Member     *engine.Member // nil: it cannot be read
	Unreadable string         // why it cannot be read
}
