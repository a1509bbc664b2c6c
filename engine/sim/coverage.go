package sim

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression"
)

// Coverage says how much of a playbook the tests reached: its actions and their ways, both outcomes
// of every condition and `if`, its exits and its goal, both outcomes of its waits for an event, and
// the branches of its texts.
type Coverage struct {
	Playbook string   `json:"playbook"`
	File     string   `json:"file"`
	Reached  int      `json:"reached"`
	All      int      `json:"all"`
	Missed   []Missed `json:"missed"` // as many as All has more than Reached, in the order of the files
}

// Missed is what no test saw of a part of a playbook.
type Missed struct {
	Pos   diag.Pos  `json:"at"`
	Kind  PointKind `json:"kind"`
	What  string    `json:"what"`
	Never string    `json:"never"` // true, false, taken, reached, timed out, ended by the event
}

// PointKind says what kind of thing tests can reach.
type PointKind string

// The kinds of what tests can reach. Conditions are those of the playbook, of branches, and beside
// the events of exits, goals and waits. Guards are the `if` of an action or of the trigger.
const (
	PointAction    PointKind = "action"
	PointBranch    PointKind = "way"
	PointWait      PointKind = "wait"
	PointCondition PointKind = "condition"
	PointGuard     PointKind = "guard"
	PointExit      PointKind = "exit"
	PointGoal      PointKind = "goal"
	PointText      PointKind = "text"
)

func (m Missed) String() string {
	return fmt.Sprintf("%s:%d:%d: %s: never %s", m.Pos.File, m.Pos.Line, m.Pos.Column, m.What, m.Never)
}

// reachedPoints are what tests reached. It is the observer of all their engines; what only traces
// tell is added by entry.
type reachedPoints map[any]bool

// The keys of marks, beside pointers to steps and to the events of exits and goals.
type (
	outcomeOf struct {
		x     *expression.Expr
		holds bool
	}
	branchOf struct {
		text   *playbooks.Template
		branch int
	}
	tracedAs struct{ playbook, step, what, reason string }
)

func (m reachedPoints) Judged(x *expression.Expr, holds bool)        { m[outcomeOf{x, holds}] = true }
func (m reachedPoints) Matched(e *playbooks.Condition)               { m[e] = true }
func (m reachedPoints) Began(s *playbooks.Step)                      { m[s] = true }
func (m reachedPoints) TookBranch(t *playbooks.Template, branch int) { m[branchOf{t, branch}] = true }

// entry marks what an entry of a trace reached.
func (m reachedPoints) entry(e *engine.Entry) {
	m[tracedAs{e.Run.Playbook, e.Step, e.What, e.Reason}] = true
}

// coverage compares what was reached of a playbook with what there is.
func coverage(p *playbooks.Playbook, reached reachedPoints) Coverage {
	c := counter{p: p, reached: reached, texts: map[textPoint][]any{}}
	c.playbook()
	// The playbook first, then the templates of its texts.
	slices.SortStableFunc(c.missed, func(a, b Missed) int {
		return cmp.Or(inOtherFile(a, p)-inOtherFile(b, p), cmp.Compare(a.Pos.File, b.Pos.File), a.Pos.Line-b.Pos.Line,
			a.Pos.Column-b.Pos.Column)
	})
	return Coverage{Playbook: p.ID, File: p.File, Reached: c.all - len(c.missed), All: c.all, Missed: c.missed}
}

func inOtherFile(m Missed, p *playbooks.Playbook) int {
	if m.Pos.File == p.File {
		return 0
	}
	return 1
}

// counter goes through one playbook.
type counter struct {
	p       *playbooks.Playbook
	reached reachedPoints
	all     int
	missed  []Missed
	texts   map[textPoint][]any // branches of templates: several actions may send the same one
	order   []textPoint
}

// textPoint is a branch of a template, whichever action sends it.
type textPoint struct {
	template string
	branch   playbooks.TextBranch
}

// point counts one thing, which any of the keys marks as reached.
func (c *counter) point(kind PointKind, at diag.Pos, what, never string, keys ...any) {
	c.all++
	if !slices.ContainsFunc(keys, func(k any) bool { return c.reached[k] }) {
		c.missed = append(c.missed, Missed{Pos: at, Kind: kind, What: what, Never: never})
	}
}

// outcomes counts the two outcomes of an expression, if there is one.
func (c *counter) outcomes(kind PointKind, x *expression.Expr, what string) {
	if x == nil {
		return
	}
	c.point(kind, x.Pos, what, "true", outcomeOf{x, true})
	c.point(kind, x.Pos, what, "false", outcomeOf{x, false})
}

func (c *counter) playbook() {
	p := c.p
	c.missed = []Missed{}
	for _, t := range p.Trigger.Items() {
		name := "the trigger"
		if t.Via != "" {
			name += " " + t.Via
		}
		c.outcomes(PointGuard, t.Event.If, ifOf(t.Event.If)+" of "+name)
		c.outcomes(PointGuard, t.If, ifOf(t.If)+" of "+name)
	}
	if x := p.Condition; x != nil {
		c.outcomes(PointCondition, x, "condition `"+brief(x.Text)+"`")
	}
	for i := range p.Goals {
		g := &p.Goals[i].Condition
		name := "goal " + g.Label()
		c.point(PointGoal, g.Pos, name, "reached", g)
		c.matching(g, name)
	}
	for i := range p.Exits {
		x := &p.Exits[i]
		name := "exit " + x.Label()
		c.point(PointExit, x.Pos, name, "reached", x)
		c.matching(x, name)
	}
	for i := range p.Steps {
		c.step(&p.Steps[i])
	}
	for _, t := range c.order {
		c.point(PointText, t.branch.Pos, fmt.Sprintf("%s in template %s of %s", t.branch.Name, t.template, p.ID), "taken",
			c.texts[t]...)
	}
}

// matching counts the outcomes of the `if` beside an event.
func (c *counter) matching(m *playbooks.Condition, name string) {
	if !m.Watched() {
		c.outcomes(PointCondition, m.If, ifOf(m.If)+" of "+name)
	}
}

func (c *counter) step(s *playbooks.Step) {
	name := stepLabel(s)
	switch s.Key {
	case "jump":
		return
	case "if":
		c.outcomes(PointCondition, s.Guard, name)
		return
	}
	c.outcomes(PointGuard, s.Guard, ifOf(s.Guard)+" of "+name)
	for k := range s.Branches {
		w := &s.Branches[k]
		c.point(PointBranch, w.Pos, branchLabel(w, name), "taken", tracedAs{c.p.ID, s.Name(), s.Key, w.Name})
	}
	if len(s.Branches) == 0 {
		c.point(PointAction, s.Pos, name, "reached", s)
	}
	if w := s.Wait; w != nil && w.Matches != nil {
		for i := range w.Matches {
			m, by := &w.Matches[i], "the event"
			switch {
			case m.Via != "":
				by = m.Via
			case m.Watched():
				by = "the condition"
			}
			c.point(PointWait, s.Pos, name, "ended by "+by, &m.Condition)
			c.matching(&m.Condition, name)
		}
		c.point(PointWait, s.Pos, name, "timed out", tracedAs{c.p.ID, s.Name(), "woke", engine.ReasonTimeout})
	}
	for _, field := range s.Fields {
		c.value(s.Args[field], name)
	}
	for _, v := range s.Variants {
		c.value(v.Value, name)
	}
}

// value counts the branches of the texts in a field.
func (c *counter) value(v *playbooks.Value, name string) {
	if v == nil {
		return
	}
	for _, item := range v.List {
		c.value(item, name)
	}
	for _, k := range v.Keys {
		c.value(v.Map[k], name)
	}
	for _, name := range slices.Sorted(maps.Keys(v.Choices)) {
		c.value(&playbooks.Value{Text: v.Choices[name]}, name)
	}
	if v.Text == nil {
		return
	}
	c.text(v.Text, name)
	for _, key := range slices.Sorted(maps.Keys(v.Text.Variants)) {
		if variant := v.Text.Variants[key]; variant != v.Text {
			c.text(variant, name)
		}
	}
}

// text counts the branches of a text.
func (c *counter) text(of *playbooks.Template, name string) {
	for i, b := range of.Branches {
		key := branchOf{of, i}
		if of.Name == "" {
			c.point(PointText, b.Pos, b.Name+" in the text of "+name, "taken", key)
			continue
		}
		t := textPoint{of.Name, b}
		if c.texts[t] == nil {
			c.order = append(c.order, t)
		}
		c.texts[t] = append(c.texts[t], key)
	}
}

// ifOf names an `if` by what it asks.
func ifOf(x *expression.Expr) string {
	if x == nil {
		return ""
	}
	return "`if " + brief(x.Text) + "`"
}

// maxBrief is how much of an expression a line shows, in characters.
const maxBrief = 80

// brief returns a text in one line, cut when it is long.
func brief(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > maxBrief {
		return string(r[:maxBrief-1]) + "…"
	}
	return text
}

// takenBranch names a way: those of a choice have a name of that form already.
func takenBranch(w *playbooks.Branch) string {
	if strings.HasPrefix(w.Name, "way ") {
		return w.Name
	}
	return "way " + w.Name
}

// branchLabel names a way of a step with what it asks.
func branchLabel(w *playbooks.Branch, step string) string {
	switch {
	case w.If != nil:
		return takenBranch(w) + " (" + ifOf(w.If) + ") of " + step
	case w.Name == "none" && w.Weight == 0: // of a choice without `else`
		return "the way past " + step
	}
	return takenBranch(w) + " of " + step
}

// stepLabel names a step for people: what it does, and its id.
func stepLabel(s *playbooks.Step) string {
	switch {
	case s.Key == "if" && s.ID == "":
		return ifOf(s.Guard)
	case s.ID != "":
		return s.Key + " " + s.ID
	}
	return s.Key
}

// writeCoverage prints a line for each playbook, and below it what was missed.
func (r *TestReport) writeCoverage(p *printer) {
	rows := [][]string{{"playbook", "reached", "of", ""}}
	reached, all := 0, 0
	for i := range r.Coverage {
		c := &r.Coverage[i]
		reached, all = reached+c.Reached, all+c.All
		rows = append(rows, []string{c.Playbook, fmt.Sprint(c.Reached), fmt.Sprint(c.All), share(c.Reached, c.All)})
	}
	rows = append(rows, []string{"total", fmt.Sprint(reached), fmt.Sprint(all), share(reached, all)})
	p.printf("\n")
	p.numbers(rows)
	for i := range r.Coverage {
		missed := r.Coverage[i].Missed
		for k := range missed {
			m := missed[k]
			if k > 0 && sameSubject(missed[k-1], m) {
				continue // told with the one before
			}
			for _, next := range missed[k+1:] {
				if !sameSubject(m, next) {
					break
				}
				m.Never += ", never " + next.Never
			}
			p.printf("%s\n", m)
		}
	}
	if reached == all {
		p.printf("everything is reached\n")
	}
	p.printf("\n")
}

// sameSubject reports whether two are about the same thing, and are told in one line.
func sameSubject(a, b Missed) bool { return a.Pos == b.Pos && a.Kind == b.Kind && a.What == b.What }

func share(part, all int) string {
	if all == 0 {
		return "-"
	}
	return fmt.Sprintf("%d%%", part*100/all)
}
