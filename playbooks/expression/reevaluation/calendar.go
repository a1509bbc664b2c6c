package reevaluation

import (
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/expression/arithmetic"
	"github.com/usher-run/usher/playbooks/expression/nodes"
)

// calendar knows the functions that look at dates and at the clock on the wall. marks are the counts
// that the call is compared with; nil: each matters. It reports whether it has walked the call.
func (w *walker) calendar(tree *expression.Tree, n *ast.CallNode, marks []int) bool {
	m := Moment{Unit: midnights}
	switch name := nodes.Callee(n); name {
	case "hour":
		m = Moment{Unit: hours, marks: marks}
	case "minute":
		m = Moment{Unit: minutes, marks: marks}
		if marks == nil {
			m = Moment{Unit: AnyTime} // each minute is not looked at
		}
	case "is_today":
		if from := w.timeless(tree, n.Arguments[0]); from != nil {
			w.add(Moment{Unit: dates, from: from, marks: []int{0, 1}})
			return true
		}
		w.add(m)
	case "days_between", "years_between":
		if marks != nil && w.counted(tree, n, marks) {
			return true
		}
	}
	for _, a := range n.Arguments {
		if isNow(a) {
			w.add(m)
		} else {
			w.walk(tree, a)
		}
	}
	return true
}

// counted knows days_between(t, now()) > 3 and years_between(t, now()) >= 18, where t does not itself
// depend on time, and the days the other way round.
func (w *walker) counted(tree *expression.Tree, n *ast.CallNode, marks []int) bool {
	from, sign := n.Arguments[0], 1
	unit := dates
	switch years := nodes.Callee(n) == "years_between"; {
	case years && (!isNow(n.Arguments[1]) || marks[0] < 1):
		return false
	case years:
		unit = yearsOf
	case isNow(from):
		from, sign = n.Arguments[1], -1
	case !isNow(n.Arguments[1]):
		return false
	}
	x := w.timeless(tree, from)
	if x == nil {
		return false
	}
	m := Moment{Unit: unit, from: x}
	for _, mark := range marks {
		if sign < 0 { // the count falls by one a day: it is below n after n days before t
			mark = 1 - mark
		}
		m.marks = append(m.marks, mark)
	}
	w.add(m)
	return true
}

// isNow reports whether a part is the present instant or day.
func isNow(n ast.Node) bool {
	call, ok := n.(*ast.CallNode)
	return ok && (nodes.Callee(call) == "now" || nodes.Callee(call) == "today")
}

// steady returns until when the clocks on the wall go on as they do now; zero when for ever. What is
// counted on them is looked at anew then.
func steady(now time.Time) []time.Time {
	if _, end := now.ZoneBounds(); !end.IsZero() {
		return []time.Time{end}
	}
	return nil
}

// shows returns when the clock shows a date and a time of the day, given as if in UTC, as long as the
// clocks go on as they do now.
func shows(shown, now time.Time) time.Time {
	_, offset := now.Zone()
	return shown.Add(-time.Duration(offset) * time.Second).In(now.Location())
}

// clockTimes returns when the local date, hour or minute turns next.
func (m *Moment) clockTimes(now time.Time) []time.Time {
	out := steady(now)
	y, mo, d := now.Date()
	at := func(day, hour, minute int) {
		out = append(out, shows(time.Date(y, mo, d+day, hour, minute, 0, 0, time.UTC), now))
	}
	switch {
	case m.Unit == midnights:
		at(1, 0, 0)
	case m.Unit == minutes:
		at(0, now.Hour()+1, 0)
		for _, mark := range m.marks {
			at(0, now.Hour(), mark%60)
			at(0, now.Hour()+1, mark%60)
		}
	case m.marks == nil:
		at(0, now.Hour()+1, 0)
	default:
		at(1, 0, 0)
		for _, mark := range m.marks {
			at(0, mark%24, 0)
			at(1, mark%24, 0)
		}
	}
	return out
}

// mostDays is more than the days that two times lie apart.
const mostDays = 10_000 * 366

// dates returns when the local date is so many days or years after that of a time.
func (m *Moment) dates(t, now time.Time) []time.Time {
	out := steady(now)
	y, mo, d := t.Date()
	for _, mark := range m.marks {
		if mark > mostDays || mark < -mostDays {
			continue
		}
		at := time.Date(y, mo, d+mark, 0, 0, 0, 0, time.UTC)
		if m.Unit == yearsOf {
			at = arithmetic.Anniversary(t, mark)
		}
		out = append(out, shows(at, now))
	}
	return out
}
