package index

import (
	"slices"

	"github.com/usher-run/usher/engine/input"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// Start is a trigger of a playbook: its only one, or one of several.
type Start struct {
	Book    *Book
	Trigger *playbooks.Trigger
}

// StartedBy returns the trigger of the playbook that a call, an occurrence of a schedule or a date is about; nil: it
// has none such any more.
func (b *Book) StartedBy(in *input.Input, p *input.Payload) *playbooks.Trigger {
	switch {
	case b.Trigger.Kind != playbooks.TriggerAny && p.Via == "":
		return &b.Trigger
	case in.Kind == input.Trigger:
		return b.Trigger.HTTP()
	}
	for _, t := range b.Trigger.Items() {
		if t.Via == p.Via && (t.Kind == playbooks.TriggerSchedule || t.Kind == playbooks.TriggerDate) {
			return t
		}
	}
	return nil
}

// changes prepares the fields of the member whose changes start playbooks.
func (x *Index) changes() {
	for _, p := range x.WS.Playbooks {
		for _, t := range p.Trigger.Items() {
			if t.Kind != playbooks.TriggerChanged || p.Status == playbooks.Draft {
				continue
			}
			i := slices.IndexFunc(x.Changed, func(f schema.Field) bool { return f.Name == t.Changed })
			if i < 0 {
				i = len(x.Changed)
				x.Changed = append(x.Changed, schema.Field{Name: t.Changed, Type: x.WS.Schema.ChangedType(t.Changed)})
				x.OnChange = append(x.OnChange, nil)
			}
			x.OnChange[i] = append(x.OnChange[i], Start{x.Active[p.ID], t})
		}
	}
}
