package expression

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/expression/nodes"
	"github.com/usher-run/usher/playbooks/expression/report"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
)

// function declares one of the language's own functions. The checker, the lowering and the
// reference read it.
type function struct {
	Name  string
	Doc   string
	Usage string
	args  []*schema.Type // the types of the arguments; optional ones may be left out
	out   *schema.Type
	check func(c *checker, n *ast.CallNode) *schema.Type // for what the types cannot say; nil: args and out say all
}

// Functions lists the language's own functions. Those of the expr library that are allowed are in
// builtins.
func Functions() []function {
	return append([]function{
		{
			Name: "now", Usage: "now()", out: schema.Datetime,
			Doc: "the instant of the input that is decided on, never the machine's clock",
		},
		{Name: "today", Usage: "today()", out: schema.Date, Doc: "the member's local day at now()"},
		{
			Name: "days_since", Usage: "days_since(t)", args: []*schema.Type{schema.Datetime}, out: schema.Int,
			Doc: "whole local calendar days from t to now()",
		},
		{
			Name: "hours_since", Usage: "hours_since(t)", args: []*schema.Type{schema.Datetime}, out: schema.Int,
			Doc: "whole elapsed hours from t to now()",
		},
		{
			Name: "add_days", Usage: "add_days(t, n)", args: []*schema.Type{schema.Datetime, schema.Int}, out: schema.Datetime,
			Doc: "the same wall clock n days later, in the member's zone",
		},
		{
			Name: "duration", Usage: `duration("36h")`, out: schema.Elapsed, check: (*checker).durationCall,
			Doc: "an elapsed time: a constant in s, m or h",
		},
		{
			Name: "in_segment", Usage: `in_segment("x")`, out: schema.Bool, check: (*checker).inSegment,
			Doc: "whether the member is in the segment now",
		},
		{
			Name: "bucket", Usage: "bucket(n)", args: []*schema.Type{schema.Int}, out: schema.Int,
			Doc: "a number from 0 to n-1 that is always the same for this member",
		},
		{
			Name: "events", Usage: `events("order.paid", "90d")`, check: (*checker).eventsCall,
			Doc: "the member's events of that name decided so far, oldest first; with a window only those in [now - window, now], " +
				"or of a period of the calendar where the member is: " + WindowList(),
		},
		{
			Name: "points_expiring", Usage: `points_expiring("30d")`, out: schema.Int, check: (*checker).pointsExpiring,
			Doc: "how many of the member's points expire in (now, now + 30d]",
		},
	}, append(timeFunctions(), tableFunction())...)
}

func functionNamed(name string) *function {
	list := Functions()
	if i := slices.IndexFunc(list, func(f function) bool { return f.Name == name }); i >= 0 {
		return &list[i]
	}
	return nil
}

// functionNames returns how the functions are called.
func functionNames(rules map[string]builtinRule) scope.Functions {
	out := scope.Functions{Own: map[string]string{}, Library: map[string]string{}}
	for _, f := range Functions() {
		out.Own[f.Name] = f.Usage
	}
	for name, r := range rules {
		out.Library[name] = r.Usage
	}
	return out
}

func (c *checker) call(n *ast.CallNode) *schema.Type {
	callee, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		c.unknown.Method(n)
		return nil
	}
	f := functionNamed(callee.Value)
	if f == nil {
		c.unknown.Function(callee, n.Arguments)
		return nil
	}
	if f.check != nil {
		return f.check(c, n)
	}
	if len(n.Arguments) != len(f.args) {
		c.Report(n.Location(), "wrong-arguments", timeHint(f, n.Arguments), "`%s` takes %s, here are %d", f.Name,
			countOf(len(f.args)), len(n.Arguments))
		return f.out
	}
	for i, a := range n.Arguments {
		t := c.check(a)
		if t == nil {
			continue
		}
		if !schema.Assignable(f.args[i], t) {
			label := "write " + f.Usage
			if s, ok := a.(*ast.StringNode); ok && schema.IsTime(f.args[i]) {
				label = cmp.Or(constantInText(s.Value), label)
			}
			c.Report(nodes.Span(a), "wrong-arguments", label, "`%s` takes %s here, this is %s", f.Name,
				report.DescribeType(f.args[i]), report.DescribeType(t.Required()))
			continue
		}
		c.need(a, t, "`"+f.Name+"`")
	}
	if f.Name == "bucket" {
		if v, ok := n.Arguments[0].(*ast.IntegerNode); !ok || v.Value < 1 {
			c.Report(nodes.Span(n.Arguments[0]), "not-a-constant", "write "+f.Usage,
				"the number of buckets is a constant of at least 1")
		}
	}
	return f.out
}

func countOf(n int) string {
	switch n {
	case 0:
		return "no argument"
	case 1:
		return "1 argument"
	}
	return fmt.Sprintf("%d arguments", n)
}

func (c *checker) durationCall(n *ast.CallNode) *schema.Type {
	s, ok := c.constantArgument(n, "duration", `duration("36h")`)
	if !ok {
		return schema.Elapsed
	}
	d, err := schema.ParseDuration(s.Value)
	switch {
	case err != nil:
		hint := schema.SuggestDuration(s.Value)
		d := c.Report(s.Location(), "bad-duration", hint.Question(), "%q is no duration: %s", s.Value, err)
		if hint.Write != "" {
			d.Suggest(strconv.Quote(hint.Write)).UnsureUnless(hint.Sure)
		}
	case d.Days != 0:
		c.Report(s.Location(), "bad-duration", "for days write add_days(t, n)", "duration() counts elapsed time: s, m or h")
	}
	return schema.Elapsed
}

// constantArgument returns the one argument of a call, which must be a text constant.
func (c *checker) constantArgument(n *ast.CallNode, name, usage string) (*ast.StringNode, bool) {
	if len(n.Arguments) != 1 {
		c.Report(n.Location(), "wrong-arguments", "write "+usage, "`%s` takes 1 argument, here are %d", name,
			len(n.Arguments))
		return nil, false
	}
	s, ok := n.Arguments[0].(*ast.StringNode)
	if id, bare := n.Arguments[0].(*ast.IdentifierNode); bare && name == "in_segment" &&
		c.sc.Schema.SegmentSource(id.Value) != nil {
		c.Report(id.Location(), "not-a-constant", `write in_segment("`+id.Value+`")`,
			"the name of a segment stands in quotes").Suggest(strconv.Quote(id.Value))
		return nil, false
	}
	if !ok {
		c.Report(nodes.Span(n.Arguments[0]), "not-a-constant", "write "+usage, "`%s` takes a constant, so that it can be checked",
			name)
	}
	return s, ok
}

func (c *checker) inSegment(n *ast.CallNode) *schema.Type {
	s, ok := c.constantArgument(n, "in_segment", `in_segment("loyal")`)
	if !ok {
		return schema.Bool
	}
	src := c.sc.Schema.SegmentSource(s.Value)
	if src == nil {
		c.unknown.Text(s, "unknown-segment", "segment", c.sc.Schema.SegmentNames(), scope.InSegments)
		return schema.Bool
	}
	c.refs.segments[s.Value] = true
	c.inline(n, "segment "+s.Value, *src, schema.Bool)
	return schema.Bool
}

func (c *checker) eventsCall(n *ast.CallNode) *schema.Type {
	slot, ok := c.slotOf(n)
	if !ok {
		return nil
	}
	c.slots[slot.key()] = slot
	c.refs.events[slot.Event] = true
	return schema.ListOf(c.sc.Schema.EventRecord(slot.Event))
}

// slotOf reads the constants of an events() call.
func (c *checker) slotOf(n *ast.CallNode) (Slot, bool) {
	const usage = `write events("order.paid"), events("order.paid", "90d") or events("order.paid", "this month")`
	if len(n.Arguments) < 1 || len(n.Arguments) > 2 {
		c.Report(n.Location(), "wrong-arguments", usage,
			"`events` takes a name and, if need be, a window; here are %d arguments", len(n.Arguments))
		return Slot{}, false
	}
	for _, a := range n.Arguments {
		if _, ok := a.(*ast.StringNode); !ok {
			c.Report(nodes.Span(a), "not-a-constant", usage,
				"name and window of events() are constants, so that what to load is known before anything runs")
			return Slot{}, false
		}
	}
	name := n.Arguments[0].(*ast.StringNode)
	if c.sc.Schema.EventRecord(name.Value) == nil {
		c.unknown.Text(name, "unknown-event", "event", c.sc.Schema.EventNames(), scope.InEvents)
		return Slot{}, false
	}
	slot := Slot{Event: name.Value}
	if len(n.Arguments) == 2 {
		w := n.Arguments[1].(*ast.StringNode)
		window, err := schema.ParseWindow(w.Value)
		if err != nil {
			hint := schema.SuggestWindow(w.Value)
			d := c.Report(w.Location(), "bad-duration", hint.Question(),
				"%q is no window: a whole number and one of s, m, h, d, w, as in 90d, or a period such as \"this month\"", w.Value)
			if hint.Write != "" {
				d.Suggest(strconv.Quote(hint.Write)).UnsureUnless(hint.Sure)
			}
			return Slot{}, false
		}
		slot.Window = window
	} else if kind := c.sc.Schema.Subject(); kind != scope.Member && !c.sc.Running {
		c.Report(n.Location(), "missing-window", fmt.Sprintf(`write events("%s", "30d")`, name.Value),
			"what a %s has behind it grows without end: events() about one needs a window", kind)
		return Slot{}, false
	}
	return slot, true
}

// builtinRule types a function of the expr library.
type builtinRule struct {
	Usage string
	check func(c *checker, n *ast.BuiltinNode, args []*schema.Type) *schema.Type
}

func fixedTypes(out *schema.Type, in ...*schema.Type) func(c *checker, n *ast.BuiltinNode,
	args []*schema.Type) *schema.Type {
	return func(c *checker, n *ast.BuiltinNode, args []*schema.Type) *schema.Type {
		for i, t := range args {
			if i >= len(in) {
				c.Report(nodes.Span(n.Arguments[i]), "wrong-arguments", tooMany(n, c.rules[n.Name].Usage), "`%s` takes %s", n.Name,
					countOf(len(in)))
				return out
			}
			if t == nil {
				continue
			}
			if !schema.Assignable(in[i], t) {
				label := "write " + c.rules[n.Name].Usage
				if n.Name == "string" && t.Kind == schema.KindString {
					label = "it is a text already: write " + nodes.Short(n.Arguments[i])
				}
				c.Report(nodes.Span(n.Arguments[i]), "wrong-arguments", label,
					"`%s` takes %s here, this is %s", n.Name, report.DescribeType(in[i]), report.DescribeType(t.Required()))
				continue
			}
			c.need(n.Arguments[i], t, "`"+n.Name+"`")
		}
		if len(args) < len(in) {
			c.Report(n.Location(), "wrong-arguments", "write "+c.rules[n.Name].Usage, "`%s` takes %s, here are %d", n.Name,
				countOf(len(in)), len(args))
		}
		return out
	}
}

func (c *checker) builtin(n *ast.BuiltinNode) *schema.Type {
	rule, ok := c.rules[n.Name]
	if !ok {
		c.unknown.Function(&ast.IdentifierNode{Value: n.Name}, n.Arguments)
		return nil
	}
	if !c.boundedLoop(n) {
		return nil
	}
	args := make([]*schema.Type, len(n.Arguments))
	for i, a := range n.Arguments {
		p, isPredicate := a.(*ast.PredicateNode)
		if !isPredicate {
			args[i] = c.check(a)
			continue
		}
		if args[0] == nil || args[0].Kind != schema.KindList {
			break
		}
		c.items = append(c.items, args[0].Elem)
		args[i] = c.check(p)
		if boolPredicate[n.Name] && args[i] != nil {
			if args[i].Kind != schema.KindBool {
				c.Report(nodes.Span(p.Node), "type-mismatch", c.itemsHint(n, p, args[i]),
					"`%s` takes a condition on the items, this is %s", n.Name, report.DescribeType(args[i]))
			} else {
				c.need(p.Node, args[i], "`"+n.Name+"`")
			}
		}
		c.items = c.items[:len(c.items)-1]
	}
	return rule.check(c, n, args)
}

// boundedLoop keeps the work of an expression within a small multiple of the data that it reads:
// inside a predicate a function may only go over lists of the item, and over short ones that are the same for
// every item, not over the whole history once more for every item.
func (c *checker) boundedLoop(n *ast.BuiltinNode) bool {
	if len(c.items) == 0 || len(n.Arguments) == 0 {
		return true
	}
	switch n.Name {
	case "abs", "ceil", "floor", "round", "int", "float", "string", "trim", "upper", "lower", "split", "min", "max":
		return true
	}
	root := n.Arguments[0]
	for {
		switch x := root.(type) {
		case *ast.MemberNode:
			root = x.Node
			continue
		case *ast.ChainNode:
			root = x.Node
			continue
		case *ast.BinaryNode:
			if x.Operator == "??" {
				root = x.Left
				continue
			}
		case *ast.BuiltinNode:
			if len(x.Arguments) > 0 {
				root = x.Arguments[0]
				continue
			}
		case *ast.PointerNode:
			return true
		}
		break
	}
	if c.isSame(n) {
		if c.same == nil {
			c.same = map[*ast.BuiltinNode]bool{}
		}
		c.same[n] = true
		return true
	}
	c.Report(n.Location(), "forbidden-function",
		"look at a list of the item, as in .items, or keep the list among the `vars` of the playbook",
		"inside a condition on items `%s` may not go over another list: it would run once for every item", n.Name)
	return false
}

var boolPredicate = map[string]bool{
	"all": true, "any": true, "none": true, "one": true, "filter": true,
	"count": true, "find": true, "findLast": true,
}

// list checks that the first argument is a list that is present and gives its item type; nil after
// a mistake.
func (c *checker) list(n *ast.BuiltinNode, args []*schema.Type) *schema.Type {
	if len(args) == 0 || args[0] == nil {
		if len(args) == 0 {
			c.Report(n.Location(), "wrong-arguments", "write "+c.rules[n.Name].Usage, "`%s` takes a list", n.Name)
		}
		return nil
	}
	if args[0].Kind != schema.KindList {
		c.Report(nodes.Span(n.Arguments[0]), "wrong-arguments", "write "+c.rules[n.Name].Usage, "`%s` takes a list, this is %s",
			n.Name, report.DescribeType(args[0].Required()))
		return nil
	}
	c.need(n.Arguments[0], args[0], "`"+n.Name+"`")
	return args[0].Elem
}

func (c *checker) lenOf(n *ast.BuiltinNode, args []*schema.Type) *schema.Type {
	if len(args) == 1 && args[0] != nil && args[0].Kind == schema.KindString {
		c.need(n.Arguments[0], args[0], "`len`")
		return schema.Int
	}
	c.list(n, args)
	return schema.Int
}

func (c *checker) sumOf(n *ast.BuiltinNode, args []*schema.Type) *schema.Type {
	elem := c.list(n, args)
	if elem == nil {
		return schema.Number
	}
	at := n.Arguments[0]
	if len(args) > 1 {
		if p, ok := n.Arguments[1].(*ast.PredicateNode); ok {
			elem, at = args[1], p.Node
		}
	}
	if elem == nil {
		return schema.Number
	}
	if !schema.IsNumeric(elem) {
		c.Report(nodes.Span(at), "wrong-arguments", "write "+c.rules["sum"].Usage, "`sum` adds numbers, this is %s",
			report.DescribeType(elem.Required()))
		return schema.Number
	}
	if elem.Optional {
		c.items = append(c.items, elem)
		c.need(at, elem, "`sum`")
		c.items = c.items[:len(c.items)-1]
	}
	return elem.Required()
}

// extreme types min and max: an int of ints, else a number.
func (c *checker) extreme(n *ast.BuiltinNode, args []*schema.Type) *schema.Type {
	if len(args) == 1 && args[0] != nil && args[0].Kind == schema.KindList {
		c.Report(n.Location(), "wrong-arguments", "write "+map[string]string{"max": "largest", "min": "smallest"}[n.Name]+"(list), or "+n.Name+"(a, b)",
			"`%s` is of two or more numbers, this is a list",
			n.Name)
		return schema.Number
	}
	out := schema.Int
	for i, t := range args {
		if t == nil {
			continue
		}
		if t.Kind != schema.KindInt {
			out = schema.Number
		}
		if !schema.IsNumeric(t) {
			c.Report(nodes.Span(n.Arguments[i]), "wrong-arguments", "write "+n.Name+"(a, b)", "`%s` takes numbers, this is %s",
				n.Name, report.DescribeType(t.Required()))
			continue
		}
		c.need(n.Arguments[i], t, "`"+n.Name+"`")
	}
	return out
}

func (c *checker) slice(n *ast.SliceNode) *schema.Type {
	t := c.check(n.Node)
	for _, part := range []ast.Node{n.From, n.To} {
		if part != nil {
			if p := c.check(part); p != nil && p.Kind != schema.KindInt {
				c.Report(nodes.Span(part), "type-mismatch", "", "the place in a list is an int, this is %s", report.DescribeType(p))
			}
		}
	}
	if t == nil {
		return nil
	}
	if t.Kind != schema.KindList && t.Kind != schema.KindString {
		c.Report(nodes.Span(n.Node), "type-mismatch", "", "only a list or a text can be cut, this is %s", report.DescribeType(t))
		return nil
	}
	c.need(n.Node, t, "`[:]`")
	return t.Required()
}

// tooMany returns how a function is called that was given more than it takes.
func tooMany(n *ast.BuiltinNode, usage string) string {
	if places, ok := nodes.Constant(n.Arguments[len(n.Arguments)-1]).(float64); ok && n.Name == "round" && places > 0 &&
		places < 10 {
		hundred := "1" + strings.Repeat("0", int(places))
		return "write round(" + nodes.Operand(n.Arguments[0], nodes.Short(n.Arguments[0])) + " * " + hundred + ") / " + hundred
	}
	return "write " + usage
}

// itemsHint returns how a condition on items is written.
func (c *checker) itemsHint(n *ast.BuiltinNode, p *ast.PredicateNode, t *schema.Type) string {
	if t.Kind == schema.KindString && n.Name == "any" && !nodes.MentionsItem(p.Node) {
		return "write " + nodes.Short(p.Node) + " in " + nodes.Short(n.Arguments[0])
	}
	return "write " + c.rules[n.Name].Usage
}
