package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/api"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/loader"
)

// groups is a workspace with objects.
func groups(t *testing.T) *playbooks.Workspace {
	t.Helper()
	ws, diags := loader.Load(fstest.MapFS{
		"usher.yaml": {Data: []byte(`usher: 1
objects:
  group: {title: string, size: {type: int, default: 1}, twice: = group.size * 2}
  store: {}
events:
  group.said: {group: ref group, length: int}
segments:
  big: {for: group, if: group.size > 5}
  old: days_since(member.created_at) > 3
`)},
		"playbooks/a.yaml": {Data: []byte("id: by-hand\nfor: group\nstage: retention\ntrigger: {http: {params: {reason: string}}}\nactions:\n  - tag: x\n")},
		"playbooks/b.yaml": {Data: []byte("id: welcome\nstage: retention\ntrigger: {segment_enter: old}\nactions:\n  - tag: x\n")},
		"playbooks/c.yaml": {Data: []byte("id: grows\nfor: group\nstage: retention\ntrigger: {segment_enter: big}\nactions:\n  - tag: x\n")},
	}, actions.Registry())
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	return ws
}

func newGroupFixture(t *testing.T) *fixture {
	t.Helper()
	ws, now := groups(t), time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	return newFixture(t, func(d *api.Deps) {
		d.Workspace = func() (*playbooks.Workspace, string) { return ws, "hash" }
		d.Profile = profileOf(ws, &now)
	})
}

// decide decides what came in for subjects, as a worker does.
func (f *fixture) decide(ws *playbooks.Workspace, subjects ...string) {
	f.t.Helper()
	e := engine.New(ws, engine.Options{Registry: actions.Registry(), Effects: actions.Effects(), Secret: []byte("s")})
	lane := 0
	b, err := f.store.Pending(f.t.Context(), lane, f.now, 1000)
	if err != nil {
		f.t.Fatal(err)
	}
	states, err := f.store.States(f.t.Context(), subjects, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	c, last := &engine.Changes{}, int64(0)
	for _, s := range subjects {
		own := slices.DeleteFunc(slices.Clone(b.Inputs), func(in engine.Input) bool { return in.Member != s })
		if err := e.Decide(s, states[s], own, f.now, nil, c); err != nil {
			f.t.Fatal(err)
		}
	}
	for _, in := range b.Inputs {
		last = in.Seq
	}
	fence, err := f.store.Claim(f.t.Context(), lane)
	if err == nil {
		err = f.store.Commit(f.t.Context(), lane, fence, last, c)
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

// Objects are written, shown, listed, triggered and deleted, each by its kind and id.
func TestObjects(t *testing.T) {
	f := newGroupFixture(t)
	ws := groups(t)
	var ids []string
	for i := range 3 {
		f.want(f.call("PUT", fmt.Sprint("/v1/objects/group/g", i), fmt.Sprintf(`{"attributes": {"title": "T", "size": %d}, "tags": {"add": ["new"]}}`, 3*i),
			"Idempotency-Key", fmt.Sprint("k", i)), http.StatusAccepted, nil)
		ids = append(ids, naming.ObjectID("group", fmt.Sprint("g", i)))
	}
	f.want(f.call("PUT", "/v1/objects/store/g1", "{}"), http.StatusAccepted, nil)
	f.want(f.call("POST", "/v1/events", `{"event": "group.said", "member": "a", "properties": {"group": "g2", "length": 3}}`), http.StatusAccepted, nil)
	f.want(f.call("POST", "/v1/events", `{"event": "group.said", "properties": {"group": "g2", "length": 4}}`), http.StatusAccepted, nil)
	f.want(f.call("POST", "/v1/events", `{"object": {"group": "g1"}, "attributes": {"title": "Milk"}}`), http.StatusAccepted, nil)
	f.now = f.now.Add(time.Minute)
	f.decide(ws, append(ids, naming.ObjectID("store", "g1"), "a")...)

	g := f.call("GET", "/v1/objects/group/g1", "")
	f.want(g, http.StatusOK, nil)
	if computed, _ := g.body["computed"].(map[string]any); g.body["id"] != "g1" || g.body["kind"] != "group" || computed["twice"] != 6.0 ||
		fmt.Sprint(g.body["attributes"]) != "map[size:3 title:Milk]" || fmt.Sprint(g.body["tags"]) != "[new]" {
		t.Fatal(g.text)
	}
	big := f.call("GET", "/v1/objects/group?segment=big", "")
	f.want(big, http.StatusOK, nil)
	if list, _ := big.body["objects"].([]any); len(list) != 1 || list[0].(map[string]any)["id"] != "g2" {
		t.Fatal(big.text)
	}
	first := f.call("GET", "/v1/objects/group?limit=2", "")
	rest := f.call("GET", "/v1/objects/group?limit=2&cursor="+first.body["next"].(string), "")
	if list, _ := rest.body["objects"].([]any); len(list) != 1 || rest.body["next"] != nil {
		t.Fatal(first.text, rest.text)
	}
	timeline := f.call("GET", "/v1/objects/group/g2/timeline", "")
	f.want(timeline, http.StatusOK, nil)
	items, _ := timeline.body["items"].([]any)
	var who []string
	for _, item := range items {
		if e, ok := item.(map[string]any)["event"].(map[string]any); ok {
			who = append(who, fmt.Sprintf("%v %v %v", e["member"], e["object"], e["properties"]))
		}
	}
	if !slices.Equal(who, []string{"<nil> map[group:g2] map[group:g2 length:4]", "a map[group:g2] map[group:g2 length:3]"}) {
		t.Fatal(who, timeline.text)
	}

	f.want(f.call("POST", "/v1/playbooks/by-hand/trigger", `{"objects": ["g1", "g2"], "params": {"reason": "x"}}`), http.StatusAccepted, nil)
	f.now = f.now.Add(time.Minute)
	f.decide(ws, ids...)
	runs := f.call("GET", "/v1/runs?object=group:g1", "")
	f.want(runs, http.StatusOK, nil)
	if list, _ := runs.body["runs"].([]any); len(list) != 1 || fmt.Sprint(list[0].(map[string]any)["object"]) != "map[group:g1]" ||
		list[0].(map[string]any)["member"] != nil {
		t.Fatal(runs.text)
	}

	f.want(f.call("DELETE", "/v1/objects/group/g1", ""), http.StatusAccepted, nil)
	f.now = f.now.Add(time.Minute)
	f.decide(ws, ids...)
	f.want(f.call("GET", "/v1/objects/group/g1", ""), http.StatusNotFound, "not_found")
	f.want(f.call("GET", "/v1/objects/group/g2", ""), http.StatusOK, nil)
}

// What names an object wrongly is refused with what was meant, and leaves nothing.
func TestObjectsThatCannotBe(t *testing.T) {
	f := newGroupFixture(t)
	for _, c := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"PUT", "/v1/objects/grup/g1", "{}", http.StatusNotFound, "not_found"},
		{"GET", "/v1/objects/grup", "", http.StatusNotFound, "not_found"},
		{"GET", "/v1/objects/group/g1", "", http.StatusNotFound, "not_found"},
		{"DELETE", "/v1/objects/group/g1", "", http.StatusNotFound, "not_found"},
		{"GET", "/v1/objects/group/g1/timeline", "", http.StatusNotFound, "not_found"},
		{"PUT", "/v1/objects/group/g1", `{"attributes": {"size": "x"}}`, http.StatusUnprocessableEntity, "wrong_type"},
		{"PUT", "/v1/objects/group/g1", `{"attributes": {"twice": 3}}`, http.StatusUnprocessableEntity, "read_only"},
		{"GET", "/v1/objects/group?segment=old", "", http.StatusBadRequest, "invalid_query"},
		{"GET", "/v1/runs?object=group", "", http.StatusBadRequest, "invalid_query"},
		{"GET", "/v1/runs?object=grup:g1", "", http.StatusBadRequest, "invalid_query"},
		{"POST", "/v1/playbooks/by-hand/trigger", `{"members": ["a"], "params": {"reason": "x"}}`, http.StatusUnprocessableEntity, "invalid_value"},
		{"POST", "/v1/playbooks/by-hand/trigger", `{"segment": "old", "params": {"reason": "x"}}`, http.StatusUnprocessableEntity, "invalid_value"},
		{"POST", "/v1/events", `{"event": "group.said", "properties": {"length": 3}}`, http.StatusUnprocessableEntity, "missing_field"},
		{"POST", "/v1/events", `{"event": "group.said", "properties": {"group": "g1", "length": 3}, "attributes": {"x": 1}}`, http.StatusUnprocessableEntity, "missing_field"},
		{"POST", "/v1/events", `{"event": "group.said", "member": "a", "properties": {"group": "g\u00011", "length": 3}}`, http.StatusUnprocessableEntity, "invalid_value"},
		{"POST", "/v1/events", `{"event": "other"}`, http.StatusUnprocessableEntity, "missing_field"},
		{"POST", "/v1/events", `{"object": {"grup": "g1"}, "attributes": {}}`, http.StatusUnprocessableEntity, "invalid_value"},
		{"POST", "/v1/events", `{"object": {"group": "g1"}, "event": "group.said"}`, http.StatusUnprocessableEntity, "unknown_field"},
	} {
		a := f.call(c.method, c.path, c.body)
		if a.status != c.status || a.code() != c.code {
			t.Errorf("%s %s %s: %d %v, want %d %s: %s", c.method, c.path, c.body, a.status, a.code(), c.status, c.code, a.text)
		}
	}
	if n := len(f.owed(naming.ObjectID("group", "g1"))); n != 0 {
		t.Fatalf("%d inputs were taken in", n)
	}
}

// A message that a member's run hands to a group stands in the timeline of the group: what was written, by which run,
// and why it was not.
func TestTimelineOfAnObjectShowsMessages(t *testing.T) {
	ws, diags := loader.Load(fstest.MapFS{
		"usher.yaml": {Data: []byte(`usher: 1
objects: {group: {title: string}}
events: {said: {group: ref group}}
channels: {out: {type: log}}
frequency_caps: [{channels: [out], max: 1, per: 1d}]
`)},
		"playbooks/a.yaml": {Data: []byte(`id: thanks
stage: retention
trigger: {event: said}
mode: parallel
actions:
  - id: thank
    message: {channel: out, to: {group: = trigger.group}, with: {who: = member.id}, text: "{{ group.title }}: {{ with.who }}"}
`)},
	}, actions.Registry())
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	f := newFixture(t, func(d *api.Deps) { d.Workspace = func() (*playbooks.Workspace, string) { return ws, "hash" } })
	f.want(f.call("PUT", "/v1/objects/group/g1", `{"attributes": {"title": "Milk"}}`), http.StatusAccepted, nil)
	for range 2 {
		f.want(f.call("POST", "/v1/events", `{"event": "said", "member": "a", "properties": {"group": "g1"}}`), http.StatusAccepted, nil)
		for range 2 { // the member's line, then what it handed over
			f.now = f.now.Add(time.Minute)
			f.decide(ws, "a", naming.ObjectID("group", "g1"))
		}
	}
	timeline := f.call("GET", "/v1/objects/group/g1/timeline", "")
	f.want(timeline, http.StatusOK, nil)
	var got []string
	items, _ := timeline.body["items"].([]any)
	for _, item := range items {
		if m, ok := item.(map[string]any)["message"].(map[string]any); ok {
			run := f.call("GET", "/v1/runs/"+m["run"].(string), "")
			got = append(got, fmt.Sprint(m["status"], " ", m["reason"], " ", m["text"], " ", m["playbook"], " ", m["step"], " ", run.body["member"]))
		}
	}
	if want := []string{"skipped capped <nil> thanks thank a", "queued <nil> Milk: a thanks thank a"}; !slices.Equal(got, want) {
		t.Fatalf("%q, want %q\n%s", got, want, timeline.text)
	}
}
