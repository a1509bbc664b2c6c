package engine

import (
	"time"

	"github.com/usher-run/usher/engine/needs"
	"github.com/usher-run/usher/engine/outline"
	"github.com/usher-run/usher/playbooks/schema"
)

// Profile is what the workspace says about a member at an instant, beside what is stored of them.
type Profile struct {
	Code     string               // by which others may call the member; "": the workspace has an attribute of that name
	Defaults map[string]any       // of attributes that the member does not have
	Computed map[string]any       // computed attributes; one that is missing is nil
	Segments []string             // that the member is in, in the order of their declaration
	Kept     map[string]time.Time // of an attribute that follows a number: to when it is kept below it
	Failed   map[string]string    // computed attributes and segments that could not be evaluated, with the reason
}

// ReferralCode returns by what others may call a member.
func (e *Engine) ReferralCode(member string) string { return e.keys.ReferralCode(member) }

// ProfileNeeds returns what [Engine.Profile] of a subject may read of the history.
func (e *Engine) ProfileNeeds(subject string) []HistoryNeed {
	e = e.of(subject)
	var n needs.List
	for _, x := range outline.Computed(e.index.WS.Schema) {
		n.Slots(x.Slots)
	}
	for _, g := range e.index.WS.Schema.Segments {
		if g.Expr != nil {
			n.Slots(g.Expr.Slots)
		}
	}
	return n.Result().History
}

// Profile evaluates defaults, computed attributes and segments of a member at an instant, as a
// decision at that instant sees them.
func (e *Engine) Profile(st *State, at time.Time) *Profile {
	p := &Profile{
		Defaults: map[string]any{}, Computed: map[string]any{}, Segments: []string{},
		Failed: map[string]string{},
	}
	if st.Member == nil {
		return p
	}
	e = e.of(st.Member.ID)
	d := e.decider(st.Member.ID, st)
	defer d.release()
	d.past.Patient = true // a question holds nobody up
	d.begin(at)
	p.Code, _ = d.view.Code()
	computed := outline.Computed(e.index.WS.Schema)
	for i := range e.index.WS.Schema.Attributes {
		a := &e.index.WS.Schema.Attributes[i]
		if x := computed[a.Name]; x != nil {
			v, err := x.Eval(d.env)
			if err = d.unread(err); err != nil {
				p.Failed[a.Name] = err.Error()
				continue
			}
			p.Computed[a.Name] = schema.ToJSON(a.Type, v)
			continue
		}
		if _, has := st.Member.Attributes[a.Name]; !has && a.Default != nil {
			p.Defaults[a.Name] = schema.ToJSON(a.Type, d.view.Field(a.Name))
		}
	}
	if w := e.index.Levels; w != nil {
		if until := st.Member.KeepsLevel(&w.Levels); !until.IsZero() {
			p.Kept = map[string]time.Time{w.Attribute: until}
		}
	}
	for _, g := range e.index.WS.Schema.Segments {
		if g.Expr == nil {
			continue
		}
		in, err := g.Expr.Test(d.env)
		switch err = d.unread(err); {
		case err != nil:
			p.Failed[g.Name] = err.Error()
		case in:
			p.Segments = append(p.Segments, g.Name)
		}
	}
	return p
}
