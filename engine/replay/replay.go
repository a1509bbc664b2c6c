// Package replay decides what a database has decided again, and compares the records byte for byte.
//
// A member's inputs and records are put into the order in which they were decided. Each input, and
// each thing that the passing of time brought, is decided by the core under the epoch of its record:
// the workspace, pauses and watches of that time. What other members' decisions gave or took, which
// is what pools had to grant, is taken from the record. Then what came out is held against what was
// recorded.
package replay

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// Source is what is read of a database.
type Source interface {
	store.Spread
	store.Past
	store.Epochs
	store.Bundles
	Secret(ctx context.Context) ([]byte, error)
}

// Options says what is replayed, and by what. Load, Registry and Effects are those of a worker.
type Options struct {
	Member   string    // empty: all
	Since    time.Time // what was decided before is not compared; zero: all is
	AtOnce   int64     // so many inputs and records are in memory at once, about; 0: DefaultAtOnce
	Load     func(store.Bundle) (*playbooks.Workspace, error)
	Registry *schema.Registry
	Effects  map[string]engine.Effect
	Differs  func(Difference) // is told each difference, member by member, in their order
}

// DefaultAtOnce is how many inputs and records are in memory at once, if nothing else is said.
const DefaultAtOnce = 100_000

// Difference is a decision that comes out otherwise than it was recorded.
type Difference struct {
	Member   string    `json:"member"`
	At       time.Time `json:"at"`
	Input    string    `json:"input"`            // that was decided on
	Recorded []string  `json:"recorded"`         // what was recorded and does not come out, a line each
	Now      []string  `json:"now"`              // what comes out and was not recorded
	Engine   int       `json:"engine,omitempty"` // the version that decided, when it is another than this one
}

// Summary says how much was replayed.
type Summary struct {
	Members     int `json:"members"`
	Inputs      int `json:"inputs"`
	Records     int `json:"records"`
	Differences int `json:"differences"`
	Other       int `json:"other_engine"` // differences of decisions that another version of the engine made
}

// Run replays. It returns an error when something cannot be read, not when something differs.
func Run(ctx context.Context, src Source, o Options) (Summary, error) {
	secret, err := src.Secret(ctx)
	if err != nil {
		return Summary{}, err
	}
	r := &replay{
		Options: o, src: src, secret: secret, epochs: map[int64]*epoch{},
	}
	parts, err := r.parts(ctx)
	if err != nil {
		return r.sum, err
	}
	lanes := src.Lanes()
	for lane := range lanes {
		if o.Member != "" && lane != lanes.OfMember(o.Member) {
			continue
		}
		if err := r.lane(ctx, lane, lanes[lane].Split(parts)); err != nil {
			return r.sum, err
		}
	}
	return r.sum, nil
}

// parts returns into how many parts a lane is cut, so that few inputs and records are in memory at once:
// those of a member are.
func (r *replay) parts(ctx context.Context) (n int64, err error) {
	if r.Member != "" {
		return 1, nil
	}
	if n, err = r.src.Extent(ctx); err != nil {
		return 0, err
	}
	most := cmp.Or(r.AtOnce, DefaultAtOnce) * int64(len(r.src.Lanes()))
	return max(1, (n+most-1)/most), nil
}

type replay struct {
	Options
	src    Source
	secret []byte
	epochs map[int64]*epoch
	sum    Summary
}

// epoch is an engine of that time.
type epoch struct {
	*engine.Engine
	version int
}

func (r *replay) epoch(ctx context.Context, n int64) (*epoch, error) {
	if e := r.epochs[n]; e != nil {
		return e, nil
	}
	stored, err := r.src.Epoch(ctx, n)
	if err != nil {
		return nil, err
	}
	b, err := r.src.Bundle(ctx, stored.Workspace)
	if err != nil {
		return nil, err
	}
	ws, err := r.Load(b)
	if err != nil {
		return nil, fmt.Errorf("load workspace %s: %w", stored.Workspace, err)
	}
	paused := map[string]bool{}
	for _, id := range stored.Paused {
		paused[id] = true
	}
	e := &epoch{version: stored.Engine, Engine: engine.New(ws, engine.Options{
		Secret: r.secret, Registry: r.Registry, Effects: r.Effects, Paused: paused, Watched: stored.Watched,
	}).Alone(func(engine.Ask) int { return 0 })} // but for what the record says
	r.epochs[n] = e
	return e, nil
}

// learn makes the engine of an epoch know the revisions that a member's runs and goals keep, and those of messages that
// runs hand to an object.
func (r *replay) learn(ctx context.Context, e *epoch, inputs []engine.Input, st *engine.State) error {
	know := func(playbook, revision string) error {
		if e.Knows(revision) {
			return nil
		}
		ws, p, reason, err := store.Revision(ctx, r.src, r.Load, playbook, revision)
		switch {
		case err != nil:
			return err
		case p == nil:
			e.Engine = e.WithoutRevision(revision, reason)
		default:
			e.Engine = e.WithRevision(ws, p)
		}
		return nil
	}
	for i := range inputs {
		if playbook, revision, is := engine.HandedBy(&inputs[i]); is {
			if err := know(playbook, revision); err != nil {
				return err
			}
		}
	}
	for _, run := range st.Runs {
		if err := know(run.Playbook, run.Revision); err != nil {
			return err
		}
	}
	if st.Member == nil {
		return nil
	}
	for _, g := range st.Member.Goals {
		if err := know(g.Playbook, g.Revision); err != nil {
			return err
		}
	}
	return nil
}

// step is what is decided at once: an input, or what the passing of time brought up to an instant.
type step struct {
	input *engine.Input // nil: the passing of time
	at    time.Time
	epoch int64
	want  []store.Recorded
	apart *store.Recorded // that no decision of the core made
}

// lane goes once through what a lane has decided, a part of it after the other.
func (r *replay) lane(ctx context.Context, lane int, parts []store.Lane) error {
	spans, err := r.src.Spans(ctx, lane)
	if err != nil {
		return err
	}
	inputs := openSorted(r.src.Decided(ctx, lane, r.Member), func(in *engine.Input) string { return in.Member })
	defer inputs.close()
	recorded := openSorted(r.src.Records(ctx, lane, r.Member), func(rec *store.Recorded) string { return rec.Member })
	defer recorded.close()
	for _, part := range parts {
		some, err := inputs.take(part.Last)
		if err != nil {
			return err
		}
		theirs, err := recorded.take(part.Last)
		if err != nil {
			return err
		}
		if err := r.part(ctx, some, theirs, spans); err != nil {
			return err
		}
	}
	return nil
}

// sorted is what comes by the hash of its member.
type sorted[T any] struct {
	next   func() (T, error, bool)
	close  func()
	member func(*T) string
	ahead  []T // the next, that was read already
}

func openSorted[T any](list iter.Seq2[T, error], member func(*T) string) *sorted[T] {
	s := &sorted[T]{member: member}
	s.next, s.close = iter.Pull2(list)
	return s
}

// take returns what comes up to a hash.
func (s *sorted[T]) take(last int64) (list []T, err error) {
	for {
		if len(s.ahead) == 0 {
			one, err, some := s.next()
			if err != nil || !some {
				return list, err
			}
			s.ahead = append(s.ahead, one)
		}
		if store.HashOf(store.SubjectMember, s.member(&s.ahead[0])) > last {
			return list, nil
		}
		list, s.ahead = append(list, s.ahead[0]), s.ahead[:0]
	}
}

// part replays the members of a part of a lane, one after the other.
func (r *replay) part(ctx context.Context, inputs []engine.Input, recorded []store.Recorded, spans []store.Span) error {
	r.sum.Inputs += len(inputs)
	r.sum.Records += len(recorded)
	ofMember, records := map[string][]engine.Input{}, map[string][]store.Recorded{}
	var members []string
	seen := map[string]bool{}
	add := func(member string) {
		if !seen[member] {
			seen[member] = true
			members = append(members, member)
		}
	}
	for i := range inputs {
		add(inputs[i].Member)
		ofMember[inputs[i].Member] = append(ofMember[inputs[i].Member], inputs[i])
	}
	for i := range recorded {
		add(recorded[i].Member)
		records[recorded[i].Member] = append(records[recorded[i].Member], recorded[i])
	}
	slices.Sort(members)
	for _, m := range members {
		if err := r.member(ctx, m, steps(ofMember[m], records[m], spans)); err != nil {
			return fmt.Errorf("member %s: %w", m, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	r.sum.Members += len(members)
	return nil
}

// steps puts a member's inputs and records into the order in which they were decided.
func steps(inputs []engine.Input, recorded []store.Recorded, spans []store.Span) (list []step) {
	take := func(upTo int64) { // inputs that left no record
		for len(inputs) > 0 && inputs[0].Seq <= upTo {
			list = append(list, step{input: &inputs[0], at: inputs[0].At, epoch: under(spans, inputs[0].Seq)})
			inputs = inputs[1:]
		}
	}
	for i := 0; i < len(recorded); {
		rec := &recorded[i]
		n := 1
		switch {
		case rec.Input == records.SetAside || rec.Input == records.ByHand:
			take(rec.Seq)
			list = append(list, step{apart: rec})
		case rec.Due: // all that was due at one instant
			take(rec.Seq)
			for i+n < len(recorded) && recorded[i+n].Due && recorded[i+n].Seq == rec.Seq && recorded[i+n].At.Equal(rec.At) {
				n++
			}
			list = append(list, step{at: rec.At, epoch: rec.Epoch, want: recorded[i : i+n]})
		default:
			take(rec.Seq - 1)
			for i+n < len(recorded) && !recorded[i+n].Due && recorded[i+n].Seq == rec.Seq && recorded[i+n].Input == rec.Input {
				n++
			}
			s := step{at: rec.At, epoch: rec.Epoch, want: recorded[i : i+n]}
			if len(inputs) > 0 && inputs[0].Seq == rec.Seq {
				s.input, inputs = &inputs[0], inputs[1:]
			}
			list = append(list, s)
		}
		i += n
	}
	if len(inputs) > 0 {
		take(inputs[len(inputs)-1].Seq)
	}
	return list
}

// under returns the epoch that an input was decided under.
func under(spans []store.Span, seq int64) int64 {
	i, _ := slices.BinarySearchFunc(spans, seq, func(s store.Span, seq int64) int { return cmp.Compare(s.Seq, seq) })
	if i == 0 {
		return 0
	}
	return spans[i-1].Epoch
}
