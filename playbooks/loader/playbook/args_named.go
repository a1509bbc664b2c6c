package playbook

import (
	"fmt"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// isExpression reports whether a text is one that begins with `= `.
func isExpression(v *syntax.Node) bool {
	return v.Kind == syntax.ScalarNode && v.Tag == "str" && strings.HasPrefix(v.Value, "= ")
}

// named reads an expression that gives the name of a pool, a channel or a template. All that it may
// give is known: constants, values of enums and columns of tables, joined by `??` and `? :`. Each has to be declared.
func (p *reader) named(v *syntax.Node, f *schema.FieldSpec, sc *scope.Scope) *playbooks.Value {
	val := p.value(v, schema.String, f.Name, sc)
	if val == nil || val.Expr == nil || p.SchemaUnreadable {
		return val
	}
	if !val.Expr.Bounded {
		p.Error("unbounded-name", v.At(2, len([]rune(v.Value))),
			fmt.Sprintf("`%s` takes one of what is known, and this may be any text", f.Name)).
			Label("join constants, enums and columns of tables by `? :` and `??`")
		p.dropped = true
		return nil
	}
	if f.Kind == schema.FieldTemplate {
		val.Choices = map[string]*playbooks.Template{}
	}
	sound := true
	for _, one := range val.Expr.Values {
		name := one.Tag
		p.Use(string(f.Kind), name)
		if !p.KnownNameAt(string(f.Kind), one.Pos, name) {
			if one.Pos.File != v.F.Name { // in a table
				p.Diags[len(p.Diags)-1].Relate("named here", v.Pos())
			}
			sound = false
			continue
		}
		switch {
		case f.Kind == schema.FieldChannel:
			p.speaking(one.Pos, name)
		case f.Kind == schema.FieldTemplate && val.Choices[name] == nil:
			if val.Choices[name] = p.templateNamed(v, name, sc); val.Choices[name] == nil {
				sound = false
			}
		}
	}
	if !sound {
		p.dropped = true
		return nil
	}
	return val
}
