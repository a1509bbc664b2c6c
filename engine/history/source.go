package history

import (
	"errors"

	"github.com/usher-run/usher/playbooks/schema"
)

// treeSource gives a tree the events of a past, in a store or not. Its evaluator is that of the
// present decision.
type treeSource struct {
	reader *Reader
	event  string
	of     *Taken // nil: they are counted
}

func (s *treeSource) past() *past { return s.reader.History.find(s.event) }

func (s *treeSource) key() string { return s.of.Key() }

// Node returns a stored node.
func (s *treeSource) Node(level int, bucket int64) ([]byte, error) {
	p := s.past()
	if !p.stored() || p.roots[s.key()] == nil {
		return nil, nil
	}
	data, err := p.archive.Node(s.key(), level, bucket)
	if err != nil {
		return nil, s.reader.broken(err)
	}
	return data, nil
}

// Items calls f with the item of each event.
func (s *treeSource) Items(from, to int64, f func(at int64, item any)) error {
	return s.reader.pages(s.past(), from, to, func(page []*happened) bool {
		for i, item := range s.items(page) {
			f(page[i].time, item)
		}
		return true
	})
}

// pages calls f with the events from a time to another, some at once, until f returns false.
func (r *Reader) pages(p *past, from, to int64, f func([]*happened) (more bool)) error {
	const size = 256
	page, more := make([]*happened, 0, size), true
	err := r.each(p, from, to, func(h *happened) bool {
		if page = append(page, h); len(page) == size {
			more = f(page)
			page = page[:0]
		}
		return more
	})
	if more && len(page) > 0 {
		f(page)
	}
	return err
}

var errUnreadable = errors.New("the event cannot be read")

// items returns what is taken of events: nil of one that the schema does not take any more.
func (s *treeSource) items(list []*happened) []any {
	out := make([]any, len(list))
	if s.of == nil {
		return out
	}
	if properties, field := s.property(); field != nil {
		s.properties(list, properties, field, out)
		return out
	}
	records, places := make([]any, 0, len(list)), make([]int, 0, len(list))
	for i := range list {
		if _, err := list[i].decode(); err != nil {
			out[i] = errUnreadable
			continue
		}
		if rec, err := list[i].recordOf(s.event, s.of.Schema, s.reader.Zone); err == nil {
			records, places = append(records, rec), append(places, i)
		}
	}
	if len(records) == 0 {
		return out
	}
	for i, item := range s.reader.Env.Items(s.of.Aggregate, records) {
		out[places[i]] = item
	}
	return out
}

// property returns the types of the properties and of the one that is taken as it is; nil: it is none.
func (s *treeSource) property() (properties, field *schema.Type) {
	e := s.of.Schema.Event(s.event)
	if s.of.Field == "" || e == nil || e.Properties == nil {
		return nil, nil
	}
	field, _ = e.Properties.Field(s.of.Field)
	return e.Properties, field
}

// properties puts a property of each event into out: nothing is evaluated for it.
func (s *treeSource) properties(list []*happened, all, field *schema.Type, out []any) {
	for i, h := range list {
		if !h.fits(s.of.Schema, all) {
			if _, err := h.decode(); err != nil {
				out[i] = errUnreadable
			}
			continue
		}
		if value, err := field.Coerce(h.properties[s.of.Field]); err == nil {
			out[i] = s.of.Item(value)
		}
	}
}
