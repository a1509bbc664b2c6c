package playbooks

import (
	"slices"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
)

// BuiltinEvent is an event that usher makes itself, of a member whom it happens to.
type BuiltinEvent struct {
	EventType
	Section string // of usher.yaml that it is about: without that there is no such event
	Doc     string
}

// The names of the events that usher makes itself.
const (
	CouponIssued   = "coupon.issued"
	CouponRedeemed = "coupon.redeemed"
	CouponExpired  = "coupon.expired"
	RaffleDrawn    = "raffle.drawn"
	PointsExpired  = "points.expired"
)

// BuiltinEvents lists the events that usher makes itself.
func BuiltinEvents() []BuiltinEvent {
	event := func(name, section, doc string, fields ...schema.Field) BuiltinEvent {
		return BuiltinEvent{EventType{Name: name, Properties: schema.ObjectOf(fields...), Builtin: true}, section, doc}
	}
	text := func(name string) schema.Field { return schema.Field{Name: name, Type: schema.String} }
	pool, code := text("pool"), text("code")
	return []BuiltinEvent{
		event(CouponIssued, scope.InCoupons, "a `coupon` action gave the member a coupon", pool, code,
			schema.Field{Name: "expires_at", Type: schema.Datetime.AsOptional()}),
		event(CouponRedeemed, scope.InCoupons, "a coupon of the member was redeemed, over HTTP or by `usher redeem`", pool, code),
		event(CouponExpired, scope.InCoupons, "a coupon of the member expired that was not redeemed, at that instant", pool, code),
		event(RaffleDrawn, scope.InRaffles, "a ticket of the member was drawn", text("raffle"), text("ticket"),
			schema.Field{Name: "prize", Type: schema.String.AsOptional()}),
		event(PointsExpired, scope.InPoints, "points of the member expired, at the end of their day", schema.Field{Name: "amount", Type: schema.Int}),
	}
}

// AddBuiltinEvents adds the events that usher makes itself, as far as their sections are declared. It returns where
// the workspace declares one of such a name, which wins: the built-in event does not happen.
func (s *Schema) AddBuiltinEvents() (replaced []*EventType) {
	for _, e := range BuiltinEvents() {
		_, declared := s.Sections[e.Section]
		switch own := s.Event(e.Name); {
		case !declared:
		case own != nil:
			replaced = append(replaced, own)
		default:
			s.Events = append(s.Events, e.EventType)
		}
	}
	return replaced
}

// BuiltinSection returns the section of usher.yaml without which usher does not make the event; "" when it makes none
// of the name.
func BuiltinSection(event string) string {
	for _, e := range BuiltinEvents() {
		if e.Name == event {
			return e.Section
		}
	}
	return ""
}

// MakesEvent reports whether usher makes the event itself: nobody else can.
func (s *Schema) MakesEvent(name string) bool {
	e := s.Event(name)
	return e != nil && e.Builtin
}

// declaredEvents returns the events that usher.yaml declares.
func (s *Schema) declaredEvents() []EventType {
	return slices.DeleteFunc(slices.Clone(s.Events), func(e EventType) bool { return e.Builtin })
}

// DeclaredEvents returns the names of the events that usher.yaml declares, in the order of their declaration.
func (s *Schema) DeclaredEvents() []string {
	return diag.Names(s.declaredEvents(), func(e *EventType) string { return e.Name })
}

// Makes returns which of the events that usher makes itself the workspace names: its playbooks that are no drafts, its
// segments and its computed attributes.
func (w *Workspace) Makes() map[string]bool {
	out := map[string]bool{}
	add := func(events []string) {
		for _, name := range events {
			if w.Schema.MakesEvent(name) {
				out[name] = true
			}
		}
	}
	for _, p := range w.Playbooks {
		if p.Status != Draft {
			add(p.Makes)
		}
	}
	for i := range w.Schema.Segments {
		if x := w.Schema.Segments[i].Expr; x != nil {
			add(x.Refs.Events)
		}
	}
	for i := range w.Schema.Attributes {
		if x := w.Schema.Attributes[i].Expr; x != nil {
			add(x.Refs.Events)
		}
	}
	if l := w.Schema.Levels; l != nil && l.By != nil {
		add(l.By.Refs.Events)
	}
	return out
}
