package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/usher-run/usher/api"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/clock"
	"github.com/usher-run/usher/engine/clock/clocktest"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite"
	"github.com/usher-run/usher/engine/tally"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
)

const (
	adminKey  = "admin-key-for-the-tests"
	ingestKey = "ingest-key-for-the-tests"
)

// fixture is an API on a database of its own.
type fixture struct {
	t        *testing.T
	handler  http.Handler
	contract *contract
	store    store.Store
	now      time.Time
	machine  clocktest.Machine // its clocks go with now
	clock    *clock.Clock
	log      bytes.Buffer
	mu       sync.Mutex
	woken    []string
	deps     api.Deps
}

func workspace() *playbooks.Workspace {
	return &playbooks.Workspace{
		Schema: &playbooks.Schema{
			Timezone:   time.UTC,
			Attributes: []playbooks.Attribute{{Name: "nickname", Type: schema.String}},
			Events: []playbooks.EventType{{Name: "order.paid", Properties: schema.ObjectOf(
				schema.Field{Name: "amount", Type: schema.Number})}},
			Segments: []playbooks.Segment{{Name: "loyal"}},
		},
		Playbooks: []*playbooks.Playbook{
			{ID: "by-hand", Stage: "retention", Status: playbooks.Live, Revision: "r1", Trigger: playbooks.Trigger{
				Kind:   playbooks.TriggerHTTP,
				Params: schema.ObjectOf(schema.Field{Name: "reason", Type: schema.String}),
			}},
			{
				ID: "welcome", Stage: "activation", Status: playbooks.Live, Revision: "r2",
				Trigger: playbooks.Trigger{Kind: playbooks.TriggerEvent},
			},
		},
	}
}

func newFixture(t *testing.T, change ...func(*api.Deps)) *fixture {
	t.Helper()
	return newLanedFixture(t, 1, change...)
}

// newLanedFixture returns a fixture whose database has so many lanes.
func newLanedFixture(t *testing.T, lanes int, change ...func(*api.Deps)) *fixture {
	t.Helper()
	f := &fixture{t: t, now: time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)}
	f.machine.Base = func() time.Time { return f.now }
	f.clock = clock.New(f.machine.Read, clock.DefaultJump)
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "usher.db"),
		sqlite.WithClock(f.clock), sqlite.WithLanes(lanes))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	f.store = db
	ws := workspace()
	bundle := store.Bundle{Hash: "hash", Files: map[string][]byte{"usher.yaml": []byte("usher: 1")}}
	if err := db.Activate(t.Context(), bundle, map[string]string{"by-hand": "r1", "welcome": "r2"}, f.now); err != nil {
		t.Fatal(err)
	}
	keys, err := api.ParseKeys("admin:" + adminKey + ",ingest:" + ingestKey)
	if err != nil {
		t.Fatal(err)
	}
	d := api.Deps{
		Store: db, Workspace: func() (*playbooks.Workspace, string) { return ws, "hash" },
		Wake: func(members ...string) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.woken = append(f.woken, members...)
		},
		Profile: profileOf(ws, &f.now),
		Check: func(files map[string][]byte) []diag.Diagnostic {
			if files["usher.yaml"] != nil {
				return nil
			}
			return []diag.Diagnostic{{Severity: diag.Error, Code: "no-workspace", Message: "there is no usher.yaml"}}
		},
		Keys: keys, Log: slog.New(slog.NewTextHandler(&f.log, nil)),
		Clock: f.clock, Version: "test",
	}
	for _, c := range change {
		c(&d)
	}
	f.deps = d
	f.restart()
	if f.contract, err = contractOf(f.handler); err != nil {
		t.Fatal(err)
	}
	return f
}

// restart puts a server that has just begun in the place of the one there is.
func (f *fixture) restart() {
	f.t.Helper()
	var err error
	f.deps.Registry = prometheus.NewRegistry()
	if f.handler, err = api.New(f.deps); err != nil {
		f.t.Fatal(err)
	}
}

// profileOf evaluates what a workspace says of members and objects.
func profileOf(ws *playbooks.Workspace, now *time.Time) func(context.Context, *engine.Member) (*engine.Profile, error) {
	return func(_ context.Context, m *engine.Member) (*engine.Profile, error) {
		return engine.New(ws, engine.Options{Registry: &schema.Registry{}}).Profile(&engine.State{Member: m}, *now), nil
	}
}

type answer struct {
	status int
	header http.Header
	text   string
	body   map[string]any
}

func (a answer) code() any {
	e, _ := a.body["error"].(map[string]any)
	return e["code"]
}

func (a answer) detail(name string) any {
	e, _ := a.body["error"].(map[string]any)
	d, _ := e["details"].(map[string]any)
	return d[name]
}

// call sends a request; header pairs follow the body.
func (f *fixture) call(method, path, body string, headers ...string) answer {
	f.t.Helper()
	req := httptest.NewRequestWithContext(f.t.Context(), method, path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+adminKey)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	f.handler.ServeHTTP(rec, req)
	res := rec.Result()
	res.Request = req
	if err := f.contract.check(method, req.URL.EscapedPath(), res, rec.Body.Bytes()); err != nil {
		f.t.Errorf("%s %s departs from the OpenAPI document: %v", method, path, err)
	}
	if text := rec.Body.String(); strings.Contains(text, `\u001f`) || strings.Contains(text, "\x1f") {
		f.t.Errorf("%s %s shows by what id an object is kept: %s", method, path, text)
	}
	a := answer{status: rec.Code, header: rec.Header(), text: rec.Body.String()}
	_ = json.Unmarshal(rec.Body.Bytes(), &a.body)
	return a
}

func (f *fixture) want(a answer, status int, code any) {
	f.t.Helper()
	if a.status != status || a.code() != code {
		f.t.Fatalf("got %d %v, want %d %v: %s", a.status, a.code(), status, code, a.text)
	}
}

// owed returns what was taken in for a member and not decided yet.
func (f *fixture) owed(member string) []engine.Input {
	f.t.Helper()
	batch, err := f.store.Pending(f.t.Context(), f.store.Lanes().OfMember(member), f.now, 100)
	if err != nil {
		f.t.Fatal(err)
	}
	return batch.Inputs
}

// commit stores what a decision did.
func (f *fixture) commit(c *engine.Changes) {
	f.t.Helper()
	lane := f.store.Lanes().OfMember(c.Members[0].ID)
	fence, err := f.store.Claim(f.t.Context(), lane)
	if err != nil {
		f.t.Fatal(err)
	}
	batch, err := f.store.Pending(f.t.Context(), lane, f.now, 100)
	if err != nil {
		f.t.Fatal(err)
	}
	watermark := batch.Watermark
	for _, in := range batch.Inputs {
		watermark = in.Seq
	}
	c.Tally = tally.Of(c)
	if err := f.store.Commit(f.t.Context(), lane, fence, watermark, c); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) seedRun() {
	f.t.Helper()
	f.want(f.call("POST", "/v1/events", `{"id":"e1","event":"order.paid","member":"m1","properties":{"amount":1}}`), 202,
		nil)
	run := &engine.Run{
		ID: "run1", Playbook: "welcome", Revision: "r2", Member: "m1", State: engine.RunDone, StartedAt: f.now,
		EndedAt: f.now, New: true, Changed: true,
	}
	entry := func(r *engine.Run, what, reason, effect string) engine.Entry {
		return engine.Entry{TraceEntry: engine.TraceEntry{At: f.now, What: what, Reason: reason}, Run: r, Effect: effect}
	}
	refused := entry(nil, engine.WhatRefused, "condition", "")
	refused.Playbook, refused.Input = "by-hand", "e1"
	f.commit(&engine.Changes{
		Members: []*engine.Member{{ID: "m1", CreatedAt: f.now}},
		Runs:    []*engine.Run{run},
		Coupons: []engine.Coupon{
			{
				Code: "NEW-1", Pool: "newcomer", Member: "m1", Playbook: "welcome", Run: "run1", Step: "gift", IssuedAt: f.now,
				ExpiresAt: f.now.Add(time.Hour),
			},
			{
				Code: "NEW-2", Pool: "newcomer", Member: "m1", Playbook: "welcome", Run: "run1", Step: "gift2", IssuedAt: f.now,
				ExpiresAt: f.now.Add(time.Hour),
			},
		},
		Records: []engine.Record{{Member: "m1", At: f.now, Input: "e1", Entries: []engine.Entry{
			refused, entry(run, "entered", "", ""), entry(run, "coupon", "", "NEW-1"), entry(run, "coupon", "", "NEW-2"),
			entry(run, "done", "", ""),
		}}},
	})
}
