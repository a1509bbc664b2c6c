package playbook

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/foreign"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
	"github.com/usher-run/usher/playbooks/syntax"
)

// wait reads one of the forms of a wait. It gives the type of what the wait leaves, and whether
// that is known.
func (p *reader) wait(v *syntax.Node, step *playbooks.Step, sc *scope.Scope) (*schema.Type, bool) {
	if v.Kind != syntax.MappingNode || v.Broken {
		p.waitFor(v, step)
		return schema.ObjectOf(), true
	}
	until, event := v.Get("until"), v.Get("event")
	switch {
	case until != nil && event != nil:
		a, b := v.Key("until"), v.Key("event")
		if b.Start < a.Start {
			a, b = b, a
		}
		p.Error("exclusive-keys", b.Pos(), "a wait is for one thing").Label("put this into a wait of its own").
			Related("first here", a.Pos())
		return nil, false
	case until != nil:
		if p.Mapping(v, "`wait` with `until`", "until") {
			p.waitUntil(until, step, sc)
		}
		return schema.ObjectOf(), true
	case event != nil:
		return p.waitEvent(v, step, sc)
	}
	for _, key := range []string{"weekday", "day"} {
		if k := v.Key(key); v.Get(key) != nil {
			p.Error("unknown-key", k.Pos(), fmt.Sprintf("`%s` stands under `until`", key)).
				Label(`as in until: {weekday: sat, at: "10:00"}`)
			return nil, false
		}
	}
	if p.Mapping(v, "`wait`", "until", "event", "if", "timeout") && len(v.Intended) == 0 {
		p.Error("missing-key", step.Pos, "this wait does not say for what").
			Label("as in 4h, {until: \"18:00\"} or {event: …, timeout: 2d}")
	}
	return nil, false
}

// waitFor reads a duration.
func (p *reader) waitFor(v *syntax.Node, step *playbooks.Step) {
	if v.Kind == syntax.ScalarNode && !v.Broken && schema.ClockTime.MatchString(v.Value) {
		p.Error("bad-duration", v.Pos(), fmt.Sprintf("`%s` is a time of the day, not a duration", v.Value)).
			Label(fmt.Sprintf("write {until: %q}", v.Value)).Edit(v.Pos(), fmt.Sprintf("{until: %q}", v.Value))
		return
	}
	if d, ok := p.Duration(v, "wait"); ok {
		step.Wait = &playbooks.Wait{For: d}
	}
}

// waitUntil reads a time of the day, an instant, or an expression of one.
func (p *reader) waitUntil(v *syntax.Node, step *playbooks.Step, sc *scope.Scope) {
	if v.Broken {
		return
	}
	if v.Kind == syntax.ScalarNode && (v.Tag == "timestamp" && !otherDate(v.Value) ||
		schema.LooksLikeTime.MatchString(v.Value) && !otherDate(v.Value)) || v.Kind == syntax.ScalarNode &&
		len(v.Value) > 1 && v.Value[:2] == "= " {
		if p.zoneless(v) {
			return
		}
		if val := p.value(v, schema.Datetime.AsOptional(), "until", sc); val != nil {
			step.Wait = &playbooks.Wait{Until: val}
		}
		return
	}
	if v.Kind == syntax.MappingNode {
		p.waitDay(v, step)
		return
	}
	if v.Kind != syntax.ScalarNode || !schema.ClockTime.MatchString(v.Value) {
		r := p.Error("bad-value", v.Pos(), "until must be a time of the day or a datetime").
			Label("as in \"18:00\", {weekday: sat, at: \"10:00\"}, 2026-11-11T00:00:00+08:00 or \"= trigger.starts_at\"")
		p.ClockHint(r, v)
		p.dayHint(r, v)
		if hint := schema.SuggestDuration(v.Value); v.Kind == syntax.ScalarNode &&
			(hint.Write != "" || validDuration(v.Value)) {
			r.Label("a duration is waited for without `until`: wait: " + cmp.Or(hint.Write, v.Value))
		}
		return
	}
	if minutes, ok := p.Clock(v, "until"); ok {
		step.Wait = &playbooks.Wait{Clock: &minutes}
	}
}

// otherDate reports whether a date is written otherwise than 2026-03-02, or with an offset without
// its colon.
func otherDate(s string) bool {
	return schema.DateAsWritten.MatchString(s) && (!schema.LooksLikeTime.MatchString(s) || wholeOffset.MatchString(s))
}

var wholeOffset = regexp.MustCompile(`[+-]\d{4}$`)

// dayHint says how an instant is written that stands as a date of another form, and what is written
// for a day in words.
func (p *reader) dayHint(r diag.Report, v *syntax.Node) {
	word := strings.ToLower(strings.TrimSpace(v.Value))
	date, clock := schema.IsoDateTime(strings.TrimSpace(diag.HalfWidth(v.Value)))
	switch {
	case v.Kind != syntax.ScalarNode:
	case date != "":
		at, err := time.ParseInLocation("2006-01-02 15:04", date+" "+clock, p.zoneOfWorkspace())
		if offset := wholeOffset.FindString(v.Value); offset != "" && clock != "" && strings.Contains(v.Value, ":") {
			at, err = time.Parse("2006-01-02 15:04-0700", date+" "+clock+offset)
		}
		if err == nil {
			r.Label("write `"+at.Format(time.RFC3339)+"`").Edit(v.Pos(), at.Format(time.RFC3339)).UnsureUnless(false)
		}
	case word == "明天" || word == "tomorrow" || word == "后天":
		r.Label("a day is waited for by `wait: 1d`; `until: \"10:00\"` is the next ten o'clock")
	case word == "每天" || word == "daily":
		r.Label("what comes every day is a trigger's schedule, as in \"0 10 * * *\"")
	case schema.SuggestWeekday(word) != "":
		meant := "{weekday: " + schema.SuggestWeekday(word) + "}"
		r.Label("write `"+meant+"`, or with the time beside it: `at: \"10:00\"`").Edit(v.Pos(), meant).UnsureUnless(false)
	case foreign.IsWeekdayName(word):
		r.Label("a day of the week is waited for as {weekday: sat, at: \"10:00\"}")
	}
}

var dateAlone = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?)?$`)

// zoneless reports a date, or a time without its offset from UTC, where an instant is needed.
func (p *reader) zoneless(v *syntax.Node) bool {
	m := dateAlone.FindStringSubmatch(v.Value)
	if m == nil {
		return false
	}
	day, err := time.ParseInLocation(time.DateTime, m[1]+" "+cmp.Or(m[2], "00:00")+cmp.Or(m[3], ":00"),
		p.zoneOfWorkspace())
	if err != nil {
		return false
	}
	p.Error("bad-value", v.Pos(), "this instant needs its time and its offset from UTC").
		Label("write `"+day.Format(time.RFC3339)+"`").Edit(v.Pos(), day.Format(time.RFC3339)).UnsureUnless(false)
	return true
}

func (p *reader) zoneOfWorkspace() *time.Location {
	if p.Schema.Timezone != nil {
		return p.Schema.Timezone
	}
	return time.UTC
}

func validDuration(s string) bool {
	_, err := schema.ParseDuration(s)
	return err == nil
}

// waitEvent reads a wait for an event.
func (p *reader) waitEvent(v *syntax.Node, step *playbooks.Step, sc *scope.Scope) (*schema.Type, bool) {
	p.Mapping(v, "a wait for an event", "event", "if", "timeout")
	m := p.eventMatch(v, "a wait for an event", sc)
	w := &playbooks.Wait{Event: &m}
	switch timeout := v.Get("timeout"); {
	case timeout != nil:
		w.Timeout, _ = p.Duration(timeout, "timeout")
	case !v.Broken && len(v.Intended) == 0:
		p.Error("wait-timeout", step.Pos, "a wait for an event needs a `timeout`").
			Label("add `timeout: 2d`: the event may never come")
	}
	step.Wait = w
	rec := p.Schema.EventRecord(m.Name)
	if rec == nil {
		return nil, false
	}
	return schema.ObjectOf(schema.Field{Name: shapes.ResultTimedOut, Type: schema.Bool},
		schema.Field{Name: shapes.ResultEvent, Type: rec.AsOptional(), When: "!" + shapes.ResultTimedOut}), true
}
