package worker_test

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
)

// asksLong tells by which of its orders a member is a regular: the window, a condition on each event
// and the last one count.
const asksLong = `id: %s
stage: retention
trigger: {event: order.paid}
mode: parallel
condition: >-
  len(events("order.paid")) == 701 and sum(events("order.paid", "30d"), .amount) == 3507.5 and
  count(events("order.paid", "30d"), .amount > 5) == 1 and last(events("order.paid"))?.amount == 7.5
actions: [{tag: regular}]
`

// A member with many events is decided on by all of them, over batches, workers and another version
// of the workspace. Their trees are kept up, and go with what asks for them; one with few has none.
func TestLongHistory(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(fmt.Sprintf(asksLong, "regular"))
	wk := w.run()
	decided := func(n int) {
		t.Helper()
		w.until("decided", func() bool {
			h := 0
			for _, m := range []string{"hot", "cold"} {
				events, _, err := w.MemberEvents(w.ctx, m, "", 1000)
				if err != nil {
					return false
				}
				h += len(events)
			}
			return h == n
		})
	}
	send := func(from, to int, edit func(*engine.Input)) {
		t.Helper()
		var list []engine.Input
		for i := from; i < to; i++ {
			in := order(fmt.Sprint("o", i), "hot")
			in.Time = w.now().Add(-time.Duration(i*7919%700) * time.Hour)
			if edit != nil {
				edit(&in)
			}
			list = append(list, in)
		}
		w.accept(list...)
		wk.Wake("hot", "cold")
	}
	send(0, 300, nil)
	send(300, 600, nil)
	send(600, 700, nil)
	send(700, 701, func(in *engine.Input) { in.Member = "cold" })
	decided(701)
	if n := w.state("regular", engine.RunDone); n != 0 {
		t.Fatalf("%d runs before the last order", n)
	}
	send(701, 702, func(in *engine.Input) {
		in.Time, in.Properties = w.now(), map[string]any{"amount": 7.5}
	})
	decided(702)
	if n := w.state("regular", engine.RunDone); n != 1 {
		t.Fatalf("%d runs at the 701st order", n)
	}
	if n := treesOf(t, w); n["hot"] != 3 || n["cold"] != 0 { // how many there are, amounts, amounts above 5
		t.Errorf("trees: %v", n)
	}
	w.activate(`id: other
stage: retention
trigger: {event: order.paid}
mode: parallel
condition: sum(events("order.paid"), .amount) == 3512.5
actions: [{tag: regular}]
`)
	if err := wk.Refresh(w.ctx); err != nil {
		t.Fatal(err)
	}
	send(702, 703, nil)
	decided(703)
	if n := w.state("other", engine.RunDone); n != 1 {
		t.Errorf("%d runs of another version", n)
	}
	if n := treesOf(t, w); n["hot"] != 2 {
		t.Errorf("trees after another version: %v", n)
	}
}

// treesOf counts the trees of each member.
func treesOf(t *testing.T, w *world) map[string]int {
	t.Helper()
	db, err := sql.Open("sqlite", w.path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT s.id, count(DISTINCT tree) FROM trees t JOIN subjects s ON s.n = t.subject WHERE level = ? GROUP BY s.id", engine.RootLevel)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	out := map[string]int{}
	for rows.Next() {
		var member string
		var n int
		if err := rows.Scan(&member, &n); err != nil {
			t.Fatal(err)
		}
		out[member] = n
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}
