package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
)

const (
	madeSchema = "usher: 1\nevents: {go: {}, own: {}}\ncoupons: {milk: {prefix: M, expires: 7d}, tea: {}}\nOWN\n"
	madeGives  = "id: gives\nstage: activation\ntrigger: {event: go}\nactions:\n" +
		"  - emit: {event: own}\n  - coupon: milk\n  - coupon: tea\n"
)

// madeShell has a playbook that gives coupons, and another.
func madeShell(t *testing.T, schema, other string) *shell {
	t.Helper()
	return newShell(t, newEngine(load(t, map[string]string{
		"usher.yaml": strings.ReplaceAll(schema, "OWN", ""), "playbooks/gives.yaml": madeGives, "playbooks/other.yaml": other,
	})))
}

// echoed returns what was decided of the member that did not come from outside, by name with its properties.
func (s *shell) echoed() (out []string) {
	for _, in := range s.history {
		if slices.Contains(s.echoes, in.ID) {
			out = append(out, fmt.Sprint(in.Name, " ", in.Properties))
		}
	}
	return out
}

// A coupon makes an event of its member, among what the run emits, with what it is about.
func TestCouponsMakeEvents(t *testing.T) {
	s := madeShell(t, madeSchema, "id: other\nstage: activation\ntrigger: {event: coupon.issued}\nactions:\n  - tag: '= trigger.pool'\n")
	s.decide([]engine.Input{happened(1, "go", 0, engine.Payload{})}, memoryStart)
	codes := map[string]string{}
	for _, c := range s.coupons {
		codes[c.Pool] = c.Code
	}
	want := []string{
		"own map[]",
		"coupon.issued map[code:" + codes["milk"] + " expires_at:" + memoryStart.AddDate(0, 0, 7).Format(time.RFC3339) + " pool:milk]",
		"coupon.issued map[code:" + codes["tea"] + " pool:tea]",
	}
	if got := s.echoed(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := s.state().Member; !slices.Equal(got.Tags, []string{"milk", "tea"}) || !got.LastSeenAt.Equal(memoryStart) {
		t.Errorf("the member has the tags %v, and was last seen at %s", got.Tags, got.LastSeenAt)
	}
}

// Where nothing names the event it is not made, and where the workspace has one of its own neither.
func TestEventsAreMadeForWhoNamesThem(t *testing.T) {
	const tags = "actions:\n  - tag: x\n"
	for _, c := range []struct {
		other, own string
		made       bool
	}{
		{"trigger: {event: own}\n" + tags, "", false},
		{"trigger: {event: coupon.issued}\n" + tags, "", true},
		{"status: paused\ntrigger: {event: coupon.issued}\n" + tags, "", true},
		{"status: draft\ntrigger: {event: coupon.issued}\n" + tags, "", false},
		{"trigger: {event: own}\nexit: [{event: coupon.issued}]\n" + tags, "", true},
		{"trigger: {event: own}\ngoal: {event: coupon.issued, within: 1d}\n" + tags, "", true},
		{"trigger: {event: own}\ncondition: len(events(\"coupon.issued\", \"1d\")) > 0\n" + tags, "", true},
		{"trigger: {event: own}\nactions:\n  - wait: {event: coupon.issued, timeout: 1d}\n", "", true},
		{"trigger: {event: own}\n" + tags, "segments: {keen: len(events(\"coupon.issued\")) > 2}", true},
		{"trigger: {event: own}\n" + tags, "member: {got: '= len(events(\"coupon.issued\"))'}", true},
		{"trigger: {event: coupon.issued}\n" + tags, "  coupon.issued: {pool: string}", false},
	} {
		schema := strings.ReplaceAll(madeSchema, "OWN", c.own)
		if strings.HasPrefix(c.own, " ") {
			schema = strings.Replace(madeSchema, "events: {go: {}, own: {}}", "events:\n  go: {}\n  own: {}\n"+c.own, 1)
		}
		s := madeShell(t, schema, "id: other\nstage: activation\n"+c.other)
		s.decide([]engine.Input{happened(1, "go", 0, engine.Payload{})}, memoryStart)
		made := slices.ContainsFunc(s.echoed(), func(e string) bool { return strings.HasPrefix(e, "coupon.") })
		if made != c.made || len(s.coupons) != 2 {
			t.Errorf("with %q %q: made %v, want %v", c.other, c.own, made, c.made)
		}
	}
}

// A run that keeps an older revision is told of what that names, also when the workspace names it no more; others are not.
func TestEventsAreMadeForKeptRevisions(t *testing.T) {
	files := map[string]string{
		"usher.yaml": strings.ReplaceAll(madeSchema, "OWN", ""), "playbooks/gives.yaml": madeGives,
		"playbooks/other.yaml": "id: other\nstage: activation\ntrigger: {event: own}\nactions:\n  - wait: {event: coupon.issued, timeout: 1d}\n  - tag: told\n",
	}
	before := load(t, files)
	files["playbooks/other.yaml"] = "id: other\nstage: activation\ntrigger: {event: own}\nactions:\n  - wait: 1d\n"
	s := newShell(t, newEngine(before))
	s.decide([]engine.Input{happened(1, "own", 0, engine.Payload{})}, memoryStart)
	s.e = newEngine(load(t, files)).WithRevision(before, before.Playbook("other"))
	s.decide([]engine.Input{happened(2, "go", time.Minute, engine.Payload{})}, memoryStart.Add(time.Minute))
	if got := s.state().Member.Tags; !slices.Equal(got, []string{"told"}) {
		t.Errorf("the run that waits has given the tags %v", got)
	}
	s.decide([]engine.Input{happened(3, "go", time.Hour, engine.Payload{})}, memoryStart.Add(time.Hour))
	if got := s.echoed(); len(got) != 4 || !strings.HasPrefix(got[3], "own ") { // no run waits for it any more
		t.Errorf("made: %q", got)
	}
}

// A chain of coupons that give coupons stops as any other, and says so.
func TestChainsOfMadeEventsStop(t *testing.T) {
	s := madeShell(t, madeSchema, "id: other\nstage: activation\nmode: parallel\ntrigger: {event: coupon.issued}\nactions:\n  - coupon: tea\n")
	s.decide([]engine.Input{happened(1, "go", 0, engine.Payload{})}, memoryStart)
	said := 0
	for _, trace := range s.traces {
		for _, e := range trace {
			if e.What == engine.WhatError && e.Step == "event coupon.issued" {
				said++
			}
		}
	}
	if len(s.coupons) != 2+2*16 || said != 2 {
		t.Errorf("%d coupons, and %d traces say that a chain stopped", len(s.coupons), said)
	}
}
