// Package bench measures usher's parts, each beside a reference of the same run.
package bench

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite"
)

const benchMembers = 20000

func openStore(b *testing.B) store.Store {
	b.Helper()
	s, err := sqlite.Open(context.Background(), filepath.Join(b.TempDir(), "usher.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

func benchEvent(i int64) engine.Input {
	return engine.Input{
		Kind: engine.InputEvent, ID: uuid.NewString(), Member: "member-" + strconv.FormatInt(i*7919%benchMembers, 10),
		Name:    "order.paid",
		Payload: &engine.Payload{Properties: map[string]any{"order_id": "o-" + strconv.FormatInt(i, 10), "amount": 12.5}},
	}
}

// BenchmarkAccept16 stores single events from 16 callers at once, as an HTTP server does.
func BenchmarkAccept16(b *testing.B) {
	s := openStore(b)
	var next atomic.Int64
	var wg sync.WaitGroup
	before := cpu(b)
	b.ResetTimer()
	for range 16 {
		wg.Go(func() {
			for {
				i := next.Add(1)
				if i > int64(b.N) {
					return
				}
				if _, err := s.Accept(context.Background(), []engine.Input{benchEvent(i)}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric((cpu(b)-before)/float64(b.N), "cpu-us/event")
}

// benchChanges is what a batch of events that each start a run does: a member, a run, a coupon and
// a message an event.
func benchChanges(from, n int64) *engine.Changes {
	c := &engine.Changes{}
	now := time.Now().UTC().Truncate(time.Millisecond)
	for i := from; i < from+n; i++ {
		member := "member-" + strconv.FormatInt(i*7919%benchMembers, 10)
		id := uuid.NewSHA1(uuid.Nil, []byte("run"+strconv.FormatInt(i, 10)))
		run := naming.TimedID(now, id[:10])
		c.Members = append(c.Members, &engine.Member{
			ID: member, Attributes: map[string]any{"level": "gold", "nickname": "Ann"}, Tags: []string{"buyer"},
			CreatedAt: now, LastSeenAt: now,
			Entries: map[string]time.Time{"thanks": now}, Coupons: map[string]int{"ten": 1},
		})
		done := &engine.Run{
			ID: run, Playbook: "thanks", Revision: "1f0c", Member: member, State: engine.RunDone, StartedAt: now, EndedAt: now,
			PC: 2, New: true,
			Changed: true, Trigger: map[string]any{"id": run, "amount": 12.5, "order_id": "o"},
			Actions: map[string]map[string]any{"gift": {"issued": true, "code": "NEW-" + run}},
		}
		key := "thanks/" + run + "/actions[1]"
		rec := engine.Record{Member: member, At: now, Input: "e" + run, Whole: []*engine.Run{done}}
		for _, e := range []engine.Entry{
			{TraceEntry: engine.TraceEntry{What: "entered"}},
			{TraceEntry: engine.TraceEntry{What: "coupon", Step: "gift"}, Effect: "NEW-" + run},
			{TraceEntry: engine.TraceEntry{What: "message"}, Effect: key},
			{TraceEntry: engine.TraceEntry{What: "done"}},
		} {
			e.Run, e.At = done, now
			rec.Entries = append(rec.Entries, e)
		}
		c.Runs, c.Records = append(c.Runs, done), append(c.Records, rec)
		c.Coupons = append(c.Coupons, engine.Coupon{
			Code: "NEW-" + run, Pool: "ten", Member: member, Playbook: "thanks",
			Run: run, Step: "gift", IssuedAt: now,
		})
		c.Deliveries = append(c.Deliveries, engine.Delivery{
			Key: key, Member: member, Playbook: "thanks", Run: run, Step: "actions[1]",
			Channel: "wecom", NotBefore: now,
			At: now, Message: engine.Message{Text: "Thank you, Ann. Here is a coupon for you: NEW-" + run, Class: "promotional"},
		})
	}
	return c
}

// BenchmarkCommit commits batches of 300 sets, one operation each.
func BenchmarkCommit(b *testing.B) {
	for _, size := range []int64{16, 300} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			s := openStore(b)
			fence, err := s.Claim(context.Background(), 0)
			if err != nil {
				b.Fatal(err)
			}
			var from int64
			before := cpu(b)
			var took time.Duration
			for b.Loop() {
				c := benchChanges(from, size)
				from += size
				start := time.Now()
				if err := s.Commit(context.Background(), 0, fence, from, c); err != nil {
					b.Fatal(err)
				}
				took += time.Since(start)
			}
			b.ReportMetric(float64(took.Nanoseconds())/float64(from*4), "ns/row")
			b.ReportMetric((cpu(b)-before)/float64(from), "cpu-us/set")
			b.ReportMetric(float64(took.Milliseconds())/float64(from/size), "ms/commit")
		})
	}
}

// cpu returns the processor time of this process so far, in microseconds.
func cpu(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1000
}
