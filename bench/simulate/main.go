// Command simulate measures how fast a simulation decides: real orders (examples/cdnow), repeated
// under new member and event ids, through 20 playbooks of which four listen to them. It runs on one
// core and counts the processor time of the whole process, so that the machine's other work does
// not change the figure. The reference is the same loop over the same inputs without playbooks that
// listen.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"testing/fstest"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/sim"
	"github.com/usher-run/usher/engine/sim/eventfile"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
)

// schema is what the orders are checked against, with the events of the playbooks that do not
// listen to orders.
const schema = `usher: 1
timezone: Asia/Shanghai
member:
  level: {enum: [regular, gold], default: regular}
events:
  order.paid: {order_id: string, quantity: int, amount: number}
channels: {mail: {type: log}}
coupons: {thanks: {prefix: TY, per_member: 1}, second: {prefix: TWO}}
`

// listening are the four playbooks that orders reach: a count over all orders, a run for most
// members, a run for every order of some, and a condition that mostly refuses.
var listening = []string{`id: fifth-order
stage: retention
trigger: {event: order.paid}
condition: len(events("order.paid")) == 5
reentry: never
actions:
  - tag: regular
  - coupon: {pool: thanks}
`, `id: second-purchase
stage: conversion
trigger: {event: order.paid}
condition: len(events("order.paid")) == 1 and trigger.amount > 60
reentry: never
goal: {event: order.paid, within: 60d}
exit: [{event: order.paid}]
actions:
  - wait: 30d
  - id: gift
    coupon: {pool: second}
  - message: {channel: mail, text: "{{ actions.gift.code }}"}
`, `id: large-order
stage: retention
trigger: {event: order.paid, if: event.amount > 200}
reentry: 90d
actions:
  - set: {level: gold}
`, `id: busy-quarter
stage: conversion
trigger: {event: order.paid, if: event.quantity > 1}
condition: sum(events("order.paid", "90d"), .amount) > 500 and member.level != "gold"
reentry: 180d
actions:
  - tag: busy
  - message: {channel: mail, text: "谢谢你!"}
`}

func main() {
	orders := flag.String("orders", "examples/cdnow/orders.csv.gz", "the orders that are repeated")
	events := flag.Int("events", 2_000_000, "events to decide")
	rounds := flag.Int("rounds", 3, "rounds of each measurement; the median counts")
	profile := flag.String("cpuprofile", "", "write a profile of the rounds in which four listen to this file")
	flag.Parse()
	if err := run(*orders, *events, *rounds, *profile); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(orders string, events, rounds int, profile string) error {
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(sim.GCPercent) // as `usher simulate` does
	some, err := workspace(listening)
	if err != nil {
		return err
	}
	none, err := workspace(nil)
	if err != nil {
		return err
	}
	inputs, err := read(orders, some.Schema)
	if err != nil {
		return err
	}
	fmt.Printf("simulation: %d events on one core\n", events)
	var reference float64
	for _, c := range []struct {
		what string
		ws   *playbooks.Workspace
	}{{"16 playbooks, none listens to the event", none}, {"20 playbooks, four listen to the event", some}} {
		if profile != "" && c.ws == some {
			f, err := os.Create(profile)
			if err != nil {
				return err
			}
			if err := pprof.StartCPUProfile(f); err != nil {
				return err
			}
		}
		rates := make([]float64, rounds)
		var res *sim.Result
		for i := range rates {
			runtime.GC()
			begin := processorTime()
			if res, err = sim.SimulateStream(c.ws, repeated(inputs, events, 1), options()); err != nil {
				return err
			}
			rates[i] = float64(events) / (processorTime() - begin).Seconds()
		}
		pprof.StopCPUProfile()
		slices.Sort(rates)
		rate := rates[len(rates)/2]
		if reference == 0 {
			reference = rate
		}
		fmt.Printf("  %-40s %9.0f events/s  %5.2fx%s\n", c.what, rate, rate/reference, entered(res))
	}
	if profile != "" {
		return nil
	}
	return memory(none, some, inputs, events)
}

func entered(res *sim.Result) string {
	var out strings.Builder
	for _, id := range slices.Sorted(maps.Keys(res.Playbooks)) {
		if n := res.Playbooks[id].Entered; n > 0 {
			fmt.Fprintf(&out, "  %s %d", id, n)
		}
	}
	return out.String()
}

// memory prints what is held at the end: it grows with members and with what playbooks look back
// at, not with other events.
func memory(none, some *playbooks.Workspace, inputs []engine.Input, events int) error {
	fmt.Println("memory held after the last event")
	for _, c := range []struct {
		what  string
		ws    *playbooks.Workspace
		times int
	}{
		{"none listens", none, 1},
		{"none listens, every event three times", none, 3},
		{"four listen", some, 1},
		{"four listen, every event three times", some, 3},
	} {
		o := options()
		var before, held runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		o.Progress = func(done int) {
			if done == events*c.times {
				runtime.GC()
				runtime.ReadMemStats(&held)
			}
		}
		res, err := sim.SimulateStream(c.ws, repeated(inputs, events, c.times), o)
		if err != nil {
			return err
		}
		bytes := held.HeapAlloc - before.HeapAlloc
		fmt.Printf("  %-40s %9d events  %5d MB  %5d bytes a member\n", c.what, events*c.times, bytes>>20,
			bytes/uint64(res.Members))
	}
	return nil
}

func options() sim.SimulateOptions {
	return sim.SimulateOptions{Registry: actions.Registry(), Effects: actions.Effects()}
}

// workspace makes 16 playbooks over events that never come, and the given ones.
func workspace(more []string) (*playbooks.Workspace, error) {
	fsys := fstest.MapFS{}
	declared := ""
	for i := range 16 {
		declared += fmt.Sprintf("  other.%d: {}\n", i)
		fsys[fmt.Sprintf("playbooks/other-%d.yaml", i)] = &fstest.MapFile{Data: fmt.Appendf(nil,
			"id: other-%d\nstage: activation\ntrigger: {event: other.%d}\nactions: [{tag: t%d}]\n", i, i, i)}
	}
	for i, text := range more {
		fsys[fmt.Sprintf("playbooks/listens-%d.yaml", i)] = &fstest.MapFile{Data: []byte(text)}
	}
	fsys["usher.yaml"] = &fstest.MapFile{Data: []byte(strings.Replace(schema, "events:\n", "events:\n"+declared, 1))}
	ws, diags := loader.Load(fsys, actions.Registry())
	for _, d := range diags {
		if d.Severity == diag.Error {
			return nil, fmt.Errorf("%s:%d:%d: %s", d.File, d.Line, d.Column, d.Message)
		}
	}
	return ws, nil
}

func read(name string, schema *playbooks.Schema) ([]engine.Input, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var inputs []engine.Input
	for r := eventfile.Open(f, eventfile.Options{Schema: schema, Check: true}); ; {
		rec, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		rec.Input.At = rec.Input.Time
		inputs = append(inputs, rec.Input)
	}
	slices.SortStableFunc(inputs, func(a, b engine.Input) int { return a.At.Compare(b.At) })
	return inputs, nil
}

// repeated returns every input again and again, each time of other members and under another id,
// until there are n; and each of those so many times, under ids of their own.
func repeated(inputs []engine.Input, n, times int) iter.Seq2[engine.Input, error] {
	suffixes := make([]string, (n+len(inputs)-1)/len(inputs))
	for k := range suffixes {
		suffixes[k] = fmt.Sprintf("-%d", k)
	}
	return func(yield func(engine.Input, error) bool) {
		left := n
		for i := range inputs {
			for _, suffix := range suffixes {
				if left--; left < 0 {
					return
				}
				in := inputs[i]
				in.ID, in.Member = in.ID+suffix, in.Member+suffix
				for again := range times {
					if again > 0 {
						in.ID += "+"
					}
					payload := *in.Payload
					in.Payload = &payload
					if !yield(in, nil) {
						return
					}
				}
			}
		}
	}
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
