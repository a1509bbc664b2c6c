package engine

import (
	"github.com/usher-run/usher/engine/view"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
)

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
		ok, err := d.Test(t.Event.If)
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

// judgeItem judges a playbook on what one of its triggers sees, which the next one does not see.
func (d *decider) judgeItem(s start, trigger expression.Record) *entry {
	if s.Trigger.Via == "" {
		return d.judge(s.Book, trigger)
	}
	d.cascade.matched = append(d.cascade.matched, s.Book.ID)
	seen := view.Via{Record: trigger, ID: s.Trigger.Via}
	d.Env.SetTrigger(seen, nil)
	defer d.Env.SetTrigger(trigger, nil)
	return d.judge(s.Book, seen)
}
