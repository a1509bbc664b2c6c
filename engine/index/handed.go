package index

import (
	"maps"
	"slices"

	"github.com/usher-run/usher/engine/effects"
	"github.com/usher-run/usher/engine/outline"
	"github.com/usher-run/usher/engine/view"
	"github.com/usher-run/usher/playbooks"
)

// WithHanded returns an index that knows a playbook whose runs hand messages to these objects. ws is the workspace that
// holds it, as they see it.
func (x *Index) WithHanded(ws *playbooks.Workspace, p *playbooks.Playbook) *Index {
	c := *x
	c.Handed, c.events = maps.Clone(x.Handed), maps.Clone(x.events)
	if c.Handed == nil {
		c.Handed = map[string]*Book{}
	}
	computed := outline.Computed(ws.Schema)
	b := &Book{
		Playbook: p, Outline: outline.Handed(p, ws.Schema.Kind, computed), WS: ws, Types: view.TypesOf(ws.Schema),
	}
	c.Handed[p.Revision] = b
	c.track(b.Reads)
	for _, x := range computed {
		c.take(x.Aggregates, ws.Schema)
	}
	return &c
}

// Handed returns the step that a message is of, with what was chosen of its texts; nil: there is none.
func (b *Book) Handed(h *effects.Handed) *playbooks.Step {
	kind := b.WS.Schema.Kind
	i := slices.IndexFunc(b.Steps, func(s playbooks.Step) bool { return s.Path == h.Path && s.HandsTo == kind })
	if i < 0 {
		return nil
	}
	s := b.Steps[i]
	s.Args, s.Fields = maps.Clone(s.Args), slices.Clone(s.Fields)
	for _, v := range s.Variants {
		if v.Name == h.Variant {
			s.Args[v.Field] = v.Value
			s.Fields = append(s.Fields, v.Field)
		}
	}
	if v := s.Args["template"]; v != nil && v.Choices != nil {
		t := v.Choices[h.Template]
		if t == nil {
			return nil
		}
		s.Args["template"] = &playbooks.Value{Text: t}
	}
	return &s
}
