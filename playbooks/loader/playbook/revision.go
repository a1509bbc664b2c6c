package playbook

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/syntax"
)

// finish sets what follows from the whole playbook: what it asks of the history, and its revision.
func (p *reader) finish(n *syntax.Node) {
	refs := p.references()
	for _, e := range p.exprs {
		p.addSlots(e.Slots)
		p.pb.Aggregates = append(p.pb.Aggregates, e.Aggregates...)
	}
	for i := range p.pb.Steps {
		if w := p.pb.Steps[i].Wait; w != nil && w.Since {
			p.addSlots([]expression.Slot{{Event: w.Matches[0].Name, Items: true}})
		}
	}
	for _, name := range refs.Attributes {
		// A template may name a computed attribute without any expression doing so.
		if a := p.Schema.Attribute(name); a != nil && a.Expr != nil {
			p.addSlots(a.Expr.Slots)
		}
	}
	for _, name := range refs.Events {
		if p.Schema.MakesEvent(name) {
			p.pb.Makes = append(p.pb.Makes, name)
		}
	}
	p.pb.Revision = p.revision(n, refs)
}

func (p *reader) addSlots(slots []expression.Slot) {
	for _, s := range slots {
		if !slices.Contains(p.pb.Slots, s) {
			p.pb.Slots = append(p.pb.Slots, s)
		}
	}
}

// references gathers what the playbook's expressions and templates refer to, through segments and
// computed attributes too.
func (p *reader) references() expression.Refs {
	var all expression.Refs
	for _, e := range p.exprs {
		all = all.With(e.Refs)
	}
	for _, t := range p.templates {
		all = all.With(t.Refs)
	}
	for _, name := range slices.Clone(all.Attributes) {
		if a := p.Schema.Attribute(name); a != nil && a.Expr != nil {
			all = all.With(a.Expr.Refs)
		}
	}
	for _, t := range p.pb.Trigger.Items() {
		if t.Segment != "" {
			all = all.With(expression.Refs{Segments: []string{t.Segment}})
		}
		if t.Changed != "" {
			all = all.With(expression.Refs{Attributes: []string{t.Changed}})
		}
		if d := t.Date; d != nil && d.Attribute != "" {
			all = all.With(expression.Refs{Attributes: []string{d.Attribute}})
		}
	}
	all = all.With(expression.Refs{Events: p.emits})
	for _, m := range p.eventMatches() {
		if !m.Watched() {
			all = all.With(expression.Refs{Events: []string{m.Name}})
		}
		if m.Crosses() {
			all = all.With(expression.Refs{Segments: []string{m.Segment}})
		}
	}
	return all
}

func (p *reader) eventMatches() []playbooks.Condition {
	matches := slices.Clone(p.pb.Exits)
	for _, t := range p.pb.Trigger.Items() {
		if t.Kind == playbooks.TriggerEvent {
			matches = append(matches, t.Event)
		}
	}
	for i := range p.pb.Goals {
		matches = append(matches, p.pb.Goals[i].Condition)
	}
	for i := range p.pb.Steps {
		if w := p.pb.Steps[i].Wait; w != nil {
			for _, m := range w.Matches {
				matches = append(matches, m.Condition)
			}
		}
	}
	return matches
}

// snippets returns the names of the snippets that the playbook uses, sorted.
func (p *reader) snippets() (names []string) {
	for i := range p.pb.Steps {
		if name := p.pb.Steps[i].Snippet; name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// today are the keys of a playbook that are always those of today, whatever revision a run keeps.
var today = []string{"status", "active", "priority", "quota"}

// revision hashes the playbook without what is always today's, and all it refers to. Comments, quotes and the order of
// keys do not count.
func (p *reader) revision(n *syntax.Node, refs expression.Refs) string {
	h := sha256.New()
	for _, e := range syntax.SortedEntries(n) {
		if !slices.Contains(today, e.Key.Value) {
			fmt.Fprintf(h, "%q:", e.Key.Value)
			syntax.Canonical(h, e.Value)
		}
	}
	p.Schema.WriteRefs(h, refs)
	if p.pb.For != "" { // what it emits to members is no event of its own subject
		p.Workspace.Schema.WriteRefs(h, expression.Refs{Events: p.emits})
	}
	p.writeHanded(h)
	for _, name := range p.snippets() {
		fmt.Fprintf(h, "snippet %q:", name)
		syntax.Canonical(h, p.Snippets[name].Node)
	}
	for _, name := range slices.Sorted(maps.Keys(p.templates)) {
		fmt.Fprintf(h, "template %q %q\n", name, p.templates[name].Text)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}
