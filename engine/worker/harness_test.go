package worker_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hibiken/asynq"
	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/actions/channel"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/clock"
	"github.com/usher-run/usher/engine/clock/clocktest"
	"github.com/usher-run/usher/engine/replay"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite"
	"github.com/usher-run/usher/engine/tally"
	"github.com/usher-run/usher/engine/worker"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// files is a small workspace. Tests add playbooks of their own.
var declarations = `usher: 1
timezone: UTC
member:
  level: string
  born: date
  newsletter: bool
events:
  order.paid: {amount: number}
  member.left: {}
segments:
  buyers: len(events("order.paid")) > 0
  gold: member.level == "gold"
  lapsed: days_since(member.last_seen_at) > 2
channels:
  shop: {type: log}
  crm: {type: webhook, url: "https://crm.test/"}
coupons:
  ten: {prefix: TEN, budget: 100}
  many: {prefix: MANY}
`

const thanks = `id: thanks
stage: activation
trigger: {event: order.paid}
mode: parallel
actions:
  - message: {channel: shop, text: "thank you", class: transactional}
`

// world is a database with workers on it.
type world struct {
	*testing.T
	path string // of the database
	store.Store
	ctx     context.Context
	machine *clocktest.Machine
	clock   *clock.Clock // the database's and the workers'
	sent    *outbox
	redis   asynq.RedisConnOpt
	edit    func(*worker.Config) // of every worker's configuration; may be nil
}

// newWorld returns a world of one lane.
func newWorld(t *testing.T, redis asynq.RedisConnOpt) *world {
	t.Helper()
	return newLanedWorld(t, 1, redis)
}

// laned runs a test on a database with one lane and on one with several.
func laned(t *testing.T, test func(t *testing.T, lanes int)) {
	for _, lanes := range []int{1, 4} {
		t.Run(fmt.Sprint("lanes ", lanes), func(t *testing.T) { test(t, lanes) })
	}
}

func newLanedWorld(t *testing.T, lanes int, redis asynq.RedisConnOpt) *world {
	t.Helper()
	w := &world{
		T: t, path: filepath.Join(t.TempDir(), "usher.db"), ctx: context.Background(), machine: &clocktest.Machine{},
		sent: &outbox{n: map[string]int{}}, redis: redis,
	}
	w.clock = w.machine.Clock()
	s, err := sqlite.Open(w.ctx, w.path, sqlite.WithClock(w.clock), sqlite.WithLanes(lanes))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	w.Store = s
	return w
}

func embedded(t *testing.T) asynq.RedisConnOpt {
	t.Helper()
	opt, stop, err := worker.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return opt
}

func (w *world) now() time.Time { return w.clock.Now() }

// advance lets time pass.
func (w *world) advance(d time.Duration) { w.machine.Pass(d) }

// activate makes playbooks the active workspace.
func (w *world) activate(playbooks ...string) {
	w.Helper()
	if err := worker.Activate(w.ctx, w.Store, compile(w.T, playbooks...), w.now()); err != nil {
		w.Fatal(err)
	}
}

func compile(t *testing.T, list ...string) *playbooks.Workspace {
	t.Helper()
	files := fstest.MapFS{"usher.yaml": {Data: []byte(declarations)}}
	for i, p := range list {
		files[fmt.Sprintf("playbooks/p%d.yaml", i)] = &fstest.MapFile{Data: []byte(p)}
	}
	ws, err := load(files)
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

func load(files fs.FS) (*playbooks.Workspace, error) {
	ws, diags := loader.Load(files, actions.Registry())
	for _, d := range diags {
		if d.Severity == diag.Error {
			return nil, fmt.Errorf("%s: %s", d.Pos.File, d.Message)
		}
	}
	return ws, nil
}

func loadBundle(b store.Bundle) (*playbooks.Workspace, error) {
	files := fstest.MapFS{}
	for name, data := range b.Files {
		files[name] = &fstest.MapFile{Data: data}
	}
	return load(files)
}

// replayed decides again what was decided on a member; empty: on all. It returns what differs.
func (w *world) replayed(member string) (differences []string) {
	w.Helper()
	_, err := replay.Run(w.ctx, w.Store, replay.Options{
		Member: member, AtOnce: 10, Load: loadBundle, Registry: actions.Registry(), Effects: actions.Effects(),
		Differs: func(d replay.Difference) { differences = append(differences, fmt.Sprintf("%+v", d)) },
	})
	if err != nil {
		w.Fatal(err)
	}
	return differences
}

// worker makes a worker on the world's database.
func (w *world) worker() *worker.Worker {
	w.Helper()
	c := worker.Config{
		Store: w.Store, Redis: w.redis, Registry: actions.Registry(), Effects: actions.Effects(), Clock: w.clock.Now,
		Load:   loadBundle,
		Sender: func(playbooks.Channel) (channel.Sender, error) { return w.sent, nil },
	}
	if w.edit != nil {
		w.edit(&c)
	}
	wk, err := worker.New(c)
	if err != nil {
		w.Fatal(err)
	}
	return wk
}

// run starts a worker that is stopped with the test.
func (w *world) run() *worker.Worker {
	w.Helper()
	wk := w.worker()
	ctx, cancel := context.WithCancel(w.ctx)
	done := make(chan error, 1)
	go func() { done <- wk.Run(ctx) }()
	w.Cleanup(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				w.Errorf("run: %v", err)
			}
		case <-time.After(30 * time.Second):
			w.Error("the worker did not stop")
		}
	})
	return wk
}

func order(id, member string) engine.Input {
	return engine.Input{
		Kind: engine.InputEvent, ID: id, Member: member, Name: "order.paid",
		Payload: &engine.Payload{Properties: map[string]any{"amount": 5.0}},
	}
}

func (w *world) accept(inputs ...engine.Input) {
	w.Helper()
	if _, err := w.Accept(w.ctx, inputs); err != nil {
		w.Fatal(err)
	}
}

// until polls a condition, as the database is the only witness.
func (w *world) until(what string, ok func() bool) {
	w.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			lanes, _, _ := w.Owed(w.ctx, w.now())
			failures, _, _ := w.Failures(w.ctx, store.FailureFilter{Limit: 3})
			w.Fatalf("waited in vain: %s; owed by lanes %v, failures %v", what, lanes, failures)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (w *world) counts(playbook string) *tally.Stats {
	w.Helper()
	n, err := w.Stats(w.ctx, playbook)
	if err != nil {
		w.Fatal(err)
	}
	return n
}

func (w *world) state(playbook string, s engine.RunState) int {
	w.Helper()
	n := w.counts(playbook)
	return map[engine.RunState]int{
		engine.RunWaiting: n.Waiting, engine.RunDone: n.Done, engine.RunExited: n.Exited, engine.RunFailed: n.Failed,
		engine.RunHoldout: n.Holdout,
	}[s]
}

// outbox is a channel that remembers.
type outbox struct {
	mu   sync.Mutex
	n    map[string]int // by key
	fail func(d engine.Delivery, attempt int) error
}

var errBusy = errors.New("busy")

func (o *outbox) Send(_ context.Context, d engine.Delivery, attempt int) (string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail != nil {
		if err := o.fail(d, attempt); err != nil {
			return "", err
		}
	}
	o.n[d.Key]++
	return "", nil
}

// keys returns how many different deliveries were sent, and how many times in all.
func (o *outbox) keys() (distinct, all int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, n := range o.n {
		all += n
	}
	return len(o.n), all
}
