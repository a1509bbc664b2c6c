package worker_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usher-run/usher/actions/channel"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/worker"
	"github.com/usher-run/usher/playbooks"
)

// receiver is an address that webhooks call.
type receiver struct {
	*httptest.Server
	mu    sync.Mutex
	keys  map[string]int
	fails int // attempts that are answered with 503 before the first good one
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{keys: map[string]int{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, q *http.Request) {
		r.mu.Lock()
		defer r.mu.Unlock()
		key := q.Header.Get("Idempotency-Key")
		r.keys[key]++
		if r.keys[key] <= r.fails {
			rw.WriteHeader(503)
			return
		}
		_, _ = io.WriteString(rw, `{"score": 7}`)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) count() (keys, attempts int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range r.keys {
		attempts += n
	}
	return len(r.keys), attempts
}

// ask declares the receiver and calls it.
func (w *world) ask(r *receiver) {
	w.edit = func(c *worker.Config) {
		c.Sender = func(ch playbooks.Channel) (channel.Sender, error) {
			if ch.Type == "webhook" {
				ch.Config = map[string]any{"url": r.URL}
				return channel.New(ch, nil, channel.Deps{})
			}
			return w.sent, nil
		}
	}
	w.activate(fmt.Sprintf(`id: ask
stage: activation
trigger: {event: order.paid}
mode: parallel
actions:
  - id: crm
    webhook: {url: %s/score, body: {amount: = trigger.amount}, returns: {score: int}}
  - points: = actions.crm.body?.score ?? 100
`, r.URL))
}

func TestWebhookHoldsItsRun(t *testing.T) {
	r := newReceiver(t)
	r.fails = 2
	w := newWorld(t, embedded(t))
	w.ask(r)
	w.run()
	w.accept(order("e1", "m1"))
	w.until("the first attempt", func() bool { _, n := r.count(); return n == 1 })
	if n := w.state("ask", engine.RunWaiting); n != 1 {
		t.Fatalf("%d runs hold", n)
	}
	for _, attempts := range []int{2, 3} {
		w.advance(20 * time.Minute)
		w.until("another attempt", func() bool { _, n := r.count(); return n == attempts })
	}
	w.until("the end", func() bool { return w.state("ask", engine.RunDone) == 1 })
	if keys, n := r.count(); keys != 1 || n != 3 {
		t.Errorf("%d keys in %d attempts", keys, n)
	}
	m, err := w.Member(w.ctx, "m1")
	if err != nil || m.Points != 7 {
		t.Fatalf("%+v, %v", m, err)
	}
}

// Nobody answers: the run goes on with status 0 and the reason.
func TestWebhookGivesUp(t *testing.T) {
	r := newReceiver(t)
	r.fails = 1 << 30
	w := newWorld(t, embedded(t))
	w.ask(r)
	ask := w.edit
	w.edit = func(c *worker.Config) { ask(c); c.MaxAttempts = 2 }
	w.run()
	w.accept(order("e1", "m1"))
	w.until("the first attempt", func() bool { _, n := r.count(); return n == 1 })
	w.advance(20 * time.Minute)
	w.until("the end", func() bool { return w.state("ask", engine.RunDone) == 1 })
	runs, _, err := w.Runs(w.ctx, store.RunFilter{Member: "m1"})
	if err != nil || len(runs) != 1 {
		t.Fatal(err)
	}
	got := runs[0].Actions["crm"]
	if got["status"] != 0.0 || !strings.Contains(fmt.Sprint(got["reason"]), "503") {
		t.Fatalf("%v", got)
	}
}

func TestWebhookTakesEffectOnce(t *testing.T) {
	r := newReceiver(t)
	w := newWorld(t, embedded(t))
	w.ask(r)
	ask, f := w.edit, &fullDisk{Store: w.Store}
	w.edit = func(c *worker.Config) { ask(c); c.Store = f }
	w.accept(order("e1", "m1"))
	// Two workers are gone after the answer came and before it was settled.
	f.full.Store(true)
	for range 2 {
		ctx, cancel := context.WithCancel(w.ctx)
		done, before, wk := make(chan error, 1), f.refused.Load(), w.worker()
		go func() { done <- wk.Run(ctx) }()
		w.until("the answer cannot be settled", func() bool { return f.refused.Load() > before })
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	f.full.Store(false)
	w.run()
	w.until("the end", func() bool { return w.state("ask", engine.RunDone) == 1 })
	if keys, n := r.count(); keys != 1 || n != 3 {
		t.Errorf("%d keys in %d attempts", keys, n)
	}
	m, err := w.Member(w.ctx, "m1")
	if err != nil || m.Points != 7 {
		t.Fatalf("%+v, %v", m, err)
	}
	if n := w.counts("ask"); n.Points != 7 || n.Done != 1 || len(n.Messages) != 0 {
		t.Fatalf("%+v", n)
	}
}

// The answer of a webhook that cannot be decided is set aside, and the run that holds for it fails:
// nothing else would end it.
func TestPoisonedAnswerFailsItsRun(t *testing.T) {
	r := newReceiver(t)
	w := newWorld(t, embedded(t))
	w.ask(r)
	edit := w.edit
	w.edit = func(c *worker.Config) {
		edit(c)
		c.Effects["points"] = func(*engine.Act) error { panic("broken") }
	}
	wk := w.run()
	w.accept(order("e", "m"))
	wk.Wake("m")
	w.until("the run has failed", func() bool { return w.counts("ask").Failed == 1 })
	w.idle()
	list, _, err := w.Failures(w.ctx, store.FailureFilter{Limit: 5})
	if err != nil || len(list) != 1 || list[0].What != "input" {
		t.Errorf("failures %+v, %v", list, err)
	}
}
