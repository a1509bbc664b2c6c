package playbooks

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
)

// finish sets what follows from the whole playbook: what it asks of the history, and its revision.
func (p *playbookReader) finish(n *node) {
	refs := p.references()
	for _, e := range p.exprs {
		p.addSlots(e.Slots)
	}
	for _, name := range refs.Attributes {
		// A template may name a computed attribute without any expression doing so.
		if a := p.schema.Attribute(name); a != nil && a.Expr != nil {
			p.addSlots(a.Expr.Slots)
		}
	}
	p.pb.Revision = p.revision(n, refs)
}

func (p *playbookReader) addSlots(slots []Slot) {
	for _, s := range slots {
		if !slices.Contains(p.pb.Slots, s) {
			p.pb.Slots = append(p.pb.Slots, s)
		}
	}
}

// references gathers what the playbook's expressions and templates refer to, through segments and computed attributes too.
func (p *playbookReader) references() Refs {
	var all Refs
	for _, e := range p.exprs {
		all = all.with(e.Refs)
	}
	for _, t := range p.templates {
		all = all.with(t.Refs)
	}
	for _, name := range slices.Clone(all.Attributes) {
		if a := p.schema.Attribute(name); a != nil && a.Expr != nil {
			all = all.with(a.Expr.Refs)
		}
	}
	if p.pb.Trigger.Segment != "" {
		all = all.with(Refs{Segments: []string{p.pb.Trigger.Segment}})
	}
	all = all.with(Refs{Events: p.emits})
	if d := p.pb.Trigger.Date; d != nil && d.Attribute != "" {
		all = all.with(Refs{Attributes: []string{d.Attribute}})
	}
	for _, m := range p.eventMatches() {
		all = all.with(Refs{Events: []string{m.Name}})
	}
	return all
}

func (p *playbookReader) eventMatches() []EventMatch {
	matches := slices.Clone(p.pb.Exits)
	if p.pb.Trigger.Kind == TriggerEvent {
		matches = append(matches, p.pb.Trigger.Event)
	}
	if p.pb.Goal != nil {
		matches = append(matches, p.pb.Goal.EventMatch)
	}
	for i := range p.pb.Steps {
		if w := p.pb.Steps[i].Wait; w != nil && w.Event != nil {
			matches = append(matches, *w.Event)
		}
	}
	return matches
}

// revision hashes the playbook without its status, and all it refers to. Comments, quotes and the order of keys do not count.
func (p *playbookReader) revision(n *node, refs Refs) string {
	h := sha256.New()
	for _, e := range sortedEntries(n) {
		if e.key.value != "status" {
			fmt.Fprintf(h, "%q:", e.key.value)
			canonical(h, e.value)
		}
	}
	p.schema.writeRefs(h, refs)
	for _, name := range sortedKeys(p.templates) {
		fmt.Fprintf(h, "template %q %q\n", name, p.templates[name].Text)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// writeRefs writes what the names refer to, such that equal meanings give equal text.
func (s *Schema) writeRefs(h io.Writer, refs Refs) {
	for _, name := range refs.Segments {
		if g := s.Segment(name); g != nil {
			fmt.Fprintf(h, "segment %q %q\n", name, g.Source.Text)
		}
	}
	for _, name := range refs.Attributes {
		a := s.Attribute(name)
		switch {
		case a == nil:
		case a.Computed != nil:
			fmt.Fprintf(h, "computed %q %q\n", name, a.Computed.Text)
		default:
			fmt.Fprintf(h, "attribute %q %s %v\n", name, typeText(a.Type), a.Default)
		}
	}
	for _, name := range refs.Events {
		if e := s.Event(name); e != nil {
			fmt.Fprintf(h, "event %q %s\n", name, typeText(e.Properties))
		}
	}
}

// Definition names what the segment asks, through the segments and computed attributes that it is made of: another one is another
// audience. "" for a segment that is not declared.
func (s *Schema) Definition(segment string) string {
	g := s.Segment(segment)
	if g == nil || g.Expr == nil {
		return ""
	}
	h := sha256.New()
	s.writeRefs(h, g.Expr.Refs.with(Refs{Segments: []string{segment}}))
	return hex.EncodeToString(h.Sum(nil))[:12]
}

func sortedEntries(n *node) []entry {
	entries := slices.Clone(n.entries)
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key.value, b.key.value) })
	return entries
}

// canonical writes a node such that equal meanings give equal text.
func canonical(w io.Writer, n *node) {
	switch n.kind {
	case mappingNode:
		fmt.Fprint(w, "{")
		for _, e := range sortedEntries(n) {
			fmt.Fprintf(w, "%q:", e.key.value)
			canonical(w, e.value)
		}
		fmt.Fprint(w, "}")
	case sequenceNode:
		fmt.Fprint(w, "[")
		for _, item := range n.items {
			canonical(w, item)
			fmt.Fprint(w, ",")
		}
		fmt.Fprint(w, "]")
	default:
		fmt.Fprintf(w, "%s %q\n", n.tag, n.value)
	}
}

// typeText writes a type whole, with the fields of objects.
func typeText(t *Type) string {
	switch {
	case t == nil:
		return "?"
	case t.Kind == KindObject:
		var b strings.Builder
		b.WriteString("{")
		for _, f := range t.Fields {
			fmt.Fprintf(&b, "%s: %s, ", f.Name, typeText(f.Type))
		}
		b.WriteString("}")
		if t.Optional {
			return "optional " + b.String()
		}
		return b.String()
	case t.Kind == KindList:
		if t.Optional {
			return "optional [" + typeText(t.Elem) + "]"
		}
		return "[" + typeText(t.Elem) + "]"
	}
	return t.String()
}
