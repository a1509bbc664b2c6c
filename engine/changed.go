package engine

import (
	"fmt"
	"slices"
	"time"

	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
)

// noteFields notes what the member has in the fields whose changes start playbooks, to compare with.
func (d *decider) noteFields() {
	if len(d.e.index.Changed) > 0 {
		d.was = d.e.index.Changed.Of(d.State.Member, d.e.index.Types)
	}
}

// followChanges puts the changes since the last look into the cascade. A chain that is too long stops here: the error
// is on the trace of the run that acted last, and refuses the playbooks.
func (d *decider) followChanges(at time.Time) {
	if len(d.e.index.Changed) == 0 {
		return
	}
	was := d.was
	d.noteFields()
	for _, i := range d.e.index.Changed.Changed(was, d.was) {
		name := d.e.index.Changed[i].Name
		depth, err := d.cascade.link(1)
		if err != nil {
			d.stopChain("change of "+name, d.e.index.OnChange[i], at, err)
			continue
		}
		d.cascade.add(Input{
			Kind: InputChange, ID: fmt.Sprintf("change:%s:%s", name, d.e.id(at, "change", name, d.ID, d.input)),
			Member: d.ID, Name: name, Time: at, At: at,
			Payload: &Payload{Depth: depth, Properties: map[string]any{"before": was[i], "after": d.was[i]}},
		})
	}
}

// judgeChange judges the playbooks that the change of a field triggers, each by the first of its triggers that the
// change matches; where something that led to it has matched one of several, none does.
func (d *decider) judgeChange(in *Input, p *Payload) (entries []*entry) {
	i := slices.IndexFunc(d.e.index.Changed, func(f schema.Field) bool { return f.Name == in.Name })
	if i < 0 {
		return nil
	}
	d.Begin(in.At)
	rec := expression.Fields(d.e.index.Changed.Change(i, p.Properties["before"], p.Properties["after"], in.At, d.Zone))
	d.beginJudging(rec)
	var last *book
	for _, s := range d.e.index.OnChange[i] {
		if s.Book == last || s.Trigger.Via != "" && slices.Contains(d.cascade.matched, s.Book.ID) {
			continue
		}
		ok, err := d.Test(s.Trigger.If)
		if err != nil {
			d.refuse(s.Book, ReasonError, map[string]any{"trigger": err.Error()})
		}
		if ok || err != nil {
			last = s.Book
		}
		if ok && err == nil {
			if en := d.judgeItem(s, rec); en != nil {
				entries = append(entries, en)
			}
		}
	}
	return entries
}
