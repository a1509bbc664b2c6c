package playbooks

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
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
	for _, name := range slices.Sorted(maps.Keys(p.templates)) {
		fmt.Fprintf(h, "template %q %q\n", name, p.templates[name].Text)
	}
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
