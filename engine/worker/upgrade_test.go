package worker_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/worker"
	"github.com/usher-run/usher/playbooks"
)

// upgraded makes workers of a version that refuses bundles with a text in a playbook, for as long
// as refused says so.
type upgraded struct {
	text    string
	refused atomic.Bool
	loads   atomic.Int32
}

func (u *upgraded) edit(c *worker.Config) {
	good := c.Load
	c.Load = func(b store.Bundle) (*playbooks.Workspace, error) {
		if strings.Contains(string(b.Files["playbooks/p0.yaml"]), u.text) {
			u.loads.Add(1)
			if u.refused.Load() {
				return nil, errors.New("playbooks/other.yaml:3: no longer taken")
			}
		}
		return good(b)
	}
}

func (w *world) runOf(playbook string) *store.RunRecord {
	w.Helper()
	runs, _, err := w.Runs(w.ctx, store.RunFilter{Playbook: playbook})
	if err != nil || len(runs) != 1 {
		w.Fatalf("runs %+v, %v", runs, err)
	}
	r, err := w.Store.Run(w.ctx, runs[0].ID)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

func waitsFor(wait string) string {
	return "id: p\nstage: activation\ntrigger: {event: order.paid}\nactions: [{wait: " + wait + "}, {tag: x}]\n"
}

// parkOne leaves a run whose revision a worker of a new version cannot compile.
func parkOne(t *testing.T) (*world, *upgraded, func()) {
	t.Helper()
	w := newWorld(t, embedded(t))
	w.activate(waitsFor("1h"))
	wk, stop := w.start()
	w.accept(order("o1", "m0"))
	wk.Wake("m0")
	w.until("it waits", func() bool { return w.counts("p").Waiting == 1 })
	stop()
	w.activate(waitsFor("2h"))
	u := &upgraded{text: "wait: 1h"}
	u.refused.Store(true)
	w.edit = u.edit
	w.advance(61 * time.Minute)
	_, stop = w.start()
	w.until("it is parked", func() bool { return strings.HasPrefix(w.runOf("p").Reason, "parked: ") })
	w.idle()
	return w, u, stop
}

// A run whose revision the new version cannot compile is parked with the reason, and goes on within
// the hour when it can.
func TestUpgradeParksRuns(t *testing.T) {
	w, u, stop := parkOne(t)
	defer stop()
	r := w.runOf("p")
	if r.State != engine.RunWaiting || !strings.Contains(r.Reason, "playbooks/other.yaml:3: no longer taken") ||
		r.Trace[len(r.Trace)-1].What != "parked" {
		t.Fatalf("%+v\n%+v", r.Run, r.Trace)
	}
	w.failed()
	for range 3 {
		w.advance(time.Hour)
		due := r.DueAt
		w.until("it is tried again, and parked again", func() bool { return w.runOf("p").DueAt.After(due) })
		r = w.runOf("p")
		w.idle()
	}
	if n := u.loads.Load(); n > 8 {
		t.Errorf("the bundle was compiled %d times in four hours", n)
	}
	if n := len(r.Trace); r.Trace[n-1].What != "parked" || r.Trace[n-2].What == "parked" {
		t.Errorf("the trace repeats itself: %+v", r.Trace)
	}
	// What happens to the member meanwhile is decided.
	w.accept(order("o2", "m0"))
	w.until("the event is refused by mode", func() bool { return w.counts("p").Skipped["mode"] == 1 })
	u.refused.Store(false)
	w.advance(time.Hour + time.Minute)
	w.until("it goes on", func() bool { return w.counts("p").Done == 1 })
	if r := w.runOf("p"); r.Reason != "" {
		t.Errorf("reason %q", r.Reason)
	}
}

// A server that starts with a version that can compile it goes on at once.
func TestParkedRunsGoOnAtTheStart(t *testing.T) {
	w, u, stop := parkOne(t)
	stop()
	u.refused.Store(false)
	_, stop = w.start()
	defer stop()
	w.until("it goes on", func() bool { return w.counts("p").Done == 1 })
}

// Another version may name a revision otherwise. The store knows which workspace is meant.
func TestRevisionsOfAnotherVersionAreFound(t *testing.T) {
	w := newWorld(t, embedded(t))
	ws := compile(t, waitsFor("1h"))
	w.edit = func(c *worker.Config) {
		good := c.Load
		c.Load = func(b store.Bundle) (*playbooks.Workspace, error) {
			ws, err := good(b)
			if err == nil {
				for _, p := range ws.Playbooks {
					p.Revision = "new-" + p.Revision
				}
			}
			return ws, err
		}
	}
	if err := worker.Activate(w.ctx, w.Store, ws, time.Now()); err != nil { // by the old version
		t.Fatal(err)
	}
	edit := w.edit
	w.edit = nil
	wk, stop := w.start()
	w.accept(order("o1", "m1"))
	wk.Wake("m1")
	w.until("it waits", func() bool { return w.counts("p").Waiting == 1 })
	stop()
	w.edit = edit
	wk, stop = w.start()
	w.accept(order("o2", "m2"))
	wk.Wake("m2")
	w.until("the second waits", func() bool { return w.counts("p").Waiting == 2 })
	stop()
	w.activate(waitsFor("2h"))
	_, stop = w.start()
	defer stop()
	w.advance(61 * time.Minute)
	w.until("both go on", func() bool { return w.counts("p").Done == 2 })
}
