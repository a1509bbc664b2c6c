package expression

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/types"
	"github.com/expr-lang/expr/vm"
	"github.com/usher-run/usher/playbooks/decimal"
	"github.com/usher-run/usher/playbooks/expression/arithmetic"
	"github.com/usher-run/usher/playbooks/expression/nodes"
	"github.com/usher-run/usher/playbooks/schema"
)

// An expression has two forms. The plain one goes through lists of events, as it is written. Over a
// long history the other one runs: what it counts, adds up or looks for it asks the [History] for,
// which may know without going through the events. Both give the same value. Where an event has no
// item, as when its calculation fails, the plain form runs: it tells what is wrong.

// Aggregate is what is taken of each event of a name: whether a condition holds, a number, or a value
// that is told apart from others. It depends on the event alone, neither on the member nor on time or
// place.
type Aggregate struct {
	Event   string
	Key     string // a hash of the event's type and of what is taken
	Values  bool   // how many different ones there are is asked: texts are among them, and nil is none
	Field   string // the property that is taken, as it is; empty: it is calculated
	program *vm.Program
}

// Aggregated is what the events of a slot come to together.
type Aggregated struct {
	Failed    int // events of which an item cannot be told
	Hits      int // events for which the condition holds
	Sum       decimal.Total
	Different int // of Values: how many there are
}

// form is what is asked of an Aggregate.
type form uint8

const (
	formCount form = iota
	formAny
	formNone // also that all hold: that none does not
	formOne
	formSum
	formFirst
	formLast
	formDifferent
)

const varItems = "$items"

var errFailed = errors.New("an item cannot be told")

// Items returns what is taken of each event; an error for one of which it cannot be told.
func (e *Env) Items(a *Aggregate, events []any) []any {
	run := func(events []any) []any {
		v, err := e.machine.Run(a.program, map[string]any{varItems: events})
		if err != nil {
			return nil
		}
		items, _ := v.([]any)
		return items
	}
	items := run(events)
	if len(items) != len(events) { // one of them has failed
		items = make([]any, len(events))
		for i := range events {
			items[i] = errFailed
			if one := run(events[i : i+1]); len(one) == 1 {
				items[i] = one[0]
			}
		}
	}
	for i := range items {
		items[i] = a.Item(items[i])
	}
	return items
}

// Item returns what is taken of an event that has a value: an error where it cannot be told.
func (a *Aggregate) Item(value any) any {
	switch value.(type) {
	case bool, int, float64:
		return value
	case string, nil:
		if a.Values {
			return value
		}
	}
	return errFailed
}

// longer returns the other form of an expression when one of the histories that it asks is long.
func (x *Expr) longer(e *Env) *Expr {
	if x.long == nil || e.history == nil {
		return nil
	}
	for i := range x.long.Reads {
		if r := &x.long.Reads[i]; r.from == fromAggregate && e.history.Long(r.slot.Event) {
			return x.long
		}
	}
	return nil
}

// aggregated returns what a variable stands for that is about the events of a slot together.
func (e *Env) aggregated(r *read) (any, error) {
	if r.form == formFirst || r.form == formLast {
		return e.history.End(r.slot, r.of, r.form == formLast)
	}
	v, err := e.history.Aggregate(r.slot, r.of)
	switch {
	case err != nil:
		return nil, err
	case v.Failed > 0:
		return nil, errFailed
	}
	switch r.form {
	case formAny:
		return v.Hits > 0, nil
	case formNone:
		return v.Hits == 0, nil
	case formOne:
		return v.Hits == 1, nil
	case formSum:
		sum, err := v.Sum.Value()
		if err != nil {
			return arithmetic.Failed(err), nil
		}
		return sum, nil
	case formDifferent:
		return v.Different, nil
	}
	return v.Hits, nil
}

// compileLong compiles the form for long histories; nil when there is nothing to it.
func (c *checker) compileLong(n ast.Node, text string, t *schema.Type, atoms []atom) (*Expr, []*Aggregate) {
	if len(c.slots) == 0 {
		return nil, nil
	}
	l := newLowering(c)
	l.long = true
	program, err := l.compile(n)
	if err != nil || !slices.ContainsFunc(l.reads, func(r read) bool { return r.from == fromAggregate }) {
		return nil, nil
	}
	x := &Expr{Text: text, Type: t, program: program, Reads: l.reads, atoms: slices.Clone(atoms)}
	c.compileAtoms(x, true)
	return x, l.aggregates
}

// aggregate returns the variable for a function over the events of a slot; nil when it cannot be
// aggregated.
func (l *lowering) aggregate(n *ast.BuiltinNode) ast.Node {
	if len(n.Arguments) == 0 {
		return nil
	}
	if of, ok := n.Arguments[0].(*ast.BuiltinNode); ok && n.Name == "len" && of.Name == "distinct" {
		return l.differentOf(of)
	}
	slot, where, item, own, ok := l.over(n)
	if !ok {
		return nil
	}
	holds := both(where, own)
	switch n.Name {
	case "len", "count":
		if item == nil && holds != nil {
			return l.asked(slot, holds, formCount, types.Int)
		}
	case "any", "none", "one":
		if own != nil {
			return l.asked(slot, holds, map[string]form{"any": formAny, "none": formNone, "one": formOne}[n.Name], types.Bool)
		}
	case "all":
		if own != nil {
			return l.asked(slot, both(where, &ast.UnaryNode{Operator: "not", Node: own}), formNone, types.Bool)
		}
	case "first", "find":
		if item == nil {
			return l.asked(slot, holds, formFirst, types.Any)
		}
	case "last", "findLast":
		if item == nil {
			return l.asked(slot, holds, formLast, types.Any)
		}
	case "avg":
		if item == nil {
			item = own
		}
		if item != nil {
			return l.averageOf(slot, where, item)
		}
	case "sum":
		if item == nil {
			item = own
		}
		if item == nil {
			return nil
		}
		if where != nil {
			item = &ast.ConditionalNode{Ternary: true, Cond: where, Exp1: item, Exp2: &ast.BoolNode{}}
		}
		if v := l.asked(slot, item, formSum, types.Any); v != nil {
			return arithmetic.Call("$calculated", v)
		}
	}
	return nil
}

// over takes apart what a function is over, as chain does, and what it takes of each item itself; nil: nothing.
func (l *lowering) over(n *ast.BuiltinNode) (slot Slot, where, item, own ast.Node, ok bool) {
	slot, where, item, ok = l.chain(n.Arguments[0])
	if !ok || len(n.Arguments) == 1 {
		return slot, where, item, nil, ok
	}
	p, isPredicate := n.Arguments[1].(*ast.PredicateNode)
	if !isPredicate || item != nil {
		return slot, nil, nil, nil, false
	}
	return slot, where, nil, p.Node, true
}

// both returns that two conditions hold, the second one only where the first does; nil holds.
func both(a, b ast.Node) ast.Node {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return &ast.BinaryNode{Operator: "and", Left: a, Right: b}
}

// chain takes apart a list that is made of the events of a slot: those for which where holds (nil:
// all), and of each of them the item (nil: the event).
func (l *lowering) chain(n ast.Node) (slot Slot, where, item ast.Node, ok bool) {
	if call, isCall := n.(*ast.CallNode); isCall && nodes.Callee(call) == "events" {
		slot, ok = l.c.slotOf(call)
		return slot, nil, nil, ok
	}
	b, isBuiltin := n.(*ast.BuiltinNode)
	if !isBuiltin || len(b.Arguments) != 2 || b.Name != "filter" && b.Name != "map" {
		return slot, nil, nil, false
	}
	p, isPredicate := b.Arguments[1].(*ast.PredicateNode)
	slot, where, item, ok = l.chain(b.Arguments[0])
	switch {
	case !isPredicate || !ok || item != nil:
		return slot, nil, nil, false
	case b.Name == "map":
		return slot, where, p.Node, true
	}
	return slot, both(where, p.Node), nil, true
}

// asked returns the variable for what is asked of a slot; nil when what is taken of an event depends
// on anything else.
func (l *lowering) asked(s Slot, taken ast.Node, f form, t types.Type) ast.Node {
	r := read{name: fmt.Sprintf("$aggregate %d %s", f, s.key()), from: fromAggregate, slot: s, form: f}
	if taken != nil {
		if r.of = l.aggregateOf(s, taken, f == formDifferent); r.of == nil {
			return nil
		}
		r.name += " " + r.of.Key
	}
	return l.variable(r, t)
}

// aggregateOf compiles what is taken of each event, to be told apart or not.
func (l *lowering) aggregateOf(s Slot, taken ast.Node, values bool) *Aggregate {
	record := l.c.sc.Schema.EventRecord(s.Event)
	properties, _ := l.c.sc.Schema.EventProperties(s.Event)
	if record == nil || !l.c.ofItemAlone(taken, true) {
		return nil
	}
	text := schema.TypeText(properties) + "\n" + taken.String()
	if values {
		text += "\ndistinct"
	}
	sum := sha256.Sum256([]byte(text))
	a := &Aggregate{Event: s.Event, Key: hex.EncodeToString(sum[:8]), Values: values}
	same := func(o *Aggregate) bool { return o.Event == a.Event && o.Key == a.Key }
	if i := slices.IndexFunc(l.aggregates, same); i >= 0 {
		return l.aggregates[i]
	}
	alone := &lowering{c: l.c, vars: types.Map{varItems: types.Array(exprType(record))}}
	list := &ast.BuiltinNode{Name: "map", Arguments: []ast.Node{
		&ast.IdentifierNode{Value: varItems}, &ast.PredicateNode{Node: alone.lower(taken)},
	}}
	program, err := alone.compileLowered(list)
	if err != nil || len(alone.reads) > 0 {
		return nil
	}
	a.program, a.Field = program, propertyOf(taken, properties)
	l.aggregates = append(l.aggregates, a)
	return a
}

// propertyOf returns the property of an event that is taken as it is; empty: it is something else.
func propertyOf(taken ast.Node, properties *schema.Type) string {
	m, ok := taken.(*ast.MemberNode)
	if !ok || properties == nil {
		return ""
	}
	item, isItem := m.Node.(*ast.PointerNode)
	key, named := m.Property.(*ast.StringNode)
	if !isItem || item.Name != "" || !named || slices.Contains([]string{"id", "name", "time"}, key.Value) {
		return ""
	}
	if _, declared := properties.Field(key.Value); !declared {
		return ""
	}
	return key.Value
}

// ofItemAlone reports whether a part depends on the fields of the item alone, in every time zone. At
// the top the item is an event, further in that of a list which the event has.
func (c *checker) ofItemAlone(n ast.Node, top bool) bool {
	switch n := n.(type) {
	case *ast.IdentifierNode, *ast.CallNode, *ast.VariableDeclaratorNode, *ast.SequenceNode:
		return false
	case *ast.PointerNode:
		return n.Name == "" && !top && c.timeless(n)
	case *ast.MemberNode:
		if !c.timeless(n) {
			return false
		}
		if p, ok := n.Node.(*ast.PointerNode); ok && p.Name == "" {
			return c.ofItemAlone(n.Property, top)
		}
	case *ast.PredicateNode:
		return c.ofItemAlone(n.Node, false)
	}
	for _, part := range nodes.Children(n) {
		if !c.ofItemAlone(part, top) {
			return false
		}
	}
	return true
}

// timeless reports whether a value is known to hold no time: what a date is depends on the zone.
func (c *checker) timeless(n ast.Node) bool {
	t := c.types[n]
	return t != nil && t.HoldsNoTime()
}
