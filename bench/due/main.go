// Command due measures many waits that are due at one moment.
//
// It makes a database with so many members, each with a run that waits until the same instant, by
// the core and the store, as a worker does. A `usher serve` on it then takes live events, some a
// second, each of which leads to a message. Printed are how long those take from the answer 202
// before the instant and from then on, until the last wait has ended, how many waits end a second,
// and what of the processor's time each takes.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/usher-run/usher/bench/filled"
	"github.com/usher-run/usher/bench/served"
	"github.com/usher-run/usher/engine"
)

var files = map[string]string{
	"usher.yaml": "usher: 1\nchannels: {out: {type: log}}\nevents: {hold: {at: datetime}, ping: {}}\n",
	"playbooks/holds.yaml": "id: holds\nstage: retention\ntrigger: {event: hold}\nactions:\n" +
		"  - wait: {until: = trigger.at}\n  - tag: woke\n",
	"playbooks/live.yaml": "id: live\nstage: retention\ntrigger: {event: ping}\nmode: parallel\nactions:\n" +
		"  - message: {channel: out, class: transactional, text: \"{{ trigger.id }}\"}\n",
}

type options struct {
	usher      string
	waits      int
	perWait    time.Duration
	rate       float64
	beforehand time.Duration
	messages   bool
}

func main() {
	var o options
	flag.StringVar(&o.usher, "usher", "bin/usher", "the usher binary")
	flag.IntVar(&o.waits, "waits", 1_000_000, "waits that are due at one moment")
	flag.DurationVar(&o.perWait, "per-wait", 200*time.Microsecond, "how long it may take to make one")
	flag.Float64Var(&o.rate, "rate", 50, "live events a second")
	flag.DurationVar(&o.beforehand, "beforehand", 5*time.Second, "how long live events are measured before")
	flag.BoolVar(&o.messages, "messages", false, "each wait leads to a message, too, on the channel of the live ones")
	flag.Parse()
	if o.messages {
		files["playbooks/holds.yaml"] += "  - message: {channel: out, class: transactional, text: late}\n"
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "due:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	dir, err := os.MkdirTemp("", "usher-due")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	begin, in := time.Now(), filled.Dir(dir)
	due := begin.Add(time.Duration(o.waits)*o.perWait + 10*time.Second + o.beforehand).Truncate(time.Second)
	err = in.Fill(files, o.waits, func(i int) engine.Input {
		return engine.Input{
			Kind: engine.InputEvent, ID: fmt.Sprint("h", i), Member: fmt.Sprint("m", i), Name: "hold",
			Payload: &engine.Payload{Properties: map[string]any{"at": due.Format(time.RFC3339)}},
		}
	})
	if err != nil {
		return fmt.Errorf("make the database: %w", err)
	}
	info, err := os.Stat(in.Database())
	if err != nil {
		return err
	}
	fmt.Printf("%d waits made in %.0f s, %d MB on disk\n", o.waits, time.Since(begin).Seconds(), info.Size()>>20)
	if time.Until(due) < o.beforehand {
		return errors.New("it took longer than the waits last: say more with -per-wait")
	}
	served, err := in.Serve(o.usher)
	if err != nil {
		return err
	}
	defer served.Stop()
	fmt.Printf("the server is ready after %.2f s\n", served.Ready.Seconds())
	s := &server{Server: served, sent: map[int]time.Time{}, took: map[int]time.Duration{}}
	go s.listen(s.Out)
	return s.measure(o, due)
}

// server is a server that live events are sent to.
type server struct {
	*served.Server
	mu     sync.Mutex
	sent   map[int]time.Time // by event, when it was answered
	took   map[int]time.Duration
	posted int
}

var eventOf = regexp.MustCompile(`"text":"p(\d+)"`)

// listen notes when messages are received.
func (s *server) listen(out io.Reader) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		m := eventOf.FindSubmatch(lines.Bytes())
		if m == nil {
			continue
		}
		i, _ := strconv.Atoi(string(m[1]))
		s.mu.Lock()
		if at, answered := s.sent[i]; answered {
			s.took[i] = time.Since(at)
		} else { // it was received before its answer was
			s.took[i] = 0
		}
		s.mu.Unlock()
	}
}

// done returns how many waits have ended.
func (s *server) done() (int, error) {
	var stats struct{ Done int }
	err := s.Do(http.MethodGet, "/v1/playbooks/holds/stats", nil, &stats)
	return stats.Done, err
}

// measure sends live events until all waits have ended.
func (s *server) measure(o options, due time.Time) error {
	time.Sleep(time.Until(due.Add(-o.beforehand)))
	stop := make(chan struct{})
	var live sync.WaitGroup
	live.Go(func() { s.send(o.rate, stop) })
	time.Sleep(time.Until(due))
	before, used := s.count(), s.ProcessorTime()
	n := 0
	for n < o.waits {
		time.Sleep(100 * time.Millisecond)
		var err error
		if n, err = s.done(); err != nil {
			return err
		}
		if time.Since(due) > time.Hour {
			return fmt.Errorf("only %d waits have ended", n)
		}
	}
	took, during := time.Since(due), s.count()
	used = s.ProcessorTime() - used
	close(stop)
	live.Wait()
	for deadline := time.Now().Add(10 * time.Second); len(s.times(0, during)) < during; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			return errors.New("not all messages came")
		}
	}
	fmt.Printf("%d waits ended in %.1f s: %.0f a second (aim: at least 10,000), %d µs of processor time each\n", n,
		took.Seconds(), float64(n)/took.Seconds(), used.Microseconds()/int64(n))
	tell := func(when string, list []time.Duration) {
		if len(list) == 0 {
			return
		}
		slices.Sort(list)
		ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
		fmt.Printf("live events %s: %d, from 202 to message p50 %.1f ms, p99 %.1f ms, most %.1f ms\n", when, len(list),
			ms(list[len(list)/2]), ms(list[len(list)*99/100]), ms(list[len(list)-1]))
	}
	tell("before", s.times(0, before))
	tell("meanwhile (aim: p99 under 100 ms)", s.times(before, during))
	return nil
}

func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.posted
}

func (s *server) times(from, to int) (list []time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, d := range s.took {
		if i >= from && i < to {
			list = append(list, d)
		}
	}
	return list
}

// send sends live events of members that are new, each from a goroutine of its own.
func (s *server) send(rate float64, stop chan struct{}) {
	tick := time.NewTicker(time.Duration(float64(time.Second) / rate))
	defer tick.Stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		s.mu.Lock()
		i := s.posted
		s.posted++
		s.mu.Unlock()
		wg.Go(func() {
			body := fmt.Appendf(nil, `{"id":"p%d","event":"ping","member":"live%d"}`, i, i)
			if err := s.Do(http.MethodPost, "/v1/events", body, nil); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return
			}
			s.mu.Lock()
			s.sent[i] = time.Now()
			s.mu.Unlock()
		})
	}
}
