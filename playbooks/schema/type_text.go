package schema

import (
	"fmt"
	"strings"
)

// TypeText writes a type whole, with the fields of objects.
func TypeText(t *Type) string {
	switch {
	case t == nil:
		return "?"
	case t.Kind == KindObject:
		var b strings.Builder
		b.WriteString("{")
		for _, f := range t.Fields {
			fmt.Fprintf(&b, "%s: %s, ", f.Name, TypeText(f.Type))
		}
		b.WriteString("}")
		if t.Optional {
			return "optional " + b.String()
		}
		return b.String()
	case t.Kind == KindList:
		if t.Optional {
			return "optional [" + TypeText(t.Elem) + "]"
		}
		return "[" + TypeText(t.Elem) + "]"
	}
	return t.String()
}

// LabelText writes the labels of a type's enums, which [TypeText] leaves out: "" when there are none.
func LabelText(t *Type) string {
	switch {
	case t == nil:
		return ""
	case t.Kind == KindObject:
		var b strings.Builder
		for _, f := range t.Fields {
			if labels := LabelText(f.Type); labels != "" {
				fmt.Fprintf(&b, " %s:%s", f.Name, labels)
			}
		}
		return b.String()
	case t.Kind == KindList:
		return LabelText(t.Elem)
	case t.Labels != nil:
		return fmt.Sprintf(" %q", t.Labels)
	}
	return ""
}
