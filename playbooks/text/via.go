package text

import (
	"github.com/usher-run/usher/playbooks/expression"
)

// viaHolds returns what is there when a field `via` is compared with a text: fields of the alternatives that it may
// name then. nil: nothing.
func (c *textTyper) viaHolds(x *Compare, lit *Literal, outcome bool) []string {
	f, ok := x.Left.(*Field)
	text, isText := lit.Value.(string)
	if !ok || !isText || c.scope == nil || x.Op.Text != "==" && x.Op.Text != "!=" {
		return nil
	}
	of := c.pathType(f.Of)
	if of == nil {
		return nil
	}
	equal := (x.Op.Text == "==") == outcome
	if via, _ := of.Field(f.Name.Text); !equal && (of.Optional || via != nil && via.Optional) {
		return nil
	}
	return expression.ViaFacts(of, pathOf(f.Of), f.Name.Text, []string{text}, equal)
}
