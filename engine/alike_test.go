package engine_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/enginetest"
	"github.com/usher-run/usher/engine/sim"
	"github.com/usher-run/usher/engine/tally"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
	"pgregory.net/rapid"
)

// drawWorkspace draws a workspace without mistakes.
func drawWorkspace(t *rapid.T, tb testing.TB) (map[string]string, *playbooks.Workspace) {
	files := enginetest.Workspace(t)
	_, diags := loader.Load(enginetest.FilesOf(files), actions.Registry())
	for _, d := range diags {
		if d.Code == "unreachable" && d.Severity == diag.Error { // behind a fork of which every way exits
			t.SkipNow()
		}
	}
	return files, load(tb, files)
}

// among gives the shell of a member what a world granted to them: all that it had of its quotas.
func (s *shell) among(world *shell, e *engine.Engine) {
	s.id, s.e = world.id, e.Alone(func(engine.Ask) int { return 0 })
	for pool, n := range world.taken {
		s.pools[pool] = &engine.PoolState{Free: n, Dry: true}
	}
}

// simulated runs a world over the inputs, and gives each member's outcome and their inputs,
// occurrences of schedules too.
func simulated(t *rapid.T, tb testing.TB, e *engine.Engine, all []engine.Input, end time.Time) (shells map[string]*shell,
	inputs map[string][]engine.Input,
) {
	shells, inputs = map[string]*shell{}, map[string][]engine.Input{}
	of := func(member string) *shell {
		if shells[member] == nil {
			shells[member] = newShell(tb, e)
			shells[member].id = member
		}
		return shells[member]
	}
	w := sim.NewWorld(e, all[0].At.Add(-time.Millisecond), func(c *engine.Changes) {
		for member, part := range byMember(c) {
			of(member).absorb(nil, part)
		}
	})
	w.Record(func(in engine.Input) {
		if in.Payload != nil {
			payload := *in.Payload
			in.Payload = &payload
		}
		of(in.Member).saw(&in)
		in.Seq = int64(len(inputs[in.Member]) + 1)
		inputs[in.Member] = append(inputs[in.Member], in)
	})
	redeemed := map[string]bool{}
	for _, in := range all {
		if rej, err := w.Admit(&in); err != nil {
			t.Fatal(err)
		} else if rej != nil { // it names nobody, where somebody has to be named
			continue
		}
		if err := w.Input(in); err != nil {
			t.Fatal(err)
		}
		given := of(in.Member).coupons
		if len(given) == 0 || rapid.IntRange(0, 3).Draw(t, "redeems") > 0 {
			continue
		}
		if c := rapid.SampledFrom(given).Draw(t, "coupon"); !redeemed[c.Code] {
			redeemed[c.Code] = true
			r := engine.RedemptionOf(&c)
			r.Time, r.At = w.Now(), w.Now()
			if err := w.Input(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.AdvanceTo(end); err != nil {
		t.Fatal(err)
	}
	return shells, inputs
}

// byMember returns the changes that are about each member: in a world they are all about one.
func byMember(c *engine.Changes) map[string]*engine.Changes {
	for _, m := range c.Members {
		return map[string]*engine.Changes{m.ID: c}
	}
	for _, r := range c.Runs {
		return map[string]*engine.Changes{r.Member: c}
	}
	for i := range c.Records {
		return map[string]*engine.Changes{c.Records[i].Member: c}
	}
	for _, d := range c.Deleted {
		return map[string]*engine.Changes{d.Member: c}
	}
	return nil
}

// reevaluatedAt is when a member was last held against segments, which a world does less often: it
// asks first who is in an audience.
var reevaluatedAt = regexp.MustCompile(`,\\"reevaluated?_at\\":\\"[^"]*\\"`)

func seenFromOutside(s *shell) string { return reevaluatedAt.ReplaceAllString(s.outcome(), "") }

// One member's line decided in one batch, in many, and in a simulation beside other members leaves
// the same traces, effects, refusals and the same member.
func TestWorkspacesDecideAlike(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		files, ws := drawWorkspace(rt, t)
		e := newEngine(ws)
		all := enginetest.Histories(rt, ws, e.ReferralCode)
		end := all[len(all)-1].At.Add(12 * 24 * time.Hour)
		worlds, decided := simulated(rt, t, e, all, end)
		for _, member := range slices.Sorted(maps.Keys(worlds)) {
			world := worlds[member]
			inputs := decided[member]
			one := newShell(t, e)
			one.among(world, e)
			one.decide(slices.Clone(inputs), end)
			many := newShell(t, e)
			many.among(world, e)
			for i := 0; i < len(inputs); {
				n := rapid.IntRange(1, min(8, len(inputs)-i)).Draw(rt, "batch")
				batch := slices.Clone(inputs[i : i+n])
				i += n
				many.decide(batch, batch[len(batch)-1].At)
			}
			many.decide(nil, end)
			if a, b := one.outcome(), many.outcome(); a != b {
				rt.Fatalf("%s\none batch of %s:\n%s\nmany:\n%s", files, member, a, b)
			}
			if a, b := seenFromOutside(one), seenFromOutside(world); a != b {
				rt.Fatalf("%s\none batch of %s:\n%s\nsimulated:\n%s", files, member, a, b)
			}
		}
	})
}

// A simulation that only counts comes to the same counts as the traces that it does not keep.
func TestBriefSimulationCountsTheSame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		_, ws := drawWorkspace(rt, t)
		all := enginetest.Histories(rt, ws, newEngine(ws).ReferralCode)
		end := all[len(all)-1].At.Add(12 * 24 * time.Hour)
		count := func(brief bool) map[engine.TallyKey]int {
			e := engine.New(ws, engine.Options{
				Secret: []byte("s"), Registry: actions.Registry(), Effects: actions.Effects(),
				Brief: brief,
			})
			n := map[engine.TallyKey]int{}
			w := sim.NewWorld(e, all[0].At.Add(-time.Millisecond), func(c *engine.Changes) {
				tally.Each(c, func(k engine.TallyKey, by int) { n[k] += by })
			})
			for _, in := range all {
				payload := *in.Payload
				in.Payload = &payload
				if rej, err := w.Admit(&in); err != nil {
					rt.Fatal(err)
				} else if rej != nil {
					continue
				}
				if err := w.Input(in); err != nil {
					rt.Fatal(err)
				}
			}
			if err := w.AdvanceTo(end); err != nil {
				rt.Fatal(err)
			}
			return n
		}
		if full, brief := fmt.Sprint(count(false)), fmt.Sprint(count(true)); full != brief {
			rt.Fatalf("with traces:\n%s\nbrief:\n%s", full, brief)
		}
	})
}
