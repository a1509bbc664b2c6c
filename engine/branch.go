package engine

import (
	"maps"
	"math"
	"slices"

	"github.com/usher-run/usher/engine/view"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
)

// choose goes the first way whose condition holds, and says which and what the conditions saw.
func (d *decider) choose(r *Run, s *playbooks.Step) {
	seen := map[string]any{}
	for i := range s.Branches {
		w := &s.Branches[i]
		ok, err := d.Test(w.If)
		if err != nil {
			d.fail(r, s, err)
			return
		}
		if w.If != nil {
			maps.Copy(seen, w.If.Seen(d.Env))
		}
		if ok {
			d.trace(r, d.Now, TraceEntry{What: s.Key, Step: s.Name(), Reason: w.Name, Detail: view.Plain(seen)})
			r.PC = w.Start
			return
		}
	}
	r.PC = s.Jump
}

// split goes the way that the member's dice say: the same every time.
func (d *decider) split(r *Run, b *book, s *playbooks.Step) {
	d.Scope(r, b, s)
	by, err := d.Value(b, s.Args["by"])
	if err != nil {
		d.fail(r, s, err)
		return
	}
	var of []string
	if s.Args["by"] != nil {
		text, err := view.DicedBy(by)
		if err != nil {
			d.fail(r, s, err)
			return
		}
		of = []string{text}
	}
	w := d.thrown(b, s, of...)
	d.remember(r, b, s.ID, map[string]any{"name": w.Name})
	d.Scope(r, b, s)
	d.trace(r, d.Now, TraceEntry{What: s.Key, Step: s.Name(), Reason: w.Name})
	r.PC = w.Start
}

// thrown throws the dice of a split: the member's, or theirs by a value.
func (d *decider) thrown(b *book, s *playbooks.Step, by ...string) *playbooks.Branch {
	i := d.throw("split", b, s, len(s.Branches), func(i int) (string, float64) {
		return s.Branches[i].Name, s.Branches[i].Weight
	}, by...)
	return &s.Branches[i]
}

// throw returns which of n names with weights the member's dice fall on: the same every time, and
// not what other dice of the playbook say.
func (d *decider) throw(kind string, b *book, s *playbooks.Step, n int, of func(i int) (string, float64),
	by ...string,
) int {
	dice, upTo, fell := int(expression.Dice(kind, append([]string{b.ID, s.Salt, d.ID}, by...)...)%10_000), 0, -1
	for i := range n {
		name, weight := of(i)
		if d.e.o.Split != nil && d.e.o.Split(b.ID, s.Name()) == name {
			return i
		}
		if upTo += int(math.Round(weight * 100)); fell < 0 && dice < upTo {
			fell = i
		}
	}
	if fell < 0 {
		return n - 1
	}
	return fell
}

// varied returns a step with the one of its variants that the member gets, and its name.
func (d *decider) varied(b *book, s *playbooks.Step) (*playbooks.Step, string) {
	i := d.throw("variant", b, s, len(s.Variants), func(i int) (string, float64) {
		return s.Variants[i].Name, s.Variants[i].Weight
	})
	out, v := *s, &s.Variants[i]
	out.Args = maps.Clone(s.Args)
	out.Args[v.Field] = v.Value
	out.Fields = append(slices.Clone(s.Fields), v.Field)
	return &out, v.Name
}
