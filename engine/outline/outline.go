// Package outline is what a playbook may read, take and emit, and what its runs remember, as far as it says so. Pure.
package outline

import (
	"slices"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
)

// Outline is what is known of a playbook before anything of it is decided.
type Outline struct {
	Record   *schema.Type                // of `trigger`
	Computed map[string]*expression.Expr // computed attributes, for texts
	Reads    []expression.Slot           // of the history
	Draws    []string                    // pools of coupons
	Raffles  []string                    // that its runs may enter
	Emits    []string                    // events that its runs may emit
	Results  map[string]*schema.Type     // by action id
	Since    []string                    // events that waits count from the entry on
	Looks    bool                        // it has a condition that is looked at: see [playbooks.Condition.Watched]
	Outside  map[string]string           // frames: of each `use` of a snippet that in which it stands
}

// stored returns the type of a result as a run keeps it: an action leaves what it has.
func stored(result *schema.Type) *schema.Type {
	t := &schema.Type{Kind: schema.KindObject}
	for _, f := range result.Fields {
		t.Fields = append(t.Fields, schema.Field{Name: f.Name, Type: f.Type.AsOptional()})
	}
	return t
}

// Computed returns the computed attributes, for texts that show them.
func Computed(s *playbooks.Schema) map[string]*expression.Expr {
	out := map[string]*expression.Expr{}
	for _, a := range s.Attributes {
		if a.Expr != nil {
			out[a.Name] = a.Expr
		}
	}
	return out
}

// Of returns the outline of a playbook, by the schema as those see it whom it is for, and its computed attributes.
func Of(p *playbooks.Playbook, s *playbooks.Schema, computed map[string]*expression.Expr) *Outline {
	b := &Outline{
		Record: p.Trigger.Record(s), Computed: computed, Reads: slices.Clone(p.Slots), Results: map[string]*schema.Type{},
		Outside: map[string]string{},
	}
	if b.Record == nil { // an event that is declared nowhere has only what every event has
		b.Record = (&playbooks.Trigger{}).Record(s)
	}
	if len(p.Vars) > 0 {
		b.Results[expression.VarsKey] = p.VarsType()
	}
	b.looks(p)
	for i := range p.Steps {
		step := &p.Steps[i]
		b.counts(step.Wait)
		if step.ID != "" && step.Result != nil {
			b.Results[step.ID] = stored(step.Result)
		}
		if step.Key == "use" {
			b.Outside[step.Name()] = step.Frame
			if step.Params != nil {
				b.Results[expression.ParamsKey(step.Name())] = stored(step.Params)
			}
			continue
		}
		for _, name := range step.Args["pool"].Names() {
			if !slices.Contains(b.Draws, name) {
				b.Draws = append(b.Draws, name)
			}
		}
		if step.Key == "coupon" && !slices.Contains(b.Emits, playbooks.CouponIssued) {
			b.Emits = append(b.Emits, playbooks.CouponIssued)
		}
		if name, ok := step.Literal("enter").(string); ok && step.Key == "raffle" {
			b.Raffles, b.Emits = append(b.Raffles, name), append(b.Emits, playbooks.RaffleDrawn)
		}
		if v := step.Args["event"]; step.Key == "emit" && v != nil {
			if name, ok := v.Literal.(string); ok && !slices.Contains(b.Emits, name) {
				b.Emits = append(b.Emits, name)
			}
		}
		if step.HandsTo == "" {
			b.texts(step)
		}
	}
	return b
}

// Handed returns the outline of a playbook whose runs hand messages to objects of a kind, as these see it: what the
// texts of such messages read of the object. computed are its computed attributes.
func Handed(p *playbooks.Playbook, kind string, computed map[string]*expression.Expr) *Outline {
	b := &Outline{Computed: computed, Outside: map[string]string{}}
	for i := range p.Steps {
		if p.Steps[i].HandsTo == kind {
			b.texts(&p.Steps[i])
		}
	}
	return b
}

// texts adds what the texts of a step read of the history.
func (b *Outline) texts(step *playbooks.Step) {
	for _, v := range step.Args {
		b.textSlots(v)
	}
	for _, v := range step.Variants {
		b.textSlots(v.Value)
	}
}

// textSlots adds what the computed attributes that a text shows read of the history.
func (b *Outline) textSlots(v *playbooks.Value) {
	if v == nil {
		return
	}
	for _, item := range v.List {
		b.textSlots(item)
	}
	for _, item := range v.Map {
		b.textSlots(item)
	}
	for _, t := range v.Choices {
		b.textSlots(&playbooks.Value{Text: t})
	}
	if v.Text == nil {
		return
	}
	for _, name := range v.Text.Refs.Attributes {
		if x := b.Computed[name]; x != nil {
			b.Reads = append(b.Reads, x.Slots...)
		}
	}
}
