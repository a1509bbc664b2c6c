package main

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/usher-run/usher/bench/served"
)

// server is a server that events are sent to, with when they were answered and when their messages came.
type server struct {
	*served.Server
	talk
	dice  *rand.Rand
	said  int // messages of the group
	noted int // notes
	sent  int // events of members whose messages are measured

	mu       sync.Mutex
	answered map[int]time.Time
	came     map[int]time.Time
}

var eventOf = regexp.MustCompile(`"text":"p(\d+)"`)

// listen notes when messages come.
func (s *server) listen() {
	lines := bufio.NewScanner(s.Out)
	for lines.Scan() {
		if m := eventOf.FindSubmatch(lines.Bytes()); m != nil {
			i, _ := strconv.Atoi(string(m[1]))
			s.mu.Lock()
			s.came[i] = time.Now()
			s.mu.Unlock()
		}
	}
}

// load is what is sent besides, so often a second.
type load struct {
	what string
	rate float64
	next func() []byte // the body of an event
}

// phase is what was measured beside a load: times in milliseconds, and processors in use.
type phase struct{ p50, p99, most, processor float64 }

// measure sends events of members at their rate, and the load.
func (s *server) measure(o options, l *load) (p phase, err error) {
	first := s.sent
	stop, failed := make(chan struct{}), make(chan error, 1)
	var beside sync.WaitGroup
	if l.rate > 0 {
		beside.Go(func() {
			every(l.rate, stop, failed, func() func() error {
				body := l.next()
				return func() error { return s.Do(http.MethodPost, "/v1/events", body, nil) }
			})
		})
	}
	begin, used, over := time.Now(), s.ProcessorTime(), make(chan struct{})
	time.AfterFunc(o.phase, func() { close(over) })
	every(o.rate, over, failed, func() func() error {
		i := s.sent
		s.sent++
		return func() error { return s.ping(i) }
	})
	p.processor = (s.ProcessorTime() - used).Seconds() / time.Since(begin).Seconds()
	close(stop)
	beside.Wait()
	select {
	case err := <-failed:
		return p, err
	default:
	}
	list, err := s.took(first, 30*time.Second)
	if err != nil {
		return p, err
	}
	p.p50, p.p99, p.most = list[len(list)/2], list[len(list)*99/100], list[len(list)-1]
	return p, nil
}

// every begins something so often a second, each in a goroutine of its own, and waits for all of them. What next
// returns is what is done.
func every(rate float64, stop <-chan struct{}, failed chan<- error, next func() func() error) {
	var all sync.WaitGroup
	defer all.Wait()
	begin := time.Now()
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		case <-time.After(time.Until(begin.Add(time.Duration(float64(i) / rate * float64(time.Second))))):
		}
		do := next()
		all.Go(func() {
			if err := do(); err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		})
	}
}

// ping sends an event of a member who is in no group.
func (s *server) ping(i int) error {
	body := fmt.Appendf(nil, `{"id":"p%d","event":"ping","member":"live%d"}`, i, i%10_000)
	if err := s.Do(http.MethodPost, "/v1/events", body, nil); err != nil {
		return err
	}
	s.mu.Lock()
	s.answered[i] = time.Now()
	s.mu.Unlock()
	return nil
}

// took returns how long the events from one on took, in milliseconds, sorted, when all messages have come.
func (s *server) took(first int, most time.Duration) ([]float64, error) {
	for deadline := time.Now().Add(most); ; time.Sleep(10 * time.Millisecond) {
		var list []float64
		s.mu.Lock()
		for i := first; i < s.sent; i++ {
			if at, ok := s.came[i]; ok {
				list = append(list, max(at.Sub(s.answered[i]), 0).Seconds()*1000)
			}
		}
		s.mu.Unlock()
		if len(list) == s.sent-first && len(list) > 0 {
			slices.Sort(list)
			return list, nil
		}
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("only %d of %d messages came within %s", len(list), s.sent-first, most)
		}
	}
}

// median returns the medians of all figures.
func median(list []phase) phase {
	of := func(figure func(phase) float64) float64 {
		var all []float64
		for _, p := range list {
			all = append(all, figure(p))
		}
		slices.Sort(all)
		return all[len(all)/2]
	}
	return phase{
		p50: of(func(p phase) float64 { return p.p50 }), p99: of(func(p phase) float64 { return p.p99 }),
		most: of(func(p phase) float64 { return p.most }), processor: of(func(p phase) float64 { return p.processor }),
	}
}
