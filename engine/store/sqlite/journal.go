package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/clock"
	"github.com/usher-run/usher/engine/store"
)

// journal lets inputs be taken without waiting for the database's one writer, who may be in the
// middle of a commit of decisions. What is taken is appended to a file of its own, brought to the
// disk there, and acknowledged; the writer puts it into the inbox in the next transaction that
// there is, whatever that is for. So an input has its place in the inbox before anything is decided
// that could depend on it, and nothing about decisions knows of the journal:
//
//   - An input keeps the instant that it was taken at. The clock in the database never passes an
//     input that is not in the inbox yet (see bound), so that the horizon of [db.Pending] holds.
//   - Who reads what is undecided has all that was taken before put into the inbox first (see
//     db.settle).
//   - The file is used from its beginning again when it is full and all of it is in the inbox, on
//     the disk.
//   - After a crash what the file holds is put into the inbox again; what was there already is
//     known by its id.
type journal struct {
	file      *journalFile
	findKnown *conn // finds inputs that are known
	w         *writer
	clock     *clock.Clock

	mu       sync.Mutex
	queue    []*taking
	known    map[identity]*journaled // what is being written or waits
	writing  int64                   // the instant of what is being written; 0: nothing is
	waiting  []*journaled            // on the disk, not in the inbox
	owed     [store.Shards]int
	stored   int64 // how many ever waited
	absorbed int64 // how many of those are in the inbox
	last     int64 // no later input gets an instant before this, in milliseconds
	closed   bool
	wake     chan struct{}
	ended    chan struct{}
}

// journaled is an input on its way.
type journaled struct {
	engine.Input
	data []byte
}

// taking is a call of Take.
type taking struct {
	inputs []engine.Input
	data   [][]byte
	size   int
	known  []store.Known
	done   chan error
}

// mostWaiting is how many inputs may wait for the inbox before more are taken: the writer is far
// behind then.
const mostWaiting = 20_000

// Take stores the inputs as Accept does, in the journal when there is one.
func (d *db) Take(ctx context.Context, inputs []engine.Input) ([]store.Known, error) {
	if len(inputs) == 0 {
		return nil, nil
	}
	isOccurrence := func(in engine.Input) bool { return in.Kind == engine.InputSchedule }
	if d.journal == nil || slices.ContainsFunc(inputs, isOccurrence) { // an occurrence has an instant of its own
		return d.acceptTaken(ctx, inputs)
	}
	data, err := payloads(inputs)
	if err != nil {
		return nil, err
	}
	t := &taking{inputs: inputs, data: data, known: make([]store.Known, len(inputs)), done: make(chan error, 1)}
	for i := range inputs {
		t.size += recordRoom(&inputs[i], data[i])
	}
	if t.size > journalRoom/2 {
		return d.acceptTaken(ctx, inputs)
	}
	if err := errors.Join(ctx.Err(), d.held()); err != nil {
		return nil, err
	}
	if err := d.journal.take(t); err != nil {
		return nil, fmt.Errorf("take %d inputs: %w", len(inputs), err)
	}
	return t.known, nil
}

func (d *db) acceptTaken(ctx context.Context, inputs []engine.Input) ([]store.Known, error) {
	receipts, err := d.Accept(ctx, inputs)
	if err != nil {
		return nil, err
	}
	list := make([]store.Known, len(receipts))
	for i, r := range receipts {
		list[i] = r.Known
	}
	return list, nil
}

// take waits until the inputs are on the disk. What was handed over is waited for whatever happens:
// it may be there already.
func (j *journal) take(t *taking) error {
	err := j.w.disk.faults.failed()
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

func (j *journal) signal() {
	select {
	case j.wake <- struct{}{}:
	default:
	}
}

func (j *journal) loop() {
	defer close(j.ended)
	for {
		group, closed := j.next()
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

// next takes what waits to be written, as much as has room in the file.
func (j *journal) next() (group []*taking, closed bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	size := 0
	for len(j.queue) > 0 && (size == 0 || size+j.queue[0].size <= journalRoom/2) {
		group, size = append(group, j.queue[0]), size+j.queue[0].size
		j.queue[0] = nil
		j.queue = j.queue[1:]
	}
	return group, j.closed
}

// write brings a group to the disk.
func (j *journal) write(group []*taking) error {
	faults := j.w.disk.faults
	if err := faults.failed(); err != nil {
		return err
	}
	j.mu.Lock()
	behind := len(j.waiting) > mostWaiting
	j.mu.Unlock()
	fresh, err := j.sift(group)
	if err != nil || len(fresh) == 0 {
		return faults.of(err)
	}
	size := 0
	for _, t := range group {
		size += t.size
	}
	if behind || !j.file.has(size) {
		if err := j.startOver(context.Background()); err != nil {
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
		delete(j.known, in.identity())
	}
	if err = fmt.Errorf("bring inputs to the disk: %w", err); !passes(err) {
		return faults.fail(err)
	}
	return faults.of(err)
}

// sift finds what is known already. Whoever asks the database last sees what the writer has let go
// of before.
func (j *journal) sift(group []*taking) (fresh []*journaled, err error) {
	type candidate struct {
		*journaled
		known *store.Known
	}
	var list []candidate
	j.mu.Lock()
	at := instant(max(j.last, j.clock.Now().UnixMilli()))
	for _, t := range group {
		for i := range t.inputs {
			e := &journaled{t.inputs[i], t.data[i]}
			if first := j.known[e.identity()]; first != nil {
				t.known[i] = knownInput(first.encoded(), e.encoded())
				continue
			}
			list = append(list, candidate{e, &t.known[i]})
		}
	}
	j.mu.Unlock()
	here := map[identity]*engine.Input{} // the first of each
	err = j.findKnown.reading(func() error {
		for _, c := range list {
			first := here[c.identity()]
			if first == nil {
				if first, err = j.findKnown.input(c.identity()); err != nil {
					return err
				}
			}
			if first == nil {
				fresh, first = append(fresh, c.journaled), c.encoded()
				assignInstant(first, at)
			} else {
				*c.known = knownInput(first, c.encoded())
			}
			here[c.identity()] = first
		}
		return nil
	})
	return fresh, err
}

func (e *journaled) identity() identity { return identityOf(e.Kind, e.ID) }

// encoded returns the input with its payload as the store keeps it.
func (e *journaled) encoded() *engine.Input {
	in := e.Input
	in.Payload, in.Data = nil, e.data
	return &in
}

// stamp gives inputs the instant that they are taken at.
func (j *journal) stamp(fresh []*journaled) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last = max(j.last, j.clock.Now().UnixMilli())
	j.writing = j.last
	for _, in := range fresh {
		assignInstant(&in.Input, instant(j.last))
		j.known[in.identity()] = in
	}
}

// wait lets what is on the disk wait for the inbox.
func (j *journal) wait(list []*journaled) {
	j.waiting = append(j.waiting, list...)
	j.stored += int64(len(list))
	for _, in := range list {
		j.owed[store.ShardOf(in.Member)]++
	}
}

// absorbRows is how many inputs one transaction puts into the inbox at most.
const absorbRows = intakeRows / inputRows

// absorb puts what waits into the inbox, before anything else in the transaction.
func (j *journal) absorb(t *tx) error {
	j.mu.Lock()
	list := j.waiting[:min(len(j.waiting), absorbRows)]
	j.mu.Unlock()
	t.journal, t.absorbed = j, len(list)
	for _, e := range list {
		in := e.Input
		if err := t.raise(in.At.UnixMilli()); err != nil {
			return err
		}
		in.At = instant(t.clock.at) // as taken, but when another process has raised the clock meanwhile
		if _, err := t.insertInput(&in, e.data); err != nil {
			return fmt.Errorf("store input %s: %w", in.ID, err)
		}
	}
	return nil
}

// committed lets go of the first inputs that waited: they are in the inbox.
func (j *journal) committed(n int) {
	if n == 0 {
		return
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, in := range j.waiting[:n] {
		delete(j.known, in.identity())
		j.owed[store.ShardOf(in.Member)]--
	}
	clear(j.waiting[:n])
	j.waiting = j.waiting[n:]
	j.absorbed += int64(n)
}

// bound returns the instant up to which the database's clock may be raised to at by a transaction
// that has put the first inputs into the inbox: not past any other. Nothing that is taken later
// gets an instant before it.
func (j *journal) bound(at int64, first int) int64 {
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

// anyShard asks settle for the inputs of all shards.
const anyShard = -1

// settle has all inputs of a shard that were taken before the call put into the inbox, but for the
// last few.
func (d *db) settle(ctx context.Context, shard int, but int64) error {
	if d.journal == nil {
		return nil
	}
	return d.journal.settle(shard, but, func() error {
		return d.writeAgain(ctx, 1, func(*tx) error { return nil })
	})
}

// depths returns how many inputs of each shard are not in the inbox yet.
func (j *journal) depths() [store.Shards]int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.owed
}

// settle lets the writer commit until all is absorbed that was stored at the time of the call, but
// for the last few.
func (j *journal) settle(shard int, but int64, commit func() error) error {
	j.mu.Lock()
	until, left := j.stored-but, shard == anyShard || j.owed[shard] > 0
	left = left && j.absorbed < until
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

// startOver uses the file from its beginning again, once all that it holds is in the inbox, on the
// disk.
func (j *journal) startOver(ctx context.Context) error {
	durable := func() error {
		return j.w.do(ctx, &job{run: func(*tx) error { return nil }, rows: 1, durable: true}, false)
	}
	if err := j.settle(anyShard, 0, durable); err != nil {
		return err
	}
	// Others may have put the last of it into the inbox: that is on the disk when a later commit is.
	if err := durable(); err != nil {
		return err
	}
	j.file.startOver()
	return nil
}

// stop writes what is queued, has it put into the inbox and removes the file. A second call does
// nothing.
func (j *journal) stop() error {
	j.mu.Lock()
	was := j.closed
	j.closed = true
	j.mu.Unlock()
	j.signal()
	<-j.ended
	if was {
		return nil
	}
	err := j.startOver(context.Background())
	if err == nil {
		err = j.file.remove()
	}
	return errors.Join(err, j.file.close(), j.findKnown.close())
}

// instant returns the instant of the database's clock, in milliseconds.
func (d *db) instant(ctx context.Context) (at int64, err error) {
	err = d.read(ctx, func(c *conn) error {
		_, err := c.one("SELECT at FROM clock", nil, func(r row) error {
			at = r.int(0)
			return nil
		})
		return err
	})
	return at, err
}

// openJournal opens the journal of the database, and puts what a crash has left in it into the
// inbox. It is used from then on when it was asked for, else removed.
func (d *db) openJournal(ctx context.Context, path, dsn string) error {
	secret, err := d.Secret(ctx)
	if err != nil {
		return err
	}
	f, err := openJournalFile(path+"-inbox", secret, d.journals)
	if err != nil || f == nil {
		return err
	}
	j := &journal{
		file: f, w: d.w, clock: d.clock, known: map[identity]*journaled{}, wake: make(chan struct{}, 1),
		ended: make(chan struct{}),
	}
	left, err := f.read()
	if err == nil {
		j.last, err = d.instant(ctx)
	}
	if err == nil {
		j.findKnown, err = dial(dsn + readingOnly)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("open %s: %w", f.path, err), f.close())
	}
	if len(f.lost) > 0 && d.tellLost != nil {
		d.tellLost(describeLost(f.path, f.lost))
	}
	// A round of its own: what lies behind a first record that is not whole must not follow on what is
	// written now.
	f.round = max(f.round, uint64(d.clock.Now().UnixMilli()))
	for _, in := range left {
		j.known[in.identity()], j.last = in, max(j.last, in.At.UnixMilli())
	}
	j.wait(left)
	d.w.attach(j)
	go j.loop()
	if err := j.startOver(ctx); err != nil {
		return errors.Join(fmt.Errorf("put what is left in %s into the inbox: %w", f.path, err), j.stop())
	}
	if !d.journals {
		d.w.attach(nil)
		return j.stop()
	}
	d.journal = j
	return nil
}

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
