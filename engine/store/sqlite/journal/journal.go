// Package journal is a file in front of a database. What is taken in is on the disk without waiting
// for the database's one writer, who may be in the middle of a commit of decisions: it is appended
// to the file, brought to the disk there, and acknowledged; the writer puts it into the database in
// the next transaction that there is, whatever that is for. So an input has its place in the
// database before anything is decided that could depend on it, and nothing about decisions knows of
// the journal. The package knows nothing of tables:
//
//   - An input keeps the instant that it was taken at. The clock in the database never passes an
//     input that is not in it yet: see Bound.
//   - Who reads what is undecided has all that was taken before put into the database first: see
//     Settle.
//   - The file is used from its beginning again when it is full and all of it is in the database, on
//     the disk.
//   - After a crash what the file holds is put into the database again; what was there already is
//     known by its id.
package journal

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/clock"
	"github.com/usher-run/usher/engine/store"
)

// Database is what a journal lies in front of.
type Database interface {
	// Find lends look a function that finds inputs which are in the database, all in one moment of it.
	Find(look func(find func(store.Identity) (*engine.Input, error)) error) error
	// Commit commits a transaction, which takes what waits into the database: see Next. What is durable
	// is on the disk when it returns.
	Commit(ctx context.Context, durable bool) error
	// Failed returns the error after which nothing may be written any more.
	Failed() error
	// Unwritten returns an error of writing as callers see it, and notes one that does not pass.
	Unwritten(err error) error
	// Close gives back what Find reads on: the journal has stopped.
	Close() error
}

// Journal takes inputs.
type Journal struct {
	file  *file
	db    Database
	clock *clock.Clock

	mu       sync.Mutex
	queue    []*taking
	known    map[store.Identity]*Entry // what is being written or waits
	writing  int64                     // the instant of what is being written; 0: nothing is
	waiting  []*Entry                  // on the disk, not in the database
	lanes    store.Lanes
	owed     []int // by lane
	stored   int64 // how many ever waited
	absorbed int64 // how many of those are in the database
	last     int64 // no later input gets an instant before this, in milliseconds
	closed   bool
	wake     chan struct{}
	ended    chan struct{}
}

// Entry is an input on its way, with its payload encoded.
type Entry struct {
	engine.Input
	Data []byte
}

// taking is a call of Take.
type taking struct {
	inputs []engine.Input
	data   [][]byte
	size   int
	known  []store.Known
	done   chan error
}

// mostWaiting is how many inputs may wait for the database before more are taken: the writer is far
// behind then.
const mostWaiting = 20_000

// Options say how a journal is opened.
type Options struct {
	Path   string
	Secret []byte // of the database: its journal is refused beside another
	Create bool   // make the file when there is none
	Clock  *clock.Clock
	Lanes  store.Lanes
	Last   time.Time            // the last instant in the database
	Disk   func(disk Disk) Disk // stands between the journal and its file; nil: nothing does
	Lost   func(what string)    // told of records that are damaged; nil: nobody is
}

// Open opens the file, and lets what a crash has left in it wait for the database; nil when there is
// none. What waits is taken into the database by StartOver.
func Open(db Database, o Options) (*Journal, error) {
	f, err := openFile(o.Path, o.Secret, o.Create)
	if err != nil || f == nil {
		return nil, err
	}
	if o.Disk != nil {
		f.disk = o.Disk(f.disk)
	}
	left, err := f.read()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", f.path, err), f.Close())
	}
	if len(f.lost) > 0 && o.Lost != nil {
		o.Lost(describeLost(f.path, f.lost))
	}
	j := &Journal{
		file: f, db: db, clock: o.Clock, lanes: o.Lanes, owed: make([]int, len(o.Lanes)),
		known: map[store.Identity]*Entry{}, last: millis(o.Last),
		wake: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	// A round of its own: what lies behind a first record that is not whole must not follow on what is
	// written now.
	f.round = max(f.round, uint64(o.Clock.Now().UnixMilli()))
	for _, in := range left {
		j.known[store.IdentityOf(&in.Input)], j.last = in, max(j.last, in.At.UnixMilli())
	}
	j.wait(left)
	go j.loop()
	return j, nil
}

// Take brings inputs to the disk, and says which of them are known already. Their payloads are
// encoded in data. It reports whether they have room in the file; nothing is taken of what has none.
func (j *Journal) Take(inputs []engine.Input, data [][]byte) (known []store.Known, room bool, err error) {
	t := &taking{inputs: inputs, data: data, known: make([]store.Known, len(inputs)), done: make(chan error, 1)}
	for i := range inputs {
		t.size += recordRoom(&inputs[i], data[i])
	}
	if t.size > fileRoom/2 {
		return nil, false, nil
	}
	return t.known, true, j.take(t)
}

var errClosed = fmt.Errorf("%w: it is closed", store.ErrUnavailable)

// take waits until the inputs are on the disk. What was handed over is waited for whatever happens:
// it may be there already.
func (j *Journal) take(t *taking) error {
	err := j.db.Failed()
	j.mu.Lock()
	if j.closed {
		err = errClosed
	}
	if err != nil {
		j.mu.Unlock()
		return err
	}
	j.queue = append(j.queue, t)
	j.mu.Unlock()
	j.signal()
	return <-t.done
}

func (j *Journal) signal() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

func (j *Journal) loop() {
	defer close(j.ended)
	for {
		runtime.Gosched() // who is about to come in shares the write
		group, closed := j.nextGroup()
		if len(group) > 0 {
			err := j.write(group)
			for _, t := range group {
				t.done <- err
			}
			continue
		}
		if closed {
			return
		}
		<-j.wake
	}
}

// nextGroup takes what waits to be written, as much as has room in the file.
func (j *Journal) nextGroup() (group []*taking, closed bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	size := 0
	for len(j.queue) > 0 && (size == 0 || size+j.queue[0].size <= fileRoom/2) {
		group, size = append(group, j.queue[0]), size+j.queue[0].size
		j.queue[0] = nil
		j.queue = j.queue[1:]
	}
	return group, j.closed
}

// write brings a group to the disk.
func (j *Journal) write(group []*taking) error {
	if err := j.db.Failed(); err != nil {
		return err
	}
	j.mu.Lock()
	behind := len(j.waiting) > mostWaiting
	j.mu.Unlock()
	fresh, err := j.sift(group)
	if err != nil || len(fresh) == 0 {
		return err
	}
	size := 0
	for _, t := range group {
		size += t.size
	}
	if behind || !j.file.has(size) {
		if err := j.StartOver(context.Background()); err != nil {
			return err
		}
	}
	j.stamp(fresh)
	err = j.file.append(fresh)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.writing = 0
	if err == nil {
		j.wait(fresh)
		return nil
	}
	for _, in := range fresh { // nobody was told that they are known
		delete(j.known, store.IdentityOf(&in.Input))
	}
	return j.db.Unwritten(fmt.Errorf("bring inputs to the disk: %w", err))
}

// sift finds what is known already. Whoever asks the database last sees what the writer has let go
// of before.
func (j *Journal) sift(group []*taking) (fresh []*Entry, err error) {
	type candidate struct {
		*Entry
		known *store.Known
	}
	var list []candidate
	j.mu.Lock()
	at := instant(max(j.last, j.clock.Now().UnixMilli()))
	for _, t := range group {
		for i := range t.inputs {
			e := &Entry{t.inputs[i], t.data[i]}
			if first := j.known[store.IdentityOf(&e.Input)]; first != nil {
				t.known[i] = store.KnownAs(first.encoded(), e.encoded())
				continue
			}
			list = append(list, candidate{e, &t.known[i]})
		}
	}
	j.mu.Unlock()
	here := map[store.Identity]*engine.Input{} // the first of each
	err = j.db.Find(func(find func(store.Identity) (*engine.Input, error)) error {
		for _, c := range list {
			id := store.IdentityOf(&c.Input)
			first := here[id]
			if first == nil {
				if first, err = find(id); err != nil {
					return err
				}
			}
			if first == nil {
				fresh, first = append(fresh, c.Entry), c.encoded()
				store.AssignInstant(first, at)
			} else {
				*c.known = store.KnownAs(first, c.encoded())
			}
			here[id] = first
		}
		return nil
	})
	return fresh, err
}

// encoded returns the input with its payload as the store keeps it.
func (e *Entry) encoded() *engine.Input {
	in := e.Input
	in.Payload, in.Data = nil, e.Data
	return &in
}

// stamp sets the instant that inputs are taken at.
func (j *Journal) stamp(fresh []*Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last = max(j.last, j.clock.Now().UnixMilli())
	j.writing = j.last
	for _, in := range fresh {
		store.AssignInstant(&in.Input, instant(j.last))
		j.known[store.IdentityOf(&in.Input)] = in
	}
}

// wait lets what is on the disk wait for the database.
func (j *Journal) wait(list []*Entry) {
	j.waiting = append(j.waiting, list...)
	j.stored += int64(len(list))
	for _, in := range list {
		j.owed[j.lanes.OfMember(in.Member)]++
	}
}

// Next returns the first inputs that wait, at most so many, for a transaction that takes them into
// the database before anything else.
func (j *Journal) Next(most int) []*Entry {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.waiting[:min(len(j.waiting), most)]
}

// Committed lets go of the first inputs that waited: they are in the database.
func (j *Journal) Committed(n int) {
	if n == 0 {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, in := range j.waiting[:n] {
		delete(j.known, store.IdentityOf(&in.Input))
		j.owed[j.lanes.OfMember(in.Member)]--
	}
	clear(j.waiting[:n])
	j.waiting = j.waiting[n:]
	j.absorbed += int64(n)
}

// Bound returns the instant up to which the database's clock may be raised to at by a transaction
// that takes the first inputs into the database: not past any other. Nothing that is taken later
// gets an instant before it.
func (j *Journal) Bound(at int64, first int) int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case len(j.waiting) > first:
		return min(at, j.waiting[first].At.UnixMilli())
	case j.writing != 0:
		return min(at, j.writing)
	}
	j.last = max(j.last, at)
	return at
}

// AnyLane asks Settle for the inputs of all lanes.
const AnyLane = -1

// Settle has all inputs of a lane that were taken before the call put into the database, but for
// the last few. Of no journal nothing waits.
func (j *Journal) Settle(ctx context.Context, lane int, but int64) error {
	if j == nil {
		return nil
	}
	return j.settle(lane, but, func() error { return j.db.Commit(ctx, false) })
}

// SettleFirst has the first inputs of a lane that wait put into the database, at least so many when
// there are. Of no journal nothing waits.
func (j *Journal) SettleFirst(ctx context.Context, lane, atLeast int) error {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	until := j.stored
	if j.owed[lane] > atLeast {
		until = j.absorbed
		for n := 0; n < atLeast; until++ {
			if j.lanes.OfMember(j.waiting[until-j.absorbed].Member) == lane {
				n++
			}
		}
	}
	left := j.owed[lane] > 0
	j.mu.Unlock()
	if !left {
		return nil
	}
	return j.absorbUntil(until, func() error { return j.db.Commit(ctx, false) })
}

// settle commits until all is absorbed that was stored at the time of the call, but for the last
// few.
func (j *Journal) settle(lane int, but int64, commit func() error) error {
	j.mu.Lock()
	until, left := j.stored-but, lane == AnyLane || j.owed[lane] > 0
	j.mu.Unlock()
	if !left {
		return nil
	}
	return j.absorbUntil(until, commit)
}

// absorbUntil commits until so many are absorbed, of all that ever waited.
func (j *Journal) absorbUntil(until int64, commit func() error) error {
	j.mu.Lock()
	left := j.absorbed < until
	j.mu.Unlock()
	for left {
		if err := commit(); err != nil {
			return err
		}
		j.mu.Lock()
		left = j.absorbed < until
		j.mu.Unlock()
	}
	return nil
}

// StartOver uses the file from its beginning again, once all that it holds is in the database, on
// the disk.
func (j *Journal) StartOver(ctx context.Context) error {
	durable := func() error { return j.db.Commit(ctx, true) }
	if err := j.settle(AnyLane, 0, durable); err != nil {
		return err
	}
	// Others may have put the last of it into the database: that is on the disk when a later commit is.
	if err := durable(); err != nil {
		return err
	}
	j.file.startOver()
	return nil
}

// Stop writes what is queued, has it put into the database and removes the file. A second call does
// nothing.
func (j *Journal) Stop() error {
	j.mu.Lock()
	was := j.closed
	j.closed = true
	j.mu.Unlock()
	j.signal()
	<-j.ended
	if was {
		return nil
	}
	err := j.StartOver(context.Background())
	if err == nil {
		err = j.file.remove()
	}
	return errors.Join(err, j.file.Close(), j.db.Close())
}

// Path returns where the file is.
func (j *Journal) Path() string { return j.file.path }

// mostLost is how many places are told one by one.
const mostLost = 10

// describeLost returns what of a journal could not be read.
func describeLost(path string, lost []lostRecords) string {
	told := make([]string, 0, mostLost+1)
	for i, l := range lost {
		if i == mostLost {
			told = append(told, fmt.Sprintf("and %d more places", len(lost)-mostLost))
			break
		}
		told = append(told, l.String())
	}
	return fmt.Sprintf("records in %s are damaged, and the events in them are lost: %s", path, strings.Join(told, "; "))
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
