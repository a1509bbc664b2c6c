package reevaluation

import (
	"slices"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/expression/arithmetic"
	"github.com/usher-run/usher/playbooks/expression/nodes"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
)

// Reevaluation tells when an expression about a member may change by the passing of time alone: its
// answer can only change when the member does, or at one of these instants. It is safe for
// concurrent use.
type Reevaluation struct {
	Moments []Moment
}

// Moment is a place of the expression where time comes in.
type Moment struct {
	Unit momentUnit
	slot expression.Slot  // of a window
	from *expression.Expr // the time that is counted from or compared with; nil where there is none
	// of now() that a time or a duration is taken from or added to: what the result is compared with, and whether it is
	// reached earlier by the duration, not later
	other   *expression.Expr
	earlier bool
	// of points_expiring
	within schema.Duration
	marks  []int // the counts that it is compared with; none: each count matters
}

type momentUnit uint8

// The units of a moment.
const (
	AnyTime    momentUnit = iota // now() in some other way: nothing can be said
	midnights                    // today()
	windowEnds                   // the oldest event leaves the window
	periodEnds                   // the period of a window is over
	dayCount                     // days_since
	hourCount                    // hours_since
	reached                      // now() compared with a time
	elapsed                      // now() - t compared with a duration, and the like
	hours                        // hour(now())
	minutes                      // minute(now()), compared with the marks
	dates                        // days_between(t, now()), is_today(t)
	yearsOf                      // years_between(t, now())
	couponsGo                    // member.coupons shows one no more
	pointsGo                     // points_expiring
)

// maxInlined is how deep segments and computed attributes may be made of each other.
const maxInlined = 64

// reevaluateEvery is how long nothing is known about: an expression that uses time in a way that
// cannot be derived is looked at so often.
const reevaluateEvery = time.Hour

// Of derives when the answer of an expression about a member may change by the passing
// of time.
func Of(src diag.Source, schema scope.Declarations) *Reevaluation {
	return In(src, &scope.Scope{Schema: schema})
}

// In derives it of an expression that may name more than the member: what else it names does not change by the passing
// of time.
func In(src diag.Source, sc *scope.Scope) *Reevaluation {
	w := walker{schema: sc.Schema, out: &Reevaluation{}}
	w.read(src, sc)
	return w.out
}

// Next returns the first instant after now at which the expression may have another value, to the
// millisecond; zero when only the member can change it. oldest gives the time of the oldest event
// that a slot holds.
func (t *Reevaluation) Next(e *expression.Env, oldest func(expression.Slot) (time.Time, bool)) time.Time {
	var next time.Time
	now := e.Now()
	for i := range t.Moments {
		for _, at := range t.Moments[i].candidates(e, oldest) {
			if up := at.Truncate(time.Millisecond); up.Before(at) {
				at = up.Add(time.Millisecond)
			}
			if at.After(now) && (next.IsZero() || at.Before(next)) {
				next = at
			}
		}
	}
	return next
}

const instantAfter = time.Millisecond // instants are whole milliseconds

// candidates returns instants at which the moment may matter; those that are past do not count.
func (m *Moment) candidates(e *expression.Env, oldest func(expression.Slot) (time.Time, bool)) []time.Time {
	now := e.Now()
	switch m.Unit {
	case midnights, hours, minutes:
		return m.clockTimes(now)
	case periodEnds:
		return append(steady(now), m.slot.Window.Ends(now))
	case windowEnds:
		return m.leaves(now, oldest)
	case couponsGo:
		return e.CouponTimes()
	case pointsGo:
		return e.PointTimes(m.within)
	case AnyTime:
		return []time.Time{now.Add(reevaluateEvery)}
	}
	v, err := m.from.Eval(e)
	if err == nil && m.Unit == elapsed {
		v, err = m.due(e, v)
	}
	if err != nil {
		return []time.Time{now.Add(reevaluateEvery)}
	}
	t, ok := v.(time.Time)
	if !ok {
		return nil // missing: only the member can change that
	}
	t = t.In(now.Location())
	switch m.Unit {
	case reached, elapsed:
		return []time.Time{t, t.Add(instantAfter)}
	case dates, yearsOf:
		return m.dates(t, now)
	}
	count := func(n int) time.Time { return t.Add(time.Duration(n) * time.Hour) }
	passed := arithmetic.HoursBetween(t, now)
	if m.Unit == dayCount {
		count = func(n int) time.Time { return schema.AddDays(t, n) }
		passed = arithmetic.LocalDays(t, now)
	}
	marks := m.marks
	if marks == nil {
		marks = []int{passed, passed + 1}
	}
	var out []time.Time
	for _, n := range marks {
		if n > schema.MaxDays*24 || n < -schema.MaxDays*24 {
			continue
		}
		for _, at := range []time.Time{count(n - 1), count(n), count(n + 1)} {
			out = append(out, at, at.Add(instantAfter))
		}
	}
	if m.Unit == dayCount {
		out = arithmetic.SetBack(out, now)
	}
	return out
}

// due returns when as much time has passed, or is left, as is compared with: of a time and a duration, whichever is
// which; nil where one of them is missing.
func (m *Moment) due(e *expression.Env, from any) (any, error) {
	other, err := m.other.Eval(e)
	if err != nil {
		return nil, err
	}
	if t, ok := other.(time.Time); ok {
		from, other = t, from
	}
	t, isTime := from.(time.Time)
	by, isDuration := other.(time.Duration)
	if !isTime || !isDuration {
		return nil, nil //nolint:nilnil // missing
	}
	if m.earlier {
		by = -by
	}
	return t.Add(by), nil
}

// leaves returns when the oldest event leaves the window.
func (m *Moment) leaves(now time.Time, oldest func(expression.Slot) (time.Time, bool)) []time.Time {
	back := m.slot.Window.Back
	t, ok := oldest(m.slot)
	switch {
	case !ok && back.Days > 0:
		return arithmetic.SetBack(nil, now) // what has left may come back for an hour
	case !ok:
		return nil
	}
	// Both ends are in the window: it leaves right after. At a time that the clocks skip, which lies behind
	// the gap, it has left already.
	t = t.In(now.Location())
	at := back.After(t)
	out := append(make([]time.Time, 0, 2), at.Add(instantAfter))
	if !sameClock(t, at) && back.Before(at).After(t) {
		out = append(out, at)
	}
	if back.Days > 0 {
		out = arithmetic.SetBack(out, now)
	}
	return out
}

// sameClock reports whether the clock shows the same at two instants: for sure, by whole days.
func sameClock(a, b time.Time) bool {
	_, before := a.Zone()
	_, after := b.Zone()
	return before == after && b.Sub(a)%(24*time.Hour) == 0
}

// reevaluationWalker finds the moments of an expression.
type walker struct {
	schema scope.Declarations
	out    *Reevaluation
	depth  int // of expressions put in place of their names
}

// inline walks another expression of the workspace. It was checked where it stands.
func (w *walker) inline(src diag.Source) { w.read(src, &scope.Scope{Schema: w.schema}) }

// read walks an expression in its scope.
func (w *walker) read(src diag.Source, sc *scope.Scope) {
	tree := expression.Read(src, sc)
	if tree == nil || w.depth > maxInlined {
		return
	}
	w.depth++
	w.walk(tree, tree.Node)
	w.depth--
}

func (w *walker) add(m Moment) { w.out.Moments = append(w.out.Moments, m) }

// addWindow adds when what a window holds may change, once.
func (w *walker) addWindow(slot expression.Slot) {
	unit := windowEnds
	if slot.Window.Period != schema.NoPeriod {
		unit = periodEnds
	}
	same := func(m Moment) bool { return m.Unit == unit && m.slot == slot }
	if !slices.ContainsFunc(w.out.Moments, same) {
		w.add(Moment{Unit: unit, slot: slot})
	}
}

func (w *walker) walk(tree *expression.Tree, n ast.Node) {
	switch n := n.(type) {
	case *ast.BinaryNode:
		if slices.Contains(comparisons, n.Operator) &&
			(w.compared(tree, n.Left, n.Right) || w.compared(tree, n.Right, n.Left)) {
			return
		}
	case *ast.CallNode:
		w.call(tree, n)
		return
	case *ast.MemberNode:
		if src := w.computedAt(n); src != nil {
			w.inline(*src)
			return
		}
		if _, declared := w.schema.AttributeType(scope.MemberCoupons); !declared && w.schema.Subject() == scope.Member &&
			w.fieldOf(n) == scope.MemberCoupons {
			w.add(Moment{Unit: couponsGo})
		}
	}
	for _, child := range nodes.Children(n) {
		w.walk(tree, child)
	}
}

var comparisons = []string{"==", "!=", "<", "<=", ">", ">="}

// compared knows `days_since(t) > 3`, `now() > t` and `now() - t > duration("2h")`, where t does not itself depend on time.
func (w *walker) compared(tree *expression.Tree, clock, other ast.Node) bool {
	if sum, ok := clock.(*ast.BinaryNode); ok && (sum.Operator == "-" || sum.Operator == "+") {
		return w.shifted(tree, sum, other)
	}
	call, ok := clock.(*ast.CallNode)
	if !ok {
		return false
	}
	switch name := nodes.Callee(call); name {
	case "now":
		from := w.timeless(tree, other)
		if from == nil {
			return false
		}
		w.add(Moment{Unit: reached, from: from})
		return true
	case "days_since", "hours_since":
		n, constant := nodes.ConstantInt(other)
		if !constant || len(call.Arguments) != 1 {
			return false
		}
		from := w.timeless(tree, call.Arguments[0])
		if from == nil {
			return false
		}
		w.add(Moment{Unit: unitOf(name), from: from, marks: []int{n, n + 1}})
		return true
	case "hour", "minute", "days_between", "years_between":
		n, constant := nodes.ConstantInt(other)
		return constant && w.calendar(tree, call, []int{n, n + 1})
	}
	return false
}

// shifted knows now() that a time or a duration is taken from or added to.
func (w *walker) shifted(tree *expression.Tree, sum *ast.BinaryNode, other ast.Node) bool {
	m, part := Moment{Unit: elapsed, earlier: sum.Operator == "+"}, sum.Right
	isNow := func(n ast.Node) bool {
		call, ok := n.(*ast.CallNode)
		return ok && nodes.Callee(call) == "now"
	}
	if !isNow(sum.Left) {
		if !isNow(sum.Right) {
			return false
		}
		m.earlier, part = true, sum.Left
	}
	if m.from = w.timeless(tree, part); m.from == nil {
		return false
	}
	if m.other = w.timeless(tree, other); m.other == nil {
		return false
	}
	w.add(m)
	return true
}

func unitOf(function string) momentUnit {
	if function == "days_since" {
		return dayCount
	}
	return hourCount
}

func (w *walker) call(tree *expression.Tree, n *ast.CallNode) {
	switch name := nodes.Callee(n); name {
	case "now":
		w.add(Moment{Unit: AnyTime})
	case "year", "month", "day", "weekday", "lunar", "is_today", "days_between", "years_between", "hour", "minute":
		w.calendar(tree, n, nil)
	case "today":
		w.add(Moment{Unit: midnights})
	case "events":
		if slot, ok := tree.Slot(n); ok && !slot.Window.IsZero() {
			w.addWindow(slot)
		}
	case "points_expiring":
		if s, ok := n.Arguments[0].(*ast.StringNode); ok {
			within, _ := schema.ParseDuration(s.Value)
			w.add(Moment{Unit: pointsGo, within: within})
		}
	case "in_segment":
		if s, ok := n.Arguments[0].(*ast.StringNode); ok {
			if src := w.schema.SegmentSource(s.Value); src != nil {
				w.inline(*src)
			}
		}
	case "days_since", "hours_since":
		if from := w.timeless(tree, n.Arguments[0]); from != nil {
			w.add(Moment{Unit: unitOf(name), from: from})
			return
		}
		w.add(Moment{Unit: AnyTime})
	default:
		for _, a := range n.Arguments {
			w.walk(tree, a)
		}
	}
}

// timeless compiles a part that does not depend on the passing of time; nil when it does, or is
// about the item of a list.
func (w *walker) timeless(tree *expression.Tree, n ast.Node) *expression.Expr {
	inner := walker{schema: w.schema, out: &Reevaluation{}, depth: w.depth}
	if inner.walk(tree, n); len(inner.out.Moments) > 0 || nodes.MentionsItem(n) {
		return nil
	}
	return tree.Compile(n)
}

func (w *walker) computedAt(n *ast.MemberNode) *diag.Source {
	if name := w.fieldOf(n); name != "" {
		return w.schema.Computed(name)
	}
	return nil
}

// fieldOf returns the name of a field of the subject; "" of something else.
func (w *walker) fieldOf(n *ast.MemberNode) string {
	root, ok := n.Node.(*ast.IdentifierNode)
	key, named := n.Property.(*ast.StringNode)
	if !ok || !named || root.Value != w.schema.Subject() {
		return ""
	}
	return key.Value
}
