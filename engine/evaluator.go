package engine

import (
	"errors"
	"fmt"
	"time"

	"github.com/usher-run/usher/engine/history"
	"github.com/usher-run/usher/engine/input"
	"github.com/usher-run/usher/engine/view"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
)

// evaluator evaluates expressions and texts for one member at one instant. It is what
// expressions read: the member by package view, their history by a Reader.
type evaluator struct {
	e     *Engine
	st    *State
	id    string // of the member
	env   *expression.Env
	now   time.Time // of what is decided on, UTC
	zone  *time.Location
	types *view.Types // that the member and their history are read by; see readBy
	view  view.Member // the member as expressions read them now
	event input.View  // the one that was asked for last

	past history.Reader // answers what expressions ask of the history
}

// begin moves the evaluator to an instant.
func (ev *evaluator) begin(now time.Time) {
	ev.now = now
	ev.zone = ev.e.zones.Of(ev.st.Member)
	ev.types = ev.e.index.Types
	v, p := &ev.view, &ev.past
	v.Of, v.Zone, v.Now, v.Types, v.Keys = ev.st.Member, ev.zone, now, ev.types, ev.e.keys
	p.Now, p.Zone, p.Schema = now, ev.zone, ev.types.Schema
	ev.env.Begin(now, ev.zone, ev.id, v, p)
}

// seen returns the values that explain the outcome of a condition.
func (ev *evaluator) seen(cond *expression.Expr) map[string]any {
	if ev.e.o.Brief {
		return nil
	}
	return view.Plain(cond.Seen(ev.env))
}

// readBy makes expressions read the member and their history by a schema: a run's by that of its
// revision, all else by today's. A stored value that does not fit its type is missing. An event
// that does not fit is left out.
func (ev *evaluator) readBy(t *view.Types) {
	if ev.types == t {
		return
	}
	ev.types = t
	ev.view.Types = t
	ev.past.Schema = t.Schema
	ev.env.SetMember(&ev.view)
}

// scope lets expressions see what the run knows at a step; nil: at none, outside of snippets. The member and
// their history are read by the types of the run's revision.
func (ev *evaluator) scope(r *Run, b *book, s *playbooks.Step) {
	r.Decode(b.Record, b.Results, ev.zone)
	ev.readBy(b.Types)
	ev.env.SetTrigger(expression.Fields(r.Trigger), r.Actions)
	if s != nil {
		ev.env.SetFrame(s.Frame)
	}
}

// seeEvent returns an event as expressions see it, until it is asked for the next one.
func (ev *evaluator) seeEvent(in *Input, s *playbooks.Schema, t *playbooks.EventType) *input.View {
	ev.event = input.ViewOf(in, s, t, ev.zone)
	return &ev.event
}

// memberBy returns the member as a schema says they are.
func (ev *evaluator) memberBy(t *view.Types) *view.Member {
	return &view.Member{Of: ev.st.Member, Zone: ev.zone, Now: ev.now, Types: t, Keys: ev.e.keys}
}

// unread returns what an evaluation could not read, else its error, and forgets it.
func (ev *evaluator) unread(err error) error {
	if u := ev.past.Unavailable; u != nil {
		var lack *NotBuilt
		if errors.As(u, &lack) { // of one event: another expression may ask another
			ev.past.Unavailable = nil
		}
		return u
	}
	if u := ev.past.Unreadable; u != nil {
		ev.past.Unreadable = nil
		ev.env.SetMember(&ev.view) // another expression reads the same history anew
		return u
	}
	return err
}

// value evaluates a field of an action.
func (ev *evaluator) value(b *book, v *playbooks.Value) (any, error) {
	switch {
	case v == nil:
		return nil, nil
	case v.Choices != nil:
		t, err := ev.chosen(v)
		if err != nil {
			return nil, err
		}
		return ev.text(b, t)
	case v.Expr != nil:
		return v.Expr.Eval(ev.env)
	case v.Text != nil:
		return ev.written(b, v)
	case v.List != nil:
		out := make([]any, 0, len(v.List))
		for _, item := range v.List {
			x, err := ev.value(b, item)
			if err != nil {
				return nil, err
			}
			if x != nil {
				out = append(out, x)
			}
		}
		return out, nil
	case v.Map != nil:
		out := make(map[string]any, len(v.Map))
		for _, k := range v.Keys {
			x, err := ev.value(b, v.Map[k])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k, err)
			}
			out[k] = x
		}
		return out, nil
	}
	return v.Literal, nil
}

// chosen returns the template that an expression names.
func (ev *evaluator) chosen(v *playbooks.Value) (*playbooks.Template, error) {
	name, err := v.Expr.Eval(ev.env)
	if err != nil {
		return nil, err
	}
	text, _ := name.(string)
	if t := v.Choices[text]; t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("there is no template %.100q", text)
}

// written renders a text with what is seen where it was written.
func (ev *evaluator) written(b *book, v *playbooks.Value) (string, error) {
	if v.Up == 0 {
		return ev.text(b, v.Text)
	}
	here := ev.env.Frame()
	out := here
	for range v.Up {
		out = b.Outside[out]
	}
	ev.env.SetFrame(out)
	defer ev.env.SetFrame(here)
	return ev.text(b, v.Text)
}

// text renders a message text with the fields of the member that it shows, computed ones among
// them.
func (ev *evaluator) text(b *book, t *playbooks.Template) (string, error) {
	member := make(map[string]any, len(t.Refs.Attributes))
	for _, name := range t.Refs.Attributes {
		v := ev.view.Field(name)
		if x := b.Computed[name]; x != nil {
			var err error
			if v, err = x.Eval(ev.env); err != nil {
				return "", err
			}
		}
		if v != nil {
			member[name] = v
		}
	}
	vars := map[string]any{
		ev.types.Schema.Subject(): member, "trigger": ev.env.Trigger(), "vars": ev.env.Vars(), "params": ev.env.Params(),
		"actions": ev.env.Actions(), "now": ev.env.Now().In(ev.zone),
	}
	if t = ev.variant(t); t.Localized {
		vars[playbooks.LocaleVar] = playbooks.JoinLocales(ev.locale(), ev.e.index.WS.Schema.Locale)
	}
	o := ev.e.o.Observer
	if o == nil {
		return t.Render(vars)
	}
	return t.RenderObserved(vars, func(branch int) { o.TookBranch(t, branch) })
}

// variant returns the text of a template for the member's locale; the workspace's is today's.
func (ev *evaluator) variant(t *playbooks.Template) *playbooks.Template {
	if t.Variants == nil {
		return t
	}
	return t.For(ev.locale(), ev.e.index.WS.Schema.Locale)
}

// locale returns the member's locale; "" when they have none.
func (ev *evaluator) locale() string {
	tag, _ := ev.view.Field("locale").(string)
	return tag
}

// json evaluates a value as JSON holds it: dates as 2026-03-28, what is missing as null.
func (ev *evaluator) json(b *book, v *playbooks.Value) (any, error) {
	switch {
	case v == nil:
		return nil, nil
	case v.Expr != nil:
		x, err := v.Expr.Eval(ev.env)
		return schema.ToJSON(v.Expr.Type, x), err
	case v.Text != nil:
		return ev.written(b, v)
	case v.List != nil:
		out := make([]any, len(v.List))
		for i, item := range v.List {
			var err error
			if out[i], err = ev.json(b, item); err != nil {
				return nil, err
			}
		}
		return out, nil
	case v.Map != nil:
		out := make(map[string]any, len(v.Map))
		for _, k := range v.Keys {
			x, err := ev.json(b, v.Map[k])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k, err)
			}
			out[k] = x
		}
		return out, nil
	}
	return schema.ToJSON(nil, v.Literal), nil
}
