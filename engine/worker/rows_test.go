package worker_test

import (
	"cmp"
	"database/sql"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
)

// rowLimits are the rows that an event may write, by what it meets. They must not rise: who saves
// rows lowers a limit to what is measured then, rounded up: one array of a hundred events may become
// more batches than there are lanes on a busy machine. The goal is what is aimed at.
var rowLimits = []struct {
	meets     string
	limit     float64
	goal      float64
	event     string
	playbooks []string
}{
	{meets: "nobody listens", limit: 2.2, goal: 2.2, event: "member.left", playbooks: []string{gives}},
	{meets: "tag, coupon, message, settled", limit: 7.3, goal: 7.2, event: "order.paid", playbooks: []string{gives}},
	{meets: "twenty playbooks refuse", limit: 3.3, goal: 3.2, event: "order.paid", playbooks: twentyRefuse()},
}

const gives = `id: gives
stage: activation
trigger: {event: order.paid}
mode: parallel
actions:
  - tag: buyer
  - id: gift
    coupon: {pool: many}
  - message: {channel: shop, text: "for you {{ actions.gift.code }}", class: transactional}
`

func twentyRefuse() (list []string) {
	for i := range 20 {
		list = append(list, fmt.Sprintf(`id: refuses-%d
stage: activation
trigger: {event: order.paid}
condition: member.level == "gold"
actions: [{tag: never}]
`, i))
	}
	return list
}

// Rows are what an event costs: it may not write more of them than it did. Pages and processor time
// are printed beside, which depend on the machine and on what else the process does.
func TestRowsAnEventWrites(t *testing.T) {
	const arrays, array = 10, 100
	for _, of := range rowLimits {
		t.Run(of.meets, func(t *testing.T) {
			w := newWorld(t, embedded(t))
			w.activate(of.playbooks...)
			wk := w.run()
			send := func(name string) { // always of the same members: what is counted is not how one comes into being
				var list []engine.Input
				var members []string
				for i := range array {
					in := order(fmt.Sprintf("%s-%d", name, i), fmt.Sprint("m", i))
					in.Name = of.event
					if of.event != "order.paid" {
						in.Payload = &engine.Payload{}
					}
					list, members = append(list, in), append(members, in.Member)
				}
				w.accept(list...)
				wk.Wake(members...)
				w.until("nothing is owed", w.settled)
			}
			counter := w.countRows()
			send("warm")
			counter.take()
			pages, spent := w.logPages(), processorTime(t)
			for i := range arrays {
				send(fmt.Sprint(i))
			}
			spent, pages = processorTime(t)-spent, w.logPages()-pages
			rows := counter.take()
			n := float64(arrays * array)
			sum := 0
			for _, of := range rows {
				sum += of
			}
			each := float64(sum) / n
			t.Logf("an event writes %.2f rows (%s), %.2f pages; %v of processor time with the test's own", each,
				perEvent(rows, n), float64(pages)/n, (spent / (arrays * array)).Round(time.Microsecond))
			if each > of.limit {
				t.Errorf("an event writes %.2f rows, at most %.1f are allowed; aimed at are %.1f", each, of.limit, of.goal)
			}
			if of.event == "order.paid" && of.playbooks[0] == gives {
				if got, all := w.sent.keys(); got != (arrays+1)*array || all != got {
					t.Errorf("%d messages were sent, of %d keys", all, got)
				}
			}
		})
	}
}

// settled reports whether no input and no message is owed.
func (w *world) settled() bool {
	lanes, _, err := w.Owed(w.ctx, w.now())
	if err != nil {
		w.Fatal(err)
	}
	channels, _, err := w.OwedDeliveries(w.ctx, w.now())
	if err != nil {
		w.Fatal(err)
	}
	return len(lanes) == 0 && len(channels) == 0
}

// rowCounter counts the rows that are written to a database, whoever writes them and whatever its
// tables are: every table has triggers for it.
type rowCounter struct {
	*world
	*sql.DB
	before map[string]int
}

func (w *world) countRows() *rowCounter {
	w.Helper()
	c := &rowCounter{world: w, DB: w.file(), before: map[string]int{}}
	run := func(query string, args ...any) {
		if _, err := c.Exec(query, args...); err != nil {
			w.Fatal(err)
		}
	}
	tables := c.names(`SELECT name, 0 FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
	run("CREATE TABLE counted (name TEXT PRIMARY KEY, n INTEGER NOT NULL)")
	for table := range tables {
		run("INSERT INTO counted VALUES (?, 0)", table)
		for _, what := range []string{"INSERT", "UPDATE", "DELETE"} {
			run(fmt.Sprintf(`CREATE TRIGGER "counted %s %s" AFTER %s ON "%s" BEGIN
				UPDATE counted SET n = n + 1 WHERE name = '%s'; END`, table, what, what, table, table))
		}
	}
	return c
}

// names reads rows of a name and a number.
func (c *rowCounter) names(query string) map[string]int {
	c.Helper()
	rows, err := c.Query(query)
	if err != nil {
		c.Fatal(err)
	}
	defer rows.Close()
	list := map[string]int{}
	for rows.Next() {
		var name string
		var n int
		if err := rows.Scan(&name, &n); err != nil {
			c.Fatal(err)
		}
		list[name] = n
	}
	if err := rows.Err(); err != nil {
		c.Fatal(err)
	}
	return list
}

// take returns the rows that were written since the last call, by table.
func (c *rowCounter) take() map[string]int {
	c.Helper()
	now := c.names("SELECT name, n FROM counted")
	since := map[string]int{}
	for name, n := range now {
		if n -= c.before[name]; n > 0 {
			since[name] = n
		}
	}
	c.before = now
	return since
}

func perEvent(rows map[string]int, n float64) string {
	names := slices.SortedFunc(maps.Keys(rows), func(a, b string) int {
		return cmp.Or(cmp.Compare(rows[b], rows[a]), cmp.Compare(a, b))
	})
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %.2f", name, float64(rows[name])/n)
	}
	return strings.Join(names, ", ")
}

// logPages returns how many pages the log has: it only grows until it is first copied into the
// database, which takes more than these tests write.
func (w *world) logPages() int64 {
	w.Helper()
	var page int64
	if err := w.file().QueryRow("PRAGMA page_size").Scan(&page); err != nil {
		w.Fatal(err)
	}
	info, err := os.Stat(w.path + "-wal")
	if err != nil {
		w.Fatal(err)
	}
	const logHead, frameHead = 32, 24
	return (info.Size() - logHead) / (page + frameHead)
}

func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
