package worker

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/usher-run/usher/engine/store"
)

const (
	// DefaultAttempts is how many attempts are under way at once, over all, unless it is said otherwise.
	DefaultAttempts = 256
	// outletShare is the part of them that one outlet may have: an eighth.
	outletShare = 8
	// firstSenders is how many an outlet may have that nothing is known of: more than one, because one
	// attempt that takes long says nothing of the others.
	firstSenders = 4

	// What an outlet has read and not begun: more is read when it is below low, up to the window. When
	// all of it waits for members who have a message in flight, there may be more.
	lowWindow  = 50
	window     = 100
	wideWindow = 1000
	// minReadGap is how far apart readings of an outlet begin, and busyReadGap when the last one has
	// found a sender's hand full: larger ones cost less a delivery.
	minReadGap  = 2 * time.Millisecond
	busyReadGap = 10 * time.Millisecond

	// A sender settles what it has attempted before it goes on, so that a kill sends again no more
	// than what was on the wire. What takes less time than a commit is settled together.
	settleAfter = 5 * time.Millisecond
	settleMost  = 16
	// settleAgain is how long a sender waits before it settles again what could not be stored.
	settleAgain = 50 * time.Millisecond

	// forgetAfter is how long an outlet with nothing to do is remembered.
	forgetAfter = 10 * time.Minute

	// StopGrace is how long an attempt on the wire may still take when the worker is told to stop.
	StopGrace = 15 * time.Second
)

// executor carries out deliveries. It shares nothing with deciding but the database. A delivery is
// claimed in memory when it is read, because a database has one process; sent by a sender, one of
// a bounded number; and settled. A kill between sending and settling sends again, under the same
// key: at least once.
type executor struct {
	w         *Worker
	ctx, wire context.Context // of what may begin, and of attempts: see onTheWire

	mu       sync.Mutex
	outlets  map[string]*outlet
	running  bool
	senders  int            // at work
	by       [standings]int // of those, by the standing that their outlet had when they began
	turns    int64
	underWay sync.WaitGroup
}

// standing is what is known of an outlet.
type standing int

const (
	answers standing = iota // the last attempt was sent, or refused for good
	unknown                 // there was none yet
	fails                   // the last attempt has failed
	standings
)

// outlet is a channel, or a host that webhooks go to, as the executor sees it.
type outlet struct {
	channel string
	owed    bool // there may be deliveries that were not read
	reading bool
	timed   bool // it is looked at again when gap is over
	full    bool // the last reading found as much as it asked for
	readAt  time.Time
	gap     time.Duration // between the last reading and the next

	queue  []*store.Attempted // read and not begun, in their order
	held   map[int64]bool     // numbers of deliveries that were read and are not settled
	flying map[string]bool    // members with a message at a sender
	stuck  bool               // all of queue waits for members in flying

	senders, limit int // at work; how many may be
	standing       standing
	took           time.Duration // by an attempt, of late
	turn           int64         // when it had a sender last, in turns
}

func newExecutor(w *Worker) *executor { return &executor{w: w, outlets: map[string]*outlet{}} }

// run works until ctx ends, then sees what is on the wire to its end.
func (e *executor) run(ctx context.Context) {
	wire, release := onTheWire(ctx)
	defer release()
	e.mu.Lock()
	e.ctx, e.wire, e.running = ctx, wire, true
	e.advance()
	e.mu.Unlock()
	<-ctx.Done()
	e.mu.Lock()
	e.running = false
	e.mu.Unlock()
	e.underWay.Wait()
}

// onTheWire returns the context of attempts: it outlives ctx by [StopGrace].
func onTheWire(ctx context.Context) (context.Context, context.CancelFunc) {
	wire, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(StopGrace, cancel)
		context.AfterFunc(wire, func() { timer.Stop() })
	})
	return wire, func() {
		stop()
		cancel()
	}
}

// wake makes sure that what is due of a channel in the database is read from now on.
func (e *executor) wake(channel string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	o := e.outlets[channel]
	if o == nil {
		o = &outlet{
			channel: channel, held: map[int64]bool{}, flying: map[string]bool{}, standing: unknown, took: settleAfter,
			limit: min(firstSenders, max(1, e.w.Attempts/outletShare)),
		}
		e.outlets[channel] = o
	}
	o.owed = true
	e.advance()
}

// forget lets go of outlets that have had nothing to do for long.
func (e *executor) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for channel, o := range e.outlets {
		if len(o.held) == 0 && !o.reading && !o.owed && time.Since(o.readAt) > forgetAfter {
			delete(e.outlets, channel)
		}
	}
}

// advance begins whatever can begin: readings, then senders. The caller holds mu.
func (e *executor) advance() {
	if !e.running || e.ctx.Err() != nil || e.w.active.Load() == nil {
		return // the sweep wakes it when there is a workspace
	}
	for _, o := range e.outlets {
		e.read(o)
	}
	for e.senders < e.w.Attempts {
		o := e.next()
		if o == nil {
			return
		}
		if hand := o.take(); len(hand) > 0 {
			e.begin(o, hand)
		}
	}
}

// next returns the outlet whose turn it is: by its standing, then the one with the fewest senders,
// then the one that waits longest; nil: none can begin anything.
func (e *executor) next() (best *outlet) {
	for _, o := range e.outlets {
		if len(o.queue) == 0 || o.stuck || o.senders >= o.limit || !e.room(o) {
			continue
		}
		if best == nil || cmp.Or(cmp.Compare(o.standing, best.standing), cmp.Compare(o.senders, best.senders),
			cmp.Compare(o.turn, best.turn)) < 0 {
			best = o
		}
	}
	return best
}

// room reports whether an outlet may have one more sender. So that none waits for others that take
// long or do not answer, those that fail have half of all senders together, with those that nothing
// is known of three quarters, of which all beyond the half are their first; and the last quarter is
// for who has none.
func (e *executor) room(o *outlet) bool {
	half, most := max(1, e.w.Attempts/2), max(1, e.w.Attempts*3/4)
	unproved := e.by[fails] + e.by[unknown]
	switch {
	case o.standing == fails && e.by[fails] >= half:
		return false
	case o.standing != answers && (unproved >= most || unproved >= half && o.senders > 0):
		return false
	}
	return o.senders == 0 || e.senders < most
}

// take takes what one sender is to attempt from the queue: as much as is settled together. A member
// has one message of the outlet in flight, so that first attempts arrive in their order.
func (o *outlet) take() (hand []*store.Attempted) {
	most := min(settleMost, max(1, int(settleAfter/max(o.took, 1))))
	members := map[string]bool{}
	o.queue = slices.DeleteFunc(o.queue, func(d *store.Attempted) bool {
		if len(hand) == most || o.flying[d.Member] {
			return false
		}
		hand, members[d.Member] = append(hand, d), true
		return true
	})
	for m := range members {
		o.flying[m] = true
	}
	o.stuck = len(hand) == 0
	return hand
}

func (e *executor) begin(o *outlet, hand []*store.Attempted) {
	e.turns++
	o.turn = e.turns
	o.senders++
	e.senders++
	was := o.standing
	e.by[was]++
	e.w.Metrics.underWay.Inc()
	e.underWay.Go(func() {
		s := sender{executor: e, outlet: o, hand: hand}
		s.work()
		e.w.Metrics.underWay.Dec()
		e.mu.Lock()
		defer e.mu.Unlock()
		e.senders--
		e.by[was]--
		o.ended(&s, max(1, e.w.Attempts/outletShare))
		e.advance()
	})
}

// giveBack lets others have what a sender has not begun, because an attempt takes long.
func (e *executor) giveBack(s *sender) {
	e.mu.Lock()
	defer e.mu.Unlock()
	o, kept := s.outlet, min(s.begun+1, len(s.hand))
	rest := s.hand[kept:]
	if s.over || len(rest) == 0 {
		return
	}
	s.hand = s.hand[:kept]
	for _, d := range rest {
		delete(o.flying, d.Member)
	}
	for _, d := range s.hand {
		o.flying[d.Member] = true
	}
	o.queue = append(slices.Clone(rest), o.queue...)
	o.stuck = false
	e.advance()
}

// ended takes back what a sender has not begun, and learns from what it has: an outlet gets one
// sender more when all is well, up to most, and half of them when it fails.
func (o *outlet) ended(s *sender, most int) {
	s.over = true
	o.senders--
	for _, d := range s.hand {
		delete(o.flying, d.Member)
	}
	for _, d := range s.hand[:s.begun] {
		delete(o.held, d.N)
	}
	o.queue = append(slices.Clone(s.hand[s.begun:]), o.queue...)
	o.stuck = false
	if s.tried == 0 {
		return
	}
	o.took += (s.took/time.Duration(s.tried) - o.took) / 4
	if s.failed {
		o.standing, o.limit = fails, max(1, o.limit/2)
	} else {
		o.standing, o.limit = answers, min(o.limit+1, most)
	}
}

// read reads what is due of the outlet when there is room for it and it is time.
func (e *executor) read(o *outlet) {
	room := window - len(o.queue)
	if o.stuck {
		room = wideWindow - len(o.queue)
	}
	if !o.owed || o.reading || room < lowWindow {
		return
	}
	if early := o.gap - time.Since(o.readAt); early > 0 && !o.full {
		if !o.timed {
			o.timed = true
			time.AfterFunc(early, func() {
				e.mu.Lock()
				defer e.mu.Unlock()
				o.timed = false
				e.advance()
			})
		}
		return
	}
	o.owed, o.reading, o.readAt = false, true, time.Now()
	held := make([]int64, 0, len(o.held))
	for n := range o.held {
		held = append(held, n)
	}
	e.underWay.Go(func() {
		list, err := e.w.Store.Deliveries(e.ctx, o.channel, e.w.now(), held, room)
		if err != nil && e.ctx.Err() == nil {
			e.w.Log.Warn("read deliveries; the sweep has them read again", "channel", o.channel, "error", err)
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		o.reading, o.full, o.gap = false, len(list) == room, minReadGap
		if len(list) >= settleMost {
			o.gap = busyReadGap
		}
		o.owed = o.owed || o.full
		for i := range list {
			o.held[list[i].N] = true
			o.queue = append(o.queue, &list[i])
		}
		o.stuck = o.stuck && len(list) == 0
		e.advance()
	})
}

// sender attempts a few deliveries of an outlet one after the other.
type sender struct {
	*executor
	outlet *outlet
	hand   []*store.Attempted
	begun  int           // of hand, and done; with hand it is changed under mu
	over   bool          // it has ended
	tried  int           // of those; others were not to be sent
	took   time.Duration // by the attempts
	failed bool          // the last attempt has failed for the moment
}

// work attempts the deliveries until it is time to settle, or the worker is told to stop.
func (s *sender) work() {
	a := s.w.active.Load()
	outcomes := make([]store.Outcome, 0, len(s.hand))
	defer time.AfterFunc(2*settleAfter, func() { s.giveBack(s) }).Stop()
	for since := time.Now(); s.took < settleAfter && s.ctx.Err() == nil; s.count() {
		d := s.current()
		if d == nil {
			break
		}
		o, refused := review(a, d, s.w.now())
		if !refused {
			o, s.failed = s.w.attempt(s.wire, a, d)
			s.tried++
		}
		s.took = time.Since(since)
		outcomes = append(outcomes, o)
	}
	s.settle(outcomes)
}

// current returns the delivery that is attempted next; nil: there is none.
func (s *sender) current() *store.Attempted {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun == len(s.hand) {
		return nil
	}
	return s.hand[s.begun]
}

// count counts an attempt.
func (s *sender) count() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun++
}

// settle stores outcomes, also when the worker is being stopped. Those that cannot be stored now
// are stored later, and the sender sends nothing meanwhile.
func (s *sender) settle(outcomes []store.Outcome) {
	if len(outcomes) == 0 {
		return
	}
	for said := false; ; said = true {
		err := s.w.Store.Settle(context.WithoutCancel(s.ctx), outcomes)
		if err == nil {
			s.w.settled(s.outlet.channel, outcomes)
			return
		}
		if !said {
			s.w.Log.Warn("store what became of deliveries; it is tried again", "channel", s.outlet.channel, "error", err)
		}
		if pause(s.ctx, settleAgain) != nil {
			return
		}
	}
}
