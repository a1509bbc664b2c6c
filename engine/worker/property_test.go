package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"pgregory.net/rapid"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/clock/clocktest"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite"
	"github.com/usher-run/usher/engine/worker"
	"github.com/usher-run/usher/playbooks"
)

// poisonPlaybooks act on what their members did before, at once and after a wait. An amount of 13
// leads to what cannot be stored, 17 breaks the decision off. What makes a wait fail counts for no
// other playbook.
var poisonPlaybooks = []string{
	careful, strings.Replace(shopper, "> 0", "< 60", 1),
	"id: once\nstage: activation\ntrigger: {event: order.paid}\ngoal: {event: order.paid, within: 3h}\nactions:\n" +
		"  - {id: more, wait: {event: order.paid, if: event.amount > trigger.amount, timeout: 90m}}\n  - {if: not actions.more.timed_out, tag: {add: more, for: 45m}}\n",
	"id: late\nstage: activation\ntrigger: {event: visit}\nmode: parallel\nactions:\n  - wait: 1h\n" +
		"  - {if: trigger.n == 13, tag: bad}\n  - {if: trigger.n == 17, tag: broken}\n  - points: = int(trigger.n)\n",
	"id: keen\nstage: activation\ntrigger: {any: [{id: a, event: order.paid, if: event.amount > 3}, {id: b, event: order.paid}]}\nactions:\n" +
		"  - {id: w, wait: {any: [{id: more, event: order.paid, if: event.amount > 4}, {id: again, event: order.paid}], timeout: 2h}}\n" +
		"  - {id: n, wait: {event: order.paid, count: 3, since: trigger, timeout: 1d}}\n  - points: = actions.n.count\n  - tag: '= (actions.w.via ?? \"none\") + trigger.via'\n",
	"id: brief\nstage: activation\ntrigger: {event: visit}\nmode: parallel\n" +
		"active: {from: 2026-03-06T16:00:00Z, to: 2026-03-06T20:30:00Z, open: exit}\nactions:\n  - wait: 2h\n  - exit: over\n",
	"id: daily\nstage: activation\ntrigger: {event: order.paid}\nmode: parallel\nquota: {max: 2, per: hour, by: = member.id}\ncondition: >-\n" +
		"  len(events(\"order.paid\", \"today\")) % 2 == 1 and hour(now()) != 18\n" +
		"  and (avg(events(\"order.paid\", \"this week\"), .amount) ?? 0) < 10\nactions:\n  - points: 1\n",
	"id: ranked\nstage: activation\ntrigger: {changed: member.rank}\nmode: parallel\nactions:\n  - tag: '= trigger.before + trigger.after'\n",
}

// poisonOfGroups are such playbooks for the groups that orders name.
var poisonOfGroups = []string{
	"id: g-careful\nfor: group\nstage: activation\ntrigger: {event: order.paid}\nmode: parallel\nactions:\n" +
		"  - {if: trigger.amount == 13, tag: bad}\n  - {if: trigger.amount == 17, tag: broken}\n" +
		"  - set: {size: '= len(events(\"order.paid\", \"2h\")) + len(distinct(events(\"order.paid\", \"1d\"), .member))'}\n",
	"id: g-next\nfor: group\nstage: activation\ntrigger: {event: order.paid, if: event.amount < 13}\nactions:\n" +
		"  - {id: more, wait: {event: order.paid, if: event.amount > trigger.amount, timeout: 90m}}\n" +
		"  - tag: {add: '= actions.more.timed_out ? \"late\" : \"more\"', for: 45m}\n  - wait: 30m\n  - set: {heard: '= string(group.size)'}\n",
	"id: g-loud\nfor: group\nstage: retention\ntrigger: {segment_enter: loud}\nmode: parallel\nactions: [{wait: 1h}, {tag: loud}]\n",
	"id: g-grown\nfor: group\nstage: retention\ntrigger: {changed: group.size, if: trigger.after > 2}\nmode: parallel\n" +
		"actions: [{message: {channel: shop, class: transactional, text: \"{{ group.size }}\"}}]\n",
}

// step is an input of a random history, or the end of a batch.
type step struct {
	engine.Input
	after    time.Duration // since the step before
	poisoned bool          // it cannot be decided or stored, or its run's wait cannot
	cut      bool          // its row cannot be read
	drain    bool          // all that came is decided before the next
}

// drawPoisoned draws inputs of members; some are of a group, too, or of a group alone.
func drawPoisoned(t *rapid.T, members, groups []string) (steps []step) {
	for i := range rapid.IntRange(3, 25).Draw(t, "inputs") {
		s := step{after: time.Duration(rapid.SampledFrom([]int{0, 1, 30, 60, 100}).Draw(t, "gap")) * time.Minute}
		name, member := "order.paid", rapid.SampledFrom(members).Draw(t, "member")
		property := "amount"
		if rapid.IntRange(0, 3).Draw(t, "visits") == 0 {
			name, property = "visit", "n"
		}
		n := float64(rapid.SampledFrom([]int{1, 2, 5, 9, 13, 13, 17}).Draw(t, "n"))
		s.Input = engine.Input{
			Kind: engine.InputEvent, ID: fmt.Sprint("e", i), Member: member, Name: name,
			Payload: &engine.Payload{Properties: map[string]any{property: n}},
		}
		s.ofGroup(t, groups)
		s.cut = rapid.IntRange(0, 7).Draw(t, "cut") == 0
		s.poisoned = n == 13 || n == 17 || s.cut
		s.drain = rapid.IntRange(0, 2).Draw(t, "drain") == 0
		steps = append(steps, s)
	}
	return steps
}

// ofGroup lets an order be one of a group, too, or of a group alone.
func (s *step) ofGroup(t *rapid.T, groups []string) {
	group := rapid.SampledFrom(append([]string{""}, groups...)).Draw(t, "group")
	if group == "" || s.Name != "order.paid" {
		return
	}
	_, id, _ := naming.CutObject(group)
	s.Properties["group"], s.Objects = id, []string{group}
	if rapid.IntRange(0, 4).Draw(t, "alone") == 0 {
		s.Member, s.Objects = group, nil
	}
}

// declareOrdersOfGroups lets orders name groups.
func declareOrdersOfGroups(t *testing.T) {
	declareGroups(t)
	declare(t, "(events(\"group.said\", \"1d\"), .member)) > 2", "(events(\"order.paid\", \"2h\"), .amount)) > 2")
	declare(t, "  order.paid: {amount: number}\n", "  order.paid: {amount: number, group: optional ref group}\n")
}

// limited looks at random parts of what a lane owes, and refuses without a name what the database
// would.
type limited struct {
	worker.Store
	limits []int
	blind  bool // looks at nothing ahead
	n      atomic.Int64
}

func (l *limited) Ahead(ctx context.Context, lane int, now time.Time, of *store.Batch, limit int) (*store.Batch, error) {
	if l.blind {
		return nil, errors.New("blind")
	}
	return l.Store.Ahead(ctx, lane, now, of, min(limit, l.limits[int(l.n.Add(1))%len(l.limits)]))
}

func (l *limited) Pending(ctx context.Context, lane int, now time.Time, limit int) (*store.Batch, error) {
	return l.Store.Pending(ctx, lane, now, min(limit, l.limits[int(l.n.Add(1))%len(l.limits)]))
}

// knownSecret is that of these worlds.
var knownSecret = []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}

// poisonedWorld is a database and a worker whose clock is the test's.
type poisonedWorld struct {
	*world
	at  atomic.Int64
	wk  *worker.Worker
	end func()
}

func newPoisonedWorld(t *testing.T, lanes int, redis asynq.RedisConnOpt, limits []int) *poisonedWorld {
	return newLimitedWorld(t, lanes, redis, &limited{limits: limits}, slices.Concat(poisonPlaybooks, poisonOfGroups)...)
}

// newLimitedWorld returns a world of playbooks whose worker sees what limits show of its store.
func newLimitedWorld(t *testing.T, lanes int, redis asynq.RedisConnOpt, limits *limited, books ...string) *poisonedWorld {
	return newWorldOf(t, lanes, redis, limits, compile(t, books...), unstorable)
}

// newWorldOf returns the same of a workspace; edit changes the worker's configuration, options are of the database.
func newWorldOf(t *testing.T, lanes int, redis asynq.RedisConnOpt, limits *limited, ws *playbooks.Workspace,
	edit func(*worker.Config), options ...sqlite.Option,
) *poisonedWorld {
	dir, err := os.MkdirTemp(t.TempDir(), "world")
	if err != nil {
		t.Fatal(err)
	}
	w := &poisonedWorld{world: &world{
		T: t, ctx: context.Background(), sent: &outbox{n: map[string]int{}}, redis: redis,
		path: filepath.Join(dir, "usher.db"),
	}}
	w.at.Store(time.Date(2026, 3, 6, 15, 0, 0, 0, time.UTC).UnixMilli())
	w.clock = clocktest.Follow(func() time.Time { return time.UnixMilli(w.at.Load()).UTC() })
	options = append(options, sqlite.WithClock(w.clock), sqlite.WithLanes(lanes))
	if w.Store, err = sqlite.Open(w.ctx, w.path, options...); err != nil {
		t.Fatal(err)
	}
	if err := worker.Activate(w.ctx, w.Store, ws, w.now()); err != nil {
		t.Fatal(err)
	}
	// Ids are keyed with the database's secret, and order what happens at one instant.
	if _, err := w.Secret(w.ctx); err != nil {
		t.Fatal(err)
	}
	f := w.file()
	w.exec(f, fmt.Sprintf("UPDATE meta SET value = x'%x' WHERE key = 'secret'", knownSecret))
	_ = f.Close()
	log := &lines{} // says why a lane does not move
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(log.text.String())
		}
	})
	w.edit = func(c *worker.Config) {
		edit(c)
		c.Log = slog.New(slog.NewTextHandler(log, nil))
		limits.Store, c.Store = c.Store, limits
	}
	w.wk, w.end = w.start()
	w.until("the workspace is in use", func() bool {
		ws, _ := w.wk.Workspace()
		return ws != nil
	})
	w.at.Add(time.Minute.Milliseconds()) // segments are watched since before the first input
	return w
}

func (w *poisonedWorld) close() {
	w.end()
	if err := w.Store.Close(); err != nil {
		w.Error(err)
	}
	_ = os.RemoveAll(filepath.Dir(w.path))
}

// drained waits until all that came is decided.
func (w *poisonedWorld) drained(members []string) {
	w.until("all is decided", func() bool {
		lanes, _, err := w.Owed(w.ctx, time.UnixMilli(w.at.Load()))
		if len(lanes) > 0 {
			w.wk.Wake(members...)
		}
		return err == nil && len(lanes) == 0
	})
}

// live takes the steps in, those that are kept, and lets the clock go on until every wait is over.
// Halfway the state of a member is damaged; empty: nobody's.
func (w *poisonedWorld) live(steps []step, members []string, keep func(*step) bool, damaged string) {
	for i := range steps {
		s := &steps[i]
		w.at.Add(s.after.Milliseconds())
		if i == len(steps)/2 && damaged != "" {
			w.drained(members)
			f := w.file()
			w.exec(f, "UPDATE subjects SET state = x'7b22' WHERE id = ?", damaged)
			_ = f.Close()
		}
		if !keep(s) {
			continue
		}
		in := s.Input
		if s.cut {
			in.Payload, in.Data = nil, []byte(`{"p":{"amou`)
		}
		w.accept(in)
		if s.drain {
			w.drained(members)
		}
	}
	w.drained(members)
	w.at.Add((10 * time.Hour).Milliseconds())
	w.drained(members)
}

// lifeOf returns all that can be told of a member, but for what inputs that are left out have
// begun, and for what no one decides.
func (w *poisonedWorld) lifeOf(member string, left map[string]bool) string {
	type entry struct{ Playbook, State, Input, Trace string }
	var life struct {
		Tags    []string
		Points  int
		Coupons map[string]int
		Runs    []entry
		Refused []engine.Decision
	}
	m, err := w.Member(w.ctx, member)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrDamaged) {
		return "nobody"
	}
	if err != nil {
		w.Fatal(err)
	}
	life.Tags, life.Points, life.Coupons = m.Tags, m.Points, m.Coupons
	runs, _, err := w.Runs(w.ctx, store.RunFilter{Member: member, Limit: 500})
	if err != nil {
		w.Fatal(err)
	}
	for _, r := range runs {
		full, err := w.Store.Run(w.ctx, r.ID)
		if err != nil {
			w.Fatal(err)
		}
		input, _ := full.Trace[0].Detail["input"].(string)
		if left[input] {
			continue
		}
		trace, _ := json.Marshal(full.Trace)
		life.Runs = append(life.Runs, entry{r.Playbook, string(r.State), input, string(trace)})
	}
	slices.SortFunc(life.Runs, func(a, b entry) int { return strings.Compare(a.Playbook+a.Input, b.Playbook+b.Input) })
	decisions, _, err := w.Decisions(w.ctx, store.DecisionFilter{Member: member, Limit: 500})
	if err != nil {
		w.Fatal(err)
	}
	for _, d := range decisions {
		if d.Run == "" && !left[d.Input] {
			life.Refused = append(life.Refused, d)
		}
	}
	slices.SortFunc(life.Refused, func(a, b engine.Decision) int {
		return strings.Compare(a.Playbook+a.Input, b.Playbook+
			b.Input)
	})
	out, err := json.MarshalIndent(life, "", " ")
	if err != nil {
		w.Fatal(err)
	}
	return string(out)
}

// Inputs that cannot be decided or stored, rows that cannot be read and a member whose state is
// lost change nothing for anybody else, nor for what else their own member does, whatever the
// batches in which all is decided, and however many lanes there are.
func TestPoisonChangesNothingForOthers(t *testing.T) {
	declareOrdersOfGroups(t)
	declare(t, "  member.left: {}\n", "  member.left: {}\n  visit: {n: number}\n")
	declare(t, "coupons:\n", "points: {expires: 1d}\ncoupons:\n")
	declare(t, "member:\n", "member:\n  rank: {enum: [low, mid, top], default: low}\n")
	declare(t, "coupons:\n", "levels:\n  {attribute: rank, by: 'member.points + sum(events(\"order.paid\", \"2h\"), .amount)', steps: {mid: 5, top: 20}, grace: 90m}\ncoupons:\n")
	redis := embedded(t)
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue { // two databases and workers each: a few find as much
		if err := flag.Set("rapid.checks", "20"); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = flag.Set("rapid.checks", checks.DefValue) }()
	}
	rapid.Check(t, func(rt *rapid.T) {
		members := []string{"m0", "m1", "m2", "m3", "m4"}[:rapid.IntRange(1, 5).Draw(rt, "members")]
		groups := []string{naming.ObjectID("group", "g1"), naming.ObjectID("group", "g2")}
		steps := drawPoisoned(rt, members, groups)
		members = slices.Concat(members, groups)
		limits := rapid.SliceOfN(rapid.IntRange(1, 8), 1, 6).Draw(rt, "batches")
		damaged := rapid.SampledFrom(append([]string{""}, members...)).Draw(rt, "damaged")
		left := map[string]bool{}
		for i := range steps {
			left[steps[i].ID] = steps[i].poisoned
		}
		lanes := rapid.SliceOfN(rapid.SampledFrom([]int{1, 4}), 2, 2).Draw(rt, "lanes")
		with := newPoisonedWorld(t, lanes[0], redis, limits)
		defer with.close()
		with.live(steps, members, func(*step) bool { return true }, damaged)
		without := newPoisonedWorld(t, lanes[1], redis, []int{1000})
		defer without.close()
		without.live(steps, members, func(s *step) bool { return !s.poisoned }, "")
		if differences := without.replayed(""); len(differences) > 0 {
			rt.Fatalf("decided again:\n%s", strings.Join(differences, "\n"))
		}
		for _, m := range members {
			if m == damaged {
				continue
			}
			if differences := with.replayed(m); len(differences) > 0 {
				rt.Fatalf("decided again with poison:\n%s", strings.Join(differences, "\n"))
			}
		}
		for _, m := range members {
			if m == damaged {
				continue
			}
			if a, b := with.lifeOf(m, left), without.lifeOf(m, left); a != b && b != "nobody" {
				rt.Fatalf("%s with poison:\n%s\nwithout:\n%s", m, a, b)
			}
		}
	})
}
