package server_test

import (
	"context"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine/clock/clocktest"
	"github.com/usher-run/usher/internal/server"
)

// startAt returns a server that is not ready yet, and what tells that it is.
func startAt(t *testing.T, o server.Options) (r *running, ready chan server.Ready) {
	t.Helper()
	ready = make(chan server.Ready, 1)
	o.Ready = func(r server.Ready) { ready <- r }
	s, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	r = &running{stop: stop, ended: make(chan error, 1)}
	r.URL = "http://" + o.Addr
	go func() { r.ended <- s.Run(ctx) }()
	return r, ready
}

// A start that is 30 days after the last instant answers, takes nothing in and decides nothing,
// until an operator accepts the machine's clock.
func TestAStartWaitsForTheClock(t *testing.T) {
	machine := &clocktest.Machine{}
	log := &strings.Builder{}
	o := options(t, filepath.Join(t.TempDir(), "usher.db"))
	o.Machine = machine.Read
	first := start(t, o)
	const event = `{"event": "go", "member": "m1"}`
	if status, text := first.ask(t, http.MethodPost, "/v1/events", apiKey, event); status != http.StatusAccepted {
		t.Fatalf("%d %s", status, text)
	}
	first.stopped(t)

	o.Addr = strings.TrimPrefix(first.URL, "http://")
	o.Log = slog.New(slog.NewTextHandler(log, nil))
	machine.Pass(30 * 24 * time.Hour)
	r, ready := startAt(t, o)
	for _, req := range [][3]string{
		{http.MethodGet, "/readyz"},
		{http.MethodPost, "/v1/events", event},
		{http.MethodPut, "/v1/members/m2", `{"tags": {"add": ["x"]}}`},
	} {
		status, text := r.ask(t, req[0], req[1], apiKey, req[2])
		if status != http.StatusServiceUnavailable || !strings.Contains(text, "720h0m") || !strings.Contains(text, "usher clock accept") {
			t.Errorf("%v while the server waits: %d %s", req, status, text)
		}
	}
	select {
	case <-ready:
		t.Fatal("the server is ready")
	default:
	}
	if status, text := r.ask(t, http.MethodGet, "/v1/clock", apiKey, ""); status != http.StatusOK ||
		!strings.Contains(text, `"state":"held"`) {
		t.Errorf("the clock: %d %s", status, text)
	}
	if status, text := r.ask(t, http.MethodPost, "/v1/clock/accept", apiKey, ""); status != http.StatusOK ||
		!strings.Contains(text, `"state":"following"`) {
		t.Fatalf("accept: %d %s", status, text)
	}
	<-ready
	// What came in before is decided first: until then it is said to be old.
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		status, text := r.ask(t, http.MethodGet, "/readyz", apiKey, "")
		if status == http.StatusOK && text == "ready\n" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("ready: %d %s", status, text)
		}
	}
	if status, text := r.ask(t, http.MethodPost, "/v1/events", apiKey, event); status != http.StatusAccepted {
		t.Errorf("%d %s", status, text)
	}
	// A step forward is refused, and said; the server goes on.
	machine.Set(24 * time.Hour)
	if status, text := r.ask(t, http.MethodGet, "/readyz", apiKey, ""); status != http.StatusOK ||
		!strings.Contains(text, "was set forward by 24h0m0s") {
		t.Errorf("a day forward: %d %s", status, text)
	}
	if status, text := r.ask(t, http.MethodPost, "/v1/events", apiKey, event); status != http.StatusAccepted {
		t.Errorf("%d %s", status, text)
	}
	machine.Set(-25 * time.Hour)
	if status, text := r.ask(t, http.MethodGet, "/readyz", apiKey, ""); status != http.StatusOK ||
		!strings.Contains(text, "was set back by 1h0m0s") {
		t.Errorf("an hour back: %d %s", status, text)
	}
	r.stopped(t)
	if !strings.Contains(log.String(), "nothing is taken in or decided until") {
		t.Errorf("the log does not say why: %s", log)
	}
}

// A server that waits stops like any other, and a longer jump may be allowed.
func TestAStartMayAllowALongerJump(t *testing.T) {
	machine := &clocktest.Machine{}
	o := options(t, filepath.Join(t.TempDir(), "usher.db"))
	o.Machine = machine.Read
	first := start(t, o)
	if status, text := first.ask(t, http.MethodPost, "/v1/events", apiKey, `{"event": "go", "member": "m1"}`); status != http.StatusAccepted {
		t.Fatalf("%d %s", status, text)
	}
	first.stopped(t)
	machine.Pass(30 * 24 * time.Hour)
	o.Addr = strings.TrimPrefix(first.URL, "http://")
	r, _ := startAt(t, o)
	if status, _ := r.ask(t, http.MethodGet, "/healthz", "", ""); status != http.StatusOK {
		t.Errorf("it does not answer: %d", status)
	}
	r.stopped(t)
	o.ClockJump = "5w"
	start(t, o).stopped(t)
	for _, wrong := range []string{"week", "0d", "-1d"} {
		o.ClockJump = wrong
		if err := o.Check(); err == nil || !strings.Contains(err.Error(), "--clock-jump") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}
