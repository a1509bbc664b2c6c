package engine_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
)

const quotaSchema = "usher: 1\ntimezone: Asia/Shanghai\nevents: {scan: {group: optional string}}\n" +
	"coupons: {few: {budget: 5, quota: {max: 2, per: hour}}}\n"

func quotaEngine(t *testing.T, quota, actions string) *engine.Engine {
	t.Helper()
	return newEngine(load(t, map[string]string{
		"usher.yaml": quotaSchema,
		"playbooks/a.yaml": "id: a\nstage: activation\ntrigger: {event: scan}\nmode: parallel\n" + quota + "\nactions: [" +
			actions + "]\n",
	}))
}

func scan(seq int64, after time.Duration, group string) engine.Input {
	p := engine.Payload{}
	if group != "" {
		p.Properties = map[string]any{"group": group}
	}
	return happened(seq, "scan", after, p)
}

// regexpHash is the part of a name that tells expressions apart.
var regexpHash = regexp.MustCompile(` [0-9a-f]{8} `)

// entered returns how many entered, and why others did not.
func (s *shell) entered() (n int, refused []string) {
	for _, r := range s.refusals {
		refused = append(refused, r.Reason)
	}
	return len(s.order), refused
}

// A hundred a day, of the workspace: the day is that of the event, however late it is decided.
func TestQuotaPerDay(t *testing.T) {
	s := newShell(t, quotaEngine(t, "quota: {max: 100, per: day}", "{points: 1}"))
	midnight := 14 * time.Hour // memoryStart is 10:00 in Shanghai
	var list []engine.Input
	for i := range 110 {
		list = append(list, scan(int64(i+1), time.Duration(i)*time.Minute, ""))
	}
	for i := range 110 {
		list = append(list, scan(int64(i+111), midnight+time.Duration(i)*time.Second, ""))
	}
	s.decide(list, memoryStart.Add(100*24*time.Hour))
	n, refused := s.entered()
	other := func(r string) bool { return r != engine.ReasonQuota }
	if n != 200 || len(refused) != 20 || slices.ContainsFunc(refused, other) {
		t.Errorf("%d entered, refused %v", n, refused)
	}
}

// Twenty a day for each value, and none for a missing one.
func TestQuotaByValue(t *testing.T) {
	s := newShell(t, quotaEngine(t, "quota: {max: 20, per: day, by: = trigger.group}", "{points: 1}"))
	var list []engine.Input
	for i := range 25 {
		for _, g := range []string{"g1", "g2", ""} {
			list = append(list, scan(int64(len(list)+1), time.Duration(i)*time.Second, g))
		}
	}
	s.decide(list, memoryStart.Add(time.Hour))
	n, refused := s.entered()
	if n != 40 || len(refused) != 35 {
		t.Errorf("%d entered, %d were refused", n, len(refused))
	}
	if seen := fmt.Sprint(s.refusals[0].Seen); seen != "map[by:missing quota:20 per day by trigger.group]" {
		t.Errorf("a missing value is refused with %s", seen)
	}
}

// A new max keeps what was counted; a new period, or another expression, begins anew.
func TestQuotaIsAlwaysTodays(t *testing.T) {
	enter := func(s *shell, quota string, seq int64) string {
		s.e = alone(quotaEngine(t, quota, "{points: 1}"))
		before, _ := s.entered()
		s.decide([]engine.Input{scan(seq, time.Duration(seq)*time.Second, "g1")}, memoryStart.Add(time.Minute))
		if after, _ := s.entered(); after > before {
			return "entered"
		}
		return s.refusals[len(s.refusals)-1].Reason
	}
	s := newShell(t, quotaEngine(t, "", "{points: 1}"))
	for i, step := range []struct{ quota, want string }{
		{"quota: {max: 1, per: day}", "entered"},
		{"quota: {max: 1, per: day}", "quota"},
		{"quota: {max: 1, per: hour}", "entered"},
		{"quota: {max: 1, per: day}", "quota"},
		{"quota: {max: 1, per: day, by: = trigger.group}", "entered"},
		{"quota: {max: 1, per: day, by: = trigger.group}", "quota"},
		{`quota: {max: 1, per: day, by: '= trigger.group ?? "none"'}`, "entered"},
		{"quota: {max: 1}", "entered"},
		{"quota: {max: 1}", "quota"},
	} {
		if got := enter(s, step.quota, int64(i+1)); got != step.want {
			t.Errorf("%d %s: %s, want %s", i, step.quota, got, step.want)
		}
	}
	one := quotaEngine(t, "quota: {max: 1}", "{points: 1}").Workspace().Playbooks[0].Revision
	two := quotaEngine(t, "quota: {max: 2, by: = trigger.group}", "{points: 1}").Workspace().Playbooks[0].Revision
	if one != two {
		t.Error("the quota is in the revision that runs keep")
	}
}

// A decision that lacks something of pools says all that it needs of them at once, and leaves them as they were.
func TestNeedPoolSaysAll(t *testing.T) {
	e := quotaEngine(t, "quota: {max: 20, per: day, by: = trigger.group}", "{coupon: few}")
	pools := map[string]*engine.PoolState{"few": {Free: 2}}
	c := new(engine.Changes)
	err := e.Decide("m", new(engine.State), []engine.Input{
		scan(1, 0, "g1"), scan(2, time.Second, "g2"), scan(3, 2*time.Second, "g1"), scan(4, time.Hour, "g3"),
	}, memoryStart.Add(2*time.Hour), pools, c)
	var need *engine.NeedPool
	if !errors.As(err, &need) {
		t.Fatalf("decided: %v", err)
	}
	var got []string
	for _, a := range need.Asks {
		got = append(got, fmt.Sprintf("%s: %d of %d until %s", a.Pool, a.N, a.Most, a.Until.Format("15:04")))
	}
	by := regexpHash.ReplaceAllString(strings.Join(got, "\n"), " # ")
	want := `quota:a:day 2026-03-06 # "g1": 2 of 20 until 16:00
coupons:few:hour 2026-03-06T10+08:00: 3 of 2 until 03:00
quota:a:day 2026-03-06 # "g2": 1 of 20 until 16:00
few: 4 of 5 until 00:00
quota:a:day 2026-03-06 # "g3": 1 of 20 until 16:00
coupons:few:hour 2026-03-06T11+08:00: 1 of 2 until 04:00`
	if by != want {
		t.Errorf("it needs\n%s\nwant\n%s", by, want)
	}
	if pools["few"].Free != 2 || c.Taken["few"] != 0 {
		t.Errorf("%+v, taken %v", pools["few"], c.Taken)
	}
}

// What breaks off on what may not be there is not blamed on the input.
func TestBrokenOffByWhatMayNotBeThere(t *testing.T) {
	e := quotaEngine(t, "quota: {max: 20, per: day}", "{emit: {event: scan, member: '= member.id', properties: {}}}")
	err := e.Decide("m", new(engine.State), []engine.Input{scan(1, 0, ""), {Seq: 2, Kind: "strange", Member: "m", At: memoryStart}},
		memoryStart, map[string]*engine.PoolState{}, new(engine.Changes))
	var need *engine.NeedPool
	if !errors.As(err, &need) {
		t.Errorf("the input is blamed: %v", err)
	}
}

// Nothing is asked for a workspace that grants nothing; else the parts that the instants of the inputs are in.
func TestNeedsOfQuotas(t *testing.T) {
	list := []engine.Input{scan(1, 0, "g1"), scan(2, 24*time.Hour, "g2")}
	for quota, want := range map[string]string{
		"":                            "false []",
		"quota: {max: 100, per: day}": "true [quota:a:day 2026-03-06 quota:a:day 2026-03-07]",
		"quota: {max: 20, per: day, by: = trigger.group}": "true []",
	} {
		n := quotaEngine(t, quota, "{points: 1}").NeedsOf(list, nil)
		var names []string
		for _, a := range n.Pools {
			names = append(names, a.Pool)
		}
		if got := fmt.Sprint(n.Grants, names); got != want {
			t.Errorf("%s: %s, want %s", quota, got, want)
		}
	}
}
