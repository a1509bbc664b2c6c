package engine

import (
	"cmp"
	"slices"

	"github.com/usher-run/usher/engine/outline"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
)

// noteSince notes at an entry which events were decided at its instant before it: waits that count from there on leave
// them out.
func (d *decider) noteSince(r *Run, b *book) error {
	if len(b.Since) == 0 {
		return nil
	}
	d.Scope(r, b, nil)
	var ids []any
	for _, name := range b.Since {
		list, err := d.Past.Decided(name, r.StartedAt, r.StartedAt)
		if err != nil {
			return err
		}
		for _, e := range list {
			ids = append(ids, e.ID)
		}
	}
	d.remember(r, b, outline.SinceKey, map[string]any{"ids": ids})
	return nil
}

// counted returns how many events a wait that begins now has to its count already, and the last of them.
func (d *decider) counted(r *Run, b *book, s *playbooks.Step) (n int, last map[string]any, err error) {
	w := s.Wait
	if !w.Since {
		return 0, nil, nil
	}
	m := &w.Matches[0]
	list, err := d.Past.Decided(m.Name, r.StartedAt, d.Now)
	if err != nil {
		return 0, nil, err
	}
	before, _ := r.Actions[outline.SinceKey]["ids"].([]any)
	for _, e := range list {
		if slices.Contains(before, any(e.ID)) {
			continue
		}
		if m.If != nil {
			d.Env.SetEvent(expression.Fields(e.Record))
			ok, err := d.Test(m.If)
			if err != nil {
				return 0, nil, err
			}
			if !ok {
				continue
			}
		}
		n, last = n+1, e.Record
	}
	d.Scope(r, b, s)
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
	d.remember(r, b, cmp.Or(s.ID, outline.CountKey), result)
	r.Changed = true
}

// count returns how many events a wait has counted.
func (d *decider) count(r *Run, b *book, s *playbooks.Step) int {
	r.Decode(b.Record, b.Results, d.Zone)
	n, _ := r.Actions[cmp.Or(s.ID, outline.CountKey)]["count"].(int)
	return n
}
