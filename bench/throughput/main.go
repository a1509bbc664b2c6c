// Command throughput measures a served usher end to end, beside plain asynq in the same run.
//
// usher: a `usher serve` process on the embedded default (SQLite, in-process Redis) with 100 live
// playbooks takes events one by one over 16 connections. Half of the events start a run with a tag,
// a coupon and a message to a counting null channel. The clock runs from the first POST until the
// channel has received the last message; then the totals are verified. The same again with arrays of
// 100 events.
//
// The reference: asynq alone, one no-op task an event, enqueued by 16 goroutines while a server
// processes them, on the in-process Redis and on a real one; the clock runs from the first Enqueue
// until the last task was processed.
//
// Each is run several times in turns; the medians count.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"
)

type options struct {
	usher, redis        string
	events, tasks       int
	rounds, connections int
	array               int
	latency             time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.usher, "usher", "bin/usher", "the usher binary")
	flag.StringVar(&o.redis, "redis-server", "redis-server", "the redis-server binary of the second reference")
	flag.IntVar(&o.events, "events", 30_000, "events a round")
	flag.IntVar(&o.tasks, "tasks", 0, "asynq tasks a round of the references; 0: as many as events")
	flag.IntVar(&o.rounds, "rounds", 3, "rounds; the median counts")
	flag.IntVar(&o.connections, "connections", 16, "connections that send, one event at a time each")
	flag.IntVar(&o.array, "array", 100, "events of an array, of which half act; 0: none are sent")
	flag.DurationVar(&o.latency, "latency", 10*time.Second, "how long to measure the latency")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "throughput:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	if o.tasks == 0 {
		o.tasks = o.events
	}
	redis, err := exec.LookPath(o.redis)
	if err != nil {
		return errors.New("the second reference needs redis-server")
	}
	var onMini, onRedis, usher, arrays []float64
	for range o.rounds {
		r, err := asynqOnMiniredis(o.tasks, o.connections)
		if err != nil {
			return err
		}
		onMini = append(onMini, r)
		if r, err = asynqOnRedis(redis, o.tasks, o.connections); err != nil {
			return err
		}
		onRedis = append(onRedis, r)
		if r, err = usherRate(o, o.events, 1); err != nil {
			return err
		}
		usher = append(usher, r)
		if o.array > 0 {
			if r, err = usherRate(o, 4*o.events, o.array); err != nil {
				return err
			}
			arrays = append(arrays, r)
		}
	}
	a, b, u := median(onMini), median(onRedis), median(usher)
	fmt.Printf("%-58s %9s  %s\n", "from first input to last effect, median of rounds", "per s", "ratio")
	fmt.Printf("%-58s %9.0f  %5.2fx\n", "asynq alone, a no-op task an event, in-process Redis", a, 1.0)
	fmt.Printf("%-58s %9.0f  %5.2fx\n", "asynq alone, a no-op task an event, real Redis", b, b/a)
	fmt.Printf("%-58s %9.0f  %5.2fx  (aim: 5x)\n", "usher serve, embedded default, events one by one", u, u/a)
	if o.array > 0 {
		v := median(arrays)
		fmt.Printf("%-58s %9.0f  %5.2fx  (aim: 20,000)\n", fmt.Sprintf("usher serve, arrays of %d events", o.array), v, v/a)
	}
	fmt.Printf("  rounds: usher %.0f, asynq in-process %.0f, asynq on Redis %.0f\n", usher, onMini, onRedis)
	return latency(o, u/10)
}

func median(list []float64) float64 {
	s := slices.Sorted(slices.Values(list))
	return s[len(s)/2]
}
