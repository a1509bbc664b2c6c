package playbook

import (
	"fmt"
	"regexp"
	"strconv"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// waitDay reads a day of the week or of the month, with its time.
func (p *reader) waitDay(v *syntax.Node, step *playbooks.Step) {
	if !p.Mapping(v, "a day of `until`", "weekday", "day", "at") {
		return
	}
	weekday, day := v.Get("weekday"), v.Get("day")
	c := &schema.DayTime{}
	ok := false
	switch {
	case weekday != nil && day != nil:
		a, b := v.Key("weekday"), v.Key("day")
		if b.Start < a.Start {
			a, b = b, a
		}
		p.Error("exclusive-keys", b.Pos(), "a day is one of the week or one of the month").Label("leave one of them out").
			Related("first here", a.Pos())
	case weekday != nil:
		c.Weekday, ok = p.weekday(weekday)
	case day != nil:
		c.Day, ok = p.dayOfMonth(day)
	case len(v.Intended) == 0:
		p.Error("missing-key", v.Pos(), "this `until` does not say which day").
			Label("add `weekday: sat`, `day: 1` or `day: last`; a time of every day is written alone: until: \"18:00\"")
	}
	if at := v.Get("at"); at != nil {
		minutes, fine := p.Clock(at, "at")
		c.At, ok = minutes, ok && fine
	}
	if ok {
		step.Wait = &playbooks.Wait{Day: c}
	}
}

// weekday reads a day of the week.
func (p *reader) weekday(v *syntax.Node) (int, bool) {
	if v.Broken {
		return 0, false
	}
	day := schema.WeekdayOf(v.Value)
	if v.Kind == syntax.ScalarNode && day > 0 {
		return day, true
	}
	if v.Kind != syntax.ScalarNode || v.IsNull() {
		r := p.WrongType(v, "weekday must be one of "+diag.OneOf(schema.Weekdays))
		if v.Kind == syntax.SequenceNode {
			r.Label("of several days, ask weekday(now()) in an `if` and wait for one")
		}
		return 0, false
	}
	if meant := schema.SuggestWeekday(diag.HalfWidth(v.Value)); meant != "" {
		p.Error("bad-value", v.Pos(), fmt.Sprintf("weekday cannot be `%s`", v.Value)).Label("write `"+meant+"`").
			Edit(v.Pos(), meant).UnsureUnless(v.Tag != "int") // which day a number is, not all count alike
		return 0, false
	}
	p.Enum(v, "weekday", schema.Weekdays...)
	return 0, false
}

// lastDays are other words for the last day of a month.
var lastDays = regexp.MustCompile(`(?i)^(?:-1|l|end|the last|last day|最后一天|月末|月底)$`)

// dayOfMonth reads a day of the month: a number, or the last.
func (p *reader) dayOfMonth(v *syntax.Node) (int, bool) {
	if v.Broken {
		return 0, false
	}
	if v.Kind == syntax.ScalarNode && v.Value == schema.LastDay {
		return 31, true
	}
	n, err := strconv.Atoi(v.Value)
	if v.Kind == syntax.ScalarNode && v.Tag == "int" && err == nil && n >= 1 && n <= 31 {
		return n, true
	}
	if v.Kind != syntax.ScalarNode || v.IsNull() {
		p.WrongType(v, "day must be a day of the month").Label("as in 1, 15 or last")
		return 0, false
	}
	r := p.Error("bad-value", v.Pos(), fmt.Sprintf("there is no day `%s` in a month", v.Value)).Label("write 1 to 31, or last")
	switch meant := schema.SuggestWeekday(v.Value); {
	case lastDays.MatchString(v.Value):
		r.Label("write `last`").Edit(v.Pos(), schema.LastDay)
	case v.Tag != "int" && err == nil && n >= 1 && n <= 31:
		r.Label(fmt.Sprintf("write %d without quotes", n)).Edit(v.Pos(), strconv.Itoa(n))
	case meant != "" && err != nil:
		r.Label("a day of the week is `weekday: " + meant + "`")
	case diag.Closest(v.Value, []string{schema.LastDay}) != "":
		r.Label("did you mean `last`?").Edit(v.Pos(), schema.LastDay)
	}
	return 0, false
}
