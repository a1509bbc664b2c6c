package engine

import (
	"fmt"

	"github.com/usher-run/usher/engine/input"
	"github.com/usher-run/usher/engine/strictjson"
	"github.com/usher-run/usher/playbooks/schema"
)

// maxPoints is the most that a member may have: JSON holds no larger whole number exactly.
const maxPoints = 1 << 53

// AddPoints adds points to the member's, or takes some away: never below 0. It leaves the balance,
// and on the trace what was really added.
func (a *Act) AddPoints(n int) error {
	m := a.d.State.Member
	if n > 0 && m.Points > maxPoints-n {
		return fmt.Errorf("%d points and %d more are more than can be counted", m.Points, n)
	}
	n = max(n, -m.Points)
	balance := m.Points + n
	if !a.run.Shadow() {
		a.d.changePoints(n)
		a.d.refresh()
	}
	a.Detail("added", n)
	a.Detail("balance", balance)
	a.Result("balance", balance)
	return nil
}

// TakePoints takes points of the member, when there are so many; else none. It leaves whether it did,
// and the balance.
func (a *Act) TakePoints(n int) error {
	if n < 1 {
		return fmt.Errorf("%d points cannot be taken: at least 1 can", n)
	}
	taken := a.d.State.Member.Points >= n
	a.Result("taken", taken)
	if !taken {
		a.reason = ReasonTooFew
		n = 0
	}
	return a.AddPoints(-n)
}

// Emit lets an event happen to the subject of the run when member is empty, decided after the present decision and in
// its transaction; else to a member, in their own line when that is another. It belongs to the objects that it names,
// too, each in its own line. Properties are typed by the schema.
func (a *Act) Emit(event string, properties map[string]any, member string) error {
	d := a.d
	whole := d.e.index.WS.Schema.Whole()
	if member == "" {
		member = d.ID
	} else if bad := strictjson.MemberID(member); bad != nil {
		return fmt.Errorf("member %.40q: %s", member, bad.Message)
	}
	if member != d.ID { // whose id is as it was when they came
		member = whole.MemberID(member)
	}
	values := map[string]any{}
	if declared := a.book.WS.Schema.Whole().Event(event); declared != nil {
		values, _ = schema.ToJSON(declared.Properties, properties).(map[string]any)
	}
	for name, v := range values {
		if v == nil {
			delete(values, name)
		}
	}
	// A pinned run may be typed by an older schema than today's.
	today := whole.Event(event)
	if today != nil && today.Properties != nil {
		if bad := strictjson.CheckFields("properties", today.Properties, values); bad != nil {
			return fmt.Errorf("event %s: %w", event, bad)
		}
	}
	if a.run.Shadow() {
		a.Detail("event", event)
		if len(values) > 0 {
			a.Detail("properties", values)
		}
		return nil
	}
	objects, err := input.ObjectsOf(today, values, member)
	if err != nil {
		return err
	}
	depth, err := d.cascade.link(1 + len(objects))
	if err != nil {
		return err
	}
	in := Input{
		Kind: InputEvent, ID: d.e.id(d.Now, "emit", a.run.ID, a.step.Path), Member: member, Name: event,
		Time: d.Now, At: d.Now,
		Payload: &Payload{Properties: values, Depth: depth, Objects: objects},
	}
	a.Detail("event", event)
	a.Detail("id", in.ID)
	if len(values) > 0 {
		a.Detail("properties", values)
	}
	if member != d.ID {
		a.Detail("member", member)
	}
	if member != d.ID {
		d.c.Emitted = append(d.c.Emitted, in)
		return nil
	}
	more, err := in.ForObjects()
	d.c.Emitted = append(d.c.Emitted, more...)
	in.Payload = &Payload{Properties: values, Depth: depth}
	a.emitted = append(a.emitted, in)
	return err
}
