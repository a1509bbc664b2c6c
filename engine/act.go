package engine

import (
	"fmt"
	"slices"
	"time"

	"github.com/usher-run/usher/engine/effects"
	"github.com/usher-run/usher/engine/strictjson"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// Effect carries out an action locally, or puts a remote one into the outbox. An error fails the
// run.
type Effect func(*Act) error

// Act is one action being carried out: its evaluated fields, and what it may do.
type Act struct {
	effects.Args // the fields that are given and not missing

	d      *decider
	run    *Run
	book   *book
	step   *playbooks.Step
	result map[string]any
	detail map[string]any
	reason string
	effect string // key of the delivery, or code of the coupon, that it made
	of     string // whose run it is, where that is another subject's: see handed.go
	holds  bool   // the run goes on when the action's result has come

	emitted []Input // events for the member themselves, decided after the present decision
}

// Result leaves a value under actions.<id>.
func (a *Act) Result(name string, v any) {
	if a.result == nil {
		a.result = map[string]any{}
	}
	a.result[name] = v
}

// Detail puts a value on the trace.
func (a *Act) Detail(name string, v any) {
	if a.d.e.o.Brief && !tallied[a.step.Key] {
		return
	}
	if a.detail == nil {
		a.detail = map[string]any{}
	}
	a.detail[name] = v
}

// tallied are the actions whose traces' details are counted.
var tallied = map[string]bool{"tag": true, "points": true}

// Reason puts the reason of an outcome on the trace, and under actions.<id>.
func (a *Act) Reason(reason string) {
	a.reason = reason
	a.Result("reason", reason)
}

// Tag adds and removes tags of the member; those that it adds for a while, in the member's days, unless
// it is 0. A text that an expression made must be one that a tag can be.
func (a *Act) Tag(add, remove []string, while schema.Duration) error {
	for _, t := range slices.Concat(add, remove) {
		if bad := strictjson.CheckName("tag", "a tag", t, strictjson.MaxFieldLen); bad != nil {
			return fmt.Errorf("tag %.40q: %s", t, bad.Message)
		}
	}
	if err := a.d.State.Member.RoomFor(nil, add); err != nil {
		return err
	}
	if a.run.Shadow() {
		a.shadowTag(add, remove)
		return nil
	}
	var end time.Time
	if !while.IsZero() {
		end = while.After(a.d.Now.In(a.d.Zone)).UTC()
	}
	added, removed := a.d.changeTags(add, remove, end)
	has := a.d.State.Member.Rarely().TagEnds
	if !end.IsZero() && slices.ContainsFunc(add, func(t string) bool { return has[t].Equal(end) }) {
		a.Detail("until", end) // else all of them are there longer
	}
	if added != nil {
		a.Detail("added", added)
	}
	if removed != nil {
		a.Detail("removed", removed)
	}
	a.d.refresh()
	return nil
}

// Set writes the attributes of the member that a field holds, each typed by the schema; nil removes
// one. An error leaves all of them as they were.
func (a *Act) Set(field string) error {
	values, _ := a.Args[field].(map[string]any)
	var names []string
	if v := a.step.Args[field]; v != nil {
		names = v.Keys
	}
	ready := make([]any, len(names))
	for i, name := range names {
		v, err := a.attribute(name, values[name])
		if err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
		ready[i] = v
	}
	m := a.d.State.Member
	written := make(map[string]any, len(names))
	for i, name := range names {
		written[name] = ready[i]
	}
	if err := m.RoomFor(written, nil); err != nil {
		return err
	}
	if a.run.Shadow() {
		for i, name := range names {
			a.Detail(name, ready[i])
		}
		return nil
	}
	if m.Attributes == nil {
		m.Attributes = map[string]any{}
	}
	for i, name := range names {
		if a.d.e.index.WS.Schema.IsLevel(name) {
			a.Detail("not_set", name) // the run is older than the levels
			continue
		}
		a.Detail(name, ready[i])
		m.Wrote(name, ready[i], a.d.Now)
		if ready[i] == nil {
			delete(m.Attributes, name)
		} else {
			m.Attributes[name] = ready[i]
		}
	}
	a.d.refresh()
	return nil
}

// attribute returns a value as the member's JSON holds it. The run made it by the types of its own
// revision; what is stored is typed by today's.
func (a *Act) attribute(name string, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	var made *schema.Type
	if at := a.book.WS.Schema.Attribute(name); at != nil {
		made = at.Type
	}
	v = schema.ToJSON(made, v)
	at := a.d.e.index.WS.Schema.Attribute(name)
	if at == nil || at.Type == nil {
		return v, nil
	}
	typed, err := at.Type.Coerce(v)
	if err != nil {
		return nil, err
	}
	return a.d.e.normalized(name, schema.ToJSON(at.Type, typed)), nil
}

// ReasonTooFew is why points were not taken.
const ReasonTooFew = "too few points"

// Message classes.
const (
	Promotional   = "promotional"
	Transactional = effects.Transactional
)

// Reasons why a message was skipped or waits.
const (
	ReasonCapped    = "capped"
	ReasonDeferred  = "deferred"
	ReasonNoAddress = "no address"
	ReasonNoChannel = "no such channel"
	ReasonNoObject  = "no such object"    // it was never seen, or is deleted
	ReasonNoBook    = "no such playbook"  // the revision of the run cannot be had any more
	ReasonTooMany   = "too many deferred" // wait for the end of quiet hours already
)

// Data returns a field that is a mapping as JSON holds it, without what is missing; nil when it is
// not given.
func (a *Act) Data(field string) (map[string]any, error) {
	if a.step.Args[field] == nil {
		return nil, nil
	}
	v, err := a.d.JSON(a.book, a.step.Args[field])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", field, err)
	}
	data, _ := v.(map[string]any)
	for name, value := range data {
		if value == nil {
			delete(data, name)
		}
	}
	return data, nil
}

// Template returns the name of the text below templates/ that a field was rendered from, and
// whether that of the member's locale is HTML; "" when the field is inline.
func (a *Act) Template(field string) (name string, html bool) {
	v := a.step.Args[field]
	if v != nil && v.Choices != nil {
		t, err := a.d.Chosen(v)
		if err != nil {
			return "", false // it was evaluated before
		}
		return t.Name, a.d.Variant(t).HTML
	}
	if v == nil || v.Text == nil {
		return "", false
	}
	return v.Text.Name, a.d.Variant(v.Text).HTML
}
