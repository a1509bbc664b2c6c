package worker_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver, to damage the file behind the store's back

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/worker"
)

// shopper enters, waits and ends with a tag; what it asks of the history is asked again at each
// event.
const shopper = `id: shopper
stage: activation
trigger: {event: order.paid}
condition: sum(events("order.paid"), .amount) > 0
mode: parallel
actions:
  - {id: gift, coupon: {pool: ten}}
  - wait: 1h
  - tag: bought
`

// file opens the database file beside the store.
func (w *world) file() *sql.DB {
	w.Helper()
	f, err := sql.Open("sqlite", w.path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = f.Close() })
	return f
}

// damage changes rows in the file, and returns how to mend them.
func (w *world) damage(table, column, where, value string) (mend func()) {
	w.Helper()
	f := w.file()
	read := fmt.Sprintf("SELECT rowid_, %s FROM (SELECT %s AS rowid_, %s FROM %s WHERE %s)", column, keyOf[table],
		column, table, where)
	rows, err := f.Query(read)
	if err != nil {
		w.Fatal(err)
	}
	was := map[any]any{}
	for rows.Next() {
		var key, v any
		if err := rows.Scan(&key, &v); err != nil {
			w.Fatal(err)
		}
		was[key] = v
	}
	if err := rows.Err(); err != nil {
		w.Fatal(err)
	}
	_ = rows.Close()
	if len(was) == 0 {
		w.Fatalf("there is no row of %s where %s", table, where)
	}
	w.exec(f, fmt.Sprintf("UPDATE %s SET %s = %s WHERE %s", table, column, value, where))
	return func() {
		for key, v := range was {
			set := fmt.Sprintf("UPDATE %s SET %s = ? WHERE %s = ?", table, column, keyOf[table])
			w.exec(f, set, v, key)
		}
	}
}

// keyOf is what tells rows of a table apart.
var keyOf = map[string]string{
	"subjects": "id", "runs": "id", "inbox": "id", "deliveries": "key", "records": "n", "coupons": "code",
	"tallies": "n", "workspaces": "hash", "requests": "key",
}

func (w *world) exec(f *sql.DB, text string, args ...any) {
	w.Helper()
	if _, err := f.Exec(text, args...); err != nil {
		w.Fatalf("%s: %v", text, err)
	}
}

// neighbours are members of one lane.
func (w *world) neighbours(n int) (list []string) {
	for i := 0; len(list) < n; i++ {
		if m := fmt.Sprint("m", i); w.Lanes().OfMember(m) == 0 {
			list = append(list, m)
		}
	}
	return list
}

// damages are values that no row of JSON may have.
var damages = map[string]string{
	"cut": "substr({}, 1, length({}) / 2)", "noise": "x'ff00fe7b'", "empty": "''", "another type": "'[1,2]'",
	"a number": "17",
}

// Something of one member cannot be read: that member is held with the reason, all others go on,
// and nothing of the member is lost. When it can be read again, they go on where they were.
func TestDamagedRowsHoldTheirMemberAlone(t *testing.T) {
	for what, row := range map[string]struct{ table, column, where string }{
		"state":           {"subjects", "state", "id = '%s'"},
		"trigger of run":  {"runs", "triggered", "subject = (SELECT n FROM subjects WHERE id = '%s') AND state = 'waiting'"},
		"results of run":  {"runs", "actions", "subject = (SELECT n FROM subjects WHERE id = '%s') AND state = 'waiting'"},
		"event of before": {"inbox", "data", "member = '%s' AND id LIKE 'first-%%'"},
	} {
		for how, value := range damages {
			if what != "state" && how == "empty" {
				continue // an empty column is a run without results, an event without properties
			}
			t.Run(what+", "+how, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, embedded(t))
				w.activate(shopper)
				wk := w.run()
				m := w.neighbours(4)
				victim := m[0]
				send := func(name string) {
					var list []engine.Input
					for _, id := range m {
						list = append(list, orderOf(name+"-"+id, id, 5))
					}
					w.accept(list...)
					wk.Wake(m...)
				}
				send("first")
				w.until("all wait", func() bool { return w.counts("shopper").Waiting == 4 })
				w.idle()
				mend := w.damage(row.table, row.column, fmt.Sprintf(row.where, victim), strings.ReplaceAll(value, "{}", row.column))

				send("second")
				w.until("the others enter again", func() bool { return w.counts("shopper").Entered == 7 })
				w.advance(2 * time.Hour)
				w.until("the others are done", func() bool { return w.counts("shopper").Done >= 6 })
				send("third")
				w.until("the others enter a third time", func() bool { return w.counts("shopper").Entered == 10 })
				w.idle()
				w.failed("member " + victim)
				held, err := w.Held(w.ctx)
				if err != nil || len(held) != 1 || held[0].Member != victim || held[0].Error == "" {
					t.Fatalf("held %+v, %v", held, err)
				}
				if n := w.counts("shopper"); n.Done != 6 || n.Failed != 0 {
					t.Errorf("%+v", n)
				}
				w.until("the gauge tells it", func() bool { return gauge(t, wk, "usher_held_members") == 1 })
				if list, _, err := w.Runs(w.ctx, store.RunFilter{Member: victim}); err != nil || len(list) != 1 {
					t.Errorf("runs of the member: %+v, %v", list, err)
				}
				if list, _, err := w.Timeline(w.ctx, m[1], "", 50); err != nil || len(list) != 9 {
					t.Errorf("timeline of another: %d items, %v", len(list), err)
				}

				mend()
				w.advance(time.Hour + 2*time.Minute) // ages the runs that the others began, too
				w.until("the member has caught up", func() bool {
					runs, _, err := w.Runs(w.ctx, store.RunFilter{Member: victim})
					return err == nil && len(runs) == 3
				})
				w.advance(2 * time.Hour)
				w.until("all are done", func() bool { return w.counts("shopper").Done == 12 })
				w.until("nobody is held", func() bool { return gauge(t, wk, "usher_held_members") == 0 })
				w.idle()
				events, _, err := w.MemberEvents(w.ctx, victim, "", 50)
				if err != nil || len(events) != 3 || events[0].ID != "third-"+victim || events[2].ID != "first-"+victim {
					t.Errorf("events %+v, %v", events, err)
				}
			})
		}
	}
}

// An undecided input that cannot be read is set aside alone.
func TestDamagedInputIsSetAside(t *testing.T) {
	for how, value := range damages {
		if how == "empty" {
			continue // an event without properties
		}
		t.Run(how, func(t *testing.T) {
			w := newWorld(t, embedded(t))
			w.activate(shopper)
			m := w.neighbours(3)
			for i, id := range m {
				w.accept(orderOf(fmt.Sprint("a", i), id, 5), orderOf(fmt.Sprint("b", i), id, 5))
			}
			w.damage("inbox", "data", "id = 'a0'", strings.ReplaceAll(value, "{}", "data"))
			w.run()
			w.until("all others are decided", func() bool { return w.counts("shopper").Entered == 5 })
			w.idle()
			w.failed("input a0")
		})
	}
}

// Whatever is damaged of the answer of a webhook before it is decided: no run holds for it for ever,
// it is told, and the others go on.
func TestDamagedAnswerHoldsNoRun(t *testing.T) {
	const done, failed = engine.RunDone, engine.RunFailed
	for column, want := range map[string]struct {
		becomes engine.RunState // of the run that holds
		told    string          // in the log
		but     map[string]engine.RunState
	}{
		"data":   {failed, "set aside", nil},
		"kind":   {done, "the answer of a delivery is damaged", nil},
		"name":   {done, "the answer of a delivery is damaged", nil},
		"member": {done, "the answer of a delivery is damaged", nil},
		// A number is an instant like any other.
		"at": {failed, "set aside", map[string]engine.RunState{"a number": done, "cut": done}},
		// Nothing asks for these any more.
		"id":    {done, "", nil},
		"time":  {done, "", nil},
		"cause": {done, "", nil},
	} {
		for how, value := range damages {
			t.Run(column+", "+how, func(t *testing.T) {
				t.Parallel()
				state, told := want.becomes, want.told
				if but, ok := want.but[how]; ok {
					state, told = but, ""
				}
				w := newWorld(t, embedded(t))
				r := newReceiver(t)
				r.fails = 1 << 30
				w.ask(r)
				lines := &lineCount{Handler: slog.DiscardHandler, message: told}
				ask := w.edit
				w.edit = func(c *worker.Config) { ask(c); c.Log = slog.New(lines) }
				_, stop := w.start()
				m := w.neighbours(3)
				for _, id := range m {
					w.accept(order("e-"+id, id))
				}
				w.until("all hold", func() bool { _, n := r.count(); return n == 3 && w.counts("ask").Waiting == 3 })
				stop()
				victim := w.answer(m[0])
				w.answer(m[1])
				w.damage("inbox", column, "id = '"+engine.AnswerID(victim.Deliveries[0].Key)+"'",
					strings.ReplaceAll(value, "{}", column))
				w.answer(m[2])
				w.run()
				w.until("no run holds", func() bool { return w.counts("ask").Waiting == 0 })
				w.idle()
				got, err := w.Store.Run(w.ctx, victim.ID)
				if err != nil || got.State != state {
					t.Fatalf("the run is %s (%s), %v", got.State, got.Reason, err)
				}
				if n := w.counts("ask"); state == done && n.Done != 3 || state == failed && (n.Done != 2 || n.Failed != 1) {
					t.Errorf("%+v", n)
				}
				if told != "" {
					w.until("it is told", func() bool { return lines.n.Load() == 1 })
				}
				if state == done {
					w.failed()
					return
				}
				w.failed("input " + engine.AnswerID(victim.Deliveries[0].Key))
			})
		}
	}
}

// answer settles the webhook of a member's run, and returns the run.
func (w *world) answer(member string) *store.RunRecord {
	w.Helper()
	runs, _, err := w.Runs(w.ctx, store.RunFilter{Member: member})
	if err != nil || len(runs) != 1 {
		w.Fatal(runs, err)
	}
	r, err := w.Store.Run(w.ctx, runs[0].ID)
	if err != nil || len(r.Deliveries) != 1 {
		w.Fatal(r, err)
	}
	d := r.Deliveries[0]
	err = w.Settle(w.ctx, []store.Outcome{{
		Key: d.Key, State: store.DeliverySent, At: w.now(),
		Result: &engine.Input{
			Kind: engine.InputResult, ID: engine.AnswerID(d.Key), Member: d.Member, Name: d.Run,
			Payload: &engine.Payload{Properties: map[string]any{
				"step": d.Step, "status": 200, "body": map[string]any{"score": 7},
			}},
		},
	}})
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// Of any input that is damaged before it is decided: it is decided as what it then is, or set aside
// alone; the others go on.
func TestDamagedColumnStopsNothing(t *testing.T) {
	for _, column := range []string{"kind", "name", "member", "at", "time", "id", "cause"} {
		for how, value := range damages {
			t.Run(column+", "+how, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, embedded(t))
				w.activate(shopper)
				m := w.neighbours(3)
				for i, id := range m {
					w.accept(orderOf(fmt.Sprint("a", i), id, 5))
				}
				w.damage("inbox", column, "id = 'a0'", strings.ReplaceAll(value, "{}", column))
				w.run()
				w.until("the others are decided", func() bool {
					runs, _, err := w.Runs(w.ctx, store.RunFilter{})
					held := map[string]bool{}
					for _, r := range runs {
						held[r.Member] = true
					}
					return err == nil && held[m[1]] && held[m[2]]
				})
				w.idle()
				if column == "kind" || column == "member" && (how == "empty" || how == "noise") {
					w.failed("input a0")
				}
				w.advance(2 * time.Hour)
				w.until("all that began are done", func() bool { n := w.counts("shopper"); return n.Done == n.Entered })
			})
		}
	}
}

// A delivery that cannot be read is given up on; its channel goes on, and its run learns of it.
func TestDamagedDeliveryIsGivenUp(t *testing.T) {
	for how, value := range damages {
		t.Run(how, func(t *testing.T) {
			w := newWorld(t, embedded(t))
			w.activate("id: greet\nstage: activation\ntrigger: {event: order.paid}\nactions:\n  - {id: hi, message: {channel: shop, text: hi, class: transactional}}\n  - wait: 10d\n")
			w.sent.fail = func(engine.Delivery, int) error { return errBusy }
			wk := w.run()
			m := w.neighbours(8)
			for i, id := range m {
				w.accept(order(fmt.Sprint("e", i), id))
			}
			wk.Wake(m...)
			w.until("each was tried", func() bool {
				tried := 0
				for _, id := range m {
					list, err := w.MemberPending(w.ctx, id)
					if err == nil && len(list) == 1 && list[0].Attempts > 0 {
						tried++
					}
				}
				return tried == len(m)
			})
			w.damage("deliveries", "message", fmt.Sprintf("subject = (SELECT n FROM subjects WHERE id = '%s')", m[0]), strings.ReplaceAll(value, "{}", "message"))
			w.sent.mu.Lock()
			w.sent.fail = nil
			w.sent.mu.Unlock()
			w.advance(time.Minute)
			w.until("the others are sent", func() bool { n, _ := w.sent.keys(); return n == len(m)-1 })
			w.until("nothing is to be sent", w.settled)
			w.idle()
			runs, _, err := w.Runs(w.ctx, store.RunFilter{Member: m[0]})
			if err != nil || len(runs) != 1 {
				t.Fatal(runs, err)
			}
			r, err := w.Store.Run(w.ctx, runs[0].ID)
			if err != nil || len(r.Deliveries) != 1 {
				t.Fatal(r, err)
			}
			if got := r.Actions["hi"]["status"]; got != "failed" {
				t.Errorf("the run learned %v", r.Actions)
			}
			w.failed("delivery " + r.Deliveries[0].Key)
		})
	}
}

// What is damaged of the past hides nothing but itself, and stops nothing.
func TestDamagedPastHidesNothingElse(t *testing.T) {
	for how, value := range damages {
		t.Run(how, func(t *testing.T) {
			w := newWorld(t, embedded(t))
			w.activate(careful, strings.Replace(shopper, "> 0", "< 0", 1))
			wk := w.run()
			w.accept(orderOf("e1", "m", 5), orderOf("e2", "m", 5), orderOf("e3", "n", 5))
			w.until("all are decided", func() bool { // asked of the runs: what was asked of the counts is known from then on
				done, _, err := w.Runs(w.ctx, store.RunFilter{State: engine.RunDone})
				return err == nil && len(done) == 3
			})
			w.idle()
			runs, _, err := w.Runs(w.ctx, store.RunFilter{Member: "m"})
			if err != nil {
				t.Fatal(err)
			}
			lost, kept := runs[0].ID, runs[1].ID
			for column, table := range map[string]string{"data": "records", "deltas": "tallies", "expires_at": "coupons"} {
				where := "true"
				if table == "records" {
					where = "instr(data, CAST('" + lost + "' AS BLOB)) > 0"
				}
				w.damage(table, column, where, strings.ReplaceAll(value, "{}", column))
			}
			if _, _, err := w.Timeline(w.ctx, "m", "", 50); err != nil {
				t.Error(err)
			}
			list, _, err := w.Decisions(w.ctx, store.DecisionFilter{Member: "m"})
			if err != nil || len(list) != 3 || list[0].Reason != "unreadable" { // an entry and a refusal of one event in one
				t.Errorf("decisions %+v, %v", list, err)
			}
			if list, _, err := w.Runs(w.ctx, store.RunFilter{}); err != nil || len(list) != 2 {
				t.Errorf("%d runs, %v", len(list), err)
			}
			if r, err := w.Store.Run(w.ctx, kept); err != nil || len(r.Trace) == 0 {
				t.Errorf("run %+v, %v", r, err)
			}
			if _, err := w.Store.Run(w.ctx, lost); !errors.Is(err, store.ErrDamaged) {
				t.Errorf("the run that is lost: %v", err)
			}
			if list, _, err := w.MemberCoupons(w.ctx, "m", "", 50); err != nil || len(list) != 1 {
				t.Errorf("%d coupons, %v", len(list), err)
			}
			before := w.counts("careful").Done // what was counted and cannot be read is left out
			for i := range 300 {               // sums up
				w.accept(orderOf(fmt.Sprint("late", i), fmt.Sprint("late", i), 5))
				if i%10 == 0 {
					wk.Wake(fmt.Sprint("late", i))
				}
			}
			w.until("what comes later is decided", func() bool { return w.counts("careful").Done == before+300 })
		})
	}
}

// A stored workspace that cannot be read parks the runs that keep its revisions, and nothing else.
func TestDamagedWorkspaceParksItsRuns(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(shopper)
	m := w.neighbours(3)
	_, stop := w.start()
	w.accept(orderOf("e0", m[0], 5))
	w.until("it waits", func() bool { return w.counts("shopper").Waiting == 1 })
	old, _, err := w.Active(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	stop()
	w.activate(strings.Replace(shopper, "tag: bought", "tag: paid", 1))
	w.damage("workspaces", "files", "hash = '"+old+"'", "x'ff00'")
	wk := w.run()
	w.accept(orderOf("e1", m[0], 5), orderOf("e2", m[1], 5))
	wk.Wake(m...)
	w.until("the others enter", func() bool { return w.counts("shopper").Entered == 3 })
	w.advance(2 * time.Hour)
	w.until("the others are done", func() bool { return w.counts("shopper").Done == 2 })
	w.until("the run is parked", func() bool {
		runs, _, err := w.Runs(w.ctx, store.RunFilter{State: engine.RunWaiting})
		return err == nil && len(runs) == 1 && strings.Contains(runs[0].Reason, "parked") &&
			strings.Contains(runs[0].Reason, "cannot be read")
	})
	w.failed()
}

// What a request held that comes again under its key cannot be read: it is no other request for
// that, and the loss is listed.
func TestDamagedRequestIsNoConflict(t *testing.T) {
	for how, value := range damages {
		t.Run(how, func(t *testing.T) {
			w := newWorld(t, embedded(t))
			first, other := sha256.Sum256([]byte("first")), sha256.Sum256([]byte("other"))
			same := func(content [32]byte) bool {
				same, err := w.Remember(w.ctx, "key", content[:])
				if err != nil {
					t.Fatal(err)
				}
				return same
			}
			if !same(first) || same(other) {
				t.Fatal("a key is not remembered")
			}
			w.damage("requests", "content", "key = 'key'", strings.ReplaceAll(value, "{}", "content"))
			if !same(first) {
				t.Error("what was damaged makes the request another one")
			}
			if !same(first) || same(other) {
				t.Error("the request that comes again does not mend what was damaged")
			}
			w.failed("request key")
		})
	}
}

// lineCount counts log lines of one message.
type lineCount struct {
	slog.Handler
	message string
	n       atomic.Int64
}

func (c *lineCount) Handle(_ context.Context, r slog.Record) error {
	if strings.HasPrefix(r.Message, c.message) {
		c.n.Add(1)
	}
	return nil
}

func (c *lineCount) Enabled(context.Context, slog.Level) bool { return true }

// A member who is held is told of once, however much comes in for them, and again after an hour, or
// when they come to be held again.
func TestHeldMemberIsToldOnce(t *testing.T) {
	w := newWorld(t, embedded(t))
	lines := &lineCount{Handler: slog.DiscardHandler, message: "a member is held"}
	w.edit = func(c *worker.Config) { c.Log = slog.New(lines) }
	w.activate(shopper)
	m := w.neighbours(2)
	wk := w.run()
	n := 0
	batch := func() { // decided with the neighbour's
		n++
		for _, id := range m {
			w.accept(orderOf(fmt.Sprint(id, "-", n), id, 5))
		}
		wk.Wake(m...)
		w.until("the neighbour enters", func() bool {
			runs, _, err := w.Runs(w.ctx, store.RunFilter{Member: m[1], Limit: 100})
			return err == nil && len(runs) == n
		})
		w.idle()
	}
	batch()
	mend := w.damage("subjects", "state", "id = '"+m[0]+"'", "'{'")
	for range 4 {
		batch()
	}
	w.until("it is told", func() bool { return lines.n.Load() > 0 })
	if got := lines.n.Load(); got != 1 {
		t.Errorf("told %d times in 4 batches", got)
	}
	w.advance(61 * time.Minute)
	batch()
	batch()
	w.until("it is told after an hour", func() bool { return lines.n.Load() > 1 })
	if got := lines.n.Load(); got != 2 {
		t.Errorf("told %d times after an hour", got)
	}
	mend()
	w.advance(2 * time.Minute)
	w.until("the member goes on", func() bool {
		held, err := w.Held(w.ctx)
		return err == nil && len(held) == 0 && gauge(t, wk, "usher_held_members") == 0 // what is shown last
	})
	w.idle()
	w.damage("subjects", "state", "id = '"+m[0]+"'", "'{'")
	batch()
	w.until("it is told when the member is held again", func() bool { return lines.n.Load() == 3 }) // behind the commit
}
