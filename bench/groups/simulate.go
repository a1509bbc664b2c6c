package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"syscall"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine/sim"
)

// variant is a way to simulate the messages.
type variant struct {
	what            string
	groups, members bool // who listens
	memberless      bool
}

var variants = []variant{
	{what: "nobody listens"},
	{what: "the group's line alone, no member", groups: true, memberless: true},
	{what: "both lines, the group listens", groups: true},
	{what: "both lines, both listen", groups: true, members: true},
}

// cost is what a simulation takes.
type cost struct {
	processor, wall time.Duration
	held            uint64 // bytes, at the end
}

func simulate(o options) error {
	before := runtime.GOMAXPROCS(1)
	defer runtime.GOMAXPROCS(before)
	defer debug.SetGCPercent(debug.SetGCPercent(sim.GCPercent)) // as `usher simulate` does
	fmt.Printf("simulation: %d messages of %d members in one group, %d days, on one core (aim: under 5 s)\n",
		o.messages, o.members, o.days)
	var reference float64
	for _, v := range variants {
		var costs []cost
		var res *sim.Result
		stop, err := profile(o, v)
		if err != nil {
			return err
		}
		for range o.rounds {
			var c cost
			if c, res, err = v.simulate(o); err != nil {
				return fmt.Errorf("%s: %w", v.what, err)
			}
			costs = append(costs, c)
		}
		stop()
		slices.SortFunc(costs, func(a, b cost) int { return int(a.processor - b.processor) })
		c := costs[len(costs)/2]
		if reference == 0 {
			reference = c.processor.Seconds()
		}
		fmt.Printf("  %-36s processor %6.2f s, wall %6.2f s, %6.2f µs a message, %5.2fx, %4d MB held%s\n", v.what,
			c.processor.Seconds(), c.wall.Seconds(), c.processor.Seconds()*1e6/float64(o.messages),
			c.processor.Seconds()/reference, c.held>>20, entered(res))
	}
	return nil
}

// profile begins a profile, where one is asked for and the variant is the last one.
func profile(o options, v variant) (stop func(), err error) {
	if o.profile == "" || v != variants[len(variants)-1] {
		return func() {}, nil
	}
	f, err := os.Create(o.profile)
	if err != nil {
		return nil, err
	}
	stop = func() {
		pprof.StopCPUProfile()
		f.Close()
	}
	return stop, pprof.StartCPUProfile(f)
}

// simulate simulates once.
func (v variant) simulate(o options) (c cost, res *sim.Result, err error) {
	speaker := ".member"
	if v.memberless {
		speaker = ".speaker"
	}
	ws, err := compile(files(v.groups, v.members, speaker))
	if err != nil {
		return c, nil, err
	}
	t := talk{
		members: o.members, messages: o.messages, days: o.days, memberless: v.memberless,
		begin: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC),
	}
	var mem runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&mem)
	empty := mem.HeapAlloc
	how := sim.SimulateOptions{Registry: actions.Registry(), Effects: actions.Effects()}
	begin, wall := processorTime(), time.Now()
	how.Progress = func(done int) {
		if done == o.messages {
			c.processor, c.wall = processorTime()-begin, time.Since(wall)
			runtime.GC()
			runtime.ReadMemStats(&mem)
			c.held = mem.HeapAlloc - min(mem.HeapAlloc, empty)
		}
	}
	res, err = sim.SimulateStream(ws, t.inputs(), how)
	return c, res, err
}

// entered returns which playbooks were entered.
func entered(res *sim.Result) (out string) {
	for _, id := range []string{"cold", "lively", "talkers"} {
		if s := res.Playbooks[id]; s != nil {
			out += fmt.Sprintf("  %s %d", id, s.Entered)
		}
	}
	return out
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
