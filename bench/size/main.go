// Command size measures whether a full database is slower than an empty one.
//
// It makes a database of so many members, each with a run that waits, by the core and the store, as a
// worker does, and one of few members. A `usher serve` on each then takes the same events, in turns: of
// members who are there and have such a run, and of members who are new. Printed are the sizes on disk,
// how long each takes until it is ready, the time of the processor and the clock that an event takes, and
// the ratios of full to small.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/usher-run/usher/bench/filled"
	"github.com/usher-run/usher/bench/served"
	"github.com/usher-run/usher/engine"
)

var files = map[string]string{
	"usher.yaml": "usher: 1\nmember: {level: string, city: string}\nchannels: {out: {type: log}}\nevents: {hold: {}, ping: {n: int}}\n",
	"playbooks/holds.yaml": "id: holds\nstage: retention\ntrigger: {event: hold}\nactions:\n" +
		"  - wait: 30d\n  - tag: woke\n",
	"playbooks/live.yaml": "id: live\nstage: retention\ntrigger: {event: ping}\nmode: parallel\nactions:\n" +
		"  - points: 1\n",
}

type options struct {
	usher                 string
	members, small, burst int
	turns                 int
}

func main() {
	var o options
	flag.StringVar(&o.usher, "usher", "bin/usher", "the usher binary")
	flag.IntVar(&o.members, "members", 1_000_000, "members, and runs that wait, of the full database")
	flag.IntVar(&o.small, "small", 10_000, "members of the small one")
	flag.IntVar(&o.burst, "burst", 20_000, "events of a turn")
	flag.IntVar(&o.turns, "turns", 5, "turns on each")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "size:", err)
		os.Exit(1)
	}
}

// side is a database with its server, and what was measured of it.
type side struct {
	name    string
	dir     filled.Dir
	members int
	server  *served.Server
	sent    int
	took    map[string][]cost
}

// cost is what an event takes.
type cost struct{ clock, processor float64 } // in microseconds

func run(o options) error {
	root, err := os.MkdirTemp("", "usher-size")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	sides := []*side{{name: "full", members: o.members}, {name: "small", members: o.small}}
	for _, s := range sides {
		s.dir, s.took = filled.Dir(filepath.Join(root, s.name)), map[string][]cost{}
		if err := s.fill(); err != nil {
			return fmt.Errorf("make the %s database: %w", s.name, err)
		}
		if s.server, err = s.dir.Serve(o.usher); err != nil {
			return err
		}
		defer s.server.Stop()
		go io.Copy(io.Discard, s.server.Out) //nolint:errcheck // nobody reads it
		fmt.Printf("%s: ready after %.2f s (aim: within 3 s)\n", s.name, s.server.Ready.Seconds())
	}
	kinds := []string{"of members who are there", "of new members"}
	for turn := range o.turns {
		for _, kind := range kinds {
			for i := range sides {
				s := sides[(i+turn)%len(sides)]
				if err := s.measure(kind, kind == kinds[0], o.burst); err != nil {
					return err
				}
			}
		}
	}
	for _, kind := range kinds {
		full, small := median(sides[0].took[kind]), median(sides[1].took[kind])
		fmt.Printf("an event %s: full %.0f µs, small %.0f µs, ratio %.2f; of processor time %.0f µs, %.0f µs, ratio %.2f (aim: at most 1.3)\n",
			kind, full.clock, small.clock, full.clock/small.clock,
			full.processor, small.processor, full.processor/small.processor)
	}
	return nil
}

func median(list []cost) (m cost) {
	of := func(part func(cost) float64) float64 {
		var all []float64
		for _, c := range list {
			all = append(all, part(c))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	return cost{of(func(c cost) float64 { return c.clock }), of(func(c cost) float64 { return c.processor })}
}

func (s *side) fill() error {
	begin := time.Now()
	err := s.dir.Fill(files, s.members, func(i int) engine.Input {
		return engine.Input{
			Kind: engine.InputEvent, ID: fmt.Sprint("h", i), Member: fmt.Sprint("m", i), Name: "hold",
			Payload: &engine.Payload{Attributes: map[string]any{"level": "gold", "city": "Hangzhou"}},
		}
	})
	if err != nil {
		return err
	}
	info, err := os.Stat(s.dir.Database())
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d members with a run that waits, made in %.0f s; %d MB on disk, %d bytes each\n", s.name, s.members,
		time.Since(begin).Seconds(), info.Size()>>20, info.Size()/int64(s.members))
	return nil
}

// measure sends events, many in a request, and waits until all are decided.
func (s *side) measure(kind string, known bool, n int) error {
	const atOnce = 500
	var bodies [][]byte
	for from := 0; from < n; from += atOnce {
		body := bytes.NewBufferString("[")
		for i := from; i < min(from+atOnce, n); i++ {
			member := fmt.Sprint("new", s.sent)
			if known {
				member = fmt.Sprint("m", rand.IntN(s.members)) //nolint:gosec // no secret
			}
			if i > from {
				body.WriteByte(',')
			}
			fmt.Fprintf(body, `{"id":"p%d","event":"ping","member":"%s","properties":{"n":%d}}`, s.sent, member, i)
			s.sent++
		}
		bodies = append(bodies, append(body.Bytes(), ']'))
	}
	begin, used := time.Now(), s.server.ProcessorTime()
	for _, body := range bodies {
		if err := s.server.Do(http.MethodPost, "/v1/events", body, nil); err != nil {
			return err
		}
	}
	for {
		var stats struct{ Done int }
		if err := s.server.Do(http.MethodGet, "/v1/playbooks/live/stats", nil, &stats); err != nil {
			return err
		}
		if stats.Done == s.sent {
			break
		}
		if time.Since(begin) > 5*time.Minute {
			return fmt.Errorf("only %d of %d events are decided", stats.Done, s.sent)
		}
		time.Sleep(5 * time.Millisecond)
	}
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(n) }
	s.took[kind] = append(s.took[kind], cost{each(time.Since(begin)), each(s.server.ProcessorTime() - used)})
	return nil
}
