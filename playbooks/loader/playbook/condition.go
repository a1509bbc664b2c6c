package playbook

import (
	"fmt"
	"slices"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression/reevaluation"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
	"github.com/usher-run/usher/playbooks/syntax"
)

// condition reads what an exit, a goal or a wait is about: an event with the `if` beside it, the crossing of a
// segment's border, or an `if` alone. The scope is what expressions may name beside the event.
func (p *reader) condition(n *syntax.Node, what string, sc *scope.Scope) (c playbooks.Condition) {
	var kind *syntax.Node
	for _, e := range n.Entries {
		if e.Key.Value == "if" || !slices.Contains(shapes.ConditionKeys, e.Key.Value) {
			continue
		}
		if kind != nil {
			p.Error("exclusive-keys", e.Key.Pos(), what+" is about one thing").Label("write them as two, one beneath the other").
				Related("first here", kind.Pos())
			return c
		}
		kind = e.Key
	}
	cond := n.Get("if")
	switch {
	case kind == nil && cond != nil:
		return p.holding(cond, 0, sc)
	case kind == nil:
		if !n.Broken && len(n.Intended) == 0 {
			p.Error("missing-key", n.Pos(), what+" does not say what it is about").
				Label("add `event: …`, `segment_enter: …`, `segment_exit: …` or `if: …`")
		}
		p.dropped = true
		return c
	case kind.Value == "event":
		return p.eventMatch(n, what, sc)
	case cond != nil:
		p.Error("exclusive-keys", n.Key("if").Pos(), fmt.Sprintf("no `if` stands beside `%s`", kind.Value)).
			Label("put the test into the segment, or write an `if` alone, with in_segment(\"…\") in it").
			Related("first here", kind.Pos())
		return c
	}
	return p.crossing(n.Get(kind.Value), kind.Value)
}

// crossing reads the segment whose border is crossed.
func (p *reader) crossing(v *syntax.Node, key string) (c playbooks.Condition) {
	name, ok := p.Str(v, key)
	if !ok || !p.KnownSegment(v, name) {
		p.dropped = true
		return c
	}
	c.Segment, c.Leaves, c.Pos = name, key == string(playbooks.TriggerExit), v.Pos()
	if g := p.Schema.Segment(name); g != nil {
		c.If = p.keep(g.Expr)
	}
	return c.WithTurns(p.Schema.ReevaluationOf(name))
}

// holding reads an expression that is to hold, without its first skip characters.
func (p *reader) holding(v *syntax.Node, skip int, sc *scope.Scope) (c playbooks.Condition) {
	c.Pos = v.Pos()
	if skip == 0 {
		c.If = p.compileIn(v, sc, schema.Bool)
	} else if val := p.value(v, schema.Bool, "until", sc); val != nil {
		c.If = val.Expr
	}
	if c.If == nil {
		return c
	}
	return c.WithTurns(reevaluation.In(v.Source(skip), sc))
}

// anytime returns what an expression may name that is looked at whenever something changes while a run is open, and
// after: what started it, and what any of its actions may have left.
func (p *reader) anytime() *scope.Scope {
	sc := *p.scopeAt(nil)
	sc.Known, sc.Later, sc.Nameless = p.scope.Known, nil, nil
	for i, a := range sc.Actions {
		sc.Actions[i].Type = a.Type.AsOptional()
	}
	return &sc
}

// goals reads what is measured: one goal, or a list of them.
func (p *reader) goals(n *syntax.Node, sc *scope.Scope) {
	switch {
	case n == nil:
	case n.Kind != syntax.SequenceNode:
		p.goal(n, sc)
	case len(n.Items) == 0:
		p.Error("bad-value", n.Pos(), "`goal` needs at least one goal")
	default:
		for _, item := range n.Items {
			p.goal(item, sc)
		}
	}
}

func (p *reader) goal(n *syntax.Node, sc *scope.Scope) {
	if !p.Mapping(n, "goal", slices.Concat(shapes.ConditionKeys, []string{"within"})...) {
		return
	}
	g := playbooks.Goal{Condition: p.condition(n, "goal", sc)}
	g.Within, _ = p.Duration(p.Require(n, "goal", "within", "within: 7d"), "within")
	p.pb.Goals = append(p.pb.Goals, g)
}

func (p *reader) exits(n *syntax.Node, sc *scope.Scope) {
	if n != nil && !n.Broken && n.Kind != syntax.SequenceNode && !n.IsNull() {
		p.oneExit(n)
		return
	}
	for _, item := range p.List(n, "exit") {
		if p.Mapping(item, "an exit", shapes.ConditionKeys...) {
			p.pb.Exits = append(p.pb.Exits, p.condition(item, "an exit", sc))
		}
	}
}

// idleExit warns of exits where no run is ever open between two events.
func (p *reader) idleExit(n *syntax.Node) {
	holds := func(s playbooks.Step) bool {
		spec := p.Registry.Action(s.Key)
		return s.Wait != nil || spec != nil &&
			slices.ContainsFunc(spec.Fields, func(f schema.FieldSpec) bool { return f.Kind == schema.FieldReturns })
	}
	// what holds at the entry ends a run before it begins to act
	looked := func(c playbooks.Condition) bool { return c.Watched() && !c.Crosses() }
	if len(p.pb.Exits) > 0 && !slices.ContainsFunc(p.pb.Steps, holds) && !slices.ContainsFunc(p.pb.Exits, looked) {
		p.Warn("unreachable", n.Key("exit").Pos(), "this exit ends no run: nothing here waits, so a run is over at once").
			Label("leave it out, or put a `wait` where members may still leave")
	}
}

// oneExit reports an exit that is given without its list.
func (p *reader) oneExit(n *syntax.Node) {
	r := p.WrongType(n, "exit must be a list").Label("as in [{event: member.left}]")
	switch {
	case n.Kind == syntax.ScalarNode && p.Schema.Event(n.Value) != nil:
		text := "[{event: " + n.Value + "}]"
		r.Label("write `"+text+"`").Edit(n.Pos(), text)
	case n.Flow:
		end := syntax.ClosingBracket(n.F.Text[n.Start:min(len(n.F.Text), n.Start+syntax.MaxQuotingSearch)])
		if end < 0 {
			return
		}
		at := n.Start + end + 1
		r.Label("put brackets around it: `["+n.F.Text[n.Start:at]+"]`").
			Edit(n.F.Pos(n.Start, n.Start), "[").Edit(n.F.Pos(at, at), "]")
	}
}

// waitCondition reads a wait for the crossing of a segment's border, or until an expression holds.
func (p *reader) waitCondition(v *syntax.Node, step *playbooks.Step, sc *scope.Scope) (*schema.Type, bool) {
	const what = "a wait for a condition"
	p.Mapping(v, what, "segment_enter", "segment_exit", "if", "timeout")
	return p.waitFulfilled(p.condition(v, what, sc), what, v, step)
}

// waitFulfilled ends a run's wait once a condition is fulfilled.
func (p *reader) waitFulfilled(c playbooks.Condition, what string, v *syntax.Node, step *playbooks.Step) (
	*schema.Type, bool,
) {
	w := &playbooks.Wait{Matches: []playbooks.Match{{Condition: c}}}
	p.timeout(v, what, w, step)
	step.Wait = w
	return schema.ObjectOf(schema.Field{Name: shapes.ResultTimedOut, Type: schema.Bool}), true
}

// untilHolds reads an `until` that is a condition. It reports false of a time.
func (p *reader) untilHolds(v *syntax.Node, step *playbooks.Step, sc *scope.Scope) (*schema.Type, bool) {
	until := v.Get("until")
	if until.Kind != syntax.ScalarNode || len(until.Value) < 2 || until.Value[:2] != "= " || p.SchemaUnreadable ||
		p.dependsOnUnknown(until.Value) {
		return nil, false
	}
	if t := typeOf(until, 2, sc); t == nil || t.Kind != schema.KindBool {
		return nil, false
	}
	const what = "a wait until something holds"
	p.Mapping(v, what, "until", "timeout")
	return p.waitFulfilled(p.holding(until, 2, sc), what, v, step)
}
