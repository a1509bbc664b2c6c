package engine

import (
	"fmt"
	"slices"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
)

// changes prepares the fields of the member whose changes start playbooks.
func (e *Engine) changes() {
	for _, p := range e.ws.Playbooks {
		for _, t := range p.Trigger.Items() {
			if t.Kind != playbooks.TriggerChanged || p.Status == playbooks.Draft {
				continue
			}
			i := slices.IndexFunc(e.changed, func(f schema.Field) bool { return f.Name == t.Changed })
			if i < 0 {
				i = len(e.changed)
				e.changed = append(e.changed, schema.Field{Name: t.Changed, Type: e.ws.Schema.ChangedType(t.Changed)})
				e.onChange = append(e.onChange, nil)
			}
			e.onChange[i] = append(e.onChange[i], start{e.active[p.ID], t})
		}
	}
}

// noteFields notes what the member has in the fields whose changes start playbooks, to compare with.
func (d *decider) noteFields() {
	if len(d.e.changed) > 0 {
		d.was = d.e.changed.Of(d.st.Member, d.e.types)
	}
}

// followChanges puts the changes since the last look into the cascade. A chain that is too long stops here: the error
// is on the trace of the run that acted last, and refuses the playbooks.
func (d *decider) followChanges(at time.Time) {
	if len(d.e.changed) == 0 {
		return
	}
	was := d.was
	d.noteFields()
	for _, i := range d.e.changed.Changed(was, d.was) {
		name := d.e.changed[i].Name
		depth, err := d.cascade.link()
		if err != nil {
			d.stopChain("change of "+name, d.e.onChange[i], at, err)
			continue
		}
		d.cascade.add(Input{
			Kind: InputChange, ID: fmt.Sprintf("change:%s:%s", name, d.e.id(at, "change", name, d.id, d.input)),
			Member: d.id, Name: name, Time: at, At: at,
			Payload: &Payload{Depth: depth, Properties: map[string]any{"before": was[i], "after": d.was[i]}},
		})
	}
}

// judgeChange judges the playbooks that the change of a field triggers, each by the first of its triggers that the
// change matches.
func (d *decider) judgeChange(in *Input, p *Payload) (entries []*entry) {
	i := slices.IndexFunc(d.e.changed, func(f schema.Field) bool { return f.Name == in.Name })
	if i < 0 {
		return nil
	}
	d.begin(in.At)
	rec := expression.Fields(d.e.changed.Change(i, p.Properties["before"], p.Properties["after"], in.At, d.zone))
	d.beginJudging(rec)
	var last *book
	for _, s := range d.e.onChange[i] {
		if s.b == last {
			continue
		}
		ok, err := d.test(s.t.If)
		if err != nil {
			d.refuse(s.b, ReasonError, map[string]any{"trigger": err.Error()})
		}
		if ok || err != nil {
			last = s.b
		}
		if ok && err == nil {
			if en := d.judgeItem(s, rec); en != nil {
				entries = append(entries, en)
			}
		}
	}
	return entries
}
