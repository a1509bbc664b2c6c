package text

import (
	"fmt"
	"strings"
)

// guardResult reports what a result may lack where it is printed, as the code of a coupon that was
// not issued. A filter that stands in for it, and a condition around it, say that this is known.
func (c *textTyper) guardResult(x Expr) {
	for {
		f, ok := x.(*Filter)
		if !ok {
			break
		}
		if f.Name.Text == "default" {
			return
		}
		x = f.Of
	}
	guard := c.guardOf(x)
	if guard == "" {
		return
	}
	src := c.source(x)
	label := "write {% if " + guard + " %} … {% endif %} around it, or | default: '…'"
	for i := range c.diags {
		if c.diags[i].Code == "unguarded-result" && c.diags[i].Label == label {
			return // one condition is enough for all of them
		}
	}
	message := fmt.Sprintf("`%s` is missing unless `%s`, and nothing would stand there", src, guard)
	if strings.HasPrefix(src, guard) {
		message = fmt.Sprintf("`%s` may be missing, and nothing would stand there", src)
	}
	c.warn("unguarded-result", x.Place(), message, label)
}

// guardOf returns what tells whether a value of a result is there, when nothing around has asked;
// "" of any other value.
func (c *textTyper) guardOf(x Expr) string {
	if c.scope == nil {
		return ""
	}
	switch x := x.(type) {
	case *Group:
		return c.guardOf(x.Of)
	case *Name:
		if v := c.locals[x.Name]; v.t != nil && c.missing(textValue{t: v.t, path: x.Name}) {
			return v.guard
		}
	case *Field:
		if guard := c.guardOf(x.Of); guard != "" {
			return guard
		}
		path, of := pathOf(x), c.pathType(x.Of)
		if path == "" || of == nil || c.present[path] {
			return ""
		}
		for i := range of.Fields {
			f := &of.Fields[i]
			switch {
			case f.Name != x.Name.Text || f.When == "" || !f.Type.Optional || f.Always && !of.Optional:
			case strings.HasPrefix(f.When, "!"):
				return path // what was missing before would pass for false
			default:
				return pathOf(x.Of) + "." + f.When
			}
		}
	}
	return ""
}
