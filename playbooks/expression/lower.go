package expression

import (
	"fmt"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/arithmetic"
	"github.com/usher-run/usher/playbooks/expression/nodes"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"

	exprcheck "github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/compiler"
	"github.com/expr-lang/expr/optimizer"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"
)

// lowering rewrites a checked expression into what the expr library compiles: segments and computed
// attributes are put in place, history becomes variables that are loaded before the run, access to
// what may be missing becomes safe.
type lowering struct {
	c     *checker
	reads []read
	vars  types.Map // variables that the rewriting introduced

	long       bool         // it is the form for long histories: see Aggregate
	aggregates []*Aggregate // that it asks for
	depth      int          // of the predicates around
	once       []once       // what is made before the items of the outermost list are gone through
	made       int          // so far, to name it
}

// read is a variable that an expression reads. It is loaded before the run: what no expression
// reads costs nothing.
type read struct {
	name  string
	from  source
	field string // of what it is from; empty: all of it
	slot  Slot
	of    *Aggregate // nil: the events themselves
	form  form
}

// source is where a variable's value comes from.
type source uint8

const (
	fromClock source = iota
	fromMember
	fromTrigger
	fromVars
	fromParams
	fromActions
	fromEvent
	fromHistory // the events of a slot
	fromCount   // how many there are
	fromSum     // the sum of one of their fields
	fromAggregate
	sources
)

func newLowering(c *checker) *lowering { return &lowering{c: c, vars: types.Map{}} }

// Names of variables that no author can write.
const (
	varNow   = "$now"
	varToday = "$today"
	varClock = "$clock"
)

// compile lowers and compiles. The checked tree stays as it is.
func (l *lowering) compile(n ast.Node) (*vm.Program, error) { return l.compileLowered(l.lower(n)) }

func (l *lowering) compileLowered(lowered ast.Node) (*vm.Program, error) {
	cfg := l.c.base
	cfg.WithEnv(l.env())
	tree := &parser.Tree{Node: lowered}
	if _, err := exprcheck.Check(tree, &cfg); err != nil {
		return nil, err
	}
	if err := optimizer.Optimize(&tree.Node, &cfg); err != nil {
		return nil, err
	}
	return compiler.Compile(tree, &cfg)
}

// env declares the variables to the expr library.
func (l *lowering) env() types.Map {
	env := types.Map{varClock: types.TypeOf(&arithmetic.Clock{})}
	for name, t := range l.vars {
		env[name] = t
	}
	return env
}

// exprType returns the library's type. What may be missing is of any type there: our own checker
// has seen to the guards.
func exprType(t *schema.Type) types.Type {
	if t == nil || t.Optional {
		return types.Any
	}
	switch t.Kind {
	case schema.KindString:
		return types.String
	case schema.KindInt:
		return types.Int
	case schema.KindNumber:
		return types.Float64
	case schema.KindBool:
		return types.Bool
	case schema.KindDate, schema.KindDatetime:
		return types.TypeOf(time.Time{})
	case schema.KindDuration:
		return types.TypeOf(time.Duration(0))
	case schema.KindList:
		return types.Array(exprType(t.Elem))
	case schema.KindObject:
		m := types.Map{}
		for _, f := range t.Fields {
			m[f.Name] = exprType(f.Type)
		}
		return m
	}
	return types.Any
}

// lower returns a new tree; every node keeps its place in the source.
func (l *lowering) lower(n ast.Node) ast.Node {
	if n == nil {
		return nil
	}
	out := l.rewrite(n)
	out.SetLocation(n.Location())
	return out
}

func (l *lowering) lowerAll(list []ast.Node) []ast.Node {
	out := make([]ast.Node, len(list))
	for i, n := range list {
		out[i] = l.lower(n)
	}
	return out
}

func (l *lowering) rewrite(n ast.Node) ast.Node {
	switch n := n.(type) {
	case *ast.UnaryNode:
		if _, constant := nodes.Constant(n).(float64); n.Operator == "-" && !constant {
			return arithmetic.Call("$neg", l.lower(n.Node))
		}
		return &ast.UnaryNode{Operator: n.Operator, Node: l.lower(n.Node)}
	case *ast.BinaryNode:
		if f := arithmetic.Operators[n.Operator]; f != "" {
			return arithmetic.Call(f, l.lower(n.Left), l.lower(n.Right))
		}
		return &ast.BinaryNode{Operator: n.Operator, Left: l.lower(n.Left), Right: preventMerging(l.lower(n.Right))}
	case *ast.ChainNode:
		return &ast.ChainNode{Node: l.lower(n.Node)}
	case *ast.MemberNode:
		return l.member(n)
	case *ast.ConditionalNode:
		return &ast.ConditionalNode{Ternary: n.Ternary, Cond: l.lower(n.Cond), Exp1: l.lower(n.Exp1), Exp2: l.lower(n.Exp2)}
	case *ast.CallNode:
		return l.call(n)
	case *ast.BuiltinNode:
		return l.lowerOnce(n)
	case *ast.PredicateNode:
		l.depth++
		inner := l.lower(n.Node)
		l.depth--
		return &ast.PredicateNode{Node: inner}
	case *ast.ArrayNode:
		return &ast.ArrayNode{Nodes: l.lowerAll(n.Nodes)}
	case *ast.MapNode:
		return &ast.MapNode{Pairs: l.lowerAll(n.Pairs)}
	case *ast.PairNode:
		return &ast.PairNode{Key: l.lower(n.Key), Value: l.lower(n.Value)}
	case *ast.SliceNode:
		if t := l.c.types[n.Node]; t != nil && t.Kind == schema.KindString {
			return arithmetic.Call("$slice", l.lower(n.Node), orNil(l.lower(n.From)), orNil(l.lower(n.To)))
		}
		return &ast.SliceNode{Node: l.lower(n.Node), From: l.lower(n.From), To: l.lower(n.To)}
	case *ast.IdentifierNode:
		return l.whole(n)
	case *ast.PointerNode:
		return &ast.PointerNode{Name: n.Name}
	case *ast.IntegerNode:
		return &ast.IntegerNode{Value: n.Value}
	case *ast.FloatNode:
		return &ast.FloatNode{Value: n.Value}
	case *ast.BoolNode:
		return &ast.BoolNode{Value: n.Value}
	case *ast.StringNode:
		return &ast.StringNode{Value: n.Value}
	}
	return &ast.NilNode{}
}

// preventMerging keeps the library from putting two searches of one list into one, as it does with
// any(a) or any(b): the second would then be made, and might fail, where the first has answered
// already.
func preventMerging(right ast.Node) ast.Node {
	b, ok := right.(*ast.BuiltinNode)
	if !ok || b.Name != "any" && b.Name != "all" && b.Name != "none" {
		return right
	}
	return &ast.UnaryNode{Operator: "not", Node: &ast.UnaryNode{Operator: "not", Node: right}}
}

func (l *lowering) member(n *ast.MemberNode) ast.Node {
	key, ok := n.Property.(*ast.StringNode)
	if !ok {
		// list[i] fails beyond the end; get() gives nil there, which the checker has asked to guard.
		return &ast.BuiltinNode{Name: "get", Arguments: []ast.Node{l.lower(n.Node), l.lower(n.Property)}}
	}
	if root, ok := n.Node.(*ast.IdentifierNode); ok && root.Value == l.c.sc.Schema.Subject() {
		if src := l.c.sc.Schema.Computed(key.Value); src != nil {
			return l.inline(*src)
		}
	}
	if flat := l.flat(n, key); flat != nil {
		return flat
	}
	m := &ast.MemberNode{Node: l.lower(n.Node), Property: l.lower(key), Optional: n.Optional}
	if base := l.c.types[n.Node]; base != nil && base.Optional && base.Kind == schema.KindObject {
		m.Optional = true
		return &ast.ChainNode{Node: m}
	}
	return m
}

// flatRoots are the objects, beside the subject, whose fields are variables.
var flatRoots = map[string]source{
	"event": fromEvent, "trigger": fromTrigger, "vars": fromVars, "params": fromParams, "actions": fromActions,
}

// flat makes member.x, event.x, trigger.x and actions.x variables of their own: the library reads a
// variable four times faster than a field, and an expression costs no more in a playbook of many
// actions.
func (l *lowering) flat(n *ast.MemberNode, key *ast.StringNode) ast.Node {
	root, ok := n.Node.(*ast.IdentifierNode)
	if !ok {
		return nil
	}
	from, known := flatRoots[root.Value]
	if root.Value == l.c.sc.Schema.Subject() {
		from, known = fromMember, true
	}
	if !known {
		return nil
	}
	base := l.c.types[n.Node]
	if base == nil {
		return nil
	}
	t, ok := base.Field(key.Value)
	if !ok {
		return nil
	}
	return l.variable(read{name: root.Value + "." + key.Value, from: from, field: key.Value}, exprType(t))
}

// whole reads all of `trigger`, `actions` or `event`. Other names are the library's own, of a
// predicate say.
func (l *lowering) whole(n *ast.IdentifierNode) ast.Node {
	switch {
	case n.Value == "actions":
		return l.variable(read{name: n.Value, from: fromActions}, exprType(l.c.sc.ActionsType()))
	case n.Value == "trigger" && l.c.sc.Trigger != nil:
		return l.variable(read{name: n.Value, from: fromTrigger}, exprType(l.c.sc.Trigger))
	case n.Value == "event" && l.c.sc.Event != nil:
		return l.variable(read{name: n.Value, from: fromEvent}, exprType(l.c.sc.Event))
	}
	return &ast.IdentifierNode{Value: n.Value}
}

// variable declares a variable that is loaded before the run.
func (l *lowering) variable(r read, t types.Type) ast.Node {
	if _, known := l.vars[r.name]; !known {
		l.reads = append(l.reads, r)
		l.vars[r.name] = t
	}
	return &ast.IdentifierNode{Value: r.name}
}

// inline puts another expression of the workspace in place. It was checked where it stands.
func (l *lowering) inline(src diag.Source) ast.Node {
	sub := newChecker(src, &scope.Scope{Schema: l.c.sc.Schema}, l.c.library)
	n := sub.parser.Parse(sub.Reporter, sub.sc)
	if n == nil {
		return &ast.NilNode{}
	}
	sub.check(n)
	inner := &lowering{c: sub, reads: l.reads, vars: l.vars, long: l.long, aggregates: l.aggregates}
	out := inner.lower(n)
	l.reads, l.aggregates = inner.reads, inner.aggregates
	for key, s := range sub.slots { // what it reads is read here
		s.Items = s.Items || l.c.slots[key].Items
		l.c.slots[key] = s
	}
	return out
}

func (l *lowering) call(n *ast.CallNode) ast.Node {
	name := n.Callee.(*ast.IdentifierNode).Value
	switch name {
	case "now":
		return l.variable(read{name: varNow}, types.TypeOf(time.Time{}))
	case "today":
		return l.variable(read{name: varToday}, types.TypeOf(time.Time{}))
	case "duration":
		d, _ := schema.ParseDuration(n.Arguments[0].(*ast.StringNode).Value)
		return &ast.ConstantNode{Value: d.Elapsed}
	case "date":
		day, _ := schema.ParseMoment(n.Arguments[0].(*ast.StringNode).Value, time.UTC)
		return arithmetic.Call("$date", &ast.ConstantNode{Value: day.At}, &ast.IdentifierNode{Value: varClock})
	case "datetime":
		at, _ := schema.ParseMoment(n.Arguments[0].(*ast.StringNode).Value, l.c.sc.Schema.Zone())
		return arithmetic.Call("$datetime", &ast.ConstantNode{Value: at.At}, &ast.IdentifierNode{Value: varClock})
	case "table":
		rows := l.c.sc.Schema.Table(n.Arguments[0].(*ast.StringNode).Value).Rows
		return arithmetic.Call("$table", &ast.ConstantNode{Value: &arithmetic.Table{Rows: rows}}, l.lower(n.Arguments[1]))
	case "in_segment":
		return l.inline(*l.c.sc.Schema.SegmentSource(n.Arguments[0].(*ast.StringNode).Value))
	case "points_expiring":
		within := n.Arguments[0].(*ast.StringNode).Value
		return l.variable(read{name: "$expiring " + within, from: fromMember, field: ExpiringField + within}, types.Int)
	case "events":
		slot, _ := l.c.slotOf(n)
		return l.slot(slot, false)
	}
	args := append(l.lowerAll(n.Arguments), &ast.IdentifierNode{Value: varClock})
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: args}
}

// slot returns the variable for a part of the history, or for its length.
func (l *lowering) slot(s Slot, count bool) ast.Node {
	if count {
		return l.variable(read{name: "$count " + s.key(), from: fromCount, slot: s}, types.Int)
	}
	s.Items = true
	l.c.slots[s.key()] = s
	return l.variable(read{name: "$events " + s.key(), from: fromHistory, slot: s},
		types.Array(exprType(l.c.sc.Schema.EventRecord(s.Event))))
}

func (l *lowering) builtin(n *ast.BuiltinNode) ast.Node {
	if l.long {
		if v := l.aggregate(n); v != nil {
			return v
		}
	}
	if slot, ok := l.history(n); ok {
		switch {
		case (n.Name == "len" || n.Name == "count") && len(n.Arguments) == 1:
			return l.slot(slot, true)
		case n.Name == "sum" && len(n.Arguments) == 2:
			if out := l.sum(slot, n.Arguments[1]); out != nil {
				return out
			}
		}
	}
	args := l.lowerAll(n.Arguments)
	if out := l.overList(n, args); out != nil {
		return out
	}
	if f := arithmetic.Numbers[n.Name]; f != "" {
		if len(args) > 1 { // of the sum: what is added of each item
			args = []ast.Node{&ast.BuiltinNode{Name: "map", Arguments: args}}
		}
		return arithmetic.Call(f, args...)
	}
	return &ast.BuiltinNode{Name: n.Name, Arguments: args, Throws: n.Throws}
}

func orNil(n ast.Node) ast.Node {
	if n == nil {
		return &ast.NilNode{}
	}
	return n
}

// history returns the slot when a function is about events() itself.
func (l *lowering) history(n *ast.BuiltinNode) (Slot, bool) {
	if len(n.Arguments) == 0 {
		return Slot{}, false
	}
	call, ok := n.Arguments[0].(*ast.CallNode)
	if !ok {
		return Slot{}, false
	}
	callee, ok := call.Callee.(*ast.IdentifierNode)
	if !ok || callee.Value != "events" {
		return Slot{}, false
	}
	return l.c.slotOf(call)
}

// sum makes the sum of a number that every event has a variable: nothing but that number is read
// then.
func (l *lowering) sum(s Slot, of ast.Node) ast.Node {
	p, ok := of.(*ast.PredicateNode)
	if !ok {
		return nil
	}
	m, ok := p.Node.(*ast.MemberNode)
	if !ok {
		return nil
	}
	_, isItem := m.Node.(*ast.PointerNode)
	key, named := m.Property.(*ast.StringNode)
	properties, _ := l.c.sc.Schema.EventProperties(s.Event)
	if !isItem || !named || properties == nil {
		return nil
	}
	t, ok := properties.Field(key.Value)
	if !ok || t.Optional || t.Kind != schema.KindInt && t.Kind != schema.KindNumber {
		return nil
	}
	s.Items = true
	l.c.slots[s.key()] = s
	return arithmetic.Call("$calculated", l.variable(read{
		name: "$sum " + key.Value + " " + s.key(), from: fromSum,
		field: key.Value, slot: s,
	}, types.Any))
}

// reportLibraryError reports what the expr library refuses although our checker let it pass.
func (c *checker) reportLibraryError(n ast.Node, err error) {
	c.Report(nodes.Span(n), "type-mismatch", "", "the types of this expression do not fit together (%s)", libraryMessage(err))
}

// atomsOf collects the parts of a condition whose values explain it: what and, or, not and
// comparisons are made of.
func (c *checker) atomsOf(n ast.Node) []atom {
	var out []atom
	known := map[string]bool{}
	var walk func(ast.Node)
	walk = func(n ast.Node) {
		switch n := n.(type) {
		case *ast.BinaryNode:
			walk(n.Left)
			walk(n.Right)
			return
		case *ast.UnaryNode:
			walk(n.Node)
			return
		case *ast.ConditionalNode:
			walk(n.Cond)
			walk(n.Exp1)
			walk(n.Exp2)
			return
		case *ast.ArrayNode:
			return
		}
		if text := n.String(); !nodes.ReadsNothing(n) && !known[text] {
			known[text] = true
			out = append(out, atom{text: text, node: n})
		}
	}
	walk(n)
	return out
}

// runConstant evaluates a program that reads nothing.
func runConstant(p *vm.Program) (any, error) {
	v, err := vm.Run(p, map[string]any{})
	if err != nil {
		return nil, fmt.Errorf("evaluate a constant: %w", err)
	}
	return v, nil
}
