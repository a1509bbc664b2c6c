package api_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/fstest"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/api"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/loader"
)

func referring(t *testing.T) *playbooks.Workspace {
	t.Helper()
	ws, diags := loader.Load(fstest.MapFS{
		"usher.yaml": {Data: []byte(`usher: 1
member: {inviter: ref member}
objects: {group: {owner: ref member}}
events:
  go: {}
  member.joined: {invited_by: optional ref member, n: optional number}
  thanked: {friend: ref member}
referral: member.joined.invited_by
`)},
		"playbooks/a.yaml": {Data: []byte("id: by-hand\nstage: retention\ntrigger: {http: {params: {who: ref member}}}\nactions:\n  - tag: = trigger.who\n")},
		"playbooks/b.yaml": {Data: []byte("id: welcome\nstage: acquisition\ntrigger: {event: member.joined}\n" +
			"condition: trigger.invited_by != nil\nactions:\n  - tag: x\n")},
	}, actions.Registry())
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	return ws
}

func newReferringFixture(t *testing.T) (*fixture, *playbooks.Workspace) {
	t.Helper()
	ws, now := referring(t), time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	return newFixture(t, func(d *api.Deps) {
		d.Workspace = func() (*playbooks.Workspace, string) { return ws, "hash" }
		d.Profile = profileOf(ws, &now)
	}), ws
}

// events returns the properties of the events of a member's timeline with what was sent and is missing, newest first.
func (f *fixture) events(member string) (list []string) {
	f.t.Helper()
	timeline := f.call("GET", "/v1/members/"+member+"/timeline", "")
	f.want(timeline, http.StatusOK, nil)
	items, _ := timeline.body["items"].([]any)
	for _, item := range items {
		if e, ok := item.(map[string]any)["event"].(map[string]any); ok {
			list = append(list, fmt.Sprintf("%v %v %v", e["properties"], e["sent"], e["missing"]))
		}
	}
	return list
}

// Who brought whom: by id or code, from events that come one by one or in an array, whether members are decided or not.
func TestReferrals(t *testing.T) {
	f, ws := newReferringFixture(t)
	post := func(body string) answer { f.t.Helper(); return f.call("POST", "/v1/events", body) }
	joined := func(member, by string) string {
		return fmt.Sprintf(`{"event": "member.joined", "member": %q, "properties": {"invited_by": %q}}`, member, by)
	}
	f.want(post(`{"event": "go", "member": "a"}`), http.StatusAccepted, nil)
	f.now = f.now.Add(time.Minute)
	f.want(post(joined("b", "a")), http.StatusAccepted, nil) // a is not decided yet
	f.now = f.now.Add(time.Minute)
	f.decide(ws, "a", "b")

	a := f.call("GET", "/v1/members/a", "")
	f.want(a, http.StatusOK, nil)
	if code, _ := naming.AsReferralCode(fmt.Sprint(a.body["referral_code"])); code == "" {
		t.Fatal(a.text)
	}
	secret, err := f.store.Secret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	code := naming.NewKeys(secret).ReferralCode("b")
	many := post("[" + joined("c", code) + "," + joined("d", "e") + `,{"event": "go", "member": "e"},` + joined("f", "e") + "," + joined("e", "f") + "," +
		joined("g", "g") + "," + joined("a", "c") + `,{"event": "thanked", "member": "a", "properties": {"friend": "nobody"}}]`)
	f.want(many, http.StatusAccepted, nil)
	if many.body["accepted"] != 7.0 || many.body["rejected"] != 1.0 {
		t.Fatal(many.text)
	}
	f.now = f.now.Add(time.Minute)
	f.decide(ws, "a", "b", "c", "d", "e", "f", "g")
	for member, want := range map[string]string{
		"b": "[map[invited_by:a] <nil> <nil>]",
		"c": "[map[invited_by:b] map[properties.invited_by:" + code + "] <nil>]",
		"d": "[<nil> map[properties.invited_by:e] map[properties.invited_by:unknown member]]",
		"e": "[map[invited_by:f] <nil> <nil> <nil> <nil> <nil>]",
		"f": "[map[invited_by:e] <nil> <nil>]",
		"g": "[<nil> map[properties.invited_by:g] map[properties.invited_by:oneself]]",
		"a": "[<nil> map[properties.invited_by:c] map[properties.invited_by:younger] <nil> <nil> <nil>]",
	} {
		if got := fmt.Sprint(f.events(member)); got != want {
			t.Errorf("%s: %s, want %s", member, got, want)
		}
	}
	tree := f.call("GET", "/v1/members/a/referrals", "")
	f.want(tree, http.StatusOK, nil)
	if got := referralTree(tree.body); got != "a: b(c)" {
		t.Errorf("%s: %s", got, tree.text)
	}
	tree = f.call("GET", "/v1/members/b/referrals", "")
	if got := referralTree(tree.body); got != "a > b: c()" {
		t.Errorf("%s: %s", got, tree.text)
	}
	f.want(f.call("GET", "/v1/members/nobody/referrals", ""), http.StatusNotFound, "not_found")
	refused := f.call("GET", "/v1/decisions?member=g", "")
	if list, _ := refused.body["decisions"].([]any); len(list) != 1 ||
		fmt.Sprint(list[0].(map[string]any)["seen"]) != "map[missing:map[properties.invited_by:oneself] trigger.invited_by:<nil>]" {
		t.Error(refused.text)
	}
}

// referralTree writes who brought whom on one line.
func referralTree(body map[string]any) string {
	out := fmt.Sprint(body["member"], ":")
	if by, ok := body["referred_by"].(map[string]any); ok {
		out = fmt.Sprint(by["member"], " > ", out)
	}
	list, _ := body["referrals"].([]any)
	for _, r := range list {
		first := r.(map[string]any)
		out += fmt.Sprint(" ", first["member"], "(")
		theirs, _ := first["referrals"].([]any)
		for _, s := range theirs {
			out += fmt.Sprint(s.(map[string]any)["member"])
		}
		out += ")"
	}
	return out
}

// The first referral of a member counts, and pages hold all that a member brought.
func TestReferralsByPage(t *testing.T) {
	f, ws := newReferringFixture(t)
	f.want(f.call("POST", "/v1/events", `[{"event": "go", "member": "a"}, {"event": "go", "member": "z"}]`), http.StatusAccepted, nil)
	for i := range 5 {
		f.now = f.now.Add(time.Minute)
		m := fmt.Sprint("m", i)
		for _, by := range []string{"a", "z"} {
			f.want(f.call("POST", "/v1/events", fmt.Sprintf(`{"event": "member.joined", "member": %q, "properties": {"invited_by": %q}}`, m, by)),
				http.StatusAccepted, nil)
		}
		f.now = f.now.Add(time.Second)
		f.decide(ws, "a", "z", m)
	}
	got, cursor := "", ""
	for pages := 0; ; pages++ {
		page := f.call("GET", "/v1/members/a/referrals?limit=2&cursor="+cursor, "")
		f.want(page, http.StatusOK, nil)
		got += referralTree(page.body)
		if cursor, _ = page.body["next"].(string); cursor == "" || pages > 5 {
			break
		}
	}
	if want := "a: m4() m3()a: m2() m1()a: m0()"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := referralTree(f.call("GET", "/v1/members/z/referrals", "").body); got != "z:" {
		t.Errorf("by their second: %s", got)
	}
}

// What a ref names is looked up wherever it comes in.
func TestRefsToMembersOverHTTP(t *testing.T) {
	f, ws := newReferringFixture(t)
	f.want(f.call("PUT", "/v1/members/a", "{}"), http.StatusAccepted, nil)
	thanked := `{"id": "t1", "event": "thanked", "member": "b", "properties": {"friend": %q}}`
	bad := f.call("POST", "/v1/events", fmt.Sprintf(thanked, "nobody"))
	f.want(bad, http.StatusUnprocessableEntity, "invalid_value")
	if bad.detail("path") != "properties.friend" {
		t.Error(bad.text)
	}
	f.want(f.call("POST", "/v1/events", fmt.Sprintf(thanked, "a")), http.StatusAccepted, nil) // the id was not consumed
	f.want(f.call("PUT", "/v1/members/b", `{"attributes": {"inviter": "a"}}`, "Idempotency-Key", "k"), http.StatusAccepted, nil)
	f.want(f.call("PUT", "/v1/members/c", `{"attributes": {"inviter": "nobody"}}`, "Idempotency-Key", "k2"), http.StatusAccepted, nil)
	f.want(f.call("PUT", "/v1/objects/group/g1", `{"attributes": {"owner": "a"}}`), http.StatusAccepted, nil)
	f.want(f.call("POST", "/v1/playbooks/by-hand/trigger", `{"members": ["b"], "params": {"who": "nobody"}}`), http.StatusUnprocessableEntity, "invalid_value")
	f.want(f.call("POST", "/v1/playbooks/by-hand/trigger", `{"members": ["b"], "params": {"who": "a"}}`), http.StatusAccepted, nil)
	f.now = f.now.Add(time.Minute)
	f.decide(ws, "a", "b", "c", naming.ObjectID("group", "g1"))
	for path, want := range map[string]string{
		"/v1/members/b": "map[inviter:a] [a]", "/v1/members/c": "map[] []", "/v1/objects/group/g1": "map[owner:a] []",
	} {
		got := f.call("GET", path, "")
		f.want(got, http.StatusOK, nil)
		if text := fmt.Sprint(got.body["attributes"], " ", got.body["tags"]); text != want {
			t.Errorf("%s: %s, want %s", path, text, want)
		}
	}
	// The same request again is the same, also when somebody of that name has come since.
	f.want(f.call("PUT", "/v1/members/nobody", "{}"), http.StatusAccepted, nil)
	again := f.call("PUT", "/v1/members/c", `{"attributes": {"inviter": "nobody"}}`, "Idempotency-Key", "k2")
	f.want(again, http.StatusAccepted, nil)
	if again.body["status"] != "duplicate" {
		t.Error(again.text)
	}
}
