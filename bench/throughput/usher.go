package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/usher-run/usher/bench/served"
)

const (
	playbookCount = 100
	memberCount   = 10_000
	// pollEvery is how often a server is asked how many messages have come: each answer costs it a
	// millisecond.
	pollEvery = 20 * time.Millisecond
)

// server is a `usher serve` of its own.
type server struct {
	*served.Server
	dir    string
	client *http.Client
}

// startUsher serves a fresh workspace of 100 playbooks whose messages go to a channel of the type.
func startUsher(o options, channel string) (*server, error) {
	dir, err := os.MkdirTemp("", "usher-bench")
	if err != nil {
		return nil, err
	}
	ws := filepath.Join(dir, "workspace")
	if err := writeWorkspace(ws, channel); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	started, err := served.Start(o.usher, ws, filepath.Join(dir, "usher.db"), log, "--redis", "embedded")
	if err != nil {
		said, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("%w:\n%s", err, said)
	}
	return &server{Server: started, dir: dir, client: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64, DisableCompression: true},
	}}, nil
}

func (s *server) stop() {
	s.Stop()
	_ = os.RemoveAll(s.dir)
}

func writeWorkspace(dir, channel string) error {
	var usher bytes.Buffer
	fmt.Fprintf(&usher, "usher: 1\nmember: {nickname: string}\nchannels: {out: {type: %q}}\ncoupons: {gift: {prefix: G}}\nevents:\n", channel)
	files := map[string]string{}
	for i := range playbookCount {
		fmt.Fprintf(&usher, "  act.%d: {amount: number}\n", i)
		files[fmt.Sprintf("playbooks/p%d.yaml", i)] = fmt.Sprintf(`id: p%d
stage: conversion
trigger: {event: act.%d, if: event.amount >= 100}
actions:
  - tag: buyer
  - id: gift
    coupon: {pool: gift}
  - message: {channel: out, class: transactional, text: "{{ trigger.id }} {{ actions.gift.code }}"}
`, i, i)
	}
	files["usher.yaml"] = usher.String()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// event makes the i-th event; every other one starts a run.
func event(i int) []byte {
	amount := 50
	if i%2 == 0 {
		amount = 150
	}
	return fmt.Appendf(nil, `{"id":"e%d","event":"act.%d","member":"m%d","properties":{"amount":%d}}`,
		i, (i/2)%playbookCount, (i*7919)%memberCount, amount)
}

func (s *server) post(i int) error {
	req, err := http.NewRequest(http.MethodPost, s.URL+"/v1/events", bytes.NewReader(event(i)))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+served.Key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusAccepted {
		return fmt.Errorf("event %d: %s: %s", i, resp.Status, body)
	}
	return nil
}

func (s *server) get(path string) ([]byte, error) {
	req, err := http.NewRequest(http.MethodGet, s.URL+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+served.Key)
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", path, resp.Status, body)
	}
	return body, err
}

var nullCount = regexp.MustCompile(`(?m)^usher_null_messages_total\{[^}]*\} ([0-9.e+]+)$`)

// received returns how many messages the null channel has counted.
func (s *server) received() (int, error) {
	body, err := s.get("/metrics")
	if err != nil {
		return 0, err
	}
	m := nullCount.FindSubmatch(body)
	if m == nil {
		return 0, nil
	}
	f, err := strconv.ParseFloat(string(m[1]), 64)
	return int(f), err
}

// usherRate returns events a second from the first POST to the last message received, of so many
// events, sent in arrays of so many or one by one.
func usherRate(o options, events, array int) (float64, error) {
	s, err := startUsher(o, "null")
	if err != nil {
		return 0, err
	}
	defer s.stop()
	go discard(s.Out)
	begin, used := time.Now(), s.ProcessorTime()
	if err := s.sendAll(events, array, o.connections); err != nil {
		return 0, err
	}
	sent := time.Since(begin)
	want := (events + 1) / 2
	for {
		n, err := s.received()
		if err != nil {
			return 0, err
		}
		if n >= want {
			break
		}
		if time.Since(begin) > 5*time.Minute {
			return 0, fmt.Errorf("only %d of %d messages came", n, want)
		}
		time.Sleep(pollEvery)
	}
	took := time.Since(begin)
	used = s.ProcessorTime() - used
	fmt.Fprintf(os.Stderr, "  usher: %d events, %d at once, accepted in %.2f s, last message after %.2f s, %d µs of processor time an event\n",
		events, array, sent.Seconds(), took.Seconds(), used.Microseconds()/int64(events))
	return float64(events) / took.Seconds(), s.verify(events)
}

// connection is one keep-alive HTTP connection that costs the machine as little as can be: the load
// is not what is measured.
type connection struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
}

func (s *server) connect() (*connection, error) {
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		return nil, err
	}
	return &connection{conn: c, in: bufio.NewReader(c)}, nil
}

// post sends events from the i-th on, in an array when there are several, and reads the answer, which
// must be 202.
func (c *connection) post(i, events int) error {
	body := event(i)
	if events > 1 {
		list := make([][]byte, events)
		for k := range list {
			list[k] = event(i + k)
		}
		body = slices.Concat([]byte("["), bytes.Join(list, []byte(",")), []byte("]"))
	}
	c.out = fmt.Appendf(c.out[:0], "POST /v1/events HTTP/1.1\r\nHost: usher\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", served.Key, len(body), body)
	if _, err := c.conn.Write(c.out); err != nil {
		return err
	}
	status, err := c.in.ReadString('\n')
	if err != nil {
		return err
	}
	length := 0
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return err
		}
		if line == "\r\n" {
			break
		}
		if name, value, _ := strings.Cut(line, ":"); strings.EqualFold(name, "Content-Length") {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return err
			}
		}
	}
	answer := make([]byte, length)
	if _, err := io.ReadFull(c.in, answer); err != nil {
		return err
	}
	if !strings.HasPrefix(status, "HTTP/1.1 202") {
		return fmt.Errorf("event %d: %s%s", i, status, answer)
	}
	return nil
}

func (s *server) sendAll(n, array, connections int) error {
	var wg sync.WaitGroup
	var next atomic.Int64
	errs := make(chan error, connections)
	for range connections {
		c, err := s.connect()
		if err != nil {
			return err
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			defer c.conn.Close()
			for {
				i := int(next.Add(int64(array))) - array
				if i >= n {
					return
				}
				if err := c.post(i, min(array, n-i)); err != nil {
					errs <- err
					return
				}
			}
		}()
	}
	wg.Wait()
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

// verify holds the totals of all playbooks against the events that were sent.
func (s *server) verify(events int) error {
	var entered, coupons, messages int
	for i := range playbookCount {
		body, err := s.get(fmt.Sprintf("/v1/playbooks/p%d/stats", i))
		if err != nil {
			return err
		}
		var st struct {
			Entered, Done     int
			Coupons, Messages map[string]int
		}
		if err := json.Unmarshal(body, &st); err != nil {
			return fmt.Errorf("stats of p%d: %w", i, err)
		}
		if st.Done != st.Entered {
			return fmt.Errorf("p%d: %d runs entered, %d done", i, st.Entered, st.Done)
		}
		entered, coupons, messages = entered+st.Entered, coupons+st.Coupons["gift"], messages+st.Messages["out"]
	}
	if want := (events + 1) / 2; entered != want || coupons != want || messages != want {
		return fmt.Errorf("%d runs, %d coupons, %d messages; want %d of each", entered, coupons, messages, want)
	}
	n, err := s.received()
	if err == nil && n != (events+1)/2 {
		err = fmt.Errorf("the channel received %d messages, want %d: some came twice", n, (events+1)/2)
	}
	return err
}

var eventOf = regexp.MustCompile(`"text":"e(\d+) `)

// latency measures from the answer 202 to the received message, at a rate.
func latency(o options, rate float64) error {
	s, err := startUsher(o, "log")
	if err != nil {
		return err
	}
	defer s.stop()
	n := int(rate * o.latency.Seconds())
	var mu sync.Mutex
	answered, got := make(map[int]time.Time, n), make(map[int]time.Time, n)
	go func() {
		lines := bufio.NewScanner(s.Out)
		for lines.Scan() {
			if m := eventOf.FindSubmatch(lines.Bytes()); m != nil {
				i, _ := strconv.Atoi(string(m[1]))
				mu.Lock()
				got[i] = time.Now()
				mu.Unlock()
			}
		}
	}()
	begin := time.Now()
	var wg sync.WaitGroup
	slots := make(chan struct{}, o.connections)
	var failed atomic.Value
	for i := range n {
		time.Sleep(time.Until(begin.Add(time.Duration(float64(i) / rate * float64(time.Second)))))
		slots <- struct{}{}
		wg.Add(1)
		go func() {
			defer wg.Done()
			if err := s.post(i); err != nil {
				failed.Store(err)
			}
			mu.Lock()
			answered[i] = time.Now()
			mu.Unlock()
			<-slots
		}()
	}
	wg.Wait()
	if err, ok := failed.Load().(error); ok {
		return err
	}
	want := (n + 1) / 2
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		mu.Lock()
		have := len(got)
		mu.Unlock()
		if have >= want {
			break
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("only %d of %d messages came", have, want)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	var took []time.Duration
	for i, at := range got {
		took = append(took, max(at.Sub(answered[i]), 0))
	}
	slices.Sort(took)
	fmt.Printf("latency from 202 to received message at %.0f events/s (a tenth): p50 %.1f ms, p99 %.1f ms, most %.1f ms (aim: under 50 ms)\n",
		rate, ms(took[len(took)/2]), ms(took[len(took)*99/100]), ms(took[len(took)-1]))
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }
