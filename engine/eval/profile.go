package eval

import (
	"time"

	"github.com/usher-run/usher/engine/history"
	"github.com/usher-run/usher/engine/index"
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

// ProfileNeeds returns what [Evaluator.Profile] may read of the history.
func ProfileNeeds(x *index.Index) []history.Need {
	var n needs.List
	for _, x := range outline.Computed(x.WS.Schema) {
		n.Slots(x.Slots)
	}
	for _, g := range x.WS.Schema.Segments {
		if g.Expr != nil {
			n.Slots(g.Expr.Slots)
		}
	}
	return n.Result().History
}

// Profile evaluates defaults, computed attributes and segments of the member at the evaluator's instant; of none it is
// empty.
func (ev *Evaluator) Profile() *Profile {
	p := &Profile{
		Defaults: map[string]any{}, Computed: map[string]any{}, Segments: []string{},
		Failed: map[string]string{},
	}
	if ev.State.Member == nil {
		return p
	}
	p.Code, _ = ev.View.Code()
	computed := outline.Computed(ev.World.Index.WS.Schema)
	for i := range ev.World.Index.WS.Schema.Attributes {
		a := &ev.World.Index.WS.Schema.Attributes[i]
		if x := computed[a.Name]; x != nil {
			v, err := x.Eval(ev.Env)
			if err = ev.Unread(err); err != nil {
				p.Failed[a.Name] = err.Error()
				continue
			}
			p.Computed[a.Name] = schema.ToJSON(a.Type, v)
			continue
		}
		if _, has := ev.State.Member.Attributes[a.Name]; !has && a.Default != nil {
			p.Defaults[a.Name] = schema.ToJSON(a.Type, ev.View.Field(a.Name))
		}
	}
	if w := ev.World.Index.Levels; w != nil {
		if until := ev.State.Member.KeepsLevel(&w.Levels); !until.IsZero() {
			p.Kept = map[string]time.Time{w.Attribute: until}
		}
	}
	for _, g := range ev.World.Index.WS.Schema.Segments {
		if g.Expr == nil {
			continue
		}
		in, err := g.Expr.Test(ev.Env)
		switch err = ev.Unread(err); {
		case err != nil:
			p.Failed[g.Name] = err.Error()
		case in:
			p.Segments = append(p.Segments, g.Name)
		}
	}
	return p
}
