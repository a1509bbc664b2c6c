package engine

import (
	"cmp"
	"slices"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
)

// A run keeps beside the results of its actions what its waits count. No action has such an id.
const (
	countKey = ":count" // of a wait without an id: `count`
	sinceKey = ":since" // ids of events that were decided at the instant of the entry, before it: `ids`
)

// counts says how a run keeps what its waits count.
func (b *book) counts() {
	for i := range b.Steps {
		switch w := b.Steps[i].Wait; {
		case w == nil || w.Count == 0:
		case w.Since:
			b.since = append(b.since, w.Matches[0].Name)
			b.actions[sinceKey] = schema.ObjectOf(schema.Field{Name: "ids", Type: schema.ListOf(schema.String).AsOptional()})
			fallthrough
		default:
			b.actions[countKey] = schema.ObjectOf(schema.Field{Name: "count", Type: schema.Int.AsOptional()})
		}
	}
}

// noteSince notes at an entry which events were decided at its instant before it: waits that count from there on leave
// them out.
func (d *decider) noteSince(r *Run, b *book) error {
	if len(b.since) == 0 {
		return nil
	}
	d.scope(r, b, nil)
	var ids []any
	for _, name := range b.since {
		list, err := d.past.Decided(name, r.StartedAt, r.StartedAt)
		if err != nil {
			return err
		}
		for _, e := range list {
			ids = append(ids, e.ID)
		}
	}
	d.remember(r, b, sinceKey, map[string]any{"ids": ids})
	return nil
}

// counted returns how many events a wait that begins now has to its count already, and the last of them.
func (d *decider) counted(r *Run, b *book, s *playbooks.Step) (n int, last map[string]any, err error) {
	w := s.Wait
	if !w.Since {
		return 0, nil, nil
	}
	m := &w.Matches[0]
	list, err := d.past.Decided(m.Name, r.StartedAt, d.now)
	if err != nil {
		return 0, nil, err
	}
	before, _ := r.Actions[sinceKey]["ids"].([]any)
	for _, e := range list {
		if slices.Contains(before, any(e.ID)) {
			continue
		}
		if m.If != nil {
			d.env.SetEvent(expression.Fields(e.Record))
			ok, err := d.test(m.If)
			if err != nil {
				return 0, nil, err
			}
			if !ok {
				continue
			}
		}
		n, last = n+1, e.Record
	}
	d.scope(r, b, s)
	return n, last, nil
}

// countOne counts an event that has come, and reports whether that is enough. What the wait leaves then is returned.
func (d *decider) countOne(
	r *Run, b *book, s *playbooks.Step, event map[string]any,
) (result map[string]any, enough bool) {
	n := d.count(r, b, s) + 1
	result = map[string]any{"count": n, "event": event}
	if enough = n >= s.Wait.Count; enough {
		result["timed_out"] = false
	}
	d.keepCount(r, b, s, result)
	return result, enough
}

// keepCount keeps how far the count of a wait is.
func (d *decider) keepCount(r *Run, b *book, s *playbooks.Step, result map[string]any) {
	if s.ID == "" {
		result = map[string]any{"count": result["count"]}
	}
	d.remember(r, b, cmp.Or(s.ID, countKey), result)
	r.Changed = true
}

// count returns how many events a wait has counted.
func (d *decider) count(r *Run, b *book, s *playbooks.Step) int {
	r.Decode(b.record, b.actions, d.zone)
	n, _ := r.Actions[cmp.Or(s.ID, countKey)]["count"].(int)
	return n
}
