package history

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine/tree"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
	"pgregory.net/rapid"
)

// longSchema declares the event that the tests of long histories are about.
func longSchema() *playbooks.Schema {
	return &playbooks.Schema{
		Timezone: time.UTC,
		Events: []playbooks.EventType{{Name: "buy", Properties: schema.ObjectOf(
			schema.Field{Name: "n", Type: schema.Int},
			schema.Field{Name: "price", Type: schema.Number},
			schema.Field{Name: "sku", Type: schema.String},
			schema.Field{Name: "gift", Type: schema.Bool.AsOptional()},
			schema.Field{Name: "on", Type: schema.Date},
			schema.Field{Name: "items", Type: schema.ListOf(schema.ObjectOf(
				schema.Field{Name: "qty", Type: schema.Int}, schema.Field{Name: "sku", Type: schema.String},
			)).AsOptional()},
		)}},
	}
}

// longQuestions are asked of a history in all ways that there are. %s is a window or nothing.
var longQuestions = []string{
	`len(events("buy"%s))`, `count(events("buy"%s), .n > 2)`, `sum(events("buy"%s), .price)`,
	`sum(events("buy"%s), .n * 2)`, `sum(filter(events("buy"%s), .sku == "a"), .price)`,
	`sum(map(filter(events("buy"%s), .gift ?? false), .price * .n))`, `any(events("buy"%s), .sku == "rare")`,
	`all(events("buy"%s), .n < 4)`, `none(events("buy"%s), .price > 90)`, `one(events("buy"%s), .sku == "rare")`,
	`len(filter(filter(events("buy"%s), .n > 1), .sku != "a"))`, `last(events("buy"%s))?.sku`, `first(events("buy"%s))?.id`,
	`findLast(events("buy"%s), .sku == "rare")?.id`, `find(events("buy"%s), .n == 3 and .sku == "a")?.id`,
	`any(events("buy"%s), any(.items ?? [], .qty > 2 and .sku == "b"))`,
	`sum(events("buy"%s), (1 / (.n - 2)) ?? 0.5)`, `count(events("buy"%s), 9007199254740992 * .n > 0)`,
	`any(events("buy"%s), 9007199254740992 * .n < 0 or .n == 1)`,
	`avg(events("buy"%s), .price)`, `avg(filter(events("buy"%s), .sku == "a"), .gift ?? false ? .n : nil)`,
	`avg(map(events("buy"%s), .n * .price)) ?? 0`,
	`len(distinct(events("buy"%s), .sku))`, `len(distinct(events("buy"%s), .gift))`,
	`len(distinct(filter(events("buy"%s), .gift ?? false), .price)) > 1`, `len(distinct(map(events("buy"%s), .n * .price)))`,
	`len(distinct(filter(events("buy"%s), .n > 1), 1 / (.n - 2) ?? .price))`,
	`len(distinct(events("buy"%s), 9007199254740992 * .n))`, `len(distinct(events("buy"%s), .on))`,
	// These are not added up by a tree.
	`largest(events("buy"%s), .price)?.id`, `smallest(filter(events("buy"%s), .n > 1), .on)?.id`,
	`most_common(events("buy"%s), .sku)`, `len(distinct(events("buy"%s), .gift ?? false ? .sku : nil))`,
	// These depend on more than the event: nothing is aggregated.
	`count(events("buy"%s), days_since(.time) > 1)`, `count(events("buy"%s), .on < today())`,
	`count(events("buy"%s), .time > member.created_at)`, `last(filter(events("buy"%s), .time < now()))?.id`,
	`len(events("buy"%s)) > 3 and sum(events("buy"%s), .n) > 30 ? last(events("buy"%s))?.n : 0`,
}

var longWindows = []string{"", `, "1h"`, `, "36h"`, `, "1d"`, `, "7d"`, `, "90d"`, `, "today"`, `, "last week"`, `, "this month"`}

// longLates are how late an event may be: also at the end of a window, or just beyond.
var longLates = []time.Duration{
	0, 0, 0, 0, 0, 0, time.Second, time.Hour, time.Hour + time.Millisecond, 24 * time.Hour,
	24*time.Hour + time.Millisecond, 36 * time.Hour, 30 * time.Hour, 7 * 24 * time.Hour, 100 * 24 * time.Hour,
}

// shelf is a store's part of a long history, in memory.
type shelf struct {
	events       []Event
	nodes, roots map[string][]byte
	fail         error
}

func (s *shelf) Events(from, to int64, newest bool, f func(*Event) bool) error {
	list := slices.Clone(s.events)
	slices.SortStableFunc(list, func(a, b Event) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Place, b.Place))
	})
	if newest {
		slices.Reverse(list)
	}
	for i := range list {
		if at := list[i].Time.UnixMilli(); at >= from && at <= to && !f(&list[i]) {
			return s.fail
		}
	}
	return s.fail
}

func (s *shelf) Node(key string, level int, bucket int64) ([]byte, error) {
	return s.nodes[fmt.Sprint(key, level, "/", bucket)], s.fail
}

// take stores what changed, and returns the history as it is loaded next.
func (s *shelf) take(changes []TreeChange, added []Event) *History {
	s.events = append(s.events, added...)
	for _, change := range changes {
		for _, n := range change.Nodes {
			s.nodes[fmt.Sprint(change.Tree, n.Level, "/", n.Bucket)] = n.Data
			if n.Level == tree.RootLevel {
				s.roots[change.Tree] = n.Data
			}
		}
	}
	h := new(History)
	h.Load("buy", s, maps.Clone(s.roots))
	return h
}

var errBrokenOff = errors.New("it was broken off")

// rebuild builds trees beside decisions, and breaks off behind some parts.
func (s *shelf) rebuild(r *Reader, taken map[string]*Taken, parts int) {
	missing := []*Taken{nil}
	for _, key := range slices.Sorted(maps.Keys(taken)) {
		missing = append(missing, taken[key])
	}
	r.History = s.take(nil, nil)
	_ = r.Build("m", "buy", missing, func(changes []TreeChange) error {
		if parts--; parts < 0 {
			return errBrokenOff
		}
		s.take(changes, nil)
		return nil
	})
}

// asList is a history that is never long: expressions go through its lists.
type asList struct{ *Reader }

func (asList) Long(string) bool { return false }

func drawBuy(t *rapid.T, i int, at, now time.Time) Event {
	p := map[string]any{
		"n": float64(rapid.IntRange(0, 4).Draw(t, "n")), "price": rapid.SampledFrom([]float64{0.1, 39.9, 95, 1e15}).Draw(t, "price"),
		"sku": rapid.SampledFrom([]string{"a", "a", "b", "c"}).Draw(t, "sku"), "on": "2026-03-08",
	}
	switch rapid.IntRange(0, 60).Draw(t, "odd") {
	case 0:
		p["sku"] = "rare"
	case 1:
		delete(p, "price") // the schema does not take it
	case 2, 3:
		p["gift"] = true
	case 4, 5:
		p["items"] = []any{map[string]any{"qty": 3.0, "sku": "b"}, map[string]any{"qty": 1.0, "sku": "a"}}
	}
	return Event{ID: fmt.Sprint("e", i), Time: at, At: now, Place: int64(i + 1), Properties: p}
}

// What a question over a long history comes to is what going through its list comes to: kept in
// memory or in a store, with trees that are built at once or grow, whatever comes late, in any zone
// and window.
func TestLongHistoriesAnswerAsLists(t *testing.T) {
	s := longSchema()
	var tracked *Tracking
	taken := map[string]*Taken{}
	type question struct {
		*expression.Expr
		text string
	}
	var questions []question
	for _, q := range longQuestions {
		for _, w := range longWindows {
			text := strings.ReplaceAll(q, "%s", w)
			x, diags := expression.CompileExpr(diag.Source{Text: text}, &scope.Scope{Schema: s}, nil)
			if x == nil {
				t.Fatalf("%s: %v", text, diags)
			}
			for _, slot := range x.Slots {
				tracked = tracked.With(slot)
			}
			for _, a := range x.Aggregates {
				taken[a.Key] = &Taken{a, s}
			}
			questions = append(questions, question{x, text})
		}
	}
	zones := []string{"UTC", "America/New_York", "Australia/Lord_Howe"}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 3, 6, 15, 0, 0, 0, time.UTC)
		created := now
		kept := &Reader{History: new(History), Zone: zone, Env: expression.NewEnv(), Schema: s}
		back := &shelf{nodes: map[string][]byte{}, roots: map[string][]byte{}}
		stored := &Reader{History: back.take(nil, nil), Zone: zone, Env: expression.NewEnv(), Schema: s}
		var fresh []Event
		commit := func() { stored.History, fresh = back.take(stored.History.Changed("m"), fresh), nil }
		for i := range rapid.IntRange(1, 700).Draw(t, "events") {
			now = now.Add(rapid.SampledFrom([]time.Duration{0, 0, 0, time.Millisecond, time.Minute, time.Hour, 5 * time.Hour}).Draw(t, "gap"))
			at := now.Add(-rapid.SampledFrom(longLates).Draw(t, "late"))
			in := drawBuy(t, i, at, now)
			kept.Now, stored.Now = now, now
			kept.Put("buy", in, tracked, taken)
			stored.Put("buy", in, tracked, taken)
			fresh = append(fresh, in)
			if rapid.IntRange(0, 40).Draw(t, "commit") == 0 {
				commit()
				if rapid.IntRange(0, 3).Draw(t, "rebuild") == 0 { // beside decisions, which may break off
					back.rebuild(stored, taken, rapid.IntRange(0, 3).Draw(t, "parts"))
					stored.History = back.take(nil, nil)
				}
			}
			if rapid.IntRange(0, 20).Draw(t, "ask") > 0 {
				continue
			}
			for range 4 {
				q := questions[rapid.IntRange(0, len(questions)-1).Draw(t, "question")]
				want, wantErr := ask(kept, asList{kept}, q.Expr, created)
				for _, slot := range q.Slots {
					at, some := kept.Oldest(slot)
					if stored, also := stored.Oldest(slot); also != some || some && !stored.Equal(at) {
						t.Fatalf("the oldest of %v at %v is %v, %v, stored %v, %v", slot, now.In(zone), at, some, stored, also)
					}
				}
				for what, r := range map[string]*Reader{"kept": kept, "stored": stored} {
					got, err := ask(r, r, q.Expr, created)
					if !reflect.DeepEqual(got, want) || fmt.Sprint(err) != fmt.Sprint(wantErr) {
						t.Fatalf("%s at %v, %s of %d events: %v (%v), as a list %v (%v)", q.text, now.In(zone), what, i+1, got, err,
							want, wantErr)
					}
				}
			}
		}
	})
}

func ask(r *Reader, h expression.History, x *expression.Expr, created time.Time) (any, error) {
	r.Env.Begin(r.Now, r.Zone, "m", expression.Fields{"created_at": created}, h)
	return x.Eval(r.Env)
}

// longBuys returns a store's history of many events with the trees over them, and a reader of it.
func longBuys(t *testing.T) (*shelf, *Reader, *expression.Expr) {
	t.Helper()
	s := longSchema()
	x, diags := expression.CompileExpr(diag.Source{Text: `sum(events("buy", "90d"), .n)`}, &scope.Scope{Schema: s}, nil)
	if x == nil {
		t.Fatal(diags)
	}
	now := time.Date(2026, 3, 6, 15, 0, 0, 0, time.UTC)
	back := &shelf{nodes: map[string][]byte{}, roots: map[string][]byte{}}
	r := &Reader{Zone: time.UTC, Env: expression.NewEnv(), Schema: s, Now: now, Patient: true}
	for i := range 5000 {
		back.events = append(back.events, Event{
			ID: fmt.Sprint(i), Time: now.Add(time.Duration(i-5000) * 20 * time.Minute), At: now, Place: int64(i),
			Properties: map[string]any{"n": 1.0, "price": 2.0, "sku": "a", "on": "2026-03-06"},
		})
	}
	r.History = back.take(nil, nil)
	if v, err := ask(r, r, x, now); v != 5000 || err != nil {
		t.Fatalf("the sum is %v, %v", v, err)
	}
	r.History = back.take(r.History.Changed("m"), nil)
	return back, r, x
}

// A tree that is damaged, in whatever way, is built anew, and what is stored of it is taken away.
func TestDamagedTreesAreBuiltAnew(t *testing.T) {
	for name, damage := range map[string]func(*shelf){
		"a root":      func(s *shelf) { s.roots[only(s.roots)] = []byte{1, 2} },
		"nodes":       func(s *shelf) { maps.DeleteFunc(s.nodes, func(string, []byte) bool { return true }) },
		"cut nodes":   func(s *shelf) { cutAll(s.nodes, 20) },
		"other nodes": func(s *shelf) { cutAll(s.nodes, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			back, r, x := longBuys(t)
			damage(back)
			r.History = back.take(nil, nil)
			if v, err := ask(r, r, x, r.Now); v != 5000 || err != nil || r.Unavailable != nil {
				t.Fatalf("the sum is %v, %v, %v", v, err, r.Unavailable)
			}
			changes := r.History.Changed("m")
			if len(changes) != 2 || !changes[0].Gone || len(changes[1].Nodes) == 0 {
				t.Errorf("%d changes: %+v", len(changes), changes)
			}
		})
	}
}

func only(m map[string][]byte) string { return slices.Collect(maps.Keys(m))[0] }

func cutAll(nodes map[string][]byte, to int) {
	for key, data := range nodes {
		nodes[key] = data[:min(to, len(data))]
	}
}

// A store that cannot be read ends the decision: no answer is made of what was read before.
func TestArchiveThatFails(t *testing.T) {
	broken := errors.New("the disk is gone")
	back, r, x := longBuys(t)
	back.fail = broken
	_, err := ask(r, r, x, r.Now)
	if r.Unavailable == nil || !errors.Is(r.Unavailable, broken) || err == nil {
		t.Errorf("the answer fails with %v, %v", err, r.Unavailable)
	}
	r.Unavailable = nil
	r.Put("buy", Event{ID: "new", Time: r.Now, At: r.Now}, nil, map[string]*Taken{x.Aggregates[0].Key: {x.Aggregates[0], r.Schema}})
	if r.Unavailable == nil {
		t.Error("an event was taken into a tree that cannot be read")
	}
}
