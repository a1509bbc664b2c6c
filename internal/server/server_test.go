package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/internal/server"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/folder"
	"github.com/usher-run/usher/playbooks/loader"
)

const apiKey = "a-key-for-the-test-of-the-server"

func workspace(t *testing.T, extra string) *playbooks.Workspace {
	t.Helper()
	ws, diags := loader.Load(folder.Files{
		"usher.yaml": []byte("usher: 1\nmember: {}\nevents: {go: {by: optional ref member}}\n" + extra),
		"playbooks/welcome.yaml": []byte("id: welcome\nstage: activation\ntrigger: {event: go}\nactions:\n" +
			"  - tag: {add: [greeted]}\n"),
	}.FS(), actions.Registry())
	for _, d := range diags {
		t.Fatal(d)
	}
	return ws
}

func options(t *testing.T, path string) server.Options {
	return server.Options{
		Workspace: workspace(t, ""), Addr: "127.0.0.1:0", DB: "sqlite:" + path, Redis: server.EmbeddedRedis,
		Roles: server.Roles, Keys: "admin:" + apiKey,
	}
}

// running is a server that was started in this process.
type running struct {
	server.Ready
	stop  context.CancelFunc
	ended chan error
}

// start returns when the server is ready.
func start(t *testing.T, o server.Options) *running {
	t.Helper()
	ready := make(chan server.Ready, 1)
	o.Ready = func(r server.Ready) { ready <- r }
	s, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	r := &running{stop: stop, ended: make(chan error, 1)}
	go func() { r.ended <- s.Run(ctx) }()
	select {
	case r.Ready = <-ready:
	case err := <-r.ended:
		t.Fatalf("the server ended: %v", err)
	}
	return r
}

func (r *running) stopped(t *testing.T) {
	t.Helper()
	r.stop()
	if err := <-r.ended; err != nil {
		t.Fatalf("a clean stop: %v", err)
	}
}

func (r *running) ask(t *testing.T, method, path, key, body string) (status int, answer string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, r.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// A server starts in this process, serves, and stops with all that it held let go: the address and
// the database can be had again at once, and what was accepted is known.
func TestServerStartsAndStops(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "usher.db")
	const event = `{"id": "e1", "event": "go", "member": "m1"}`
	o := options(t, path)
	for i, want := range []string{`"accepted"`, `"duplicate"`} {
		r := start(t, o)
		if status, text := r.ask(t, http.MethodPost, "/v1/events", apiKey, event); status != http.StatusAccepted ||
			!strings.Contains(text, want) {
			t.Errorf("start %d: %d %s, want %s", i+1, status, text, want)
		}
		if status, _ := r.ask(t, http.MethodGet, "/v1/runs", "another-key-that-is-unknown",
			""); status != http.StatusUnauthorized {
			t.Errorf("start %d: a wrong key is answered %d", i+1, status)
		}
		if r.Key != (server.AdminKey{}) {
			t.Errorf("start %d: an admin key beside those that were given: %+v", i+1, r.Key)
		}
		o.Addr = strings.TrimPrefix(r.URL, "http://")
		r.stopped(t)
	}
}

// The referral code that is shown of a member is the one by which others name them.
func TestShownReferralCodeNamesTheMember(t *testing.T) {
	r := start(t, options(t, filepath.Join(t.TempDir(), "usher.db")))
	defer r.stopped(t)
	var shown struct {
		Code string `json:"referral_code"`
	}
	send := func(event string) {
		status, text := r.ask(t, http.MethodPost, "/v1/events", apiKey, event)
		if status != http.StatusAccepted {
			t.Fatalf("%s: %d %s", event, status, text)
		}
	}
	until := func(path, part string) (text string) {
		for text = ""; !strings.Contains(text, part); {
			_, text = r.ask(t, http.MethodGet, path, apiKey, "")
		}
		return text
	}
	send(`{"event": "go", "member": "anna"}`)
	if err := json.Unmarshal([]byte(until("/v1/members/anna", "referral_code")), &shown); err != nil {
		t.Fatal(err)
	}
	send(`{"event": "go", "member": "ben", "properties": {"by": "` + shown.Code + `"}}`)
	if text := until("/v1/members/ben/timeline", `"event"`); !strings.Contains(text, `"by":"anna"`) {
		t.Errorf("the code %s names nobody: %s", shown.Code, text)
	}
}

func TestAdminKeyIsMadeOnce(t *testing.T) {
	o := options(t, filepath.Join(t.TempDir(), "usher.db"))
	o.Keys = ""
	first := start(t, o)
	if status, text := first.ask(t, http.MethodGet, "/v1/runs", first.Key.Secret, ""); status != http.StatusOK ||
		!first.Key.Made {
		t.Errorf("%d %s with %+v", status, text, first.Key)
	}
	first.stopped(t)
	second := start(t, o)
	second.stopped(t)
	if second.Key.Made || second.Key.Secret != first.Key.Secret {
		t.Errorf("the second start has the key %+v", second.Key)
	}
}

func TestPausedPlaybooksAreNamedAtTheNextStart(t *testing.T) {
	o := options(t, filepath.Join(t.TempDir(), "usher.db"))
	r := start(t, o)
	if status, text := r.ask(t, http.MethodPost, "/v1/playbooks/welcome/pause", apiKey, ""); status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	r.stopped(t)
	r = start(t, o)
	r.stopped(t)
	if len(r.Paused) != 1 || r.Paused[0] != "welcome" {
		t.Errorf("paused: %q", r.Paused)
	}
}

// What New refuses says what is wrong, and holds nothing: with the fault mended it starts.
func TestNewRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, tt := range []struct {
		name, want string
		change     func(*server.Options)
		as         any
	}{
		{"an address", "--addr must be HOST:PORT", func(o *server.Options) { o.Addr = "8080" }, new(*server.SettingError)},
		{"an address in use", "is in use already", func(o *server.Options) { o.Addr = taken.Addr().String() }, nil},
		{"no role", "--role needs at least one", func(o *server.Options) { o.Roles = nil }, new(*server.SettingError)},
		{
			"a misspelt role", "did you mean `worker`?", func(o *server.Options) { o.Roles = []string{"wroker"} },
			new(*server.SettingError),
		},
		{
			"a scheduler alone", "needs the role worker", func(o *server.Options) { o.Roles = []string{server.RoleScheduler} },
			new(*server.SettingError),
		},
		{
			"a database", "PostgreSQL is not in this version", func(o *server.Options) { o.DB = "postgres://u:secret@x/y" },
			new(*server.SettingError),
		},
		{
			"a Redis", "--redis must be embedded or an address", func(o *server.Options) { o.Redis = "nonsense://u:secret@x" },
			new(*server.SettingError),
		},
		{"a short key", "USHER_API_KEYS: key 1", func(o *server.Options) { o.Keys = "admin:short" }, nil},
		{"a channel", "the environment has no HOOK_URL", func(o *server.Options) {
			o.Workspace = workspace(t, "channels: {hook: {type: webhook, url: \"${HOOK_URL}\"}}\n")
			o.Env = func(string) (string, bool) { return "", false }
		}, new(*server.ChannelError)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := options(t, filepath.Join(t.TempDir(), "usher.db"))
			good := o
			tt.change(&o)
			_, err := server.New(o)
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "secret") {
				t.Fatalf("%v, want %q", err, tt.want)
			}
			if tt.as != nil && !errors.As(err, tt.as) {
				t.Errorf("the error is a %T", err)
			}
			start(t, good).stopped(t)
		})
	}
}

func TestTwoServersOnOneDatabase(t *testing.T) {
	o := options(t, filepath.Join(t.TempDir(), "usher.db"))
	r := start(t, o)
	if _, err := server.New(o); err == nil || !strings.Contains(err.Error(), "another usher serves the database") {
		t.Errorf("a second server: %v", err)
	}
	r.stopped(t)
}
