package loader

import (
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/expression/reevaluation"
	"pgregory.net/rapid"
)

// reevaluating are segments with time in them, and whether the next turn can be derived.
var reevaluating = map[string]struct {
	text    string
	derived bool
}{
	"days":        {`days_since(member.last_seen_at) > 3`, true},
	"days-to":     {`days_since(member.born ?? member.created_at) >= -2 and days_since(member.created_at) < 5`, true},
	"days-in":     {`days_since(member.created_at) in [1, 3]`, true},
	"hours":       {`hours_since(member.last_seen_at) == 7 or 30 <= hours_since(member.created_at)`, true},
	"hours-by":    {`hours_since(member.created_at) % 5 == 0`, true},
	"window":      {`len(events("buy", "2d")) > 1`, true},
	"elapsed":     {`sum(events("buy", "30h"), .n) > 3`, true},
	"computed":    {`member.bought == 1 and in_segment("days")`, true},
	"last":        {`days_since(last(events("buy"))?.time ?? member.created_at) >= 2`, true},
	"until":       {`add_days(member.created_at, 2) < now()`, true},
	"today":       {`today() > add_days(member.created_at, 1)`, true},
	"weekday":     {`weekday(now()) in [6, 7] and month(today()) == month(member.created_at)`, true},
	"is-today":    {`is_today(member.born ?? member.last_seen_at)`, true},
	"is-tomorrow": {`is_today(add_days(today(), 1)) or is_today(last(events("buy", "30h"))?.time ?? member.created_at)`, true},
	"items-today": {`any(events("buy"), is_today(.time))`, true},
	"dates":       {`days_between(member.created_at, now()) >= 2 and days_between(today(), member.created_at) > -4`, true},
	"dates-in":    {`days_between(member.created_at, now()) in [1, 3]`, true},
	"coming":      {`days_between(now(), member.born ?? member.created_at) == 2`, true},
	"age":         {`years_between(member.born_long_ago, now()) >= 18`, true},
	"ages":        {`years_between(member.born_long_ago, today()) in [18, 19]`, true},
	"hour-now":    {`hour(now()) >= 9 and hour(now()) < 18`, true},
	"hours-in":    {`hour(now()) in [1, 2, 23]`, true},
	"minute":      {`minute(now()) >= 30`, true},
	"lunar":       {`lunar(now()).day == 1`, true},
	"fixed":       {`now() >= datetime("2026-10-31 10:00") and today() != date("2026-11-02")`, true},
	"this-day":    {`len(events("buy", "today")) > 1`, true},
	"last-day":    {`sum(events("buy", "yesterday"), .n) > 3 or any(events("buy", "this week"), .n == 2)`, true},
	"this-month":  {`len(events("buy", "this month")) > len(events("buy", "last month"))`, true},
	"last-week":   {`len(events("buy", "last week")) > 0 and len(events("buy", "this year")) > 0`, true},
	"evening":     {`hour(now()) >= 20`, true},
	"minutes":     {`minute(now()) % 7 == 0`, false},
	"item":        {`any(events("buy"), days_since(.time) > 1)`, false},
	"hour":        {`now() - member.created_at > duration("26h")`, true},
	"today-less":  {`today() - member.created_at > duration("26h")`, true},
	"gone":        {`duration("90m") <= now() - member.last_seen_at`, true},
	"to-come":     {`member.born != nil and member.born - now() < duration("5h")`, true},
	"before":      {`now() - duration("7h") > member.created_at or member.created_at == now() - duration("3h")`, true},
	"ahead":       {`now() + duration("3h") >= (member.born ?? member.created_at)`, true},
	"behind":      {`now() - member.created_at + duration("1m") > duration("26h")`, false},
}

type someHistory []time.Time

func (h someHistory) List(s expression.Slot) (out []any, err error) {
	for _, t := range h {
		out = append(out, map[string]any{"id": "e", "name": "buy", "time": t, "n": t.Minute() % 4})
	}
	return out, nil
}

func (h someHistory) Count(expression.Slot) (int, error) { return len(h), nil }

func (h someHistory) Sum(expression.Slot, string) (any, error) {
	n := 0
	for _, t := range h {
		n += t.Minute() % 4
	}
	return n, nil
}

func (h someHistory) Long(string) bool { return false }

func (h someHistory) Aggregate(expression.Slot, *expression.Aggregate) (a expression.Aggregated, err error) {
	return a, nil
}

func (h someHistory) End(expression.Slot, *expression.Aggregate, bool) (any, error) { return nil, nil }

// at returns what of the history a slot holds.
func (h someHistory) at(now time.Time, s expression.Slot) someHistory {
	return slices.DeleteFunc(slices.Clone(h), func(t time.Time) bool {
		if s.Window.IsZero() {
			return t.After(now)
		}
		from, to := s.Window.Span(now)
		return t.UnixMilli() < from || t.UnixMilli() > to
	})
}

type historyAt struct {
	someHistory
	all someHistory
	now time.Time
}

func (h historyAt) List(s expression.Slot) ([]any, error) { return h.all.at(h.now, s).List(s) }
func (h historyAt) Count(s expression.Slot) (int, error)  { return len(h.all.at(h.now, s)), nil }

func (h historyAt) Sum(s expression.Slot, field string) (any, error) {
	return h.all.at(h.now, s).Sum(s, field)
}

// Between two turns the answer does not change, whatever the clocks do: members are looked at when
// they turn and at no other time.
func TestSegmentsChangeOnlyWhenReevaluationSays(t *testing.T) {
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	schema := "usher: 1\ntimezone: America/New_York\nmember:\n  born: datetime\n  born_long_ago: {type: date, default: 2008-11-01}\n  bought: = len(events(\"buy\", \"26h\"))\nevents: {buy: {n: int}}\nsegments:\n"
	for name, s := range reevaluating {
		schema += "  " + name + ": '" + s.text + "'\n"
	}
	ws, diags := Load(fstest.MapFS{playbooks.SchemaFile: {Data: []byte(schema)}}, testRegistry())
	if diag.HasError(diags) {
		t.Fatalf("%+v", diags)
	}
	for name, want := range reevaluating {
		t.Run(name, func(t *testing.T) {
			turns := ws.Schema.ReevaluationOf(name)
			if hourly := slices.ContainsFunc(turns.Moments,
				func(m reevaluation.Moment) bool { return m.Unit == reevaluation.AnyTime }); hourly == want.derived {
				t.Fatalf("derived: %v, want %v: %+v", !hourly, want.derived, turns.Moments)
			}
			seg := ws.Schema.Segment(name)
			rapid.Check(t, func(rt *rapid.T) {
				// Around the nights in which clocks change in New York, and in between.
				base := rapid.SampledFrom([]time.Time{
					time.Date(2026, 3, 7, 20, 0, 0, 0, zone), time.Date(2026, 10, 31, 20, 0, 0, 0, zone),
					time.Date(2026, 6, 1, 12, 0, 0, 0, zone),
				}).Draw(rt, "base")
				moment := func(label string, latest int) time.Time {
					return base.Add(time.Duration(rapid.IntRange(-6*24*60, latest).Draw(rt, label)) * time.Minute)
				}
				var bought someHistory
				for range rapid.IntRange(0, 3).Draw(rt, "events") {
					bought = append(bought, moment("bought", 0))
				}
				slices.SortFunc(bought, time.Time.Compare)
				env := expression.NewEnv()
				member := expression.Fields{"created_at": moment("created", 0), "last_seen_at": moment("seen", 0)}
				y, m, d := base.Date()
				y -= rapid.IntRange(17, 20).Draw(rt, "age")
				member["born_long_ago"] = time.Date(y, m, d+rapid.IntRange(-3, 3).Draw(rt, "birthday"), 0, 0, 0, 0, zone)
				if rapid.Bool().Draw(rt, "has born") {
					member["born"] = moment("born", 4*24*60)
				}
				answer := func(now time.Time) bool {
					env.Begin(now, zone, "m", member, historyAt{all: bought, now: now})
					ok, err := seg.Expr.Test(env)
					if err != nil {
						rt.Fatal(err)
					}
					return ok
				}
				now := base
				for range 12 {
					before := answer(now)
					next := turns.Next(env, func(s expression.Slot) (time.Time, bool) {
						if in := bought.at(now, s); len(in) > 0 {
							return in[0], true
						}
						return time.Time{}, false
					})
					until := next
					if next.IsZero() {
						until = now.Add(30 * 24 * time.Hour)
					}
					if !until.After(now) {
						rt.Fatalf("the next turn %v is not after %v", next, now)
					}
					if want.derived {
						for i := range 40 {
							at := now.Add(until.Sub(now) / 40 * time.Duration(i)).Truncate(time.Millisecond)
							if at.After(now) && answer(at) != before {
								rt.Fatalf("it turned at %v, between %v and %v", at, now, next)
							}
						}
						if last := until.Add(-time.Millisecond); last.After(now) && answer(last) != before {
							rt.Fatalf("it turned before %v, at the latest at %v", next, last)
						}
					}
					if next.IsZero() {
						return
					}
					now = next
				}
			})
		})
	}
}
