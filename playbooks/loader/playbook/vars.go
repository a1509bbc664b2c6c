package playbook

import (
	"fmt"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/loader/values"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// maxVars is how many values a playbook may compute at an entry: they are kept with each run.
const maxVars = 50

// vars reads the values that are computed at an entry. Each may name those above it.
func (p *reader) vars(n *syntax.Node) {
	if n == nil {
		return
	}
	if n.Broken || n.Kind != syntax.MappingNode {
		if !n.Broken {
			p.WrongType(n, "vars must be a mapping (`name: = …`)").Label("as in {gap: = 2000 - member.spent}")
		}
		p.unknownNames["vars"] = true
		return
	}
	if len(n.Entries) > maxVars {
		p.Error("bad-value", n.Pos(), fmt.Sprintf("these are %d values: at most %d are kept with a run", len(n.Entries), maxVars))
	}
	p.scope.Vars = schema.ObjectOf().DeclaredAt(n.Pos())
	for _, e := range n.Entries {
		name := e.Key.Value
		if !p.IsName(e.Key, "a value", name, values.PropertyName, "letters, digits and `_`, not beginning with a digit",
			syntax.SnakeOf) {
			p.unknownNames["vars."+name] = true
			continue
		}
		t := schema.Any
		if v := p.variable(e.Value, name); v != nil {
			p.pb.Vars = append(p.pb.Vars, *v)
			t = v.Expr.Type
		} else {
			p.unknownNames["vars."+name] = true
		}
		known := *p.scope.Vars // expressions above keep what they were checked against
		known.Fields = append(slices.Clone(known.Fields), schema.Field{Name: name, Type: t, Pos: e.Key.Pos()})
		p.scope.Vars = &known
	}
}

// variable reads one value; nil after a mistake.
func (p *reader) variable(v *syntax.Node, name string) *playbooks.Var {
	what := "the value `" + name + "`"
	switch {
	case v.Broken:
		return nil
	case v.Kind != syntax.ScalarNode || v.IsNull():
		p.WrongType(v, what+" must be an expression behind `= `").Label("as in = 2000 - member.spent")
		return nil
	case v.Tag != "str" || !strings.HasPrefix(v.Value, "= "):
		p.plainVariable(v, what)
		return nil
	}
	p.NoteSite(v, &p.scope, nil)
	if p.dependsOnUnknown(v.Value) || p.CutByComment(v, true) {
		p.dropped = true
		return nil
	}
	e := p.keep(p.Compile(v, 2, &p.scope, nil))
	if e == nil || e.Type == nil {
		return nil
	}
	switch e.Type.Kind {
	case schema.KindNil:
		p.Error("bad-value", v.Pos(), what+" is always missing").Label("write an expression that has a value")
		return nil
	case schema.KindDuration:
		p.Error("bad-value", v.Pos(), what+" is a duration, which no run keeps").
			Label("keep a time, as in = now() + duration(\"3h\")")
		return nil
	}
	return &playbooks.Var{Name: name, Expr: e}
}

// plainVariable reports a value without the mark of an expression.
func (p *reader) plainVariable(v *syntax.Node, what string) {
	r := p.Error("bad-value", v.Pos(), what+" is an expression: it begins with `= `")
	switch {
	case v.Tag == "str" && strings.HasPrefix(v.Value, "="):
		text := "= " + strings.TrimLeft(v.Value, "= ")
		r.Label("write `"+text+"`").Edit(v.Pos(), valueText(v, text))
	case v.Tag == "timestamp":
		text := `= date("` + v.Value + `")`
		if len(v.Value) > len("2026-11-01") {
			text = `= datetime("` + v.Value + `")`
		}
		r.Label("write `"+text+"`").Edit(v.Pos(), valueText(v, text))
	case v.Tag != "str":
		r.Label("write `= "+v.Value+"`").Edit(v.Pos(), valueText(v, "= "+v.Value)).
			UnsureUnless(false) // a number in an expression's place may be another value's
	case strings.ContainsAny(v.Value, `.(<>=+*"`):
		r.Label("write `= "+v.Value+"`").Edit(v.Pos(), valueText(v, "= "+v.Value))
	default:
		r.Label("write `= \"" + v.Value + "\"` for a text, or `= ` and what it is made of")
	}
}
