package playbook

import (
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader/reading"
	"github.com/usher-run/usher/playbooks/loader/values"
	"github.com/usher-run/usher/playbooks/syntax"
)

// paramName returns the param that a value stands for, as `= params.text` does.
func (p *reader) paramName(v *syntax.Node) (string, bool) {
	if p.given == nil || v == nil || !isExpression(v) {
		return "", false
	}
	name, ok := strings.CutPrefix(strings.TrimSpace(v.Value[2:]), "params.")
	return name, ok && p.given.snippet.Param(name) != nil
}

// textParam returns the text that a value stands for, and reports whether it stands for a param: nil then
// where that is not known because of a mistake.
func (p *reader) textParam(v *syntax.Node) (*playbooks.Value, bool) {
	if bare, ok := strings.CutPrefix(v.Value, "params."); ok && p.given != nil && p.given.snippet.Param(bare) != nil {
		r := p.Error("forgotten-equals", v.Pos(), "`"+v.Value+"` would be sent as it stands")
		if p.given.snippet.Param(bare).Kind == "text" {
			r.Label("write `= "+v.Value+"`").Edit(v.Pos(), valueText(v, "= "+v.Value))
		} else {
			r.Label("write {{ " + v.Value + " }}")
		}
		p.dropped = true
		return nil, true
	}
	if p.strangeParam(v) {
		return nil, true
	}
	param, ok := p.paramName(v)
	if !ok {
		return nil, false
	}
	t := p.given.texts[param]
	return t, t != nil
}

// strangeParam reports whether a value stands for a param that is not known because of a mistake, or that
// there is none of, which it tells.
func (p *reader) strangeParam(v *syntax.Node) bool {
	if param, ok := p.paramName(v); ok {
		unknown := p.unknownNames["params."+param]
		p.dropped = p.dropped || unknown
		return unknown
	}
	if p.given == nil || v == nil || !isExpression(v) {
		return false
	}
	name, is := strings.CutPrefix(strings.TrimSpace(v.Value[2:]), "params.")
	if !is || !values.PropertyName.MatchString(name) {
		return false
	}
	known := diag.Names(p.given.snippet.Params, func(q *reading.Param) string { return q.Name })
	from := strings.Index(v.Value, name)
	r := p.Error("unknown-field", v.At(from, from+len([]rune(name))), "the snippet `"+p.given.snippet.Name+"` takes no param `"+name+"`")
	if best := diag.Closest(name, known); best != "" {
		r.Label("did you mean `"+best+"`?").Edit(v.At(from, from+len([]rune(name))), best).
			UnsureUnless(diag.UniqueMatch(name, known)).AssumeName(best)
	}
	p.dropped = true
	return true
}

// withoutAbsent returns an action's fields without those that stand for a param which is not given.
func (p *reader) withoutAbsent(v *syntax.Node) *syntax.Node {
	if p.given == nil || len(p.given.absent) == 0 || v == nil || v.Kind != syntax.MappingNode {
		return v
	}
	out := *v
	out.Entries = slices.DeleteFunc(slices.Clone(v.Entries), func(e syntax.Entry) bool { return p.absentParam(e.Value) })
	return &out
}

// constParam returns the name that a value stands for, as `= params.pool` does.
func (p *reader) constParam(v *syntax.Node) (string, bool) {
	param, ok := p.paramName(v)
	if !ok {
		return "", false
	}
	name, ok := p.scope.Names[param]
	return name, ok
}

// isNoParam reports whether a value does not stand for a name that is known.
func (p *reader) isNoParam(v *syntax.Node) bool {
	_, ok := p.constParam(v)
	return !ok
}

// absentParam reports whether a value stands for a param that is not given: what it is for is left out.
func (p *reader) absentParam(v *syntax.Node) bool {
	param, ok := p.paramName(v)
	return ok && p.given.absent[param] && p.given.snippet.Param(param).Kind != ""
}

// Str reads a text, or the name that a param of a snippet stands for.
func (p *reader) Str(v *syntax.Node, what string) (string, bool) {
	if name, ok := p.constParam(v); ok {
		return name, true
	}
	if p.strangeParam(v) {
		return "", false
	}
	return p.Reader.Str(v, what)
}
