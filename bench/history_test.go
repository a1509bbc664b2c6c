package bench

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"testing/fstest"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
)

const (
	historyUsher = `usher: 1
timezone: Europe/Berlin
member: {orders: '= len(events("order.paid", "90d"))'}
events: {order.paid: {order_id: string, amount: number}}
`
	historyBook = `id: rich
stage: retention
trigger: {event: order.paid}
mode: parallel
condition: sum(events("order.paid", "90d"), .amount) > 1000000000 or any(events("order.paid", "30d"), .amount > 1000) or member.orders < 0
actions: [{tag: rich}]
`
)

// historian decides events of one member as a worker does, on a store.
type historian struct {
	b *testing.B
	store.Store
	e     *engine.Engine
	lane  int
	n     int
	fence int64
	mark  int64 // up to where inputs are decided
}

const hot = "hot"

// cold returns another member of the lane.
func (h *historian) cold() string {
	for i := 0; ; i++ {
		if m := fmt.Sprint("cold", i); h.Lanes().OfMember(m) == h.lane {
			return m
		}
	}
}

func newHistorian(b *testing.B) *historian {
	b.Helper()
	ws, diags := loader.Load(fstest.MapFS{
		"usher.yaml": {Data: []byte(historyUsher)}, "playbooks/rich.yaml": {Data: []byte(historyBook)},
	}, actions.Registry())
	for _, d := range diags {
		if d.Severity == diag.Error {
			b.Fatal(d.Message)
		}
	}
	s := openStore(b)
	h := &historian{
		b: b, Store: s, lane: s.Lanes().OfMember(hot),
		e: engine.New(ws, engine.Options{Secret: []byte("s"), Registry: actions.Registry(), Effects: actions.Effects()}),
	}
	var err error
	if h.fence, err = h.Claim(context.Background(), h.lane); err != nil {
		b.Fatal(err)
	}
	return h
}

func (h *historian) event(member string, at time.Time) engine.Input {
	h.n++
	return engine.Input{
		Kind: engine.InputEvent, ID: "e" + strconv.Itoa(h.n), Member: member, Name: "order.paid", Time: at,
		Payload: &engine.Payload{Properties: map[string]any{"order_id": "o" + strconv.Itoa(h.n), "amount": 12.5}},
	}
}

// fill gives the member a history of n events over 90 days.
func (h *historian) fill(n int) {
	h.b.Helper()
	ctx, now, watermark := context.Background(), time.Now(), int64(0)
	for done := 0; done < n; {
		list := make([]engine.Input, min(1000, n-done))
		for i := range list {
			list[i] = h.event(hot, now.Add(-90*24*time.Hour*time.Duration(n-done)/time.Duration(n)))
			done++
		}
		if _, err := h.Accept(ctx, list); err != nil {
			h.b.Fatal(err)
		}
		watermark = list[len(list)-1].Seq
	}
	if err := h.Commit(ctx, h.lane, h.fence, watermark, &engine.Changes{}); err != nil {
		h.b.Fatal(err)
	}
	h.mark = watermark
}

// build builds the trees over the member's history, as a worker does beside decisions. Meanwhile
// events of another member are decided. It returns how long it took, how long those did, and how much
// memory was in use at most.
func (h *historian) build() (metrics map[string]float64) {
	h.b.Helper()
	ctx := context.Background()
	held := []engine.Held{{Member: hot, Error: "it is long", Building: true}}
	if err := h.Commit(ctx, h.lane, h.fence, h.mark, &engine.Changes{Held: held}); err != nil {
		h.b.Fatal(err)
	}
	begun, built := time.Now(), make(chan error, 1)
	go func() {
		past, lack := h.Archive(ctx, hot, "order.paid", h.mark), &engine.NotBuilt{Event: "order.paid"}
		built <- h.e.BuildTrees(hot, lack, past, nil, func(list []engine.TreeChange) error {
			return h.BuildTrees(ctx, hot, list, false)
		})
	}()
	var others []time.Duration
	var inUse uint64
	other, mem := h.cold(), new(runtime.MemStats)
	for {
		others = append(others, h.decide(other))
		runtime.ReadMemStats(mem)
		inUse = max(inUse, mem.HeapInuse)
		select {
		case err := <-built:
			if err == nil {
				err = h.BuildTrees(ctx, hot, nil, true)
			}
			if err == nil {
				h.fence, err = h.Claim(ctx, h.lane)
			}
			if err != nil {
				h.b.Fatal(err)
			}
			slices.Sort(others)
			return map[string]float64{
				"build-ms": time.Since(begun).Seconds() * 1000, "build-MB": float64(inUse >> 20),
				"others-p50-ms": others[len(others)/2].Seconds() * 1000, "others-p99-ms": others[len(others)*99/100].Seconds() * 1000,
			}
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// decide takes an event in and decides it: all that a worker does with a batch of one.
func (h *historian) decide(member string) (took time.Duration) {
	h.b.Helper()
	ctx := context.Background()
	if _, err := h.Accept(ctx, []engine.Input{h.event(member, time.Time{})}); err != nil {
		h.b.Fatal(err)
	}
	began := time.Now()
	b, err := h.Pending(ctx, h.lane, time.Now().Add(time.Second), 10)
	if err != nil || len(b.Inputs) != 1 {
		h.b.Fatalf("%d inputs are pending: %v", len(b.Inputs), err)
	}
	states, err := h.States(ctx, []string{member}, nil)
	if err != nil {
		h.b.Fatal(err)
	}
	var queries []store.HistoryQuery
	for _, n := range h.e.NeedsOf(b.Inputs, states).History {
		queries = append(queries, store.HistoryQuery{Event: n.Event, Since: b.Inputs[0].At.Add(-n.Window.Longest())})
	}
	if err := store.LoadHistory(ctx, h.Store, []string{member}, states, queries, b.Watermark); err != nil {
		h.b.Fatal(err)
	}
	c := &engine.Changes{}
	if err := h.e.Decide(member, states[member], b.Inputs, b.Inputs[0].At, nil, c); err != nil {
		h.b.Fatal(err)
	}
	if err := h.Commit(ctx, h.lane, h.fence, b.Inputs[0].Seq, c); err != nil {
		h.b.Fatal(err)
	}
	return time.Since(began)
}

// BenchmarkLongHistory decides events of a member by all that they did in 90 days. USHER_BENCH_EVENTS
// says how much that is at most.
func BenchmarkLongHistory(b *testing.B) {
	most := 100_000
	if n, err := strconv.Atoi(os.Getenv("USHER_BENCH_EVENTS")); err == nil {
		most = n
	}
	for n := 100; n <= most; n *= 10 {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			h := newHistorian(b)
			h.fill(n)
			var built map[string]float64
			if n > engine.BuildMost {
				built = h.build()
			}
			first := h.decide(hot) // of a few it builds the trees
			var took []time.Duration
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for b.Loop() {
				took = append(took, h.decide(hot))
			}
			for what, v := range built {
				b.ReportMetric(v, what)
			}
			b.ReportMetric(first.Seconds()*1000, "first-ms")
			runtime.ReadMemStats(&after)
			slices.Sort(took)
			b.ReportMetric(took[len(took)/2].Seconds()*1000, "p50-ms")
			b.ReportMetric(took[len(took)*99/100].Seconds()*1000, "p99-ms")
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(len(took))/1024, "KiB/event")
		})
	}
}
