package engine

import (
	"cmp"
	"encoding/json"
	"slices"
	"sort"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/decimal"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
)

// History is what is loaded of a member's decided events, by name: few, so that a list is smaller
// and faster than a map.
type History []past

// past is the part of a history that is about events of one name.
type past struct {
	name    string
	events  []happened // by time, then as they were decided: what Needs asked for
	earlier int        // how many more there were before those, when nothing reads more of them than their number
}

// happened is what is kept of a decided event: little, since a simulation holds those of all
// members. Times are in milliseconds.
type happened struct {
	id         string
	time, at   int64
	place      int64             // see Input.place
	properties map[string]any    // nil: none, or still in later.data
	fitted     *playbooks.Schema // that the event is known to fit
	later      *later
}

// later is what most events of a history need never.
type later struct {
	data   []byte // JSON of the payload, until it is decoded
	record map[string]any
	schema *playbooks.Schema // that record is typed by
	zone   *time.Location    // that its times are in
}

func happenedOf(in *Input) happened {
	h := happened{id: in.ID, time: in.Time.UnixMilli(), at: in.At.UnixMilli(), place: in.place()}
	switch {
	case in.Payload != nil:
		h.properties = in.Properties
	case len(in.Data) > 0:
		h.later = &later{data: in.Data}
	}
	return h
}

// decode returns the event's properties.
func (h *happened) decode() (map[string]any, error) {
	if h.later == nil || h.later.data == nil {
		return h.properties, nil
	}
	var p Payload
	if err := json.Unmarshal(h.later.data, &p); err != nil {
		return nil, err
	}
	h.properties, h.later.data = p.Properties, nil
	return h.properties, nil
}

// recordOf returns the event as expressions see it: see typedRecord.
func (h *happened) recordOf(name string, s *playbooks.Schema, zone *time.Location) (map[string]any, error) {
	if l := h.later; l != nil && l.record != nil && l.schema == s && l.zone == zone {
		return l.record, nil
	}
	properties, err := h.decode()
	if err != nil {
		return nil, err
	}
	rec, err := typedRecord(h.id, name, time.UnixMilli(h.time), properties, s, zone)
	if err != nil {
		return nil, err
	}
	h.later = &later{record: rec, schema: s, zone: zone}
	return rec, nil
}

// fits reports whether the schema takes the event.
func (h *happened) fits(s *playbooks.Schema, t *schema.Type) bool {
	if h.fitted == s {
		return true
	}
	properties, err := h.decode()
	if err != nil || !t.Accepts(orEmpty(properties)) {
		return false
	}
	h.fitted = s
	return true
}

// Add puts an event at the end of those of its name.
func (h *History) Add(in Input) {
	p := h.of(in.Name)
	p.events = append(p.events, happenedOf(&in))
}

// Sort puts the events of each name in the order of their time; of the same time they keep theirs.
func (h History) Sort() {
	for i := range h {
		slices.SortStableFunc(h[i].events, func(a, b happened) int { return cmp.Compare(a.time, b.time) })
	}
}

// find returns the part of a name, nil when there is none. It is good until the next call of of.
func (h History) find(name string) *past {
	for i := range h {
		if h[i].name == name {
			return &h[i]
		}
	}
	return nil
}

// of returns the part of a name, a new one when there is none.
func (h *History) of(name string) *past {
	if p := h.find(name); p != nil {
		return p
	}
	*h = append(*h, past{name: name})
	return &(*h)[len(*h)-1]
}

// put adds a decided event at its place: see CompareEvents. An event that nothing asks about is
// not kept.
func (h *History) put(in *Input, t *tracking) {
	if t == nil {
		return
	}
	p := h.of(in.Name)
	if !t.items && t.longest == 0 {
		p.earlier++
		return
	}
	kept := happenedOf(in)
	if !t.items {
		kept.properties, kept.later = nil, nil
	}
	if !t.allItems {
		p.forget(in.At.Add(-t.longest).UnixMilli())
	}
	i := len(p.events)
	for i > 0 && p.events[i-1].compare(&kept) > 0 {
		i--
	}
	p.events = slices.Insert(p.events, i, kept)
}

// forget lets go of events that no window will reach again, once they are half of all. They still
// count.
func (p *past) forget(since int64) {
	old := 0
	for old < len(p.events) && p.events[old].time < since {
		old++
	}
	if old == 0 || old < len(p.events)/2 {
		return
	}
	p.earlier += old
	kept := copy(p.events, p.events[old:])
	clear(p.events[kept:])
	p.events = p.events[:kept]
}

func (h *happened) compare(o *happened) int {
	return cmp.Or(cmp.Compare(h.time, o.time), cmp.Compare(h.at, o.at), cmp.Compare(h.place, o.place))
}

// CompareEvents orders the events of a history: by time, and of the same time as they were decided.
// What a run emitted to its own member was decided after the input that caused it, however late the
// store numbered it.
func CompareEvents(a, b *Input) int {
	return cmp.Or(a.Time.Compare(b.Time), a.At.Compare(b.At), cmp.Compare(a.place(), b.place()), cmp.Compare(a.Seq, b.Seq))
}

// place is the Seq of the input with which an event was decided: its own, or of the one that caused
// it.
func (in *Input) place() int64 {
	if in.Cause != 0 {
		return in.Cause
	}
	return in.Seq
}

// within returns the events of a slot: the whole name, or [now - window, now] with both ends.
func (ev *evaluator) within(s expression.Slot) []happened {
	p := ev.st.History.find(s.Event)
	if p == nil {
		return nil
	}
	list, now := p.events, ev.now.UnixMilli()
	end := sort.Search(len(list), func(i int) bool { return list[i].time > now })
	if s.Window.IsZero() {
		return list[:end]
	}
	since := func(from int64) int { return sort.Search(end, func(i int) bool { return list[i].time >= from }) }
	// Calendar days are asked for when it matters how long they were.
	start := since(now - s.Window.Longest().Milliseconds())
	if start < end && list[start].time < now-s.Window.Shortest().Milliseconds() {
		from := s.Window.Before(ev.now.In(ev.zone))
		start = sort.Search(end, func(i int) bool { return !time.UnixMilli(list[i].time).Before(from) })
	}
	return list[start:end]
}

// Count returns how many events a slot holds; it makes the evaluator a [playbooks.History].
func (ev *evaluator) Count(s expression.Slot) int {
	n := len(ev.within(s))
	if p := ev.st.History.find(s.Event); p != nil && s.Window.IsZero() {
		n += p.earlier
	}
	return n
}

// readable reports whether an event of the history can be decoded. One that cannot be ends the
// decision: see [Unreadable].
func (ev *evaluator) readable(h *happened) bool {
	if _, err := h.decode(); err != nil {
		ev.unreadable = UnreadableEvent(h.id, err)
		return false
	}
	return true
}

// List returns the events of a slot as expressions see them. One that the schema does not take any
// more is left out.
func (ev *evaluator) List(s expression.Slot) ([]any, error) {
	list := ev.within(s)
	if len(list) > expression.MaxItems {
		return nil, &expression.TooMany{Slot: s}
	}
	out := make([]any, 0, len(list))
	for i := range list {
		if !ev.readable(&list[i]) {
			continue
		}
		if rec, err := list[i].recordOf(s.Event, ev.types.schema, ev.zone); err == nil {
			out = append(out, rec)
		}
	}
	return out, nil
}

// Sum adds up an int or a number of a slot's events, exactly; nothing makes 0. One that the schema
// does not take any more is left out.
func (ev *evaluator) Sum(s expression.Slot, field string) (any, error) {
	e := ev.types.event(s.Event)
	if e == nil || e.Properties == nil {
		return 0, nil
	}
	of, _ := e.Properties.Field(field)
	var sum decimal.Total
	list := ev.within(s)
	for i := range list {
		h := &list[i]
		if !h.fits(ev.types.schema, e.Properties) {
			if !ev.readable(h) {
				return nil, ev.unreadable
			}
			continue
		}
		value := h.properties[field]
		if f, ok := value.(float64); ok && of.Kind == schema.KindNumber { // most are: no conversion
			sum.AddFloat(f)
			continue
		}
		switch v, _ := of.Coerce(value); v := v.(type) {
		case int:
			sum.AddInt(v)
		case float64:
			sum.AddFloat(v)
		}
	}
	return sum.Value()
}
