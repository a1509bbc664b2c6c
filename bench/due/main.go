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
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite"
	"github.com/usher-run/usher/engine/tally"
	"github.com/usher-run/usher/engine/worker"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
)

const key = "bench-key-0123456789"

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
}

func main() {
	var o options
	flag.StringVar(&o.usher, "usher", "bin/usher", "the usher binary")
	flag.IntVar(&o.waits, "waits", 1_000_000, "waits that are due at one moment")
	flag.DurationVar(&o.perWait, "per-wait", 200*time.Microsecond, "how long it may take to make one")
	flag.Float64Var(&o.rate, "rate", 50, "live events a second")
	flag.DurationVar(&o.beforehand, "beforehand", 5*time.Second, "how long live events are measured before")
	flag.Parse()
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
	begin := time.Now()
	due := begin.Add(time.Duration(o.waits)*o.perWait + 10*time.Second + o.beforehand).Truncate(time.Second)
	if err := build(dir, o.waits, due); err != nil {
		return fmt.Errorf("make the database: %w", err)
	}
	info, err := os.Stat(database(dir))
	if err != nil {
		return err
	}
	fmt.Printf("%d waits made in %.0f s, %d MB on disk\n", o.waits, time.Since(begin).Seconds(), info.Size()>>20)
	if time.Until(due) < o.beforehand {
		return errors.New("it took longer than the waits last: say more with -per-wait")
	}
	s, err := serve(o, dir)
	if err != nil {
		return err
	}
	defer s.stop()
	return s.measure(o, due)
}

func database(dir string) string { return filepath.Join(dir, "usher.db") }

// build writes the workspace and the database.
func build(dir string, waits int, due time.Time) (err error) {
	ctx := context.Background()
	ws, err := writeWorkspace(filepath.Join(dir, "workspace"))
	if err != nil {
		return err
	}
	s, err := sqlite.Open(ctx, database(dir))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := worker.Activate(ctx, s, ws, time.Now()); err != nil {
		return err
	}
	secret, err := s.Secret(ctx)
	if err != nil {
		return err
	}
	e := engine.New(ws, engine.Options{Secret: secret, Registry: actions.Registry(), Effects: actions.Effects()})
	epochs := map[int]int64{}
	for lane := range s.Lanes() {
		if epochs[lane], err = s.Claim(ctx, lane); err != nil {
			return err
		}
	}
	const group = 2000
	for from := 0; from < waits; from += group {
		var inputs []engine.Input
		for i := from; i < min(from+group, waits); i++ {
			inputs = append(inputs, engine.Input{
				Kind: engine.InputEvent, ID: fmt.Sprint("h", i), Member: fmt.Sprint("m", i), Name: "hold",
				Payload: &engine.Payload{Properties: map[string]any{"at": due.Format(time.RFC3339)}},
			})
		}
		if err := decide(ctx, s, e, epochs, inputs); err != nil {
			return err
		}
	}
	return nil
}

func writeWorkspace(dir string) (*playbooks.Workspace, error) {
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	ws, diags := loader.Load(os.DirFS(dir), actions.Registry())
	for _, d := range diags {
		if d.Severity == diag.Error {
			return nil, fmt.Errorf("%s:%d: %s", d.File, d.Line, d.Message)
		}
	}
	return ws, nil
}

// decide accepts inputs of members that nobody knows and commits what is decided on them.
func decide(ctx context.Context, s store.Store, e *engine.Engine, epochs map[int]int64, inputs []engine.Input) error {
	receipts, err := s.Accept(ctx, inputs)
	if err != nil {
		return err
	}
	at := time.Now().UTC().Truncate(time.Millisecond)
	changes, last := map[int]*engine.Changes{}, map[int]int64{}
	for i := range inputs {
		in := inputs[i]
		in.Seq, in.At, in.Time = receipts[i].Seq, at, at
		lane := s.Lanes().OfMember(in.Member)
		if changes[lane] == nil {
			changes[lane] = &engine.Changes{}
		}
		if err := e.Decide(in.Member, &engine.State{}, []engine.Input{in}, at, nil, changes[lane]); err != nil {
			return err
		}
		last[lane] = in.Seq
	}
	for lane, c := range changes {
		c.Tally = tally.Of(c)
		if err := s.Commit(ctx, lane, epochs[lane], last[lane], c); err != nil {
			return err
		}
	}
	return nil
}

// server is a `usher serve` of its own.
type server struct {
	cmd    *exec.Cmd
	url    string
	mu     sync.Mutex
	sent   map[int]time.Time // by event, when it was answered
	took   map[int]time.Duration
	posted int
}

var eventOf = regexp.MustCompile(`"text":"p(\d+)"`)

func serve(o options, dir string) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	l.Close()
	s := &server{url: "http://" + addr, sent: map[int]time.Time{}, took: map[int]time.Duration{}}
	s.cmd = exec.Command(o.usher, "serve", filepath.Join(dir, "workspace"), "--addr", addr, "--db", "sqlite:"+database(dir),
		"--log", "warn")
	s.cmd.Env = append(os.Environ(), "USHER_API_KEYS=admin:"+key)
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go s.listen(out)
	for deadline := begin.Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if resp, err := http.Get(s.url + "/readyz"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				fmt.Printf("the server is ready after %.2f s\n", time.Since(begin).Seconds())
				return s, nil
			}
		}
		if time.Now().After(deadline) {
			s.stop()
			return nil, errors.New("the server does not get ready")
		}
	}
}

func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// processorTime returns what the server has used so far, from /proc; 0 where there is none.
func (s *server) processorTime() time.Duration {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	var ticks time.Duration
	for _, f := range fields[11:13] { // utime and stime, in hundredths of a second
		n, _ := strconv.Atoi(f)
		ticks += time.Duration(n)
	}
	return ticks * 10 * time.Millisecond
}

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

func (s *server) do(method, path string, body []byte, answer any) error {
	req, err := http.NewRequest(method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("%s: %s: %s", path, resp.Status, text)
	}
	if err != nil || answer == nil {
		return err
	}
	return json.Unmarshal(text, answer)
}

// done returns how many waits have ended.
func (s *server) done() (int, error) {
	var stats struct{ Done int }
	err := s.do(http.MethodGet, "/v1/playbooks/holds/stats", nil, &stats)
	return stats.Done, err
}

// measure sends live events until all waits have ended.
func (s *server) measure(o options, due time.Time) error {
	time.Sleep(time.Until(due.Add(-o.beforehand)))
	stop := make(chan struct{})
	var live sync.WaitGroup
	live.Go(func() { s.send(o.rate, stop) })
	time.Sleep(time.Until(due))
	before, used := s.count(), s.processorTime()
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
	used = s.processorTime() - used
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
			if err := s.do(http.MethodPost, "/v1/events", body, nil); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return
			}
			s.mu.Lock()
			s.sent[i] = time.Now()
			s.mu.Unlock()
		})
	}
}
