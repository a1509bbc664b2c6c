package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/hibiken/asynq"
	"github.com/redis/go-redis/v9"
	"github.com/usher-run/usher/actions/channel"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// Store is what a worker needs of a database. The four roles stay whole, as every method of them is
// used here.
type Store interface {
	store.Decider
	store.Outbox
	store.Jobs
	store.Registry
	store.Epochs
}

// Config is what a worker is made of. Store, Clock, Redis, Registry, Load and Sender are required.
type Config struct {
	Store    Store
	Redis    asynq.RedisConnOpt
	Registry *schema.Registry         // what actions and channels declare
	Effects  map[string]engine.Effect // by action key
	// Load compiles a stored workspace. An error keeps the workspace that was active before, and parks
	// runs of its revisions.
	Load func(store.Bundle) (*playbooks.Workspace, error)
	// Sender makes the sender of a channel of the active workspace.
	Sender func(playbooks.Channel) (channel.Sender, error)

	Clock       func() time.Time // gives the instants that the store gives too
	Log         *slog.Logger     // silent when nil
	Concurrency int              // asynq tasks at once; 32 when 0
	Attempts    int              // of deliveries at once, over all; DefaultAttempts when 0
	MaxAttempts int              // of one delivery; 10 when 0
	// TaskCheck is how long a task may lie while asynq sleeps; 20 ms when 0. What a process brings about
	// itself needs no asynq and does not wait for it.
	TaskCheck   time.Duration
	NoSchedules bool // leave schedules to other processes
	NoTasks     bool // only wake others: this process answers HTTP and drains nothing
}

// Worker drains lanes and carries out deliveries. It is safe for concurrent use.
type Worker struct {
	Config
	Metrics *Metrics

	lanes   store.Lanes
	process string // tells this process' task ids from others'
	queue   string // of the installation's tasks; see queueOf
	rdb     redis.UniversalClient
	client  *asynq.Client
	active  atomic.Pointer[active]
	swap    sync.Mutex  // held while active is replaced
	recount atomic.Bool // a member has come to be held

	deliveries *executor

	mu       sync.Mutex
	runners  map[string]*runner
	saidHeld map[string]time.Time // when the log said that a member is held
	root     context.Context      // of Run, and of the tasks that begin here; nil before it
	underWay sync.WaitGroup       // tasks
	stopped  bool                 // no task may begin any more
	unsent   chan struct{}        // holds a token when a runner is to be sent
	soon     chan time.Time
	newJob   chan struct{} // holds a token when there is a new job
	jobs     jobs
	builds   builds
	closed   sync.Map // raffles whose draw has a job
}

// New makes a worker. It connects to nothing before Run.
func New(c Config) (*Worker, error) {
	if c.Store == nil || c.Clock == nil || c.Redis == nil || c.Load == nil || c.Sender == nil || c.Registry == nil {
		return nil, errors.New("make a worker: Store, Clock, Redis, Registry, Load and Sender are required")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Concurrency == 0 {
		c.Concurrency = 32
	}
	if c.Attempts == 0 {
		c.Attempts = DefaultAttempts
	}
	if c.TaskCheck == 0 {
		c.TaskCheck = taskCheckInterval
	}
	if c.MaxAttempts == 0 {
		c.MaxAttempts = 10
	}
	rdb, ok := c.Redis.MakeRedisClient().(redis.UniversalClient)
	if !ok {
		return nil, fmt.Errorf("make a worker: no Redis client for options of type %T", c.Redis)
	}
	w := &Worker{
		Config: c, Metrics: newMetrics(), lanes: c.Store.Lanes(), process: uuid.NewString()[:13], rdb: rdb,
		client:   asynq.NewClientFromRedisClient(rdb),
		saidHeld: map[string]time.Time{},
		runners:  map[string]*runner{}, unsent: make(chan struct{}, 1),
		soon: make(chan time.Time, 64), newJob: make(chan struct{}, 1),
		jobs:   jobs{lists: map[int64][]string{}, waits: map[int64]string{}},
		builds: builds{bad: map[string]bool{}, more: make(chan struct{}, 1)},
	}
	w.deliveries = newExecutor(w)
	return w, nil
}

// Run works until ctx ends, then settles what is on the wire, which may take [StopGrace], and lets
// go of Redis. It is called once.
func (w *Worker) Run(ctx context.Context) error {
	defer func() {
		if err := w.rdb.Close(); err != nil {
			w.Log.Warn("close the Redis connection", "error", err)
		}
	}()
	secret, err := w.Store.Secret(context.WithoutCancel(ctx)) // who stops a start is told no error
	if err != nil {
		return fmt.Errorf("read the installation's name: %w", err)
	}
	w.queue = queueOf(secret)
	if err := w.Refresh(ctx); err != nil && !errors.Is(err, store.ErrNotFound) {
		w.Log.Error("load the active workspace", "error", err)
	}
	w.mu.Lock()
	w.root = ctx
	w.mu.Unlock()
	var server *asynq.Server
	if !w.NoTasks {
		if err := w.Store.Unpark(ctx, w.now()); err != nil && ctx.Err() == nil {
			w.Log.Warn("wake parked runs; they are tried within the hour", "error", err)
		}
		server = asynq.NewServer(w.Redis, w.serverConfig(ctx))
		if err := server.Start(w.handler()); err != nil {
			return fmt.Errorf("start the task server: %w", err)
		}
	}
	var wg sync.WaitGroup
	for _, loop := range w.loops() {
		wg.Go(func() { loop(ctx) })
	}
	<-ctx.Done()
	wg.Wait()
	if server != nil {
		server.Shutdown()
	}
	w.finish()
	if a := w.active.Load(); a != nil {
		a.webhooks.Close()
	}
	return nil
}

func (w *Worker) loops() []func(context.Context) {
	loops := []func(context.Context){w.enqueueUnsent, w.watchActive}
	if !w.NoTasks {
		loops = append(loops, w.sweep, w.carryOut, w.deliveries.run, w.buildTrees, w.forget)
	}
	if !w.NoSchedules && !w.NoTasks {
		loops = append(loops, w.schedule)
	}
	return loops
}

// Wake tells that members have undecided inputs. It costs next to nothing: it notes in memory that
// their lanes are wanted.
func (w *Worker) Wake(members ...string) {
	seen := make([]bool, len(w.lanes))
	for _, m := range members {
		if lane := w.lanes.OfMember(m); !seen[lane] {
			seen[lane] = true
			w.wake(laneKey(lane))
		}
	}
}

func (w *Worker) now() time.Time { return w.Clock().UTC() }

// Activate checks in a workspace: it becomes the active one of every process on the database.
func (w *Worker) Activate(ctx context.Context, ws *playbooks.Workspace) error {
	if err := Activate(ctx, w.Store, ws, w.now()); err != nil {
		return err
	}
	return w.Refresh(ctx)
}
