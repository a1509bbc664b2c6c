package actions_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/actions/channel"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks"
)

var noon = time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)

// caller makes what carries out webhooks, with a channel for the url; "" for none.
func caller(t *testing.T, url string) *actions.Webhooks {
	t.Helper()
	senders := map[string]channel.Sender{}
	if url != "" {
		c := playbooks.Channel{Name: "crm", Type: "webhook", Config: map[string]any{"url": url, "value": "Bearer ${TOKEN}"}}
		s, err := channel.New(c, func(string) (string, bool) { return "secret", true }, channel.Deps{})
		if err != nil {
			t.Fatal(err)
		}
		senders["crm"] = s
	}
	w := actions.NewWebhooks(senders, func() time.Time { return noon })
	t.Cleanup(w.Close)
	return w
}

func call(w *actions.Webhooks, hook engine.Webhook) (map[string]any, error) {
	if hook.Timeout == 0 {
		hook.Timeout = 5 * time.Second
	}
	if hook.Method == "" {
		hook.Method = "POST"
	}
	return w.Call(context.Background(), engine.Delivery{Key: "k1", Message: engine.Message{Webhook: &hook}}, 1)
}

func TestWebhookSendsWhatThePlaybookSays(t *testing.T) {
	var got *http.Request
	var body string
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		got, body = r, string(data)
		_, _ = io.WriteString(rw, `{"score": 7}`)
	}))
	defer srv.Close()
	w := caller(t, srv.URL+"/api/")
	values, err := call(w, engine.Webhook{
		Method: "PUT", URL: srv.URL + "/api/members/m1",
		Headers: map[string]string{"X-Source": "usher", "Authorization": "mine"},
		Body:    json.RawMessage(`{"level":"gold"}`),
	})
	if err != nil || values["status"] != 200 || values["body"].(map[string]any)["score"] != 7.0 {
		t.Fatalf("%v, %v", values, err)
	}
	for name, want := range map[string]string{
		"Idempotency-Key": "k1", "Content-Type": "application/json", "X-Source": "usher", "Authorization": "Bearer secret",
		"User-Agent": "usher",
	} {
		if got.Header.Get(name) != want {
			t.Errorf("header %s: %q", name, got.Header.Get(name))
		}
	}
	if got.Method != "PUT" || body != `{"level":"gold"}` {
		t.Errorf("%s %s", got.Method, body)
	}
	if _, err := call(w, engine.Webhook{
		URL:     srv.URL + "/api/f",
		Headers: map[string]string{"Content-Type": "text/plain"}, Body: json.RawMessage(`"a=1"`), Raw: true,
	}); err != nil ||
		body != "a=1" {
		t.Errorf("a text: %q, %v", body, err)
	}
}

func TestWebhookAnswers(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter,
		*http.Request,
	) {
		t.Error("the other host was called")
	}))
	defer other.Close()
	answers := map[string]http.HandlerFunc{
		"/ok":    func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, `[1]`) },
		"/empty": func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(204) },
		"/missing": func(rw http.ResponseWriter, _ *http.Request) {
			rw.WriteHeader(404)
			_, _ = io.WriteString(rw, `{"why": "none"}`)
		},
		"/html": func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, `<p>hello`) },
		"/long": func(rw http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(rw, `"`+strings.Repeat("x", 70<<10)+`"`)
		},
		"/down": func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(503) },
		"/busy": func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Retry-After", "30")
			rw.WriteHeader(429)
		},
		"/later": func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Retry-After", noon.Add(time.Minute).Format(http.TimeFormat))
			rw.WriteHeader(503)
		},
		"/slow": func(_ http.ResponseWriter, r *http.Request) { _, _ = io.ReadAll(r.Body); <-r.Context().Done() },
		"/away": func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, other.URL, http.StatusTemporaryRedirect)
		},
		"/here": func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "/ok", http.StatusTemporaryRedirect)
		},
		"/get": func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, "/ok", http.StatusFound) },
		"/for-ever": func(rw http.ResponseWriter, r *http.Request) {
			http.Redirect(rw, r, "/for-ever", http.StatusTemporaryRedirect)
		},
		"/same": func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(304) },
	}
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter,
		r *http.Request,
	) {
		answers[r.URL.Path](rw, r)
	}))
	defer srv.Close()
	w := caller(t, srv.URL)
	cases := []struct {
		path    string
		status  int    // 0: no answer
		reason  string // in the answer, or the error
		kind    string // of the error: permanent, passing
		after   time.Duration
		timeout time.Duration
	}{
		{path: "/ok", status: 200},
		{path: "/empty", status: 204},
		{path: "/missing", status: 404},
		{path: "/here", status: 200},
		{path: "/html", status: 200, reason: "the answer is not JSON"},
		{path: "/long", status: 200, reason: "longer than 65536 bytes"},
		{path: "/down", reason: "503", kind: "passing"},
		{path: "/busy", reason: "429", kind: "later", after: 30 * time.Second},
		{path: "/later", reason: "503", kind: "later", after: time.Minute},
		{path: "/slow", reason: "no answer in time", kind: "passing", timeout: 50 * time.Millisecond},
		{path: "/away", reason: "a redirect to another place", kind: "permanent"},
		{path: "/get", reason: "would turn POST into GET", kind: "permanent"},
		{path: "/for-ever", reason: "more than 3 redirects", kind: "permanent"},
		{path: "/same", reason: "304", kind: "permanent"},
	}
	for _, c := range cases {
		t.Run(c.path, func(t *testing.T) {
			values, err := call(w, engine.Webhook{URL: srv.URL + c.path, Timeout: c.timeout, Body: json.RawMessage(`{}`)})
			if c.status != 0 {
				reason, _ := values["reason"].(string)
				if err != nil || values["status"] != c.status || !strings.Contains(reason, c.reason) || c.reason == "" &&
					reason != "" {
					t.Fatalf("%v, %v", values, err)
				}
				return
			}
			var permanent *channel.PermanentError
			var later *channel.RetryAfterError
			kind := "passing"
			if errors.As(err, &permanent) {
				kind = "permanent"
			}
			if errors.As(err, &later) {
				kind = "later"
			}
			if err == nil || kind != c.kind || !strings.Contains(err.Error(), c.reason) ||
				strings.Contains(err.Error(), srv.URL) {
				t.Fatalf("%v, %v (%s)", values, err, kind)
			}
			if later != nil && later.After != c.after {
				t.Fatalf("again after %v", later.After)
			}
		})
	}
}

func TestWebhookStaysOutOfThePrivateNetwork(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was called") }))
	defer srv.Close()
	for _, declared := range []string{"", srv.URL + "/api", strings.Replace(srv.URL, "127.0.0.1", "localhost", 1)} {
		w := caller(t, declared)
		for _, path := range []string{"/", "/apis", "/api/../x", "/api/.."} {
			_, err := call(w, engine.Webhook{URL: srv.URL + path})
			var permanent *channel.PermanentError
			if !errors.As(err, &permanent) || !strings.Contains(err.Error(), "declare a channel") {
				t.Errorf("%s below %q: %v", path, declared, err)
			}
		}
	}
	for _, url := range []string{
		"http://169.254.169.254/latest", "http://[::1]:1/", "http://10.0.0.1:1/",
		"http://[::ffff:127.0.0.1]:1/", "http://0.0.0.0:1/", "http://100.64.0.1:1/",
	} {
		if _, err := call(caller(t, ""), engine.Webhook{URL: url}); err == nil ||
			!strings.Contains(err.Error(), "not a public one") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
