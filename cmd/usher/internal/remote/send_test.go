package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/engine/sim/eventfile"
)

// receiver is a server that fails as its script says, and keeps what it took.
type receiver struct {
	mu     sync.Mutex
	fails  []func(http.ResponseWriter) // one a request, while there are some
	calls  int
	events map[string][]string // member -> ids, in order
}

func (rc *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	rc.calls++
	if len(rc.fails) > 0 {
		fail := rc.fails[0]
		rc.fails = rc.fails[1:]
		fail(w)
		return
	}
	var events []struct{ ID, Member string }
	if err := json.NewDecoder(r.Body).Decode(&events); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var results []string
	for _, e := range events {
		rc.events[e.Member] = append(rc.events[e.Member], e.ID)
		results = append(results, `{"status":"accepted"}`)
	}
	w.WriteHeader(http.StatusAccepted)
	fmt.Fprintf(w, `{"results":[%s]}`, strings.Join(results, ","))
}

func status(code int, header ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

func hangUp(http.ResponseWriter) { panic(http.ErrAbortHandler) }

func sendTo(t *testing.T, rc *receiver, file string) (*sending, error) {
	t.Helper()
	rc.events = map[string][]string{}
	server := httptest.NewServer(rc)
	t.Cleanup(server.Close)
	s := &sending{client: newClient(server.URL, "k", "")}
	return s, s.file(t.Context(), eventfile.Open(strings.NewReader(file), eventfile.Options{}))
}

func TestSendKeepsEachMembersOrder(t *testing.T) {
	var file strings.Builder
	const members, each = 7, 900 // several batches in every stream
	for i := range each {
		for m := range members {
			fmt.Fprintf(&file, `{"id":"%05d-%d","event":"x","member":"m%d"}`+"\n", i, m, m)
		}
	}
	rc := &receiver{fails: []func(http.ResponseWriter){hangUp, status(503)}}
	s, err := sendTo(t, rc, file.String())
	if err != nil || s.accepted != members*each {
		t.Fatalf("accepted %d, %v", s.accepted, err)
	}
	for m, ids := range rc.events {
		for i := 1; i < len(ids); i++ {
			if ids[i-1] >= ids[i] {
				t.Fatalf("member %s: %s came before %s", m, ids[i-1], ids[i])
			}
		}
	}
}

func TestSendRetriesWhatPasses(t *testing.T) {
	const one = `{"event":"x","member":"m"}`
	tests := []struct {
		name  string
		fails []func(http.ResponseWriter)
		calls int
		err   string
	}{
		{"a dropped connection", []func(http.ResponseWriter){hangUp}, 2, ""},
		{"an overloaded server", []func(http.ResponseWriter){status(503), status(500)}, 3, ""},
		{"too fast", []func(http.ResponseWriter){status(429, "Retry-After", "1")}, 2, ""},
		{
			"too fast for longer than we wait",
			[]func(http.ResponseWriter){status(429, "Retry-After", "31")},
			1,
			"gave up after 30s",
		},
		{"a wrong key", []func(http.ResponseWriter){status(401)}, 1, "401"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rc := &receiver{fails: tt.fails}
			s, err := sendTo(t, rc, one)
			if rc.calls != tt.calls {
				t.Errorf("%d requests, want %d", rc.calls, tt.calls)
			}
			if tt.err == "" && (err != nil || s.accepted != 1) || tt.err != "" &&
				(err == nil || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("accepted %d, err = %v", s.accepted, err)
			}
		})
	}
}

func TestSendStopsWhenTold(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	rc := &receiver{events: map[string][]string{}, fails: []func(http.ResponseWriter){func(w http.ResponseWriter) {
		cancel()
		w.WriteHeader(http.StatusServiceUnavailable)
	}}}
	server := httptest.NewServer(rc)
	defer server.Close()
	s := &sending{client: newClient(server.URL, "k", "")}
	if err := s.file(ctx, eventfile.Open(strings.NewReader(`{"event":"x","member":"m"}`),
		eventfile.Options{})); err == nil {
		t.Error("no error although it was stopped")
	}
}

// Half a minute without a word looks like work: that a server is asked again is said, once.
func TestSendSaysThatItTriesAgain(t *testing.T) {
	rc := &receiver{events: map[string][]string{}, fails: []func(http.ResponseWriter){status(503), status(503)}}
	server := httptest.NewServer(rc)
	defer server.Close()
	var said strings.Builder
	c := &asking{&command.Line{Stderr: &said}}
	s := &sending{client: newClient(server.URL, "k", "")}
	s.client.Again = c.noteAgain
	if err := s.file(t.Context(), eventfile.Open(strings.NewReader(`{"event":"x","member":"m1"}`),
		eventfile.Options{})); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("usher: the server at %s answered 503 Service Unavailable; trying again for 30s\n",
		server.URL); said.String() != want {
		t.Errorf("got %q, want %q", said.String(), want)
	}
}
