package engine_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/tally"
)

const shadowUsher = `usher: 1
timezone: Asia/Shanghai
member: {level: {enum: [a, b], default: a}, agreed: {type: bool, default: true}}
consent: member.agreed
events: {go: {}, buy: {}, told: {n: int}}
segments: {gold: member.level == "b", tagged: '"x" in member.tags'}
channels: {out: {type: log}}
coupons: {one: {prefix: O, budget: 1, expires: 7d}}
raffles: {now: {prizes: {big: {count: 1, odds: 1/1}}, per_member: 1}}
`

const shadowPlaybook = `id: a
stage: activation
trigger: {event: go}
reentry: 1d
quota: {max: 1, per: day}
goal: {event: buy, within: 2d}
actions:
  - tag: x
  - points: 5
  - set: {level: b}
  - id: gift
    coupon: {pool: one}
  - raffle: {enter: now}
  - emit: {event: told, properties: {n: 1}}
  - id: said
    message: {channel: out, text: "{{ actions.gift.code }}"}
  - id: call
    webhook: {url: "https://crm.shop.test/", returns: {ok: bool}}
  - if: actions.said.status == "sent" and actions.call.status == 200 and actions.gift.issued
    wait: 1h
  - tag: y
`

func shadowed(t *testing.T, status string) *engine.Engine {
	t.Helper()
	return newEngine(load(t, map[string]string{
		"usher.yaml": shadowUsher, "playbooks/a.yaml": "status: " + status + "\n" + shadowPlaybook,
		"playbooks/b.yaml": "id: b\nstage: activation\ntrigger: {any: [{id: one, event: told}, {id: two, segment_enter: tagged}, {id: three, segment_enter: gold}]}\nactions: [{tag: z}]\n",
	}))
}

// A playbook in shadow decides and traces as if it were live. Nothing leaves, and nothing of the member changes but that
// they have entered.
func TestShadowDoesNothing(t *testing.T) {
	s := newShell(t, shadowed(t, "shadow"))
	s.decide([]engine.Input{happened(1, "go", 0, engine.Payload{})}, memoryStart.Add(time.Minute))
	r := s.runs[s.order[0]]
	if len(s.order) != 1 || r.State != engine.RunWaiting || !r.Shadow() {
		t.Fatalf("%d runs, the first %s, in shadow %v: %+v", len(s.order), r.State, r.Shadow(), s.traces[r.ID])
	}
	s.decide([]engine.Input{happened(2, "buy", 2*time.Hour, engine.Payload{})}, memoryStart.Add(3*time.Hour))
	r = s.runs[r.ID]
	if r.State != engine.RunDone || r.ConvertedAt.IsZero() {
		t.Errorf("the run is %s, converted at %v", r.State, r.ConvertedAt)
	}
	if len(s.coupons)+len(s.deliver)+len(s.echoes) > 0 {
		t.Errorf("coupons %v, deliveries %v, events %v", s.coupons, s.deliver, s.echoes)
	}
	for pool, n := range s.taken {
		if pool != "quota:shadow:a:day 2026-03-06" && n > 0 {
			t.Errorf("%d taken of %s", n, pool)
		}
	}
	var m engine.Member
	if err := json.Unmarshal(s.member, &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Tags)+len(m.Attributes)+m.Points+len(m.Coupons)+len(m.Sends) > 0 || m.Rare != nil {
		t.Errorf("the member is %s", s.member)
	}
	var did []string
	for _, e := range s.traces[r.ID] {
		did = append(did, e.What)
	}
	want := []string{
		"entered", "tag", "points", "set", "coupon", "raffle", "emit", "message", "webhook", "wait", "woke", "tag", "done", "goal",
	}
	if !slices.Equal(did, want) {
		t.Errorf("the trace says %v", did)
	}
}

// Entries in shadow count among themselves: for reentry, mode and quota. A run stays in shadow to its end, whatever its
// playbook's status is by then.
func TestShadowCountsAmongShadow(t *testing.T) {
	s := newShell(t, shadowed(t, "shadow"))
	at := func(i int, after time.Duration) engine.Input {
		return happened(int64(i), "go", after, engine.Payload{})
	}
	s.decide([]engine.Input{at(1, 0), at(2, time.Minute)}, memoryStart.Add(2*time.Minute))
	if len(s.order) != 1 || len(s.refusals) != 1 || s.refusals[0].Reason != engine.ReasonReentry {
		t.Fatalf("%d runs, refused %+v", len(s.order), s.refusals)
	}
	s.e = alone(shadowed(t, "live"))
	s.decide([]engine.Input{at(3, 3*time.Minute), at(4, 4*time.Minute)}, memoryStart.Add(5*time.Minute))
	own := slices.DeleteFunc(slices.Clone(s.order), func(id string) bool { return s.runs[id].Playbook != "a" })
	if len(own) != 2 || len(s.refusals) != 2 || s.refusals[1].Reason != engine.ReasonReentry {
		t.Fatalf("%d runs, refused %+v", len(own), s.refusals)
	}
	first, second := s.runs[own[0]], s.runs[own[1]]
	if !first.Shadow() || second.Shadow() || len(s.deliver) != 2 { // the message, and the webhook that holds the run
		t.Errorf("in shadow: %v and %v; %d deliveries", first.Shadow(), second.Shadow(), len(s.deliver))
	}
	s.decide(nil, memoryStart.Add(2*time.Hour))
	if first = s.runs[first.ID]; first.State != engine.RunDone || len(s.deliver) != 2 {
		t.Errorf("the run in shadow is %s, %d deliveries", first.State, len(s.deliver))
	}
	if used := fmt.Sprint(s.taken["quota:shadow:a:day 2026-03-06"], s.taken["quota:a:day 2026-03-06"]); used != "1 1" {
		t.Errorf("of the quotas was taken %s: %v", used, s.taken)
	}
}

// What runs in shadow come to is counted apart.
func TestShadowIsCountedApart(t *testing.T) {
	e := alone(shadowed(t, "shadow"))
	c, stats := &engine.Changes{}, tally.NewStats()
	st := &engine.State{}
	err := e.Decide("m", st, []engine.Input{happened(1, "go", 0, engine.Payload{})}, memoryStart.Add(2*time.Hour),
		map[string]*engine.PoolState{}, c)
	if err != nil {
		t.Fatal(err)
	}
	for k, n := range tally.Of(c) {
		stats.Add(k.What, k.Key, n)
	}
	want := "map[coupon:1 done:1 emit:1 entered:1 message:1 points:1 raffle:1 set:1 tag:2 webhook:1]"
	did := stats.Entered + stats.Done + stats.Points + len(stats.Messages) + len(stats.Tags.Added)
	if fmt.Sprint(stats.Shadow) != want || did > 0 {
		t.Errorf("%+v", stats)
	}
}
