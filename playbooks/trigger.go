package playbooks

import (
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
)

// TriggerKind is the kind of a trigger.
type TriggerKind string

// The kinds of a trigger.
const (
	TriggerEvent    TriggerKind = "event"
	TriggerSchedule TriggerKind = "schedule"
	TriggerHTTP     TriggerKind = "http"
	TriggerEnter    TriggerKind = "segment_enter"
	TriggerExit     TriggerKind = "segment_exit"
	TriggerDate     TriggerKind = "date"
	TriggerChanged  TriggerKind = "changed"
	TriggerAny      TriggerKind = "any"
)

// Trigger is what starts a run.
type Trigger struct {
	Kind     TriggerKind
	Event    Condition        // event
	Schedule *schema.Schedule // schedule
	Segment  string           // schedule: the audience; empty: all members. segment_enter and segment_exit: which segment
	RunOnce  bool             // schedule: missed occurrences start one run together; false: they are skipped
	Params   *schema.Type     // http: an object
	Date     *DateTrigger
	Changed  string           // changed: which stored attribute of the member, or tags, or points
	If       *expression.Expr // changed: which of the changes; it sees `trigger`
	Any      []Trigger        // any: the first of them that an input matches starts the run
	Via      string           // of one of Any: its id
}

// Items returns the triggers of which each may start a run: those of Any, else the trigger itself.
func (t *Trigger) Items() []*Trigger {
	if t.Kind != TriggerAny {
		return []*Trigger{t}
	}
	out := make([]*Trigger, len(t.Any))
	for i := range t.Any {
		out[i] = &t.Any[i]
	}
	return out
}

// Item returns the first trigger of a kind with the id, of any id when it is nil; nil: there is none.
func (t *Trigger) Item(kind TriggerKind, via *string) *Trigger {
	if t.Kind != TriggerAny {
		if t.Kind != kind || via != nil && *via != "" {
			return nil
		}
		return t
	}
	for i := range t.Any {
		if item := &t.Any[i]; item.Kind == kind && (via == nil || item.Via == *via) {
			return item
		}
	}
	return nil
}

// HTTP returns the trigger that a call starts; nil: there is none.
func (t *Trigger) HTTP() *Trigger { return t.Item(TriggerHTTP, nil) }

// Record returns the type of `trigger` for runs that this trigger starts; nil: it names an event that is
// declared nowhere.
func (t *Trigger) Record(s *Schema) *schema.Type {
	switch t.Kind {
	case TriggerAny:
		return t.anyRecord(s)
	case TriggerEvent:
		return s.EventRecord(t.Event.Name)
	case TriggerHTTP:
		out := schema.ObjectOf(schema.Field{Name: "time", Type: schema.Datetime})
		if t.Params != nil {
			out.Fields, out.Pos = append(out.Fields, t.Params.Fields...), t.Params.Pos
		}
		return out
	case TriggerChanged:
		if of := s.ChangedType(t.Changed); of != nil {
			return schema.ObjectOf(schema.Field{Name: "time", Type: schema.Datetime},
				schema.Field{Name: "before", Type: of, Pos: of.Pos}, schema.Field{Name: "after", Type: of, Pos: of.Pos})
		}
		return nil
	}
	return schema.ObjectOf(schema.Field{Name: "time", Type: schema.Datetime})
}

// ChangedType returns the type of what a field of the member was and is when it changes, which may be missing: of a
// stored attribute that is declared, of tags and of points; nil: no other field's change is told.
func (s *Schema) ChangedType(field string) *schema.Type {
	switch {
	case field == "tags":
		return schema.ListOf(schema.String)
	case field == "points" && s.Kind == "":
		return schema.Int
	}
	a := s.Attribute(field)
	switch {
	case a == nil || a.Computed != nil || a.Type == nil:
		return nil
	case a.Default != nil:
		return a.Type.Required()
	}
	return a.Type.AsOptional()
}

func (t *Trigger) anyRecord(s *Schema) *schema.Type {
	list := make([]schema.Alternative, len(t.Any))
	for i := range t.Any {
		item := &t.Any[i]
		rec := item.Record(s)
		if rec == nil {
			return nil
		}
		rec = rec.KnownBy("event.", item.Event.If.Holds()).KnownBy("trigger.", item.If.Holds())
		list[i] = schema.Alternative{Name: item.Via, Type: rec}
	}
	return schema.AnyOf(list)
}
