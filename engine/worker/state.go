package worker

// state is where a runner is, which stands for one lane in this process. It moves from
// one state to the next by an event. transitions holds all moves there are; docs/state-machine.md
// draws them, and a test compares the two.
type state string

const (
	// idle: nothing of the lane runs here. A task for it may lie in Redis.
	idle state = "idle"
	// sending: the database owes something, and a task that says so is to be enqueued.
	sending state = "sending"
	// wanted: there may be work, and a task of this process begins.
	wanted state = "wanted"
	// draining: a task loads, decides and commits one batch.
	draining state = "draining"
	// backingOff: the batch was decided on a state that has changed since.
	backingOff state = "backingOff"
	// pacing: a batch is done, and the next may not begin yet.
	pacing state = "pacing"
	// lingering: nothing was found. More often comes soon, and the task is here already.
	lingering state = "lingering"
)

// running reports whether a task is here. It alone moves the runner then; a wake-up is remembered
// until it looks again.
func (s state) running() bool { return s != idle && s != sending && s != wanted }

// event is what moves a runner.
type event string

const (
	onWoken     event = "woken"
	onOwed      event = "owed"
	onEnqueued  event = "enqueued"
	onBegun     event = "a task begins"
	onDrained   event = "batch done"
	onStale     event = "commit is stale"
	onEmpty     event = "nothing found"
	onWaited    event = "waited"
	onLingered  event = "nothing came"
	onExpired   event = "the task is old"
	onLost      event = "another owner took over"
	onFailed    event = "failed"
	onCancelled event = "the process stops"
)

// transitions are all moves: by state, then by event.
var transitions = map[state]map[event]state{
	idle:    {onWoken: wanted, onOwed: sending, onBegun: draining},
	sending: {onWoken: wanted, onEnqueued: idle, onBegun: draining},
	wanted:  {onBegun: draining},
	draining: {
		onDrained: pacing, onStale: backingOff, onEmpty: lingering, onExpired: wanted, onLost: idle,
		onFailed: idle, onCancelled: idle,
	},
	backingOff: {onWaited: pacing, onExpired: wanted, onCancelled: idle},
	pacing:     {onWaited: draining, onCancelled: idle},
	lingering:  {onWoken: draining, onLingered: idle, onCancelled: idle},
}
