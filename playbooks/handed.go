package playbooks

import (
	"slices"

	"github.com/usher-run/usher/playbooks/schema"
)

// carries are the fields of a message for an object that the run evaluates; the object's line evaluates the others.
var carries = []string{"channel", "class", "to", "with"}

// Hands reports whether the step leaves a field to the line of the object that it hands a message to.
func (s *Step) Hands(field string) bool { return s.HandsTo != "" && !slices.Contains(carries, field) }

// Carried returns the type of what a run carries over to the text of a message for an object: an object.
func (s *Step) Carried() *schema.Type {
	t := schema.ObjectOf()
	with := s.Args["with"]
	if with == nil {
		return t
	}
	for _, name := range with.Keys {
		t.Fields = append(t.Fields, schema.Field{Name: name, Type: with.Map[name].Type()})
	}
	return t
}

// Type returns the type of an expression or a literal.
func (v *Value) Type() *schema.Type {
	if v.Expr != nil {
		return v.Expr.Type
	}
	switch v.Literal.(type) {
	case string:
		return schema.String
	case int:
		return schema.Int
	case float64:
		return schema.Number
	case bool:
		return schema.Bool
	}
	return schema.Any
}

// HandsTo returns the kinds of the objects that runs of the playbook hand messages to, each once.
func (p *Playbook) HandsTo() (kinds []string) {
	for i := range p.Steps {
		if kind := p.Steps[i].HandsTo; kind != "" && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}
