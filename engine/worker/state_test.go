package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/actions/channel"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/playbooks"
)

type move struct {
	from state
	on   event
	to   state
}

func (m move) String() string { return fmt.Sprintf("%s --> %s: %s", m.from, m.to, m.on) }

func allMoves() (list []string) {
	for from, row := range transitions {
		for e, to := range row {
			list = append(list, move{from, e, to}.String())
		}
	}
	slices.Sort(list)
	return list
}

var drawnMove = regexp.MustCompile(`(?m)^    (\w+ --> \w+: .+)$`)

func TestDrawingShowsEveryTransition(t *testing.T) {
	page, err := os.ReadFile("../../docs/state-machine.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "<!-- transitions of engine/worker/state.go -->")
	drawing, _, closed := strings.Cut(strings.TrimPrefix(strings.TrimSpace(rest), "```mermaid"), "```")
	if !found || !closed {
		t.Fatal("docs/state-machine.md has no drawing of the runner")
	}
	var drawn []string
	for _, m := range drawnMove.FindAllStringSubmatch(drawing, -1) {
		drawn = append(drawn, m[1])
	}
	slices.Sort(drawn)
	if want := allMoves(); !slices.Equal(drawn, want) {
		t.Errorf("the drawing has\n%s\nand the transitions are\n%s", strings.Join(drawn, "\n"), strings.Join(want, "\n"))
	}
	for _, s := range []state{idle, sending, wanted, draining, backingOff, pacing, lingering} {
		if !strings.Contains(string(page), "\n| `"+string(s)+"` |") {
			t.Errorf("docs/state-machine.md does not say what %s is", s)
		}
	}
}

// owing is a database that owes what it is told to.
type owing struct {
	Store
	batch store.Batch
	err   error
}

func (o *owing) Lanes() store.Lanes { return store.SplitLanes(2) }

func (o *owing) Pending(context.Context, int, time.Time, int) (*store.Batch, error) {
	return &o.batch, o.err
}

// bench is a runner of lane 1, with a task, whose step does as it is told.
type bench struct {
	*testing.T
	w    *Worker
	r    *runner
	task *task
	db   *owing
	log  bytes.Buffer
	ctx  context.Context
	stop context.CancelFunc
	did  int
	err  error
}

func newBench(t *testing.T) *bench {
	t.Helper()
	opt, stopRedis, err := Embedded()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stopRedis)
	b := &bench{T: t, db: &owing{}}
	b.w, err = New(Config{
		Store: b.db, Clock: time.Now, Redis: opt, Registry: actions.Registry(),
		Log:    slog.New(slog.NewTextHandler(&b.log, nil)),
		Load:   func(store.Bundle) (*playbooks.Workspace, error) { return nil, nil },
		Sender: func(playbooks.Channel) (channel.Sender, error) { return nil, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.w.rdb.Close(); err != nil && !errors.Is(err, redis.ErrClosed) {
			t.Error(err)
		}
	})
	b.w.active.Store(&active{})
	b.ctx, b.stop = context.WithCancel(context.Background())
	b.w.root, b.w.queue = b.ctx, queueOf(nil) // as Run sets them
	t.Cleanup(b.stop)
	b.r = b.w.runner(laneKey(1))
	step := func(context.Context, *runner) (int, error) { return b.did, b.err }
	b.task = &task{r: b.r, step: step, begun: time.Now()}
	return b
}

func (b *bench) aged()             { b.task.begun = time.Now().Add(-2 * maxTaskAge) }
func (b *bench) says(err error)    { b.err = err }
func (b *bench) does(inputs int)   { b.did = inputs }
func (b *bench) signal()           { put(b.r.signal) }
func (b *bench) nothingToPrepare() {}

// Each move is made by what makes it in life: a case prepares the world, and the state's own method
// finds the event.
var moveCases = map[move]func(*bench){
	{draining, onDrained, pacing}:   func(b *bench) { b.does(3) },
	{draining, onStale, backingOff}: func(b *bench) { b.says(fmt.Errorf("commit: %w", store.ErrStale)) },
	{draining, onEmpty, lingering}:  (*bench).nothingToPrepare,
	{draining, onExpired, wanted}:   func(b *bench) { b.does(3); b.aged() },
	{draining, onLost, idle}:        func(b *bench) { b.says(errLost) },
	{draining, onFailed, idle}:      func(b *bench) { b.says(errors.New("disk full")) },
	{draining, onCancelled, idle}:   func(b *bench) { b.stop() },

	{backingOff, onWaited, pacing}:  (*bench).nothingToPrepare,
	{backingOff, onExpired, wanted}: (*bench).aged,
	{backingOff, onCancelled, idle}: func(b *bench) { b.r.stale = maxStaleDoublings; b.stop() },

	{pacing, onWaited, draining}:   (*bench).nothingToPrepare,
	{pacing, onCancelled, idle}:    func(b *bench) { b.task.started = time.Now().Add(time.Hour); b.stop() },
	{lingering, onWoken, draining}: (*bench).signal,
	{lingering, onLingered, idle}:  (*bench).nothingToPrepare,
	{lingering, onCancelled, idle}: func(b *bench) { b.stop() },
}

func TestEveryTransitionOfATask(t *testing.T) {
	var tried []string
	for m, prepare := range moveCases {
		tried = append(tried, m.String())
		t.Run(m.String(), func(t *testing.T) {
			b := newBench(t)
			b.r.state = m.from
			prepare(b)
			e := b.task.do(b.ctx, m.from)
			if to := b.task.leave(e); e != m.on || to != m.to {
				t.Fatalf("%s --> %s: %s", m.from, to, e)
			}
			if (m.on == onFailed) != (b.task.err != nil) {
				t.Errorf("the task's error: %v", b.task.err)
			}
			b.w.finish()
			if begun := b.r.gen > 0; begun != (m.to == wanted) {
				t.Errorf("a new task has begun: %v", begun)
			}
		})
	}
	for from, row := range transitions {
		for e, to := range row {
			if m := (move{from, e, to}).String(); from.running() && !slices.Contains(tried, m) {
				t.Errorf("no case makes the move %s", m)
			}
		}
	}
}

// is checks the runner's state.
func (b *bench) is(want state) {
	b.Helper()
	b.r.mu.Lock()
	defer b.r.mu.Unlock()
	if b.r.state != want {
		b.Fatalf("it is %s, not %s", b.r.state, want)
	}
}

// What this process brings about begins here, whatever Redis does.
func TestWakeBegins(t *testing.T) {
	b := newBench(t)
	b.w.rdb.Close()
	b.is(idle)
	b.w.wake(b.r.key)
	b.w.finish() // a task looks, finds nothing and lingers
	b.is(idle)
	if b.r.gen != 1 {
		t.Errorf("%d tasks have begun", b.r.gen)
	}
	b.w.wake(b.r.key) // too late
	b.is(idle)
}

// What the sweep finds goes through asynq, and begins here when asynq does not bring it.
func TestOwedIsSentThenBegun(t *testing.T) {
	b := newBench(t)
	for range 2 {
		b.w.owe(b.r.key)
		b.is(sending)
	}
	if wait := b.w.enqueueOne(b.ctx, b.r); wait != noHurry {
		t.Fatalf("it is not enqueued for %v", wait)
	}
	b.is(idle)
	b.w.owe(b.r.key)
	b.is(idle)
	b.r.sent = time.Now().Add(-2 * sentPatience)
	b.w.owe(b.r.key)
	b.w.finish()
	if b.is(idle); b.r.gen != 1 || !b.r.sent.IsZero() {
		t.Errorf("%d tasks have begun, and it was sent %v", b.r.gen, b.r.sent)
	}
}

// What Redis refuses begins here at once.
func TestOwedBeginsWhenRedisIsGone(t *testing.T) {
	b := newBench(t)
	b.w.rdb.Close()
	b.w.owe(b.r.key)
	b.w.enqueueOne(b.ctx, b.r)
	b.w.finish()
	if b.is(idle); b.r.gen != 1 {
		t.Errorf("%d tasks have begun", b.r.gen)
	}
}

// Who only takes in tells the others, at most so often.
func TestFrontDoorSends(t *testing.T) {
	b := newBench(t)
	b.w.NoTasks = true
	b.w.wake(b.r.key)
	b.w.wake(b.r.key)
	b.is(sending)
	if wait := b.w.enqueueOne(b.ctx, b.r); wait != noHurry {
		t.Fatalf("it is not enqueued for %v", wait)
	}
	b.is(idle)
	b.w.wake(b.r.key)
	if wait := b.w.enqueueOne(b.ctx, b.r); wait <= 0 || wait > minEnqueueInterval {
		t.Fatalf("enqueued again, or in %v", wait)
	}
	b.is(sending)
}

func TestBegunOnce(t *testing.T) {
	b := newBench(t)
	if !b.r.begin() {
		t.Fatal("it did not begin")
	}
	if b.r.begin() {
		t.Fatal("it began twice")
	}
	b.is(draining)
	if len(b.r.signal) != 1 {
		t.Fatal("who came second left no signal")
	}
	// What came too late for the task to see is not lost.
	b.r.mu.Lock()
	b.r.move(onFailed)
	b.r.mu.Unlock()
	b.w.finish()
	if b.is(idle); b.r.gen != 3 {
		t.Errorf("generation %d", b.r.gen)
	}
}

func TestRunnerThatIsToldNonsenseStartsAnew(t *testing.T) {
	b := newBench(t)
	b.r.begin()
	if to := b.r.move(onLingered); to != idle ||
		!strings.Contains(b.log.String(), `state=draining event="nothing came"`) {
		t.Errorf("it is %s; the log says %q", to, b.log.String())
	}
}

// A whole task, through asynq's own door: it finds work, does it, lingers and ends.
func TestTaskRunsToItsEnd(t *testing.T) {
	b := newBench(t)
	if err := b.w.handler().ProcessTask(b.ctx, asynq.NewTask(taskType, []byte(b.r.key))); err != nil {
		t.Fatal(err)
	}
	if b.is(idle); b.r.gen != 1 {
		t.Errorf("generation %d", b.r.gen)
	}
}
