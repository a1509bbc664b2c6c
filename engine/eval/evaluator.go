// Package eval evaluates expressions and texts for one subject at one instant. Pure.
package eval

import (
	"errors"
	"fmt"
	"time"

	"github.com/usher-run/usher/engine/effects"
	"github.com/usher-run/usher/engine/history"
	"github.com/usher-run/usher/engine/index"
	"github.com/usher-run/usher/engine/input"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/view"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
)

// World is what evaluations for all subjects of an engine share. It is immutable.
type World struct {
	Index    *index.Index
	Zones    *view.Zones
	Keys     *naming.Keys
	Brief    bool     // nothing is explained
	Observer Observer // nil: nobody asks
}

// Evaluator evaluates expressions and texts for one member at one instant. It is what
// expressions read: the member by package view, their history by a Reader.
type Evaluator struct {
	World *World
	State *effects.State
	ID    string // of the member
	Env   *expression.Env
	Now   time.Time // of what is decided on, UTC
	Zone  *time.Location
	Types *view.Types    // that the member and their history are read by; see ReadBy
	View  view.Member    // the member as expressions read them now
	Past  history.Reader // answers what expressions ask of the history

	With map[string]any // what a run of another subject carries over to a text; nil: it is a text of the subject's own run

	event input.View // the one that was asked for last
}

// Begin moves the evaluator to an instant.
func (ev *Evaluator) Begin(now time.Time) {
	ev.Now = now
	ev.Zone = ev.World.Zones.Of(ev.State.Member)
	ev.Types = ev.World.Index.Types
	v, p := &ev.View, &ev.Past
	v.Of, v.Zone, v.Now, v.Types, v.Keys = ev.State.Member, ev.Zone, now, ev.Types, ev.World.Keys
	p.Now, p.Zone, p.Schema = now, ev.Zone, ev.Types.Schema
	ev.Env.Begin(now, ev.Zone, ev.ID, v, p)
}

// Seen returns the values that explain the outcome of a condition.
func (ev *Evaluator) Seen(cond *expression.Expr) map[string]any {
	if ev.World.Brief {
		return nil
	}
	return view.Plain(cond.Seen(ev.Env))
}

// ReadBy makes expressions read the member and their history by a schema: a run's by that of its
// revision, all else by today's. A stored value that does not fit its type is missing. An event
// that does not fit is left out.
func (ev *Evaluator) ReadBy(t *view.Types) {
	if ev.Types == t {
		return
	}
	ev.Types = t
	ev.View.Types = t
	ev.Past.Schema = t.Schema
	ev.Env.SetMember(&ev.View)
}

// Scope lets expressions see what the run knows at a step; nil: at none, outside of snippets. The member and
// their history are read by the types of the run's revision.
func (ev *Evaluator) Scope(r *effects.Run, b *index.Book, s *playbooks.Step) {
	r.Decode(b.Record, b.Results, ev.Zone)
	ev.ReadBy(b.Types)
	ev.Env.SetTrigger(expression.Fields(r.Trigger), r.Actions)
	if s != nil {
		ev.Env.SetFrame(s.Frame)
	}
}

// SeeEvent returns an event as expressions see it, until it is asked for the next one.
func (ev *Evaluator) SeeEvent(in *input.Input, s *playbooks.Schema, t *playbooks.EventType) *input.View {
	ev.event = input.ViewOf(in, s, t, ev.Zone)
	return &ev.event
}

// MemberBy returns the member as a schema says they are.
func (ev *Evaluator) MemberBy(t *view.Types) *view.Member {
	return &view.Member{Of: ev.State.Member, Zone: ev.Zone, Now: ev.Now, Types: t, Keys: ev.World.Keys}
}

// Unread returns what an evaluation could not read, else its error, and forgets it.
func (ev *Evaluator) Unread(err error) error {
	if u := ev.Past.Unavailable; u != nil {
		var lack *history.NotBuilt
		if errors.As(u, &lack) { // of one event: another expression may ask another
			ev.Past.Unavailable = nil
		}
		return u
	}
	if u := ev.Past.Unreadable; u != nil {
		ev.Past.Unreadable = nil
		ev.Env.SetMember(&ev.View) // another expression reads the same history anew
		return u
	}
	return err
}

// Value evaluates a field of an action.
func (ev *Evaluator) Value(b *index.Book, v *playbooks.Value) (any, error) {
	switch {
	case v == nil:
		return nil, nil
	case v.Choices != nil:
		t, err := ev.Chosen(v)
		if err != nil {
			return nil, err
		}
		return ev.text(b, t)
	case v.Expr != nil:
		return v.Expr.Eval(ev.Env)
	case v.Text != nil:
		return ev.written(b, v)
	case v.List != nil:
		out := make([]any, 0, len(v.List))
		for _, item := range v.List {
			x, err := ev.Value(b, item)
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
			x, err := ev.Value(b, v.Map[k])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k, err)
			}
			out[k] = x
		}
		return out, nil
	}
	return v.Literal, nil
}

// Args evaluates the fields of an action, those that are given and not missing: of a message for an object those that
// the run keeps, or those that it hands over.
func (ev *Evaluator) Args(b *index.Book, s *playbooks.Step, handed bool) (effects.Args, error) {
	args := make(effects.Args, len(s.Fields))
	for _, name := range s.Fields {
		if s.Hands(name) != handed {
			continue
		}
		value, err := ev.Value(b, s.Args[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if value != nil {
			args[name] = value
		}
	}
	return args, nil
}

// Chosen returns the template that an expression names.
func (ev *Evaluator) Chosen(v *playbooks.Value) (*playbooks.Template, error) {
	name, err := v.Expr.Eval(ev.Env)
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
func (ev *Evaluator) written(b *index.Book, v *playbooks.Value) (string, error) {
	if v.Up == 0 {
		return ev.text(b, v.Text)
	}
	here := ev.Env.Frame()
	out := here
	for range v.Up {
		out = b.Outside[out]
	}
	ev.Env.SetFrame(out)
	defer ev.Env.SetFrame(here)
	return ev.text(b, v.Text)
}

// text renders a message text with the fields of the member that it shows, computed ones among
// them.
func (ev *Evaluator) text(b *index.Book, t *playbooks.Template) (string, error) {
	member := make(map[string]any, len(t.Refs.Attributes))
	for _, name := range t.Refs.Attributes {
		v := ev.View.Field(name)
		if x := b.Computed[name]; x != nil {
			var err error
			if v, err = x.Eval(ev.Env); err != nil {
				return "", err
			}
		}
		if v != nil {
			member[name] = v
		}
	}
	vars := map[string]any{
		ev.Types.Schema.Subject(): member, "trigger": ev.Env.Trigger(), "vars": ev.Env.Vars(), "params": ev.Env.Params(),
		"actions": ev.Env.Actions(), "now": ev.Env.Now().In(ev.Zone),
	}
	if ev.With != nil {
		vars = map[string]any{ev.Types.Schema.Subject(): member, "with": ev.With, "now": ev.Env.Now().In(ev.Zone)}
	}
	if t = ev.Variant(t); t.Localized {
		vars[playbooks.LocaleVar] = playbooks.JoinLocales(ev.locale(), ev.World.Index.WS.Schema.Locale)
	}
	o := ev.World.Observer
	if o == nil {
		return t.Render(vars)
	}
	return t.RenderObserved(vars, func(branch int) { o.TookBranch(t, branch) })
}

// Variant returns the text of a template for the member's locale; the workspace's is today's.
func (ev *Evaluator) Variant(t *playbooks.Template) *playbooks.Template {
	if t.Variants == nil {
		return t
	}
	return t.For(ev.locale(), ev.World.Index.WS.Schema.Locale)
}

// locale returns the member's locale; "" when they have none.
func (ev *Evaluator) locale() string {
	tag, _ := ev.View.Field("locale").(string)
	return tag
}

// JSON evaluates a value as JSON holds it: dates as 2026-03-28, what is missing as null.
func (ev *Evaluator) JSON(b *index.Book, v *playbooks.Value) (any, error) {
	switch {
	case v == nil:
		return nil, nil
	case v.Expr != nil:
		x, err := v.Expr.Eval(ev.Env)
		return schema.ToJSON(v.Expr.Type, x), err
	case v.Text != nil:
		return ev.written(b, v)
	case v.List != nil:
		out := make([]any, len(v.List))
		for i, item := range v.List {
			var err error
			if out[i], err = ev.JSON(b, item); err != nil {
				return nil, err
			}
		}
		return out, nil
	case v.Map != nil:
		out := make(map[string]any, len(v.Map))
		for _, k := range v.Keys {
			x, err := ev.JSON(b, v.Map[k])
			if err != nil {
				return nil, fmt.Errorf("%s: %w", k, err)
			}
			out[k] = x
		}
		return out, nil
	}
	return schema.ToJSON(nil, v.Literal), nil
}
