package worker_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usher-run/usher/actions/channel"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/worker"
	"github.com/usher-run/usher/playbooks"
)

// slow is a channel whose attempts end when the test says so, but for the first few: it answers.
type slow struct {
	outbox
	open   chan struct{} // closed: nothing waits any more
	begun  atomic.Int64
	cutOff atomic.Int64
}

const atOnce = 10

func (s *slow) Send(ctx context.Context, d engine.Delivery, attempt int) (string, error) {
	if s.begun.Add(1) <= atOnce {
		return s.outbox.Send(ctx, d, attempt)
	}
	select {
	case <-s.open:
	case <-ctx.Done():
		s.cutOff.Add(1)
		return "", ctx.Err()
	}
	return s.outbox.Send(ctx, d, attempt)
}

// TestStopSettlesWhatIsOnTheWire: a worker that is told to stop begins nothing more, waits for what
// it has begun, and notes that it was sent. The next worker sends the rest, and nothing twice.
func TestStopSettlesWhatIsOnTheWire(t *testing.T) {
	const messages = 60
	w := newWorld(t, embedded(t))
	s := &slow{outbox: outbox{n: map[string]int{}}, open: make(chan struct{})}
	w.edit = func(c *worker.Config) {
		c.Sender = func(playbooks.Channel) (channel.Sender, error) { return s, nil }
	}
	w.activate(thanks)
	for i := range messages {
		w.accept(order(fmt.Sprint("e", i), fmt.Sprint("m", i)))
	}
	ctx, cancel := context.WithCancel(w.ctx)
	done := make(chan error, 1)
	first := w.worker()
	go func() { done <- first.Run(ctx) }()
	w.until("attempts are on the wire", func() bool {
		return s.begun.Load() >= atOnce+2 &&
			w.state("thanks", engine.RunDone) == messages
	})
	cancel()
	close(s.open)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := s.cutOff.Load(); n > 0 {
		t.Errorf("%d attempts were cut off", n)
	}
	distinct, all := s.keys()
	if settled := messages - w.pending(); distinct != all || distinct != settled {
		t.Errorf("%d messages were sent, %d times in all; %d are settled", distinct, all, settled)
	}
	w.run()
	w.until("the rest is sent", func() bool { return w.pending() == 0 })
	if distinct, all := s.keys(); distinct != messages || all != messages {
		t.Errorf("%d messages were sent, %d times in all; want %d", distinct, all, messages)
	}
}

// pending returns how many deliveries are not settled.
func (w *world) pending() int {
	w.Helper()
	list, err := w.Deliveries(w.ctx, "shop", w.now(), nil, 1000)
	if err != nil {
		w.Fatal(err)
	}
	return len(list)
}

// fullDisk is a database that cannot settle while it is full.
type fullDisk struct {
	worker.Store
	full    atomic.Bool
	refused atomic.Int64
	settled atomic.Int64
}

func (f *fullDisk) Settle(ctx context.Context, outcomes []store.Outcome) error {
	if f.full.Load() {
		f.refused.Add(1)
		return errors.New("the disk is full")
	}
	err := f.Store.Settle(ctx, outcomes)
	f.settled.Add(int64(len(outcomes)))
	return err
}

// TestUnsettledIsNotSentAgain: what was sent and could not be noted is noted later, and nothing is
// sent meanwhile.
func TestUnsettledIsNotSentAgain(t *testing.T) {
	const messages = 200
	w := newWorld(t, embedded(t))
	f := &fullDisk{}
	f.full.Store(true)
	w.edit = func(c *worker.Config) {
		f.Store = c.Store
		c.Store = f
	}
	w.activate(thanks)
	for i := range messages {
		w.accept(order(fmt.Sprint("e", i), fmt.Sprint("m", i)))
	}
	w.run()
	w.until("the database has refused many times", func() bool {
		return f.refused.Load() > 60 && w.state("thanks", engine.RunDone) == messages
	})
	f.full.Store(false)
	w.until("all is settled", func() bool { return w.pending() == 0 })
	if distinct, all := w.sent.keys(); distinct != messages || all != messages {
		t.Errorf("%d messages were sent, %d times in all; want %d", distinct, all, messages)
	}
}

// TestSettledBeforeTheNext: a sender settles an attempt that takes long before it begins the next
// one, so that a kill sends again no more than what was on the wire.
func TestSettledBeforeTheNext(t *testing.T) {
	const messages, senders = 120, worker.DefaultAttempts / 8
	w := newWorld(t, embedded(t))
	f := &fullDisk{}
	var begun, most atomic.Int64
	w.edit = func(c *worker.Config) {
		f.Store = c.Store
		c.Store = f
		c.Sender = func(playbooks.Channel) (channel.Sender, error) {
			return senderFunc(func(ctx context.Context, d engine.Delivery, attempt int) (string, error) {
				if n := begun.Add(1) - f.settled.Load(); n > most.Load() {
					most.Store(n)
				}
				<-time.After(6 * time.Millisecond) // longer than what is settled together
				return w.sent.Send(ctx, d, attempt)
			}), nil
		}
	}
	w.activate(thanks)
	for i := range messages {
		w.accept(order(fmt.Sprint("e", i), fmt.Sprint("m", i)))
	}
	w.run()
	w.until("all is settled", func() bool { return w.state("thanks", engine.RunDone) == messages && w.pending() == 0 })
	if n := most.Load(); n > senders {
		t.Errorf("%d attempts were not settled at once, of %d senders", n, senders)
	}
}

type senderFunc func(context.Context, engine.Delivery, int) (string, error)

func (f senderFunc) Send(ctx context.Context, d engine.Delivery, attempt int) (string, error) {
	return f(ctx, d, attempt)
}

// TestMessagesOfAMemberArriveInOrder: whatever the channel takes for each, a member's messages go
// out one after the other, in the order in which they were decided.
func TestMessagesOfAMemberArriveInOrder(t *testing.T) {
	const members, events = 30, 4
	w := newWorld(t, embedded(t))
	var mu sync.Mutex
	got, flying := map[string][]string{}, map[string]int{}
	w.edit = func(c *worker.Config) {
		c.Sender = func(playbooks.Channel) (channel.Sender, error) {
			return sendFunc(func(_ context.Context, d engine.Delivery, _ int) (string, error) {
				mu.Lock()
				flying[d.Member]++
				if flying[d.Member] > 1 {
					t.Errorf("two messages of %s are in flight", d.Member)
				}
				got[d.Member] = append(got[d.Member], d.Message.Text)
				n := len(got[d.Member])
				mu.Unlock()
				time.Sleep(time.Duration(len(d.Member)*n%4) * time.Millisecond) // the channel takes its time
				mu.Lock()
				flying[d.Member]--
				mu.Unlock()
				return "", nil
			}), nil
		}
	}
	w.activate("id: two\nstage: activation\ntrigger: {event: order.paid}\nmode: parallel\nactions:\n" +
		"  - message: {channel: shop, class: transactional, text: \"{{ trigger.id }} a\"}\n" +
		"  - message: {channel: shop, class: transactional, text: \"{{ trigger.id }} b\"}\n")
	w.run()
	want := map[string][]string{}
	for i := range events {
		for m := range members {
			member := fmt.Sprint("m", m)
			id := fmt.Sprintf("e%d-%d", i, m)
			want[member] = append(want[member], id+" a", id+" b")
			w.accept(order(id, member))
		}
	}
	w.until("all have arrived", func() bool {
		mu.Lock()
		defer mu.Unlock()
		n := 0
		for _, list := range got {
			n += len(list)
		}
		return n == members*events*2
	})
	mu.Lock()
	defer mu.Unlock()
	for m, list := range want {
		if !slices.Equal(got[m], list) {
			t.Errorf("%s got %v, want %v", m, got[m], list)
		}
	}
}

type sendFunc func(context.Context, engine.Delivery, int) (string, error)

func (f sendFunc) Send(ctx context.Context, d engine.Delivery, attempt int) (string, error) {
	return f(ctx, d, attempt)
}

// wire counts attempts.
type wire struct {
	mu         sync.Mutex
	now, most  int            // at once, over all
	of, mostOf map[string]int // by channel
}

func (w *wire) enter(channel string) (leave func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now++
	w.of[channel]++
	w.most, w.mostOf[channel] = max(w.most, w.now), max(w.mostOf[channel], w.of[channel])
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.now--
		w.of[channel]--
	}
}

// TestSilentHostsHoldUpNobody: however many hosts take calls and do not answer, decisions go on and
// channels that answer deliver; attempts are bounded, over all and for each.
func TestSilentHostsHoldUpNobody(t *testing.T) {
	const hosts, calls, attempts, most, messages = 30, 20, 16, 12, 300
	was := declarations
	t.Cleanup(func() { declarations = was })
	books := []string{thanks}
	for i := range hosts {
		declarations = strings.Replace(declarations, "channels:\n", fmt.Sprintf("channels:\n  h%d: {type: log}\n", i), 1)
		books = append(books, fmt.Sprintf("id: call%d\nstage: activation\ntrigger: {event: member.left}\nmode: parallel\n"+
			"actions:\n  - message: {channel: h%d, text: hi, class: transactional}\n", i, i))
	}
	w := newWorld(t, embedded(t))
	on := &wire{of: map[string]int{}, mostOf: map[string]int{}}
	answer := make(chan struct{})
	var silent atomic.Int64
	w.edit = func(c *worker.Config) {
		c.Attempts = attempts
		c.Sender = func(ch playbooks.Channel) (channel.Sender, error) {
			return senderFunc(func(ctx context.Context, d engine.Delivery, attempt int) (string, error) {
				defer on.enter(ch.Name)()
				if ch.Name != "shop" {
					silent.Add(1)
					<-answer
					return "", errBusy
				}
				return w.sent.Send(ctx, d, attempt)
			}), nil
		}
	}
	w.activate(books...)
	w.run()
	t.Cleanup(func() { close(answer) })
	w.accept(order("first", "first"))
	w.until("the shop has answered", func() bool { return w.pending() == 0 && w.state("thanks", engine.RunDone) == 1 })
	for i := range calls {
		in := order(fmt.Sprint("left", i), fmt.Sprint("gone", i))
		in.Name = "member.left"
		in.Payload.Properties = nil
		w.accept(in)
	}
	w.until("hosts have calls that they do not answer", func() bool { return silent.Load() >= most })
	for i := range messages {
		w.accept(order(fmt.Sprint("e", i), fmt.Sprint("m", i)))
	}
	w.until("all other messages are out", func() bool {
		distinct, _ := w.sent.keys()
		return distinct == 1+messages
	})
	if n := silent.Load(); n != most {
		t.Errorf("%d calls were begun of hosts that have not answered one, want %d", n, most)
	}
	on.mu.Lock()
	defer on.mu.Unlock()
	if on.most > attempts || on.mostOf["shop"] > attempts/8 {
		t.Errorf("%d attempts at once, %d of one channel; want %d and %d", on.most, on.mostOf["shop"], attempts, attempts/8)
	}
}

// An attempt that takes long holds up nobody: also not those whose messages are attempted together,
// because the channel has answered quickly so far.
func TestHangingAttemptHoldsUpNobody(t *testing.T) {
	const others = 40
	w := newWorld(t, embedded(t))
	answer := make(chan struct{})
	w.edit = func(c *worker.Config) {
		c.Sender = func(playbooks.Channel) (channel.Sender, error) {
			return senderFunc(func(ctx context.Context, d engine.Delivery, attempt int) (string, error) {
				if d.Member == "hangs" {
					<-answer
				}
				return w.sent.Send(ctx, d, attempt)
			}), nil
		}
	}
	w.activate(thanks)
	wk := w.run()
	send := func(name string, first ...string) {
		var list []engine.Input
		for _, m := range first {
			list = append(list, order(name+"-"+m, m))
		}
		for i := range others {
			list = append(list, order(fmt.Sprint(name, "-", i), fmt.Sprint("m", i)))
		}
		w.accept(list...)
		for i := range list {
			wk.Wake(list[i].Member)
		}
	}
	sent := func(n int) func() bool {
		return func() bool {
			distinct, all := w.sent.keys()
			return distinct == n && all == n
		}
	}
	for round := range 5 { // the channel is known to be quick
		send(fmt.Sprint("q", round))
		w.until("all are out", sent((round+1)*others))
	}
	send("h", "hangs")
	w.until("the others' messages are out", sent(6*others))
	close(answer)
	w.until("all are out", sent(6*others+1))
}

// TestBusyMemberHoldsUpNobody: a member with more messages than are read at once, of whom one is on
// the wire for long, holds up no other member of the channel.
func TestBusyMemberHoldsUpNobody(t *testing.T) {
	const busy, others = 150, 20
	w := newWorld(t, embedded(t))
	answer := make(chan struct{})
	w.edit = func(c *worker.Config) {
		c.Sender = func(playbooks.Channel) (channel.Sender, error) {
			return senderFunc(func(ctx context.Context, d engine.Delivery, attempt int) (string, error) {
				if d.Member == "busy" {
					<-answer
				}
				return w.sent.Send(ctx, d, attempt)
			}), nil
		}
	}
	w.activate(thanks)
	for i := range busy {
		w.accept(order(fmt.Sprint("b", i), "busy"))
	}
	for i := range others {
		w.accept(order(fmt.Sprint("e", i), fmt.Sprint("m", i)))
	}
	w.run()
	w.until("the others' messages are out", func() bool {
		distinct, _ := w.sent.keys()
		return distinct == others
	})
	close(answer)
	w.until("all are out", func() bool {
		distinct, all := w.sent.keys()
		return distinct == busy+others && all == distinct
	})
}
