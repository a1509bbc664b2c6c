// Command core measures what the core costs without any shell: matching against many playbooks, and
// deciding a stream of events. Every figure is the median of several rounds; the ratios are against
// the first line of their table, from the same run.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"testing/fstest"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
)

func main() {
	rounds := flag.Int("rounds", 7, "rounds of each measurement; the median counts")
	flag.Parse()
	if err := run(*rounds); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(rounds int) error {
	fmt.Println("matching: one event, one playbook of it matches and refuses; the others listen to other events")
	var first time.Duration
	for _, n := range []int{10, 1_000, 10_000} {
		e, err := workspace(n, func(i int) string {
			return fmt.Sprintf("trigger: {event: e%d, if: event.n > 5}\ncondition: member.level == \"gold\"\n", i)
		}, n)
		if err != nil {
			return err
		}
		d := measure(rounds, e, "e3", map[string]any{"n": 7.0})
		if first == 0 {
			first = d
		}
		fmt.Printf("  %6d live playbooks  %8.2f µs an event  %.2fx\n", n, micros(d), float64(d)/float64(first))
	}
	fmt.Println("matching: 1,000 playbooks on the same event")
	for _, c := range []struct{ what, trigger string }{
		{"no trigger matches", "trigger: {event: e0, if: event.n > %d}\ncondition: member.level == \"gold\"\n"},
		{
			"all match, all refuse by their condition",
			"trigger: {event: e0, if: event.n < %d}\ncondition: member.level == \"gold\"\n",
		},
		{"one in a hundred enters and acts", "trigger: {event: e0, if: event.n %% 100 == %d %% 100}\n"},
	} {
		e, err := workspace(1_000, func(i int) string { return fmt.Sprintf(c.trigger, i+100) }, 1)
		if err != nil {
			return err
		}
		d := measure(rounds, e, "e0", map[string]any{"n": 7.0})
		fmt.Printf("  %-42s %8.2f µs an event (aim: under 500)\n", c.what, micros(d))
	}
	return nil
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// workspace makes an engine of n playbooks over so many events.
func workspace(n int, trigger func(i int) string, events int) (*engine.Engine, error) {
	usher := "usher: 1\nmember: {level: {enum: [bronze, gold], default: bronze}}\nevents:\n"
	for i := range events {
		usher += fmt.Sprintf("  e%d: {n: int}\n", i)
	}
	fsys := fstest.MapFS{"usher.yaml": {Data: []byte(usher)}}
	for i := range n {
		text := fmt.Sprintf("id: p%d\nstage: retention\n%sactions: [{tag: t%d}]\n", i, trigger(i), i)
		fsys[fmt.Sprintf("playbooks/p%d.yaml", i)] = &fstest.MapFile{Data: []byte(text)}
	}
	ws, diags := loader.Load(fsys, actions.Registry())
	for _, d := range diags {
		if d.Severity == diag.Error {
			return nil, fmt.Errorf("%s:%d:%d: %s", d.File, d.Line, d.Column, d.Message)
		}
	}
	return engine.New(ws, engine.Options{
		Secret: []byte("bench"), Registry: actions.Registry(),
		Effects: actions.Effects(),
	}), nil
}

// measure returns the median time of deciding one event of a fresh member.
func measure(rounds int, e *engine.Engine, event string, properties map[string]any) time.Duration {
	var took []time.Duration
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	for range rounds {
		n, begin := 0, time.Now()
		for time.Since(begin) < 200*time.Millisecond {
			for range 20 {
				n++
				in := engine.Input{
					Kind: engine.InputEvent, ID: fmt.Sprint(n), Member: "m", Name: event, Time: at, At: at,
					Payload: &engine.Payload{Properties: properties},
				}
				if err := e.Decide("m", &engine.State{}, []engine.Input{in}, at, nil, new(engine.Changes)); err != nil {
					panic(err)
				}
			}
		}
		took = append(took, time.Since(begin)/time.Duration(n))
	}
	slices.Sort(took)
	return took[len(took)/2]
}
