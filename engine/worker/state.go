package worker

// state is where a runner is, which stands for one shard or one lane in this process. It moves from
// one state to the next by an event. transitions holds all moves there are; docs/state-machine.md
// draws them, and a test compares the two.
type state string

const (
	// idle: nothing of the shard or the lane runs here. Its task may lie in Redis.
	idle state = "idle"
	// wanted: there may be work, and a task for it is to be enqueued.
	wanted state = "wanted"
	// acquiring: a task runs and asks Redis for the lease.
	acquiring state = "acquiring"
	// draining: it has the lease, and loads, decides and commits one batch, or delivers one.
	draining state = "draining"
	// backingOff: the batch was decided on a state that has changed since.
	backingOff state = "backingOff"
	// pacing: a batch is done, and the next may not begin yet.
	pacing state = "pacing"
	// lingering: nothing was found. More often comes soon, and the task is here already.
	lingering state = "lingering"
	// rechecking: the lease is given back, and what came while it was held is looked for.
	rechecking state = "rechecking"
)

// running reports whether a task is here. It alone moves the runner then; a wake-up is remembered
// until it looks again.
func (s state) running() bool { return s != idle && s != wanted }

// leased reports whether the task has the lease. Leaving the last of these states gives it back.
func (s state) leased() bool {
	return s == draining || s == backingOff || s == pacing || s == lingering
}

// event is what moves a runner.
type event string

const (
	onWoken     event = "woken"
	onEnqueued  event = "enqueued"
	onBegun     event = "a task begins"
	onAcquired  event = "lease acquired"
	onRefused   event = "another process has the lease"
	onDrained   event = "batch done"
	onStale     event = "commit is stale"
	onEmpty     event = "nothing found"
	onWaited    event = "waited"
	onPolled    event = "time to look, or woken"
	onLingered  event = "nothing came"
	onOwed      event = "work found"
	onNothing   event = "no work found"
	onExpired   event = "the task is old"
	onLost      event = "another process took over"
	onFailed    event = "failed"
	onCancelled event = "the process stops"
)

// transitions are all moves: by state, then by event.
var transitions = map[state]map[event]state{
	idle:      {onWoken: wanted, onBegun: acquiring},
	wanted:    {onEnqueued: idle, onBegun: acquiring},
	acquiring: {onAcquired: draining, onRefused: idle, onFailed: idle, onCancelled: idle},
	draining: {
		onDrained: pacing, onStale: backingOff, onEmpty: lingering, onExpired: wanted, onLost: idle,
		onFailed: idle, onCancelled: idle,
	},
	backingOff: {onWaited: pacing, onExpired: wanted, onCancelled: idle},
	pacing:     {onWaited: draining, onCancelled: idle},
	lingering:  {onPolled: draining, onLingered: rechecking, onCancelled: idle},
	rechecking: {onOwed: acquiring, onNothing: idle, onExpired: wanted, onFailed: idle, onCancelled: idle},
}
