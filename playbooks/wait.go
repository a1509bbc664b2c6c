package playbooks

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// wait reads one of the forms of a wait. It gives the type of what the wait leaves, and whether that is known.
func (p *playbookReader) wait(v *node, step *Step, sc *Scope) (*Type, bool) {
	if v.kind != mappingNode || v.broken {
		p.waitFor(v, step)
		return ObjectOf(), true
	}
	until, event := v.get("until"), v.get("event")
	switch {
	case until != nil && event != nil:
		a, b := v.key("until"), v.key("event")
		if b.start < a.start {
			a, b = b, a
		}
		p.error("exclusive-keys", b.pos(), "a wait is for one thing").label("put this into a wait of its own").related("first here", a.pos())
		return nil, false
	case until != nil:
		if p.mapping(v, "`wait` with `until`", "until") {
			p.waitUntil(until, step, sc)
		}
		return ObjectOf(), true
	case event != nil:
		return p.waitEvent(v, step, sc)
	}
	if p.mapping(v, "`wait`", "until", "event", "if", "timeout") && len(v.meant) == 0 {
		p.error("missing-key", step.Pos, "this wait does not say for what").label("as in 4h, {until: \"18:00\"} or {event: …, timeout: 2d}")
	}
	return nil, false
}

// waitFor reads a duration.
func (p *playbookReader) waitFor(v *node, step *Step) {
	if v.kind == scalarNode && !v.broken && clockTime.MatchString(v.value) {
		p.error("bad-duration", v.pos(), fmt.Sprintf("`%s` is a time of the day, not a duration", v.value)).
			label(fmt.Sprintf("write {until: %q}", v.value)).edit(v.pos(), fmt.Sprintf("{until: %q}", v.value))
		return
	}
	if d, ok := p.duration(v, "wait"); ok {
		step.Wait = &Wait{For: d}
	}
}

// waitUntil reads a time of the day, an instant, or an expression of one.
func (p *playbookReader) waitUntil(v *node, step *Step, sc *Scope) {
	if v.broken {
		return
	}
	if v.kind == scalarNode && (v.tag == "timestamp" && !otherDate(v.value) || looksLikeTime.MatchString(v.value) && !otherDate(v.value)) || v.kind == scalarNode && len(v.value) > 1 && v.value[:2] == "= " {
		if p.zoneless(v) {
			return
		}
		if val := p.value(v, Datetime.AsOptional(), "until", sc); val != nil {
			step.Wait = &Wait{Until: val}
		}
		return
	}
	if v.kind != scalarNode || !clockTime.MatchString(v.value) {
		r := p.error("bad-value", v.pos(), "until must be a time of the day or a datetime").
			label("as in \"18:00\", 2026-11-11T00:00:00+08:00 or \"= trigger.starts_at\"")
		p.clockHint(r, v)
		p.dayHint(r, v)
		if hint := durationMeant(v.value); v.kind == scalarNode && (hint.write != "" || validDuration(v.value)) {
			r.label("a duration is waited for without `until`: wait: " + cmp.Or(hint.write, v.value))
		}
		return
	}
	if minutes, ok := p.clock(v, "until"); ok {
		step.Wait = &Wait{Clock: &minutes}
	}
}

// otherDate reports whether a date is written otherwise than 2026-03-02, or with an offset without its colon.
func otherDate(s string) bool {
	return looseDate.MatchString(s) && (!looksLikeTime.MatchString(s) || wholeOffset.MatchString(s))
}

var wholeOffset = regexp.MustCompile(`[+-]\d{4}$`)

// dayHint says how an instant is written that stands as a date of another form, and what is written for a day in words.
func (p *playbookReader) dayHint(r report, v *node) {
	word := strings.ToLower(strings.TrimSpace(v.value))
	date, clock := isoDateTime(strings.TrimSpace(narrowed(v.value)))
	switch {
	case v.kind != scalarNode:
	case date != "":
		at, err := time.ParseInLocation("2006-01-02 15:04", date+" "+clock, p.zoneOfWorkspace())
		if offset := wholeOffset.FindString(v.value); offset != "" && clock != "" && strings.Contains(v.value, ":") {
			at, err = time.Parse("2006-01-02 15:04-0700", date+" "+clock+offset)
		}
		if err == nil {
			r.label("write `"+at.Format(time.RFC3339)+"`").edit(v.pos(), at.Format(time.RFC3339)).doubt(false)
		}
	case word == "明天" || word == "tomorrow" || word == "后天":
		r.label("a day is waited for by `wait: 1d`; `until: \"10:00\"` is the next ten o'clock")
	case word == "每天" || word == "daily":
		r.label("what comes every day is a trigger's schedule, as in \"0 10 * * *\"")
	case isWeekdayWord(word):
		r.label("no day of the week is waited for: a trigger's schedule knows it, as in \"0 10 * * 1\"")
	}
}

var dateAlone = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?)?$`)

// zoneless reports a date, or a time without its offset from UTC, where an instant is needed.
func (p *playbookReader) zoneless(v *node) bool {
	m := dateAlone.FindStringSubmatch(v.value)
	if m == nil {
		return false
	}
	day, err := time.ParseInLocation(time.DateTime, m[1]+" "+cmp.Or(m[2], "00:00")+cmp.Or(m[3], ":00"), p.zoneOfWorkspace())
	if err != nil {
		return false
	}
	p.error("bad-value", v.pos(), "this instant needs its time and its offset from UTC").
		label("write `"+day.Format(time.RFC3339)+"`").edit(v.pos(), day.Format(time.RFC3339)).doubt(false)
	return true
}

func (p *playbookReader) zoneOfWorkspace() *time.Location {
	if p.schema.Timezone != nil {
		return p.schema.Timezone
	}
	return time.UTC
}

func validDuration(s string) bool {
	_, err := ParseDuration(s)
	return err == nil
}

// waitEvent reads a wait for an event.
func (p *playbookReader) waitEvent(v *node, step *Step, sc *Scope) (*Type, bool) {
	p.mapping(v, "a wait for an event", "event", "if", "timeout")
	m := p.eventMatch(v, "a wait for an event", sc)
	w := &Wait{Event: &m}
	switch timeout := v.get("timeout"); {
	case timeout != nil:
		w.Timeout, _ = p.duration(timeout, "timeout")
	case !v.broken && len(v.meant) == 0:
		p.error("wait-timeout", step.Pos, "a wait for an event needs a `timeout`").label("add `timeout: 2d`: the event may never come")
	}
	step.Wait = w
	rec := p.schema.EventRecord(m.Name)
	if rec == nil {
		return nil, false
	}
	return ObjectOf(Field{Name: resultTimedOut, Type: Bool}, Field{Name: resultEvent, Type: rec.AsOptional(), When: "!" + resultTimedOut}), true
}
