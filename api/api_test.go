package api_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/usher-run/usher/api"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/clock"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/playbooks"
)

func TestOneEvent(t *testing.T) {
	f := newFixture(t)
	good := `{"id":"e\"1","event":"order.paid","member":"m1","properties":{"amount":12.5}}`
	a := f.call("POST", "/v1/events", good)
	f.want(a, 202, nil)
	if a.body["status"] != "accepted" || a.body["id"] != `e"1` {
		t.Errorf("got %s", a.text)
	}
	if a := f.call("POST", "/v1/events", good); a.status != 202 || a.body["status"] != "duplicate" {
		t.Errorf("the second time: %d %s", a.status, a.text)
	}
	for _, other := range []string{
		`{"id":"e\"1","event":"order.paid","member":"m1","properties":{"amount":13}}`,
		`{"id":"e\"1","event":"order.paid","member":"m2","properties":{"amount":12.5}}`,
		`{"id":"e\"1","event":"order.paid","member":"m1","time":"2026-01-01T00:00:00Z","properties":{"amount":12.5}}`,
		`{"id":"e\"1","event":"order.paid","member":"m1","properties":{"amount":12.5},"attributes":{"nickname":"x"}}`,
	} {
		if a := f.call("POST", "/v1/events", other); a.status != 202 || a.body["status"] != "duplicate" ||
			a.body["differs"] != true {
			t.Errorf("%s, known with other content: %d %s", other, a.status, a.text)
		}
	}
	if !slices.Equal(f.woken, []string{"m1"}) {
		t.Errorf("woken: %v", f.woken)
	}
	bad := f.call("POST", "/v1/events", `{"id":"e2","event":"order.paid","member":"m1","properties":{"amount":"x"}}`)
	f.want(bad, 422, "wrong_type")
	if bad.detail("path") != "properties.amount" {
		t.Errorf("got %s", bad.text)
	}
	if a := f.call("POST", "/v1/events", `{"id":"e2","event":"order.paid","member":"m1","properties":{"amount":1}}`); a.body["status"] != "accepted" {
		t.Errorf("a rejected event used up its id: %s", a.text)
	}
	if a := f.call("POST", "/v1/events", `{"event":"x","member":"m1"}`); len(a.body["id"].(string)) != 36 {
		t.Errorf("an event without id: %s", a.text)
	}
}

func TestManyEvents(t *testing.T) {
	f := newFixture(t)
	a := f.call("POST", "/v1/events", ` [ {"id":"1","event":"x","member":"m1"},
		{"id":"2","event":"order.paid","member":"m2","properties":{"amount":"]}\"x"}}, {"id":"1","event":"x","member":"m1"}, nonsense ] `)
	f.want(a, 202, nil)
	want := `{"results":[{"status":"accepted","id":"1"},{"status":"rejected","id":"2","error":{"code":"wrong_type","message":` +
		`"properties.amount: must be a number, got the string \"]}\\\"x\"","path":"properties.amount"}},{"status":"duplicate","id":"1"},` +
		`{"status":"rejected","error":{"code":"malformed_json","message":"the JSON is broken: a value is missing at byte 1"}}],` +
		`"accepted":1,"duplicate":1,"rejected":2}`
	if a.text != want {
		t.Errorf("got\n%s\nwant\n%s", a.text, want)
	}
	if a := f.call("POST", "/v1/events", `[]`); a.text != `{"results":[],"accepted":0,"duplicate":0,"rejected":0}` {
		t.Errorf("an empty array: %s", a.text)
	}
	for _, broken := range []string{`[`, `[{}`, `[{},]`, `[,{}]`, `[{}] x`, `[}]`} {
		f.want(f.call("POST", "/v1/events", broken), 400, "malformed_json")
	}
	f.want(f.call("POST", "/v1/events", "["+strings.Repeat("{},", 1000)+"{}]"), 422, "too_large")
}

func TestWrongRequests(t *testing.T) {
	f := newFixture(t)
	f.want(f.call("POST", "/v1/events", `{"event"`), 400, "malformed_json")
	if off := f.call("POST", "/v1/events", `{"event"`).detail("offset"); off != 9.0 {
		t.Errorf("offset %v", off)
	}
	f.want(f.call("POST", "/v1/events", ""), 400, "malformed_json")
	f.want(f.call("POST", "/v1/events", "{}", "Content-Type", "text/plain"), 415, "unsupported_media_type")
	f.want(f.call("POST", "/v1/events", `[`+strings.Repeat(" ", 1<<20)+`]`), 413, "body_too_large")
	f.want(f.call("GET", "/v1/nowhere", ""), 404, "not_found")
	f.want(f.call("GET", "/v1/events", ""), 405, "method_not_allowed")
	f.want(f.call("GET", "/v1/runs?limit=x", ""), 400, "invalid_query")
	for _, cursor := range []string{"x", "-5", "0", "99999999999999999999", "%00"} {
		f.want(f.call("GET", "/v1/runs?cursor="+cursor, ""), 400, "invalid_query")
	}
	f.want(f.call("GET", "/v1/runs?state=open", ""), 400, "invalid_query")
	f.want(f.call("GET", "/v1/decisions", ""), 400, "invalid_query")
	f.want(f.call("GET", "/v1/runs/none", ""), 404, "not_found")
	f.want(f.call("GET", "/v1/members/nobody", ""), 404, "not_found")
	f.want(f.call("GET", "/v1/members/nobody/timeline", ""), 404, "not_found")
	f.want(f.call("GET", "/v1/playbooks/none/stats", ""), 404, "not_found")
	f.want(f.call("POST", "/v1/playbooks/none/pause", ""), 404, "not_found")
	f.want(f.call("GET", "/v1/coupons/NONE", ""), 404, "not_found")
	f.want(f.call("POST", "/v1/coupons/NONE/redeem", ""), 404, "not_found")
}

// Parameters that a route does not have, or not so, are refused: a list that ignores a misspelt
// filter lists everything.
func TestQueries(t *testing.T) {
	f := newFixture(t)
	for _, bad := range []string{
		"/v1/runs?limit=abc", "/v1/runs?limit=-1", "/v1/runs?limit=0", "/v1/runs?limit=1e9", "/v1/runs?limit=1001",
		"/v1/runs?limit=5.0",
		"/v1/runs?limit=%205", "/v1/runs?limit=5&limit=6", "/v1/runs?state=nope", "/v1/runs?State=done",
		"/v1/runs?plaubook=welcome",
		"/v1/runs?state=%zz", "/v1/runs?state=done;limit=5", "/v1/failures?limit=-1", "/v1/failures?cursor=x",
		"/v1/decisions?member=m&state=done",
		"/v1/playbooks?page=2", "/v1/playbooks/welcome?verbose", "/v1/playbooks/welcome/stats?x=1", "/v1/members/m?limit=5",
		"/v1/coupons/C?limit=5", "/v1/schema?x=1", "/metrics?x=1", "/readyz?%zz",
	} {
		a := f.call("GET", bad, "")
		f.want(a, 400, "invalid_query")
	}
	f.want(f.call("POST", "/v1/events?sync=true", `{"event":"x","member":"m"}`), 400, "invalid_query")
	f.want(f.call("POST", "/v1/playbooks/welcome/pause?now", ""), 400, "invalid_query")
	for query, want := range map[string]string{
		"limit=abc":  `limit must be a whole number from 1 to 1000, got "abc"`,
		"state=dnoe": "state must be waiting, done, exited, failed or holdout, got \"dnoe\"; did you mean `done`?",
		"stat=done":  "there is no parameter `stat`; did you mean `state`?",
	} {
		if a := f.call("GET", "/v1/runs?"+query, ""); !strings.Contains(a.text, strings.ReplaceAll(want, `"`, `\"`)) {
			t.Errorf("%s: %s", query, a.text)
		}
	}
	for _, good := range []string{
		"/v1/runs?playbook=&member=&state=&limit=", "/v1/runs?limit=1000&state=done",
		"/healthz?from=probe", "/docs?v=1",
	} {
		f.want(f.call("GET", good, ""), 200, nil)
	}
}

func TestHead(t *testing.T) {
	f := newFixture(t)
	f.seedRun()
	for path, status := range map[string]int{
		"/healthz": 200, "/readyz": 200, "/docs": 200, "/openapi.json": 200, "/metrics": 200, "/v1/runs": 200,
		"/v1/runs/run1":  200,
		"/v1/members/m1": 200, "/v1/members/m1/timeline": 200, "/v1/playbooks": 200, "/v1/coupons/NEW-1": 200,
		"/v1/schema":   200,
		"/v1/failures": 200, "/v1/runs/none": 404, "/v1/runs?limit=x": 400, "/v1/events": 405, "/v1/nowhere": 404,
	} {
		if a := f.call("HEAD", path, ""); a.status != status {
			t.Errorf("%s: %d, want %d", path, a.status, status)
		}
	}
	if a := f.call("HEAD", "/v1/runs", "", "Authorization", ""); a.status != 401 {
		t.Errorf("without a key: %d", a.status)
	}
}

func TestMethodsThatARouteDoesNotKnow(t *testing.T) {
	f := newFixture(t)
	for path, allow := range map[string]string{
		"/v1/events": "POST", "/v1/runs": "GET, HEAD", "/v1/members/m": "GET, HEAD, PUT", "/v1/playbooks/p/pause": "POST",
		"/healthz": "GET, HEAD",
	} {
		a := f.call("DELETE", path, "")
		f.want(a, 405, "method_not_allowed")
		got := strings.Split(a.header.Get("Allow"), ", ")
		slices.Sort(got)
		if strings.Join(got, ", ") != allow {
			t.Errorf("%s: Allow %q, want %q", path, got, allow)
		}
	}
}

// A page of another site can make a browser post forms, with a key that was typed in once.
func TestOtherSites(t *testing.T) {
	f := newFixture(t)
	basic := httptest.NewRequest("GET", "/", nil)
	basic.SetBasicAuth(adminKey, "")
	key := basic.Header.Get("Authorization")
	writes := []string{
		"/v1/playbooks/welcome/pause", "/v1/playbooks/by-hand/trigger", "/v1/coupons/C/redeem",
		"/v1/events", "/v1/check",
	}
	for _, path := range writes {
		for _, headers := range [][]string{
			{"Sec-Fetch-Site", "cross-site"},
			{"Sec-Fetch-Site", "same-site"},
			{"Origin", "https://evil.example"},
			{"Origin", "null"},
		} {
			f.want(f.call("POST", path, "{}", append(headers, "Authorization", key)...), 403, "cross_origin")
		}
		for _, form := range []string{"application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"} {
			f.want(f.call("POST", path, "{}", "Content-Type", form, "Authorization", key), 415, "unsupported_media_type")
		}
	}
	f.want(f.call("PUT", "/v1/members/m", "{}", "Origin", "https://evil.example", "Authorization", key), 403,
		"cross_origin")
	f.want(f.call("POST", "/v1/playbooks/welcome/pause", "", "Content-Type", "text/plain", "Authorization", key), 415,
		"unsupported_media_type")
	if a := f.call("GET", "/v1/playbooks/welcome", ""); a.body["paused"] != false {
		t.Error("another site has paused a playbook")
	}
	// The page of usher itself, and programs that are no browsers.
	f.want(f.call("POST", "/v1/playbooks/welcome/pause", "", "Sec-Fetch-Site", "same-origin", "Authorization", key), 200,
		nil)
	f.want(f.call("POST", "/v1/playbooks/welcome/resume", "", "Origin", "http://example.com", "Authorization", key), 200,
		nil)
	f.want(f.call("POST", "/v1/playbooks/welcome/pause", ""), 200, nil)
	f.want(f.call("GET", "/v1/playbooks", "", "Sec-Fetch-Site", "cross-site", "Authorization", key), 200, nil)
}

func TestKeys(t *testing.T) {
	f := newFixture(t)
	f.want(f.call("GET", "/v1/playbooks", "", "Authorization", ""), 401, "unauthorized")
	f.want(f.call("GET", "/v1/playbooks", "", "Authorization", "Bearer wrong"), 401, "unauthorized")
	f.want(f.call("GET", "/v1/playbooks", "", "Authorization", "Digest x"), 401, "unauthorized")
	f.want(f.call("GET", "/v1/playbooks", "", "Authorization", "Bearer "+ingestKey), 403, "forbidden")
	f.want(f.call("POST", "/v1/events", `{"event":"x","member":"m"}`, "Authorization", "Bearer "+ingestKey), 202, nil)
	basic := httptest.NewRequest("GET", "/", nil)
	basic.SetBasicAuth(adminKey, "")
	f.want(f.call("GET", "/v1/playbooks", "", "Authorization", basic.Header.Get("Authorization")), 200, nil)
	for _, open := range []string{"/healthz", "/readyz", "/openapi.json", "/docs"} {
		f.want(f.call("GET", open, "", "Authorization", ""), 200, nil)
	}
	f.want(f.call("GET", "/metrics", "", "Authorization", ""), 401, "unauthorized")
	for _, bad := range []string{"", "admin", "root:0123456789abcdef", "admin:short"} {
		if _, err := api.ParseKeys(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestRate(t *testing.T) {
	f := newFixture(t, func(d *api.Deps) { d.Rate = 0.01 })
	f.want(f.call("GET", "/v1/playbooks", ""), 200, nil)
	a := f.call("GET", "/v1/playbooks", "")
	f.want(a, 429, "rate_limited")
	if a.header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// brokenStore fails or panics where a test wants it.
type brokenStore struct {
	store.Store
	take func() error
}

func (b brokenStore) Take(context.Context, []engine.Input) ([]store.Known, error) {
	return nil, b.take()
}
func (b brokenStore) Ping(context.Context) error { return io.ErrUnexpectedEOF }

func TestInternalErrorsAreNotShown(t *testing.T) {
	for name, accept := range map[string]func() error{
		"error": func() error { return io.ErrUnexpectedEOF },
		"panic": func() error { panic("secret of the database") },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, func(d *api.Deps) { d.Store = brokenStore{d.Store, accept} })
			a := f.call("POST", "/v1/events", `{"event":"x","member":"m"}`)
			f.want(a, 500, "internal")
			if strings.Contains(a.text, "secret") || strings.Contains(a.text, "EOF") || strings.Contains(a.text, ".go") {
				t.Errorf("the cause is shown: %s", a.text)
			}
			if !strings.Contains(f.log.String(), "level=ERROR") {
				t.Errorf("nothing was logged: %s", f.log.String())
			}
			f.want(f.call("GET", "/readyz", ""), 503, "unavailable")
		})
	}
}

// TestFullDisk: a client is told that it may ask again, and when.
func TestFullDisk(t *testing.T) {
	full := func() error { return fmt.Errorf("take 1 inputs: %w: no space left on device", store.ErrUnavailable) }
	f := newFixture(t, func(d *api.Deps) { d.Store = brokenStore{d.Store, full} })
	a := f.call("POST", "/v1/events", `{"event":"x","member":"m"}`)
	f.want(a, 503, "unavailable")
	if a.header.Get("Retry-After") == "" || strings.Contains(a.text, "device") {
		t.Errorf("%v %s", a.header, a.text)
	}
	if !strings.Contains(f.log.String(), "no space left") {
		t.Errorf("the log does not say why: %s", f.log.String())
	}
}

// Between the end of a wait for the clock and the first workspace nothing is taken in, and a client may ask again.
func TestNothingIsTakenInBeforeThereIsAWorkspace(t *testing.T) {
	f := newFixture(t, func(d *api.Deps) { d.Workspace = func() (*playbooks.Workspace, string) { return nil, "" } })
	for _, a := range []answer{
		f.call("POST", "/v1/events", `{"event":"x","member":"m"}`), f.call("PUT", "/v1/members/m", `{}`),
		f.call("GET", "/v1/playbooks", ""), f.call("GET", "/readyz", ""),
	} {
		f.want(a, 503, "unavailable")
		if a.header.Get("Retry-After") == "" {
			t.Errorf("not told when to ask again: %v", a.header)
		}
	}
	f.want(f.call("GET", "/v1/clock", ""), 200, nil)
}

// A lane that is late takes no more, by name of the time to wait; all others do.
func TestLateLanesTakeNoMore(t *testing.T) {
	f := newLanedFixture(t, 2)
	event := func(member string) string { return `{"event":"x","member":"` + member + `"}` }
	lanes, other := f.store.Lanes(), "n"
	for lanes.OfMember(other) == lanes.OfMember("m") {
		other += "n"
	}
	f.want(f.call("POST", "/v1/events", event("m")), 202, nil)
	f.now = f.now.Add(api.DefaultAdmitAge + 7*time.Second)
	for _, a := range []answer{
		f.call("POST", "/v1/events", event("m")),
		f.call("POST", "/v1/events", "["+event(other)+","+event("m")+"]"),
		f.call("PUT", "/v1/members/m", `{"tags":{"add":["x"]}}`),
		f.call("POST", "/v1/playbooks/by-hand/trigger", `{"members":["m"],"params":{"reason":"x"}}`),
	} {
		f.want(a, 429, "behind")
		if a.header.Get("Retry-After") != "7" {
			t.Errorf("Retry-After %q: %s", a.header.Get("Retry-After"), a.text)
		}
	}
	if n := len(f.owed("m")); n != 1 {
		t.Errorf("%d inputs were taken", n)
	}
	f.want(f.call("POST", "/v1/events", event(other)), 202, nil)
	if a := f.call("GET", "/readyz", ""); a.status != 200 || !strings.Contains(a.text, "answered 429") {
		t.Errorf("readyz: %s", a.text)
	}
	f.now = f.now.Add(time.Hour)
	if a := f.call("POST", "/v1/events", event("m")); a.header.Get("Retry-After") != "30" {
		t.Errorf("after an hour: %q", a.header.Get("Retry-After"))
	}
}

// What is undecided from before a start does not make a server late that has just begun.
func TestDowntimeMakesNoLaneLate(t *testing.T) {
	f := newFixture(t)
	f.want(f.call("POST", "/v1/events", `{"event":"x","member":"m"}`), 202, nil)
	f.now = f.now.Add(time.Hour) // down
	f.restart()
	f.want(f.call("POST", "/v1/events", `{"event":"x","member":"m"}`), 202, nil)
	if a := f.call("GET", "/readyz", ""); a.status != 200 || strings.Contains(a.text, "429") {
		t.Errorf("readyz: %s", a.text)
	}
	f.now = f.now.Add(api.DefaultAdmitAge + time.Second)
	f.want(f.call("POST", "/v1/events", `{"event":"x","member":"m"}`), 429, "behind")
	f.now = f.now.Add(store.OldAfter)
	f.want(f.call("GET", "/readyz", ""), 503, "unavailable")
}

// A question that would hold up decisions is cut, and whoever asked is told what to do.
func TestSlowQuestions(t *testing.T) {
	f := newFixture(t, func(d *api.Deps) { d.Store = slowStore{d.Store} })
	a := f.call("GET", "/v1/runs?state=failed", "")
	f.want(a, 503, "too_slow")
	if !strings.Contains(a.text, "ask for less") || a.header.Get("Retry-After") != "" {
		t.Errorf("%v %s", a.header, a.text)
	}
}

// slowStore answers no question in time, and all that is not marked as one at once.
type slowStore struct{ store.Store }

func (s slowStore) Runs(ctx context.Context, f store.RunFilter) ([]engine.Run, string, error) {
	if _, asked := store.AskedAt(ctx); asked {
		return nil, "", fmt.Errorf("list runs: %w", store.ErrSlow)
	}
	return s.Store.Runs(ctx, f)
}

// A server that takes events in and decides none of them is not ready.
func TestNotReadyWhenNothingIsDecided(t *testing.T) {
	f := newFixture(t)
	for path, a := range map[string]answer{
		"/v1/events": f.call("POST", "/v1/events", `{"event":"x","member":"m"}`),
		"/readyz":    f.call("GET", "/readyz", ""),
	} {
		if a.status >= 300 {
			t.Fatalf("%s: %s", path, a.text)
		}
	}
	f.now = f.now.Add(store.OldAfter + time.Second)
	a := f.call("GET", "/readyz", "")
	f.want(a, 503, "unavailable")
	if !strings.Contains(a.text, "is not decided since") {
		t.Errorf("got %s", a.text)
	}
}

func TestMembers(t *testing.T) {
	f := newFixture(t)
	a := f.call("PUT", "/v1/members/a%2Fb", `{"attributes":{"nickname":"小王"},"tags":{"add":["vip"]}}`, "Idempotency-Key",
		"k1")
	f.want(a, 202, nil)
	if a.body["status"] != "accepted" || !slices.Equal(f.woken, []string{"a/b"}) {
		t.Errorf("got %s, woken %v", a.text, f.woken)
	}
	again := `{ "tags":{"add":["vip"]}, "attributes":{"nickname":"小王"} }`
	if a := f.call("PUT", "/v1/members/a%2Fb", again, "Idempotency-Key", "k1"); a.status != 202 ||
		a.body["status"] != "duplicate" {
		t.Errorf("the same key again: %s", a.text)
	}
	f.want(f.call("PUT", "/v1/members/a%2Fb", `{}`, "Idempotency-Key", "k1"), 409, "conflict")
	f.want(f.call("PUT", "/v1/members/m", `{"attributes":{"nickname":7}}`), 422, "wrong_type")
	f.commit(&engine.Changes{Members: []*engine.Member{{ID: "m1", Tags: []string{"vip"}, CreatedAt: f.now}}})
	f.want(f.call("GET", "/v1/members/m1", ""), 200, nil)
	if a := f.call("GET", "/v1/members/m1", ""); a.body["id"] != "m1" || a.body["tags"].([]any)[0] != "vip" ||
		a.body["runs"] == nil {
		t.Errorf("got %s", a.text)
	}
}

func TestRunsAndTimeline(t *testing.T) {
	f := newFixture(t)
	f.seedRun()
	if a := f.call("GET", "/v1/runs?playbook=welcome&member=m1&state=done", ""); len(a.body["runs"].([]any)) != 1 {
		t.Errorf("runs: %s", a.text)
	}
	a := f.call("GET", "/v1/runs/run1", "")
	f.want(a, 200, nil)
	if len(a.body["trace"].([]any)) != 4 || len(a.body["coupons"].([]any)) != 2 || a.body["state"] != "done" {
		t.Errorf("run: %s", a.text)
	}
	if a := f.call("GET", "/v1/decisions?member=m1", ""); !strings.Contains(a.text, `"reason":"condition"`) {
		t.Errorf("decisions: %s", a.text)
	}
	a = f.call("GET", "/v1/members/m1/timeline", "")
	f.want(a, 200, nil)
	for _, want := range []string{`"event":"order.paid"`, `"id":"run1"`, `"code":"NEW-1"`, `"reason":"condition"`} {
		if !strings.Contains(a.text, want) {
			t.Errorf("the timeline lacks %s: %s", want, a.text)
		}
	}
	a = f.call("GET", "/v1/playbooks/welcome/stats", "")
	f.want(a, 200, nil)
	if a.body["entered"] != 1.0 || a.body["done"] != 1.0 || a.body["coupons"].(map[string]any)["newcomer"] != 2.0 {
		t.Errorf("stats: %s", a.text)
	}
}

// A timeline and a member's coupons page; together the pages hold all there is, once.
func TestPagesOfAMember(t *testing.T) {
	f := newFixture(t)
	f.seedRun()
	for path, of := range map[string]string{"/v1/members/m1/timeline": "items", "/v1/members/m1/coupons": "coupons"} {
		all := f.call("GET", path, "")
		f.want(all, 200, nil)
		if all.body["next"] != nil {
			t.Errorf("%s has more than all: %s", path, all.text)
		}
		var paged []any
		for cursor := ""; len(paged) <= 10; {
			a := f.call("GET", path+"?limit=1&cursor="+cursor, "")
			f.want(a, 200, nil)
			paged = append(paged, a.body[of].([]any)...)
			if a.body["next"] == nil {
				break
			}
			cursor = a.body["next"].(string)
		}
		if !reflect.DeepEqual(paged, all.body[of]) || len(paged) < 2 {
			t.Errorf("%s by one: %v, want %s", path, paged, all.text)
		}
		f.want(f.call("GET", path+"?cursor=nonsense", ""), 400, "invalid_query")
	}
	f.want(f.call("GET", "/v1/members/nobody/coupons", ""), 404, "not_found")
}

func TestFailures(t *testing.T) {
	f := newFixture(t)
	a := f.call("GET", "/v1/failures", "")
	f.want(a, 200, nil)
	if a.text != `{"failures":[]}`+"\n" {
		t.Errorf("none: %s", a.text)
	}
	f.call("POST", "/v1/events", `[{"id":"e1","event":"x","member":"m1"},{"id":"e2","event":"x","member":"m1"}]`)
	var bad engine.Changes
	for _, in := range f.owed("m1") {
		bad.Poisoned = append(bad.Poisoned, engine.Poisoned{Seq: in.Seq, Error: "broken"})
	}
	bad.Members = []*engine.Member{{ID: "m1", CreatedAt: f.now}}
	f.commit(&bad)
	a = f.call("GET", "/v1/failures?limit=1", "")
	f.want(a, 200, nil)
	first := a.body["failures"].([]any)[0].(map[string]any)
	if first["key"] != "e2" || first["what"] != "input" || first["error"] != "broken" || first["member"] != "m1" {
		t.Errorf("got %s", a.text)
	}
	a = f.call("GET", "/v1/failures?limit=1&cursor="+a.body["next"].(string), "")
	if !strings.Contains(a.text, `"key":"e1"`) || a.body["next"] != nil {
		t.Errorf("the second page: %s", a.text)
	}
}

// What failed is put back or taken from the list, by whoever may write.
func TestSettleFailures(t *testing.T) {
	f := newFixture(t)
	f.call("POST", "/v1/events", `[{"id":"e1","event":"x","member":"m1"},{"id":"e2","event":"x","member":"m1"}]`)
	bad := engine.Changes{Members: []*engine.Member{{ID: "m1", CreatedAt: f.now}}}
	for _, in := range f.owed("m1") {
		bad.Poisoned = append(bad.Poisoned, engine.Poisoned{Seq: in.Seq, Error: "broken"})
	}
	r := &engine.Run{
		ID: "r", Playbook: "welcome", Member: "m1", State: engine.RunFailed, Reason: "actions[0]", StartedAt: f.now,
		EndedAt: f.now, New: true, Changed: true,
	}
	bad.Runs = []*engine.Run{r}
	bad.Records = []engine.Record{{Member: "m1", At: f.now, Entries: []engine.Entry{
		{TraceEntry: engine.TraceEntry{What: "entered"}, Run: r},
		{TraceEntry: engine.TraceEntry{What: "error", Reason: "no tag"}, Run: r},
		{TraceEntry: engine.TraceEntry{What: "failed", Reason: "actions[0]"}, Run: r},
	}}}
	f.commit(&bad)
	paths := map[string]string{} // by key
	for _, v := range f.call("GET", "/v1/failures", "").body["failures"].([]any) {
		v := v.(map[string]any)
		paths[v["key"].(string)] = "/v1/failures/" + v["id"].(string)
	}
	f.want(f.call("POST", paths["e1"]+"/retry", "", "Authorization", "Bearer "+ingestKey), 403, "forbidden")
	f.woken = nil
	a := f.call("POST", paths["e1"]+"/retry", "")
	f.want(a, 200, nil)
	if a.body["outcome"] != "retried" || a.body["settled_at"] == nil || len(f.woken) != 1 || f.woken[0] != "m1" {
		t.Errorf("%s, woken %v", a.text, f.woken)
	}
	if owed := f.owed("m1"); len(owed) != 1 || owed[0].ID != "e1" || owed[0].Kind != engine.InputEvent {
		t.Errorf("owed are %+v", owed)
	}
	f.want(f.call("POST", paths["e1"]+"/retry", ""), 409, "conflict")
	f.want(f.call("POST", paths["e2"]+"/drop", ""), 200, nil)
	a = f.call("POST", paths["r"]+"/retry", "")
	f.want(a, 409, "conflict")
	if !strings.Contains(a.text, "a run is not begun again") {
		t.Errorf("got %s", a.text)
	}
	f.want(f.call("POST", paths["r"]+"/drop", ""), 200, nil)
	for query, want := range map[string]int{"": 0, "?outcome=open": 0, "?outcome=retried": 1, "?outcome=dropped": 2} {
		if a := f.call("GET", "/v1/failures"+query, ""); len(a.body["failures"].([]any)) != want {
			t.Errorf("%s: %s", query, a.text)
		}
	}
	f.want(f.call("GET", "/v1/failures?outcome=none", ""), 400, "invalid_query")
	for _, id := range []string{"12345", "e1", "-1", "1e3"} {
		f.want(f.call("POST", "/v1/failures/"+id+"/retry", ""), 404, "not_found")
		f.want(f.call("POST", "/v1/failures/"+id+"/drop", ""), 404, "not_found")
	}
}

// One request writes one line, however much of it is rejected, and little of it.
func TestRejectionsAreOneLine(t *testing.T) {
	f := newFixture(t)
	long := strings.Repeat("x", 300)
	f.call("POST", "/v1/events", `[`+strings.Repeat(`{"id":"`+long+`","`+long+`":1},`, 500)+`{"event":"x","member":"m"}]`)
	if n := strings.Count(f.log.String(), "\n"); n != 1 || f.log.Len() > 1000 ||
		!strings.Contains(f.log.String(), "rejected=500 of=501") {
		t.Errorf("%d lines: %s", n, f.log.String())
	}
}

func TestCoupons(t *testing.T) {
	f := newFixture(t)
	f.seedRun()
	f.want(f.call("GET", "/v1/coupons/NEW-1", ""), 200, nil)
	f.want(f.call("POST", "/v1/coupons/NEW-1/redeem", `{"id":"order-1"}`), 200, nil)
	f.want(f.call("POST", "/v1/coupons/NEW-1/redeem", "", "Idempotency-Key", "order-1"), 200, nil)
	conflict := f.call("POST", "/v1/coupons/NEW-1/redeem", `{"id":"order-2"}`)
	f.want(conflict, 409, "conflict")
	if conflict.detail("redemption") != "order-1" {
		t.Errorf("got %s", conflict.text)
	}
	f.want(f.call("POST", "/v1/coupons/NEW-1/redeem", `{"order":"x"}`), 422, "unknown_field")
	f.now = f.now.Add(time.Hour)
	f.want(f.call("POST", "/v1/coupons/NEW-2/redeem", `{"id":"order-3"}`), 410, "expired")
	f.want(f.call("POST", "/v1/coupons/NEW-1/redeem", `{"id":"order-1"}`), 200, nil)
}

func TestPlaybooks(t *testing.T) {
	f := newFixture(t)
	if a := f.call("GET", "/v1/playbooks", ""); a.body["workspace"] != "hash" || len(a.body["playbooks"].([]any)) != 2 {
		t.Errorf("got %s", a.text)
	}
	first := f.call("GET", "/v1/playbooks?limit=1", "")
	if first.body["next"] != "by-hand" || len(first.body["playbooks"].([]any)) != 1 {
		t.Errorf("the first page: %s", first.text)
	}
	second := f.call("GET", "/v1/playbooks?limit=1&cursor=by-hand", "")
	if second.body["next"] != nil || !strings.Contains(second.text, `"id":"welcome"`) {
		t.Errorf("the second page: %s", second.text)
	}
	f.want(f.call("GET", "/v1/playbooks?cursor=nonsense", ""), 400, "invalid_query")
	f.want(f.call("POST", "/v1/playbooks/welcome/pause", ""), 200, nil)
	if a := f.call("GET", "/v1/playbooks/welcome", ""); a.body["paused"] != true {
		t.Errorf("got %s", a.text)
	}
	f.want(f.call("POST", "/v1/playbooks/welcome/resume", ""), 200, nil)
	if a := f.call("GET", "/v1/playbooks/welcome", ""); a.body["paused"] != false {
		t.Errorf("got %s", a.text)
	}
}

func TestTrigger(t *testing.T) {
	f := newFixture(t)
	const path = "/v1/playbooks/by-hand/trigger"
	listed := f.call("POST", path, `{"members":["m1","m2"],"params":{"reason":"vip"}}`, "Idempotency-Key", "k")
	f.want(listed, 202, nil)
	if listed.body["accepted"] != 2.0 || listed.body["key"] != "k" {
		t.Errorf("got %s", listed.text)
	}
	again := f.call("POST", path, ` { "params":{"reason":"vip"}, "members":["m1", "m2"] } `, "Idempotency-Key", "k")
	if again.status != 202 || again.body["accepted"] != 0.0 || again.body["duplicate"] != 2.0 {
		t.Errorf("again: %s", again.text)
	}
	for _, other := range []string{
		`{"members":["m1","m3"],"params":{"reason":"vip"}}`, `{"members":["m1"],"params":{"reason":"vip"}}`,
		`{"members":["m1","m2"],"params":{"reason":"else"}}`, `{"segment":"loyal","params":{"reason":"vip"}}`,
	} {
		f.want(f.call("POST", path, other, "Idempotency-Key", "k"), 409, "conflict")
	}
	// A request that was refused for what it holds has not used its key up.
	f.want(f.call("POST", path, `{"segment":"none","params":{"reason":"vip"}}`, "Idempotency-Key", "k2"), 422,
		"invalid_value")
	f.want(f.call("POST", path, `{"segment":"loyal","params":{"reason":"vip"}}`, "Idempotency-Key", "k2"), 202, nil)
	f.want(f.call("POST", "/v1/playbooks/welcome/trigger", `{"members":["m1"]}`), 409, "not_an_http_trigger")
	f.want(f.call("POST", path, `{"members":["m1"],"params":{"reason":7}}`), 422, "wrong_type")
	f.want(f.call("POST", path, `{"members":["m1"],"params":{"resaon":"x"}}`), 422, "unknown_field")
	f.want(f.call("POST", path, `{"members":["m1"]}`), 422, "missing_field")
	f.want(f.call("POST", path, `{"params":{"reason":"vip"}}`), 422, "missing_field")
	f.want(f.call("POST", path, `{"segment":"none","params":{"reason":"vip"}}`), 422, "invalid_value")
	f.want(f.call("POST", path, `{"segment":"","params":{"reason":"vip"}}`), 422, "invalid_value")
	f.want(f.call("POST", path, `{"members":[7]}`), 422, "wrong_type")
	f.want(f.call("POST", path, `{"members":["m1"],"params":{"reason":"`+strings.Repeat("x", 65<<10)+`"}}`), 422,
		"too_large")
	f.want(f.call("POST", path, ``), 400, "malformed_json")
}

func TestCheck(t *testing.T) {
	f := newFixture(t)
	if a := f.call("POST", "/v1/check", `{"files":{"usher.yaml":"usher: 1"}}`); a.status != 200 ||
		a.body["format"] != 1.0 {
		t.Errorf("got %d %s", a.status, a.text)
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	_ = w.WriteHeader(&tar.Header{Name: "./playbooks/a.yaml", Mode: 0o600, Size: 2})
	_, _ = w.Write([]byte("{}"))
	_ = w.Close()
	if a := f.call("POST", "/v1/check", archive.String(), "Content-Type", "application/x-tar"); a.status != 200 ||
		!strings.Contains(a.text, "no-workspace") {
		t.Errorf("tar: %d %s", a.status, a.text)
	}
	f.want(f.call("POST", "/v1/check", `{"files":{"../etc/passwd":""}}`), 422, "invalid_value")
	f.want(f.call("POST", "/v1/check", `{"files":{}}`), 422, "missing_field")
	archive.Reset()
	w = tar.NewWriter(&archive)
	_ = w.WriteHeader(&tar.Header{Name: "usher.yaml", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"})
	_ = w.Close()
	f.want(f.call("POST", "/v1/check", archive.String(), "Content-Type", "application/x-tar"), 422, "invalid_value")
	large := fmt.Sprintf(`{"files": {"usher.yaml": %q}}`, strings.Repeat("#", 1<<20+1))
	f.want(f.call("POST", "/v1/check", large), 413, "body_too_large")
	f.want(f.call("POST", "/v1/check", `not a tar`, "Content-Type", "application/x-tar"), 400, "malformed_json")
}

func TestSchema(t *testing.T) {
	f := newFixture(t)
	a := f.call("GET", "/v1/schema", "", "Authorization", "Bearer "+ingestKey)
	f.want(a, 200, nil)
	if strings.TrimSpace(a.text) != `{"usher":1,"timezone":"UTC","member":{"nickname":"string"},"events":{"order.paid":{"amount":"number"}}}` {
		t.Errorf("got %s", a.text)
	}
}

func TestMetrics(t *testing.T) {
	f := newFixture(t)
	f.call("POST", "/v1/events", `{"event":"x","member":"m"}`)
	a := f.call("GET", "/metrics", "")
	for _, want := range []string{
		`usher_events_total{result="accepted"} 1`,
		`usher_http_requests_total{method="POST",route="/v1/events",status="202"} 1`,
	} {
		if !strings.Contains(a.text, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
}

// The document and the router come from one table; this holds them together from outside: each path
// of the document answers, and asks for a key exactly where the document says so.
func TestOpenAPIMatchesTheRouter(t *testing.T) {
	f := newFixture(t)
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			Security  []any
			Responses map[string]any
		}
		Components struct{ Schemas map[string]any }
	}
	a := f.call("GET", "/openapi.json", "")
	if err := json.Unmarshal([]byte(a.text), &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || len(doc.Paths) < 19 || doc.Components.Schemas["Run"] == nil {
		t.Errorf("the document is not whole: %d paths", len(doc.Paths))
	}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			real := strings.NewReplacer("{id}", "x", "{code}", "x").Replace(path)
			a := f.call(strings.ToUpper(method), real, "", "Authorization", "")
			if (a.status == 401) != (len(op.Security) > 0) || a.status == 405 {
				t.Errorf("%s %s: status %d, the document's security %v", method, path, a.status, op.Security)
			}
		}
	}
}

func BenchmarkPostEvent(b *testing.B) {
	d := api.Deps{
		Store: benchStore{}, Workspace: func() (*playbooks.Workspace, string) { return workspace(), "" },
		Wake: func(...string) {},
		Keys: []api.Key{api.NewKey(api.ScopeIngest, ingestKey)}, Rate: 1e9, Log: slog.New(slog.DiscardHandler),
		Registry: prometheus.NewRegistry(), Clock: clock.New(clock.Machine(), clock.DefaultJump),
	}
	ws := workspace()
	d.Workspace = func() (*playbooks.Workspace, string) { return ws, "" }
	h, err := api.New(d)
	if err != nil {
		b.Fatal(err)
	}
	body := `{"id":"e1","event":"order.paid","member":"m1","time":"2026-03-28T10:00:00+08:00","properties":{"amount":12.5,"order_id":"o-1"}}`
	b.ReportAllocs()
	for b.Loop() {
		req, _ := http.NewRequest("POST", "/v1/events", strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+ingestKey)
		req.Header.Set("Content-Type", "application/json")
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, req)
		if rec.Code != 202 {
			b.Fatal(rec.Body.String())
		}
	}
}

// benchStore takes everything.
type benchStore struct{ store.Store }

func (benchStore) Take(_ context.Context, inputs []engine.Input) ([]store.Known, error) {
	return make([]store.Known, len(inputs)), nil
}
