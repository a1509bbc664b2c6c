package playbook

import (
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/loader/reading"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// quota reads how many members may enter.
func (p *reader) quota(n *syntax.Node) {
	q := p.Quota(n, append(reading.QuotaKeys, "by")...)
	v := n.Get("by")
	if v == nil || v.Broken {
		p.pb.Quota = q
		return
	}
	from := len(p.exprs)
	val := p.byValue(v, &p.scope, "by: = trigger.group")
	if q == nil || val == nil {
		return
	}
	q.By = val.Expr
	q.Text += " by " + q.By.Text
	p.pb.Quota = q
	p.exprs = p.exprs[:from] // it is always today's, and in no revision
	p.addSlots(q.By.Slots)
	p.pb.Aggregates = append(p.pb.Aggregates, q.By.Aggregates...)
}

// byValue reads an expression that gives a single value; nil: it has a mistake.
func (p *reader) byValue(v *syntax.Node, sc *scope.Scope, example string) *playbooks.Value {
	if v.Kind != syntax.ScalarNode || !strings.HasPrefix(v.Value, "= ") {
		p.WrongType(v, "`by` must be an expression").Label("as in " + example)
		return nil
	}
	val := p.value(v, nil, "by", sc)
	if val == nil {
		return nil
	}
	if t := val.Expr.Type; t != nil && (t.Kind == schema.KindList || t.Kind == schema.KindObject) {
		p.Error("type-mismatch", v.Pos(), "`by` must be a single value: no list, no object")
		return nil
	}
	return val
}
