package expression

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"

	place "github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/usher-run/usher/playbooks/decimal"
)

// checker types an expression in our own words: the expr library's checker stops at its first
// mistake, knows no missing values, and speaks of Go types. It stays behind as a second net (see
// backstop).
type checker struct {
	src        diag.Source
	sc         *Scope
	diags      []diag.Diagnostic
	types      map[ast.Node]*schema.Type
	guarded    map[string]int          // paths known to be present here
	items      []*schema.Type          // element types of the predicates around, innermost last
	named      bool                    // a field of the identifier that is checked next is named
	stack      []string                // segments and computed attributes being expanded, for cycles
	inlined    map[string]*schema.Type // types of those expanded already
	broken     map[string]bool         // those among them that have a mistake
	usesBroken bool                    // one of them is in use here: there is nothing more to say, and nothing to compile
	tags       []tagMention            // that are looked for among the member's
	negated    *ast.BinaryNode         // what the `not` around it takes, and where both are
	slots      map[string]Slot
	refs       refSet

	negatedAt place.Location
	*library
}

// library is what the checker knows of the expr library; it is made once and never changed.
type library struct {
	rules  map[string]builtinRule
	parser *conf.Config // for the parser
	base   conf.Config  // for the compiler, still without an environment
}

// theLibrary is a constant that takes a moment to make.
var theLibrary = sync.OnceValue(func() *library {
	rules := BuiltinRules()
	lib := &library{rules: rules, parser: parserConfig(rules), base: *conf.CreateNew()}
	lib.base.MaxNodes = maxNodes
	for _, f := range hostFunctions() {
		lib.base.Functions[f.Name] = f
	}
	return lib
})

func newChecker(src diag.Source, sc *Scope, lib *library) *checker {
	c := &checker{
		src: src, sc: sc, types: map[ast.Node]*schema.Type{}, guarded: map[string]int{},
		inlined: map[string]*schema.Type{}, broken: map[string]bool{}, slots: map[string]Slot{}, refs: newRefSet(),
		library: lib,
	}
	for _, fact := range sc.Known {
		c.guarded[fact]++
	}
	return c
}

func (c *checker) failed() bool {
	return slices.ContainsFunc(c.diags, func(d diag.Diagnostic) bool { return d.Severity == diag.Error })
}

// report adds a mistake at a range of the source.
func (c *checker) report(loc place.Location, code, label, format string, args ...any) *diag.Diagnostic {
	c.diags = append(c.diags, diag.Diagnostic{
		Severity: diag.Error, Code: code, Message: fmt.Sprintf(format, args...), Label: label,
		Pos: c.src.Pos(loc.From, loc.To),
	})
	d := &c.diags[len(c.diags)-1]
	for _, a := range args {
		if t, ok := a.(described); ok {
			d.RelateDeclarations(t.Type)
		}
	}
	return d
}

// parserConfig is the library's, with the functions that are ours or that we do not allow taken
// out.
func parserConfig(rules map[string]builtinRule) *conf.Config {
	cfg := conf.CreateNew()
	cfg.MaxNodes = maxNodes
	for name := range cfg.Builtins {
		if _, ok := rules[name]; !ok {
			cfg.Disabled[name] = true
			delete(cfg.Builtins, name)
		}
	}
	return cfg
}

func (c *checker) parse() ast.Node {
	if strings.TrimSpace(c.src.Text) == "" {
		c.report(place.Location{}, "syntax-expression", "write an expression, as in member.points > 100",
			"the expression is empty")
		return nil
	}
	tree, err := parser.ParseWithConfig(c.src.Text, c.parser)
	switch {
	case err != nil:
		c.syntaxError(err)
		return nil
	case c.foreignDate(diag.WithoutTexts(c.src.Text)):
		return nil
	}
	return tree.Node
}

// top checks the whole expression against what its place needs.
func (c *checker) top(n ast.Node, want *schema.Type) {
	got := c.check(n)
	if got == nil {
		return
	}
	if want != nil && want.Kind == schema.KindBool && got.Kind == schema.KindBool {
		c.need(n, got, "a condition")
		c.constants(n)
		return
	}
	if want == nil || want.Kind == schema.KindAny {
		c.unguardedResult(n, got)
		return
	}
	if !assignable(want, got) {
		label := ""
		if want.Kind == schema.KindBool {
			label = "compare it with something, as in " + short(n) + boolHint(got)
		}
		if want.Kind == schema.KindInt && got.Kind == schema.KindNumber {
			label = "write int(" + short(n) + "), which drops the fraction, or int(round(…))"
		}
		c.report(span(n), "type-mismatch", label, "this must be %s, but it is %s", schema.Article(want.Required().String()),
			DescribeType(got)).RelateDeclarations(want)
		return
	}
	if len(want.Enum) > 0 && !c.withinEnum(want, n, got) {
		c.report(span(n), "type-mismatch", "", "this must be %s, but it may be any text", diag.OneOf(want.Enum)).
			RelateDeclarations(want, got)
		return
	}
	if !want.Optional {
		c.need(n, got, "this place")
		return
	}
	c.unguardedResult(n, got)
}

// withinEnum reports whether a text can only be one of the enum's values: it is one of them, it is
// typed so, or both ways of a choice are.
func (c *checker) withinEnum(want *schema.Type, n ast.Node, got *schema.Type) bool {
	switch n := n.(type) {
	case *ast.StringNode:
		return slices.Contains(want.Enum, n.Value)
	case *ast.ConditionalNode:
		return c.withinEnum(want, n.Exp1, c.types[n.Exp1]) && c.withinEnum(want, n.Exp2, c.types[n.Exp2])
	case *ast.BinaryNode:
		if n.Operator == "??" {
			return c.withinEnum(want, n.Left, c.types[n.Left]) && c.withinEnum(want, n.Right, c.types[n.Right])
		}
	}
	if got == nil {
		return true // a mistake of its own
	}
	if len(got.Enum) == 0 {
		return got.Kind != schema.KindString
	}
	for _, v := range got.Enum {
		if !slices.Contains(want.Enum, v) {
			return false
		}
	}
	return true
}

func boolHint(t *schema.Type) string {
	switch t.Kind {
	case schema.KindInt, schema.KindNumber:
		return " > 0"
	case schema.KindString:
		return ` == "…"`
	}
	return " != nil"
}

// assignable reports whether a value of type got can stand where want is needed; missing values
// aside.
func assignable(want, got *schema.Type) bool {
	switch {
	case want == nil || got == nil || want.Kind == schema.KindAny || got.Kind == schema.KindAny:
		return true
	case got.Kind == schema.KindNil:
		return want.Optional
	case want.Kind == schema.KindNumber && got.Kind == schema.KindInt, want.Kind == schema.KindDatetime &&
		got.Kind == schema.KindDate:
		return true
	case want.Kind != got.Kind:
		return false
	case want.Kind == schema.KindList:
		return assignable(want.Elem, got.Elem)
	}
	return true
}

// check returns the node's type, nil when it has a mistake that was reported.
func (c *checker) check(n ast.Node) *schema.Type {
	t := c.typeOf(n)
	c.types[n] = t
	return t
}

func (c *checker) typeOf(n ast.Node) *schema.Type {
	switch n := n.(type) {
	case *ast.NilNode:
		return schema.Nil
	case *ast.IntegerNode:
		if n.Value > decimal.MaxInt || n.Value < -decimal.MaxInt {
			c.longNumber(n.Location())
		}
		return schema.Int
	case *ast.FloatNode:
		var long *decimal.ParseError
		if _, err := decimal.Parse(strings.ReplaceAll(c.written(n.Location()), "_", "")); errors.As(err, &long) &&
			long.Lossy() {
			c.longNumber(n.Location())
		}
		return schema.Number
	case *ast.BoolNode:
		return schema.Bool
	case *ast.StringNode:
		return schema.String
	case *ast.IdentifierNode:
		return c.identifier(n)
	case *ast.PointerNode:
		return c.pointer(n)
	case *ast.UnaryNode:
		return c.unary(n)
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.ChainNode:
		return c.check(n.Node)
	case *ast.MemberNode:
		return c.member(n)
	case *ast.ConditionalNode:
		return c.conditional(n)
	case *ast.CallNode:
		return c.call(n)
	case *ast.BuiltinNode:
		return c.builtin(n)
	case *ast.PredicateNode:
		return c.check(n.Node)
	case *ast.ArrayNode:
		return c.array(n)
	case *ast.MapNode:
		return c.object(n)
	case *ast.VariableDeclaratorNode:
		return c.let(n)
	case *ast.SliceNode:
		return c.slice(n)
	}
	c.report(n.Location(), "syntax-expression", "", "this form is not part of the language")
	return nil
}

// written returns the text of a part that is one word.
func (c *checker) written(at place.Location) string {
	runes := []rune(c.src.Text)
	return string(runes[min(at.From, len(runes)):min(at.To, len(runes))])
}

// longNumber reports a number that a float64 does not hold: what it would be compared with was
// refused, or is text.
func (c *checker) longNumber(at place.Location) {
	text := c.written(at)
	c.report(at, "inexact-number", `an id is text: write "`+text+`", and declare what it is compared with as string`,
		"%s has more digits than a number can hold", text)
}

func (c *checker) identifier(n *ast.IdentifierNode) *schema.Type {
	if whole := n.Value == "member" || n.Value == "event"; whole && !c.named {
		c.report(n.Location(), "type-mismatch", "name one of its fields, as in "+n.Value+".id",
			"`%s` as a whole has no value", n.Value)
		return nil
	}
	switch n.Value {
	case "member":
		return c.sc.Schema.MemberRecord()
	case "trigger":
		if c.sc.Trigger != nil {
			return c.sc.Trigger
		}
	case "event":
		if c.sc.Event != nil {
			return c.sc.Event
		}
		c.report(n.Location(), "unknown-name", c.eventHint(), "`event` exists only in the `if` beside an `event:` key")
		return nil
	case "actions":
		return c.actionsType()
	}
	c.unknownName(n)
	return nil
}

// eventHint returns what to write where `event` is not in scope.
func (c *checker) eventHint() string {
	if c.sc.Trigger != nil {
		return "write `trigger` for what started the run"
	}
	return ""
}

// actionsType is the object of the results so far.
func (c *checker) actionsType() *schema.Type {
	t := &schema.Type{Kind: schema.KindObject}
	for _, a := range c.sc.Actions {
		t.Fields = append(t.Fields, schema.Field{Name: a.ID, Type: a.Type, Pos: a.Pos})
	}
	return t
}

func (c *checker) pointer(n *ast.PointerNode) *schema.Type {
	if len(c.items) == 0 {
		c.report(n.Location(), "syntax-expression", "",
			"`#` stands for the item only inside filter, count, any and their like")
		return nil
	}
	switch n.Name {
	case "":
		return c.present(n, c.items[len(c.items)-1])
	case "index":
		return schema.Int
	}
	c.report(n.Location(), "unknown-name", "", "`#%s` is not part of the language", n.Name)
	return nil
}

// let refuses variables: values that are named twice double without a bound, and a computed
// attribute says more.
func (c *checker) let(n *ast.VariableDeclaratorNode) *schema.Type {
	c.report(n.Location(), "forbidden-function", "",
		"`let` is not part of the language: give the value a name as a computed attribute of usher.yaml")
	return nil
}

func (c *checker) array(n *ast.ArrayNode) *schema.Type {
	var elem *schema.Type
	for i, item := range n.Nodes {
		t := c.check(item)
		if i == 0 {
			elem = t
			continue
		}
		j := join(elem, t)
		if j == nil && elem != nil && t != nil {
			c.report(span(item), "type-mismatch", "", "a list is of one type: this is %s, the items before are %s",
				DescribeType(t), DescribeType(elem))
		}
		elem = j
	}
	if len(n.Nodes) == 0 {
		elem = schema.Any
	}
	if elem == nil {
		return nil
	}
	return schema.ListOf(elem)
}

func (c *checker) object(n *ast.MapNode) *schema.Type {
	t := &schema.Type{Kind: schema.KindObject}
	for _, p := range n.Pairs {
		pair, ok := p.(*ast.PairNode)
		if !ok {
			continue
		}
		key, ok := pair.Key.(*ast.StringNode)
		if !ok {
			c.report(pair.Key.Location(), "not-a-constant", "", "a key of an object is a constant")
			return nil
		}
		v := c.check(pair.Value)
		if v == nil {
			return nil
		}
		t.Fields = append(t.Fields, schema.Field{Name: key.Value, Type: v})
	}
	return t
}

func (c *checker) conditional(n *ast.ConditionalNode) *schema.Type {
	c.boolOperand(n.Cond, "the question")
	var a, b *schema.Type
	c.under(c.whenTrue(n.Cond), func() { a = c.check(n.Exp1) })
	c.under(c.whenFalse(n.Cond), func() { b = c.check(n.Exp2) })
	t := join(a, b)
	if t == nil && a != nil && b != nil {
		c.report(span(n.Exp2), "type-mismatch", "", "both answers must be of one type: this is %s, the other %s",
			DescribeType(b), DescribeType(a))
	}
	return t
}

// join returns the type that holds both, nil when there is none.
func join(a, b *schema.Type) *schema.Type {
	switch {
	case a == nil || b == nil:
		return nil
	case a.Kind == schema.KindNil:
		return b.AsOptional()
	case b.Kind == schema.KindNil:
		return a.AsOptional()
	}
	var t *schema.Type
	switch {
	case a.Kind == b.Kind && slices.Equal(a.Enum, b.Enum):
		t = a
	case a.Kind == schema.KindString && b.Kind == schema.KindString:
		t = schema.String
	case IsNumeric(a) && IsNumeric(b):
		t = schema.Number
	case IsTime(a) && IsTime(b):
		t = schema.Datetime
	case a.Kind == schema.KindAny || b.Kind == schema.KindAny:
		t = schema.Any
	default:
		return nil
	}
	if a.Optional || b.Optional {
		return t.AsOptional()
	}
	return t.Required()
}

// IsNumeric reports whether values of the type are numbers.
func IsNumeric(t *schema.Type) bool { return t.Kind == schema.KindInt || t.Kind == schema.KindNumber }

// IsTime reports whether values of the type are points in time.
func IsTime(t *schema.Type) bool { return t.Kind == schema.KindDate || t.Kind == schema.KindDatetime }

// described is a type in the words of a mistake, which shows where the type is declared.
type described struct{ *schema.Type }

// DescribeType returns the type as a message names it, with its article.
func DescribeType(t *schema.Type) described { return described{t} }

func (t described) String() string {
	if t.Kind == schema.KindNil {
		return "nil"
	}
	return schema.Article(t.Type.String())
}

// span returns the range from the first to the last character of the node's parts.
func span(n ast.Node) place.Location {
	s := spanVisitor{n.Location()}
	ast.Walk(&n, &s)
	return s.loc
}

type spanVisitor struct{ loc place.Location }

func (s *spanVisitor) Visit(n *ast.Node) {
	l := (*n).Location()
	if l.To == 0 && l.From == 0 {
		return
	}
	s.loc.From = min(s.loc.From, l.From)
	s.loc.To = max(s.loc.To, l.To)
}

// short returns the node's text, cut when long.
func short(n ast.Node) string {
	s := n.String()
	if r := []rune(s); len(r) > 60 {
		return string(r[:57]) + "…"
	}
	return s
}
