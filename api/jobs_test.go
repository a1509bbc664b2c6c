package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/usher-run/usher/api"
)

const byHand = "/v1/playbooks/by-hand/trigger"

// A segment, and more members than one commit takes, are left to a job: the answer is there at once,
// and the same key again is the same job.
func TestTriggersOfManyAreJobs(t *testing.T) {
	woken := 0
	f := newFixture(t, func(d *api.Deps) { d.WakeJobs = func() { woken++ } })
	body := `{"segment":"loyal","params":{"reason":"vip"}}`
	a := f.call("POST", byHand, body, "Idempotency-Key", "k")
	f.want(a, 202, nil)
	id, _ := a.body["job"].(string)
	if id == "" || a.body["accepted"] != 0.0 || woken != 1 {
		t.Fatalf("got %s, woken %d times", a.text, woken)
	}
	if again := f.call("POST", byHand, body, "Idempotency-Key", "k"); again.text != a.text || woken != 1 {
		t.Errorf("again: %s, woken %d times", again.text, woken)
	}
	if other := f.call("POST", byHand, body); other.body["job"] == id {
		t.Errorf("another request is the same job: %s", other.text)
	}
	var list []string
	for i := range 501 {
		list = append(list, fmt.Sprintf(`"m%d"`, i))
	}
	few := f.call("POST", byHand, `{"members":[`+strings.Join(list[:500], ",")+`],"params":{"reason":"vip"}}`)
	if few.body["accepted"] != 500.0 || few.body["job"] != nil {
		t.Errorf("500 members: %s", few.text)
	}
	many := f.call("POST", byHand, `{"members":[`+strings.Join(list, ",")+`],"params":{"reason":"vip"}}`)
	f.want(many, 202, nil)
	jobs, err := f.store.OpenJobs(t.Context())
	if err != nil || len(jobs) != 3 {
		t.Fatalf("jobs %+v, %v", jobs, err)
	}
	j, err := f.store.Job(t.Context(), jobs[2].N)
	if err != nil || len(j.Members) != 501 || !strings.Contains(string(j.Data), `"reason":"vip"`) ||
		fmt.Sprint(j.N) != many.body["job"] {
		t.Errorf("the job of %s is for %d members and carries %s; %v", many.text, len(j.Members), j.Data, err)
	}
}

// Jobs are listed, looked at and cancelled; who asked is told by the key, which is not told.
func TestJobs(t *testing.T) {
	f := newFixture(t)
	if a := f.call("GET", "/v1/jobs", ""); a.text != `{"jobs":[]}`+"\n" {
		t.Errorf("none: %s", a.text)
	}
	ids := map[string]bool{}
	for range 2 {
		id, _ := f.call("POST", byHand, `{"segment":"loyal","params":{"reason":"vip"}}`).body["job"].(string)
		ids[id] = true
	}
	first := f.call("GET", "/v1/jobs?limit=1&playbook=by-hand&state=open", "")
	next, _ := first.body["next"].(string)
	second := f.call("GET", "/v1/jobs?limit=1&cursor="+next, "")
	for _, a := range []answer{first, second} {
		list, _ := a.body["jobs"].([]any)
		if len(list) != 1 {
			t.Fatalf("got %s", a.text)
		}
		j, _ := list[0].(map[string]any)
		id, _ := j["id"].(string)
		by, _ := j["by"].(string)
		if !ids[id] || j["state"] != "open" || j["segment"] != "loyal" || !strings.HasPrefix(by, "admin key ") ||
			strings.Contains(a.text, adminKey) {
			t.Errorf("got %s", a.text)
		}
		delete(ids, id)
		path := "/v1/jobs/" + id
		f.want(f.call("GET", path, ""), 200, nil)
		cancelled := f.call("POST", path+"/cancel", "")
		reason, _ := cancelled.body["reason"].(string)
		if cancelled.status != 200 || cancelled.body["state"] != "cancelled" || !strings.HasPrefix(reason, "by admin key ") {
			t.Errorf("got %s", cancelled.text)
		}
		f.want(f.call("POST", path+"/cancel", ""), 409, "conflict")
	}
	if open, err := f.store.OpenJobs(t.Context()); err != nil || len(open) > 0 {
		t.Errorf("open: %+v, %v", open, err)
	}
	if a := f.call("GET", "/v1/jobs?state=cancelled", ""); strings.Count(a.text, `"state":"cancelled"`) != 2 {
		t.Errorf("cancelled: %s", a.text)
	}
	for _, path := range []string{"/v1/jobs/99", "/v1/jobs/x", "/v1/jobs?playbook=none"} {
		f.want(f.call("GET", path, ""), 404, "not_found")
	}
	f.want(f.call("POST", "/v1/jobs/99/cancel", ""), 404, "not_found")
	f.want(f.call("GET", "/v1/jobs?state=gone", ""), 400, "invalid_query")
	if a := f.call("GET", "/v1/jobs", "", "Authorization", "Bearer "+ingestKey); a.status != 403 {
		t.Errorf("with a key of ingest: %s", a.text)
	}
}
