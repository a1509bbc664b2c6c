package engine

import (
	"maps"
	"math"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
)

// choose goes the first way whose condition holds, and says which and what the conditions saw.
func (d *decider) choose(r *Run, s *playbooks.Step) {
	seen := map[string]any{}
	for i := range s.Branches {
		w := &s.Branches[i]
		ok, err := d.test(w.If)
		if err != nil {
			d.fail(r, s, err)
			return
		}
		if w.If != nil {
			maps.Copy(seen, w.If.Seen(d.env))
		}
		if ok {
			d.trace(r, d.now, TraceEntry{What: s.Key, Step: s.Name(), Reason: w.Name, Detail: plain(seen)})
			r.PC = w.Start
			return
		}
	}
	r.PC = s.Jump
}

// split goes the way that the member's dice say: the same every time.
func (d *decider) split(r *Run, b *book, s *playbooks.Step) {
	w := d.thrown(b, s)
	d.remember(r, b, s.ID, map[string]any{"name": w.Name})
	d.scope(r, b)
	d.trace(r, d.now, TraceEntry{What: s.Key, Step: s.Name(), Reason: w.Name})
	r.PC = w.Start
}

// thrown throws the dice of a split.
func (d *decider) thrown(b *book, s *playbooks.Step) *playbooks.Branch {
	if d.e.o.Split != nil {
		forced := d.e.o.Split(b.ID, s.Name())
		for i := range s.Branches {
			if s.Branches[i].Name == forced {
				return &s.Branches[i]
			}
		}
	}
	dice, upTo := int(expression.Dice("split", b.ID, s.Salt, d.id)%10_000), 0
	for i := range s.Branches {
		if upTo += int(math.Round(s.Branches[i].Weight * 100)); dice < upTo {
			return &s.Branches[i]
		}
	}
	return &s.Branches[len(s.Branches)-1]
}
