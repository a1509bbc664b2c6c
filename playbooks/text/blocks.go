package text

import (
	"regexp"
	"slices"
	"strings"
)

// clauses says inside which blocks a tag may stand.
var clauses = map[string][]string{"else": {"if", "unless", "case", "for"}, "elsif": {"if"}, "when": {"case"}}

var elseIf = regexp.MustCompile(`^if\b`)

// clause reads else, elsif and when.
func (p *parser) clause(t tagText) {
	var b *block
	if len(p.open) > 0 {
		b = p.open[len(p.open)-1]
	}
	if b == nil || !slices.Contains(clauses[t.name], b.name) {
		p.outside(t, b)
		return
	}
	if b.closed {
		p.mistake(t.at, "`"+t.name+"` stands behind `else`", "what comes behind else is never reached")
	}
	br := Branch{Span: t.Span, Name: t.name}
	switch {
	case t.name == "elsif":
		br.Cond = p.condition(t)
	case t.name == "when":
		br.Values = p.values(t)
	case elseIf.MatchString(p.src[t.args:t.to]) && b.ifs != nil:
		p.mistake(Span{t.at.From, t.args + 2}, "`else if` is read as `else`", "write elsif")
		p.mistakes[len(p.mistakes)-1].Fix = "elsif"
	case t.args < t.to:
		label := "leave it out"
		if b.ifs != nil {
			label = "a further condition is {% elsif … %}"
		}
		p.mistake(t.rest(), "nothing stands behind `else`", label)
	}
	b.closed = b.closed || t.name == "else"
	p.enter(b, br)
}

// outside reports a clause that stands in none of its blocks.
func (p *parser) outside(t tagText, b *block) {
	if len(p.mistakes) > 0 && b == nil {
		return // the tag that it belongs to cannot be read, which is reported
	}
	label := ""
	if b != nil && t.name == "elsif" && b.name == "unless" {
		p.mistake(t.at, "`unless` has no `elsif`", "write {% else %}{% if … %}…{% endif %}, or begin with {% if … %}")
		return
	}
	if b != nil && p.isOpenOneOf(clauses[t.name]) {
		label = "`" + b.name + "` is still open: close it with {% end" + b.name + " %}"
	}
	p.mistake(t.at, "`"+t.name+"` stands outside of "+either(clauses[t.name]), label)
}

func (p *parser) isOpenOneOf(names []string) bool { return slices.ContainsFunc(names, p.isOpen) }

func either(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return listed(words)
}

// enter lets a branch take what comes next.
func (p *parser) enter(b *block, br Branch) {
	switch {
	case b.ifs != nil:
		b.ifs.Branches = append(b.ifs.Branches, br)
		b.into = &b.ifs.Branches[len(b.ifs.Branches)-1].Body
	case b.cases != nil:
		b.cases.Branches = append(b.cases.Branches, br)
		b.into = &b.cases.Branches[len(b.cases.Branches)-1].Body
	case b.loop != nil:
		b.loop.Else = &br
		b.into = &b.loop.Else.Body
	}
}

// values reads those of when: between commas or or.
func (p *parser) values(t tagText) []Expr {
	if t.args == t.to {
		p.mistake(t.at, "a value is missing behind `when`", "as in {% when 'gold' %}")
		return nil
	}
	r := p.read(t.args, t.to, false)
	if r == nil {
		return nil
	}
	if r.comparing() {
		r.fail(r.peek().Span, "`when` takes values, not conditions",
			"as in {% when 'gold', 'silver' %}; conditions are {% if %} and {% elsif %}")
		return nil
	}
	var out []Expr
	for {
		x := r.postfix()
		if r.failed {
			return nil
		}
		out = append(out, x)
		if !r.is(",") && !r.isName("or") {
			break
		}
		r.next()
	}
	if t := r.peek(); t.kind != endToken {
		if r.comparing() || r.isName("and") {
			r.fail(t.Span, "`when` takes values, not conditions",
				"as in {% when 'gold', 'silver' %}; conditions are {% if %} and {% elsif %}")
			return nil
		}
		r.unexpected()
		return nil
	}
	return out
}

var (
	loopHead    = regexp.MustCompile(`^([\p{L}_][\p{L}\p{N}\p{M}_-]*)\s+in\s+`)
	loopMistake = regexp.MustCompile(`^([\p{L}_][\p{L}\p{N}_-]*)\s*(?:of|from|:|,)\s*(\S+)$`)
	assignHead  = regexp.MustCompile(`^([\p{L}_][\p{L}\p{N}\p{M}_-]*)\s*=\s*`)
	captureName = regexp.MustCompile(`^["']?[\p{L}_][\p{L}\p{N}\p{M}_-]*["']?$`)
)

func (p *parser) loop(t tagText) {
	n := &For{Span: t.Span}
	p.add(n)
	p.open = append(p.open, &block{Span: t.at, name: "for", loop: n, into: &n.Body})
	m := loopHead.FindStringSubmatchIndex(p.src[t.args:t.to])
	if m == nil {
		label := ""
		if m := loopMistake.FindStringSubmatch(p.src[t.args:t.to]); m != nil {
			label = "write {% for " + m[1] + " in " + m[2] + " %}"
		}
		p.mistake(t.rest(), "a loop is written {% for item in list %}", label)
		return
	}
	n.Item = Ident{Span{t.args + m[2], t.args + m[3]}, p.src[t.args+m[2] : t.args+m[3]]}
	r := p.read(t.args+m[1], t.to, false)
	if r == nil {
		return
	}
	n.List = r.filtered()
	for !r.failed {
		switch o := r.next(); {
		case o.kind == endToken:
			return
		case o.kind == nameToken && o.text == "reversed":
		case o.kind == keyToken && o.text == "limit":
			n.Limit = r.postfix()
		case o.kind == keyToken && o.text == "offset":
			n.Offset = r.postfix()
		default:
			r.i--
			label := "there is limit: 3, offset: 1 and reversed"
			if next := r.toks[min(r.i+1, len(r.toks)-1)]; (o.text == "limit" || o.text == "offset") &&
				next.kind == literalToken {
				label = "write " + o.text + ": " + next.text
			}
			r.fail(r.peek().Span, "`"+p.src[o.From:o.To]+"` cannot stand behind the list", label)
		}
	}
	n.List = nil
}

func (p *parser) capture(t tagText) {
	n := &Capture{Span: t.Span}
	p.add(n)
	p.open = append(p.open, &block{Span: t.at, name: "capture", holds: n, into: &n.Body})
	if name := p.src[t.args:t.to]; captureName.MatchString(name) && strings.Trim(name, `"'`) == name {
		n.Name = Ident{t.rest(), name}
		return
	}
	p.mistake(t.rest(), "a capture is written {% capture name %} … {% endcapture %}", "")
}

func (p *parser) assign(t tagText) {
	m := assignHead.FindStringSubmatchIndex(p.src[t.args:t.to])
	if m != nil && strings.HasPrefix(p.src[t.args+m[1]:t.to], "=") {
		p.mistake(Span{t.args + m[1] - 1, t.args + m[1] + 1}, "an assignment has one `=`", "write {% assign name = value %}")
		return
	}
	if m == nil || m[1] == t.to-t.args {
		p.mistake(t.rest(), "this is not valid Liquid", "an assignment is written {% assign name = value %}")
		return
	}
	n := &Assign{Span: t.Span, Name: Ident{Span{t.args + m[2], t.args + m[3]}, p.src[t.args+m[2] : t.args+m[3]]}}
	if r := p.read(t.args+m[1], t.to, false); r != nil {
		n.Value = r.whole()
	}
	p.add(n)
}
