package playbook

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression"
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
	var first *syntax.Node
	for _, e := range v.Entries {
		if !slices.Contains([]string{"until", "event", "any", "segment_enter", "segment_exit"}, e.Key.Value) {
			continue
		}
		if first != nil {
			r := p.Error("exclusive-keys", e.Key.Pos(), "a wait is for one thing").Related("first here", first.Pos())
			if first.Value == "until" || e.Key.Value == "until" {
				r.Label("put this into a wait of its own")
			} else {
				r.Label("put both into the list of `any`")
			}
			return nil, false
		}
		first = e.Key
	}
	switch {
	case first == nil && v.Get("if") != nil:
		return p.waitCondition(v, step, sc)
	case first == nil:
	case first.Value == "until":
		if t, ok := p.untilHolds(v, step, sc); ok {
			return t, true
		}
		if p.dayBeside(v) {
			return schema.ObjectOf(), true
		}
		keys := []string{"until"}
		if until := v.Get("until"); !p.isTime(until, sc) { // who writes a timeout means a condition, and is told what it lacks
			keys = append(keys, "timeout")
		}
		if p.Mapping(v, "`wait` with `until`", keys...) {
			p.waitUntil(v.Get("until"), step, sc)
		}
		return schema.ObjectOf(), true
	case first.Value == "event":
		return p.waitEvent(v, step, sc)
	case first.Value == "segment_enter" || first.Value == "segment_exit":
		return p.waitCondition(v, step, sc)
	default:
		return p.waitAny(v, step, sc)
	}
	if p.dayBeside(v) {
		return nil, false
	}
	if p.Mapping(v, "`wait`", "until", "event", "segment_enter", "segment_exit", "if", "any", "count", "since", "timeout") && len(v.Intended) == 0 {
		p.Error("missing-key", step.Pos, "this wait does not say for what").
			Label("as in 4h, {until: \"18:00\"} or {event: …, timeout: 2d}")
	}
	return nil, false
}

// dayBeside reports a day that stands beside `until` instead of under it.
func (p *reader) dayBeside(v *syntax.Node) bool {
	for _, key := range []string{"weekday", "day", "on"} {
		n := v.Get(key)
		if n == nil {
			continue
		}
		label := `as in until: {weekday: sat, at: "10:00"}`
		day := "weekday: " + schema.SuggestWeekday(strings.ToLower(n.Value))
		if key == "day" {
			day = "day: " + n.Value
		}
		if n.Kind == syntax.ScalarNode && !strings.HasSuffix(day, ": ") {
			label = "write until: {" + day + "}"
			if clock := v.Get("until"); clock != nil && schema.ClockTime.MatchString(clock.Value) {
				label = fmt.Sprintf("write until: {%s, at: %q}", day, clock.Value)
			}
		}
		p.Error("unknown-key", v.Key(key).Pos(), fmt.Sprintf("`%s` stands under `until`", key)).Label(label)
		return true
	}
	return false
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
		if t := typeOf(v, 0, sc); v.Tag == "str" && t != nil && (t.Kind == schema.KindBool || isTimeType(t)) {
			r.Label("write `= "+v.Value+"`").Edit(v.Pos(), valueText(v, "= "+v.Value))
		}
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

// isTime reports whether an `until` is a time, whatever may be wrong with it: not what might be meant as a condition.
func (p *reader) isTime(v *syntax.Node, sc *scope.Scope) bool {
	switch {
	case v.Kind != syntax.ScalarNode || v.Tag == "timestamp" || schema.LooksLikeTime.MatchString(v.Value):
		return true
	case isExpression(v):
		return p.SchemaUnreadable || p.dependsOnUnknown(v.Value) || isTimeType(typeOf(v, 2, sc))
	default:
		return schema.ClockTime.MatchString(v.Value)
	}
}

func isTimeType(t *schema.Type) bool {
	return t != nil && (t.Kind == schema.KindDatetime || t.Kind == schema.KindDate)
}

// typeOf returns the type of an expression, without its first skip characters; nil when it cannot be read as one.
func typeOf(v *syntax.Node, skip int, sc *scope.Scope) *schema.Type {
	if v.Kind != syntax.ScalarNode || v.Broken {
		return nil
	}
	tree := expression.Read(v.Source(skip), sc)
	if tree == nil {
		return nil
	}
	return tree.Type()
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

// waitEvent reads a wait for an event, or for so many of them.
func (p *reader) waitEvent(v *syntax.Node, step *playbooks.Step, sc *scope.Scope) (*schema.Type, bool) {
	p.Mapping(v, "a wait for an event", "event", "if", "count", "since", "timeout")
	m := p.eventMatch(v, "a wait for an event", sc)
	w := &playbooks.Wait{Matches: []playbooks.Match{{Condition: m}}}
	p.timeout(v, "a wait for an event", w, step)
	if n := v.Get("count"); n != nil {
		w.Count, _ = p.Integer(n, "count", 1, maxCount)
	}
	if since, ok := p.Enum(v.Get("since"), "since", shapes.SinceTrigger); ok && since != "" {
		w.Since, w.Count = true, max(w.Count, 1)
	}
	step.Wait = w
	rec := p.Schema.EventRecord(m.Name)
	if rec == nil {
		return nil, false
	}
	rec = rec.KnownBy("event.", m.If.Holds())
	out := schema.ObjectOf(schema.Field{Name: shapes.ResultTimedOut, Type: schema.Bool},
		schema.Field{Name: shapes.ResultEvent, Type: rec.AsOptional(), When: "!" + shapes.ResultTimedOut})
	if w.Count > 0 {
		out.Fields = append(out.Fields, schema.Field{Name: shapes.ResultCount, Type: schema.Int})
	}
	return out, true
}

// maxCount is how many events a wait counts at most.
const maxCount = 10_000

// timeout reads how long a wait is at most.
func (p *reader) timeout(v *syntax.Node, what string, w *playbooks.Wait, step *playbooks.Step) {
	switch timeout := v.Get("timeout"); {
	case timeout != nil:
		w.Timeout, _ = p.Duration(timeout, "timeout")
	case !v.Broken && len(v.Intended) == 0:
		label := "add `timeout: 2d`: the event may never come"
		if v.Get("event") == nil && v.Get("any") == nil {
			label = "add `timeout: 2d`: it may never come about"
		}
		p.Error("wait-timeout", step.Pos, what+" needs a `timeout`").Label(label)
	}
}

// waitAny reads a wait for any of several events.
func (p *reader) waitAny(v *syntax.Node, step *playbooks.Step, sc *scope.Scope) (*schema.Type, bool) {
	const what = "a wait for any of several"
	p.Mapping(v, what, "any", "timeout")
	w := &playbooks.Wait{}
	p.timeout(v, what, w, step)
	step.Wait = w
	list := v.Get("any")
	switch {
	case list.Broken:
		return nil, false
	case list.Kind != syntax.SequenceNode:
		p.WrongType(list, "any must be a list of events").
			Label("as in [{id: paid, event: order.paid}, {id: left, event: member.left}]")
		return nil, false
	case len(list.Items) == 0:
		p.Error("bad-value", list.Pos(), "`any` needs at least one event")
		return nil, false
	}
	name := "ID"
	if step.ID != "" {
		name = step.ID
	}
	ids := map[string]*syntax.Node{}
	var all, events []schema.Alternative
	known := true
	for _, item := range list.Items {
		if !p.Mapping(item, "an event of `any`", slices.Concat([]string{"id"}, shapes.ConditionKeys)...) {
			known = false
			continue
		}
		m := playbooks.Match{Via: p.via(item, "an event of `any`", "actions."+name+".via", ids)}
		m.Condition = p.condition(item, "an event of `any`", sc)
		w.Matches = append(w.Matches, m)
		one := schema.Alternative{Name: m.Via}
		if !m.Watched() {
			rec := p.Schema.EventRecord(m.Name)
			if known = known && rec != nil; known {
				one.Type = rec.KnownBy("event.", m.If.Holds())
				events = append(events, one)
			}
		}
		known = known && m.Via != "" && (m.Name != "" || m.If != nil)
		all = append(all, one)
	}
	if !known {
		return nil, false
	}
	return anyResult(all, events), true
}

// anyResult returns the type of what a wait for any of several leaves, of which some are events.
func anyResult(all, events []schema.Alternative) *schema.Type {
	t := schema.ObjectOf(schema.Field{Name: shapes.ResultTimedOut, Type: schema.Bool},
		schema.Field{
			Name: shapes.ResultVia, Type: schema.NameOf(all).AsOptional(), When: "!" + shapes.ResultTimedOut,
		})
	if len(events) == 0 {
		return t
	}
	event := schema.Field{
		Name: shapes.ResultEvent, Type: schema.Alternatives(events).AsOptional(), Via: schema.NameOf(events).Enum,
	}
	if len(events) == len(all) {
		event.When = "!" + shapes.ResultTimedOut
	}
	t.Fields = append(t.Fields, event)
	return t
}
