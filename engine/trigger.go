package engine

import (
	"github.com/usher-run/usher/engine/view"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
)

// start is a trigger of a playbook: its only one, or one of several.
type start struct {
	b *book
	t *playbooks.Trigger
}

// matching returns the first trigger of the playbook that the event, which expressions see, matches; nil: none does.
func (d *decider) matching(b *book, event string) *playbooks.Trigger {
	items := b.Trigger.Any
	if b.Trigger.Kind == playbooks.TriggerEvent && b.Trigger.Event.If == nil {
		return &b.Trigger // which the book is listed under
	}
	for i := range max(len(items), 1) {
		t := &b.Trigger
		if items != nil {
			t = &items[i]
		}
		if t.Kind != playbooks.TriggerEvent || t.Event.Name != event {
			continue
		}
		if t.Event.If == nil {
			return t
		}
		ok, err := d.test(t.Event.If)
		if err != nil {
			d.refuse(b, ReasonError, map[string]any{"trigger": err.Error()})
			return nil
		}
		if ok {
			return t
		}
	}
	return nil
}

// startedBy returns the trigger of the playbook that a call, an occurrence of a schedule or a date is about; nil: it
// has none such any more.
func (b *book) startedBy(in *Input, p *Payload) *playbooks.Trigger {
	switch {
	case b.Trigger.Kind != playbooks.TriggerAny && p.Via == "":
		return &b.Trigger
	case in.Kind == InputTrigger:
		return b.Trigger.HTTP()
	}
	for _, t := range b.Trigger.Items() {
		if t.Via == p.Via && (t.Kind == playbooks.TriggerSchedule || t.Kind == playbooks.TriggerDate) {
			return t
		}
	}
	return nil
}

// judgeItem judges a playbook on what one of its triggers sees, which the next one does not see.
func (d *decider) judgeItem(s start, trigger expression.Record) *entry {
	if s.t.Via == "" {
		return d.judge(s.b, trigger)
	}
	d.cascade.matched = append(d.cascade.matched, s.b.ID)
	seen := view.Via{Record: trigger, ID: s.t.Via}
	d.env.SetTrigger(seen, nil)
	defer d.env.SetTrigger(trigger, nil)
	return d.judge(s.b, seen)
}
