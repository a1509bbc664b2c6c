package text

import (
	"slices"
	"strings"
)

// reader reads the tokens of one expression. The first mistake ends it.
type reader struct {
	p      *parser
	toks   []token
	i      int
	failed bool
	prints bool // {{ … }}, where || means something else than in a condition
}

// read returns a reader of what stands between two places; nil when it cannot be cut into tokens.
func (p *parser) read(from, to int, prints bool) *reader {
	toks, ok := p.tokens(from, to)
	if !ok {
		return nil
	}
	return &reader{p: p, toks: toks, prints: prints}
}

func (r *reader) peek() token { return r.toks[r.i] }

func (r *reader) next() token {
	t := r.toks[r.i]
	if t.kind != endToken {
		r.i++
	}
	return t
}

func (r *reader) is(mark string) bool { return r.peek().kind == markToken && r.peek().text == mark }

func (r *reader) isName(word string) bool { return r.peek().kind == nameToken && r.peek().text == word }

func (r *reader) fail(at Span, message, label string) Expr {
	if !r.failed {
		r.failed = true
		r.p.mistake(at, message, label)
	}
	return nil
}

func (r *reader) failFix(at Span, message, fix string) Expr {
	if !r.failed {
		r.fail(at, message, "write `"+fix+"`")
		r.p.mistakes[len(r.p.mistakes)-1].Fix = fix
	}
	return nil
}

// whole reads an expression to its end.
func (r *reader) whole() Expr {
	x := r.logic()
	if !r.failed && r.peek().kind != endToken {
		r.unexpected()
	}
	if r.failed {
		return nil
	}
	return x
}

func (r *reader) logic() Expr {
	first := r.relation()
	if r.failed || !r.isName("and") && !r.isName("or") {
		return first
	}
	l := &Logic{Terms: []Expr{first}}
	for r.isName("and") || r.isName("or") {
		op := r.next()
		l.Ops = append(l.Ops, Ident{op.Span, op.text})
		x := r.relation()
		if r.failed {
			return nil
		}
		l.Terms = append(l.Terms, x)
	}
	l.Span = Span{first.Place().From, l.Terms[len(l.Terms)-1].Place().To}
	return l
}

var comparisons = []string{"==", "!=", ">=", "<=", "<", ">"}

func (r *reader) comparing() bool {
	t := r.peek()
	return t.kind == markToken && slices.Contains(comparisons, t.text) || t.kind == nameToken && t.text == "contains"
}

func (r *reader) relation() Expr {
	left := r.filtered()
	if r.failed || !r.comparing() {
		return left
	}
	if f, ok := left.(*Filter); ok {
		return r.fail(f.Span, "a filter cannot stand in a comparison", "name it before: {% assign x = … %}, then compare x")
	}
	op := r.next()
	right := r.postfix()
	switch {
	case r.failed:
		return nil
	case r.is("|"):
		return r.fail(Span{right.Place().From, r.toks[len(r.toks)-1].To}, "a filter cannot stand in a comparison",
			"name it before: {% assign x = … %}, then compare x")
	case r.comparing():
		return r.fail(r.peek().Span, "two things are compared at a time", "as in a < b and b < c")
	}
	return &Compare{Span{left.Place().From, right.Place().To}, Ident{op.Span, op.text}, left, right}
}

func (r *reader) filtered() Expr {
	x := r.postfix()
	for !r.failed && r.is("|") {
		bar := r.next()
		name := r.next()
		if name.kind != nameToken && name.kind != keyToken {
			at := name.Span
			if name.kind == endToken {
				at = bar.Span
			}
			return r.fail(at, "a filter is missing after `|`", "as in | default: 'friend'")
		}
		f := &Filter{Of: x, Name: Ident{Span{name.From, name.From + len(name.text)}, name.text}}
		if name.kind == keyToken {
			r.arguments(f)
		} else if r.argumentWithoutColon(f) {
			return nil
		}
		if r.failed {
			return nil
		}
		f.Span = Span{x.Place().From, r.toks[r.i-1].To}
		x = f
	}
	return x
}

// argumentWithoutColon reports `default 'x'` and `default('x')`.
func (r *reader) argumentWithoutColon(f *Filter) bool {
	t := r.peek()
	switch {
	case t.kind == literalToken && t.From > f.Name.To-1:
		r.fail(Span{f.Name.From, t.To}, "a colon is missing behind `"+f.Name.Text+"`", "write "+f.Name.Text+": "+t.text)
		return true
	case r.is("("):
		r.fail(Span{f.Name.From, t.To}, "a filter takes what stands behind a colon", "as in | "+f.Name.Text+": 'text'")
		return true
	}
	return false
}

func (r *reader) arguments(f *Filter) {
	for {
		if t := r.peek(); t.kind == keyToken {
			r.next()
			v := r.postfix()
			f.Named = append(f.Named, NamedArg{Ident{Span{t.From, t.From + len(t.text)}, t.text}, v})
		} else {
			f.Args = append(f.Args, r.postfix())
		}
		if r.failed || !r.is(",") {
			return
		}
		r.next()
	}
}

// postfix reads a value with what stands behind its dots and in its brackets.
func (r *reader) postfix() Expr {
	x := r.primary()
	for !r.failed {
		switch {
		case r.is(".") && r.adjoins():
			dot := r.next()
			name := r.next()
			if name.kind == literalToken && name.text != "" && IsNameRune(firstRune(name.text), true) || name.kind == nameToken {
				x = &Field{Span{x.Place().From, name.To}, x, Ident{name.Span, name.text}}
				continue
			}
			if name.kind == keyToken {
				return r.colon(name)
			}
			return r.fail(dot.Span, "a name is missing behind the dot", "")
		case r.is("["):
			r.next()
			at := r.postfix()
			if !r.failed && !r.is("]") {
				return r.fail(r.peek().Span, "`]` is missing", "")
			}
			end := r.next()
			x = &Index{Span{x.Place().From, end.To}, x, at}
		case r.is("(") && r.adjoins():
			return r.call(x)
		default:
			return x
		}
	}
	return nil
}

// colon reports one that stands behind no filter.
func (r *reader) colon(t token) Expr {
	label := "as in {{ member.nickname | default: 'friend' }}"
	if r.peek().kind == endToken {
		label = "leave it out"
	}
	return r.fail(Span{t.To - 1, t.To}, "a colon stands behind a filter only", label)
}

// adjoins reports whether the next token stands right behind the last one.
func (r *reader) adjoins() bool { return r.i > 0 && r.toks[r.i-1].To == r.peek().From }

func (r *reader) call(x Expr) Expr {
	name := r.p.src[x.Place().From:x.Place().To]
	if f, ok := x.(*Field); ok {
		return r.fail(Span{f.Name.From, r.peek().To}, "there are no functions in a text", "a filter, as in {{ value | "+
			f.Name.Text+" }}")
	}
	switch name {
	case "now":
		return r.fail(Span{x.Place().From, r.peek().To}, "there are no functions in a text: `"+name+"`",
			"write now, without brackets")
	case "today":
		return r.fail(Span{x.Place().From, r.peek().To}, "there are no functions in a text: `"+name+"`",
			"write now | date: '%Y-%m-%d'")
	}
	return r.fail(Span{x.Place().From, r.peek().To}, "there are no functions in a text: `"+name+"`",
		"there are filters, as in {{ value | "+name+" }}")
}

func (r *reader) primary() Expr {
	t := r.next()
	switch t.kind {
	case literalToken:
		return &Literal{t.Span, t.value}
	case nameToken:
		if !r.foreignOperator(t) {
			return &Name{t.Span, t.text}
		}
		return nil
	case keyToken:
		return r.colon(t)
	case endToken:
		return r.fail(Span{r.p.lastChar(t.From), t.From}, "a value is missing here", "")
	}
	if t.text != "(" {
		r.i--
		r.unexpected()
		return nil
	}
	x := r.logic()
	if !r.failed && r.is("..") {
		r.next()
		last := r.postfix()
		if r.failed || !r.is(")") {
			return r.fail(t.Span, "a range is written (1..10)", "")
		}
		return &Range{Span{t.From, r.next().To}, x, last}
	}
	if !r.failed && !r.is(")") {
		return r.fail(t.Span, "this bracket is never closed", "write `)`")
	}
	if r.failed {
		return nil
	}
	return &Group{Span{t.From, r.next().To}, x}
}

// operators are words of other languages for what Liquid writes otherwise.
var operators = map[string]string{
	"大于": ">", "大于等于": ">=", "小于": "<", "小于等于": "<=", "等于": "==", "不等于": "!=", "是": "==", "不是": "!=", "包含": "contains",
	"和": "and", "与": "and",
	"AND": "and", "And": "and", "且": "and", "并且": "and", "OR": "or", "Or": "or", "或": "or", "或者": "or",
	"is": "==", "eq": "==", "equals": "==", "ne": "!=", "neq": "!=", "gt": ">", "lt": "<", "gte": ">=", "ge": ">=",
	"lte": "<=", "le": "<=",
	"includes": "contains", "has": "contains", "like": "contains",
}

// foreignOperator reports a name that is an operator of another language where a value stands.
func (r *reader) foreignOperator(t token) bool {
	next := r.peek()
	switch {
	case t.text == "not" && next.kind != endToken && next.text != "|" && !r.comparing():
		r.fail(t.Span, "there is no `not` in a text", "write {% unless … %}, or compare: == false")
	case t.text == "and" || t.text == "or" || t.text == "contains":
		r.fail(t.Span, "a value is missing before `"+t.text+"`", "")
	case (t.text == "null" || t.text == "None" || t.text == "undefined") && next.text != ".":
		r.failFix(t.Span, "there is no `"+t.text+"` in a text", "nil")
	case (t.text == "True" || t.text == "False" || t.text == "TRUE" || t.text == "FALSE") && next.text != ".":
		r.failFix(t.Span, "there is no `"+t.text+"` in a text", strings.ToLower(t.text))
	}
	return r.failed
}

var (
	calculating       = map[string]string{"+": "plus", "-": "minus", "*": "times", "/": "divided_by", "%": "modulo"}
	misspeltOperators = map[string]string{
		"=": "==", "===": "==", "!==": "!=", "<>": "!=", "=>": ">=", "=<": "<=",
		"&&": "and", "&": "and",
	}
)

// unexpected reports the next token, which cannot stand where it does, with what is meant in
// Liquid.
func (r *reader) unexpected() {
	t := r.peek()
	word := r.p.src[t.From:t.To]
	switch {
	case t.kind == markToken && t.text == "=":
		r.failFix(t.Span, "`=` does not compare", "==")
	case t.kind == markToken && misspeltOperators[t.text] != "":
		r.failFix(t.Span, "there is no `"+t.text+"` in a text", misspeltOperators[t.text])
	case t.kind == markToken && calculating[t.text] != "":
		r.fail(t.Span, "a text calculates by filters", r.calculated(t))
	case t.kind == markToken && t.text == "," && r.groups(t):
		r.fail(t.Span, "a number has no commas", "write "+r.p.src[r.toks[r.i-1].From:t.From]+r.toks[r.i+1].text)
	case t.text == "||" && t.kind == markToken && !r.prints:
		r.failFix(t.Span, "there is no `||` in a text", "or")
	case t.kind == markToken && slices.Contains([]string{"||", "??", "?:", "?", "?."}, t.text):
		r.conditional(t)
	case t.kind == markToken && t.text == "!":
		r.fail(t.Span, "there is no `!` in a text", "write {% unless … %}, or compare: == false")
	case t.kind == nameToken && operators[t.text] != "":
		r.failFix(t.Span, "there is no `"+t.text+"` in a text", operators[t.text])
	case t.kind == nameToken && (t.text == "in" || t.text == "not"):
		r.fail(t.Span, "there is no `"+t.text+"` in a condition", "write list contains value; the opposite is {% unless … %}")
	case t.kind == nameToken && t.text == "then" || t.kind == markToken &&
		(t.text == ":" || t.text == "{" || t.text == ";"):
		r.fail(t.Span, "`"+word+"` is not expected here", "leave it out")
	case t.text == ".." && t.kind == markToken:
		r.fail(t.Span, "a range is only known in {% for i in (1..10) %}, with numbers", "")
	case t.text == "->" || t.text == "::":
		r.failFix(t.Span, "there is no `"+t.text+"` in a text", ".")
	case t.text == "`":
		r.fail(t.Span, "a text is quoted by ' or \"", "")
	case t.kind == endToken:
		r.fail(Span{r.p.lastChar(t.From), t.From}, "a value is missing here", "")
	default:
		label := "as in {{ member.nickname | default: 'friend' }}"
		if !r.prints {
			label = "as in {% if member.points > 3 and member.nickname != blank %}"
		}
		r.fail(t.Span, "`"+word+"` is not expected here", label)
	}
}

// calculated says which filter calculates what a sign does in other languages.
func (r *reader) calculated(t token) string {
	by := "1"
	if next := r.toks[min(r.i+1, len(r.toks)-1)]; next.kind == literalToken {
		by = next.text
	}
	if r.i > 0 && r.toks[r.i-1].text == "now" {
		return "days are added by | add_days: " + by
	}
	return "as in | " + calculating[t.text] + ": " + by
}

// groups reports whether a comma stands between the digits of one number: 1,000.
func (r *reader) groups(t token) bool {
	next := r.toks[min(r.i+1, len(r.toks)-1)]
	_, before := r.toks[max(r.i-1, 0)].value.(int)
	_, after := next.value.(int)
	return r.i > 0 && before && after && next.From == t.To && len(next.text) == 3
}

// conditional reports what other languages write for a value that may be missing, and for a choice
// of two.
func (r *reader) conditional(t token) {
	rest := r.toks[min(r.i+1, len(r.toks)-1)]
	if t.text == "?." {
		r.failFix(t.Span, "there is no `?.` in a text: what is missing prints nothing", ".")
		return
	}
	if t.text == "?" {
		r.fail(t.Span, "there is no `"+t.text+"` in a text", "a choice is {% if … %} … {% else %} … {% endif %}")
		return
	}
	value := "'text'"
	if rest.kind == literalToken {
		value = rest.text
	}
	r.failFix(t.Span, "there is no `"+t.text+"` in a text", "| default:")
	r.p.mistakes[len(r.p.mistakes)-1].Label = "write | default: " + value
}
