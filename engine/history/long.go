package history

import (
	"cmp"
	"errors"
	"maps"
	"math"
	"slices"

	"github.com/usher-run/usher/engine/tree"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression"
)

// LongFrom is how many events of a name are kept as a list; with more a window is added up by a
// tree. That costs less from some hundreds of events on.
const LongFrom = 512

// Archive is the stored part of a long history: the decided events of one name of a member, and
// nodes of the trees over them. What it fails with ends the decision: see [Unavailable].
type Archive interface {
	// Events calls f with the events from a time to another in milliseconds, both included, by time:
	// oldest or newest first, until f returns false.
	Events(from, to int64, newest bool, f func(*Event) (more bool)) error
	// Node returns a stored node of a tree; nil: there is none.
	Node(tree string, level int, bucket int64) ([]byte, error)
}

// Unavailable is the error of a decision that could not read what is stored: it can be made later.
type Unavailable struct{ Err error }

func (u *Unavailable) Error() string { return u.Err.Error() }

// Unwrap returns why.
func (u *Unavailable) Unwrap() error { return u.Err }

// TreeChange is what has changed of a tree over a member's events. Trees are derived: a store that
// forgets one loses nothing.
type TreeChange struct {
	Member, Event string
	Tree          string // its key
	Nodes         []tree.Node
	Gone          bool // nothing keeps it any more: all its nodes are to be removed
}

// Taken is an aggregate with the schema that it was compiled for.
type Taken struct {
	*expression.Aggregate
	Schema *playbooks.Schema
}

// counted is the tree that counts events alone.
const counted = "count"

// Key returns the key of the tree over what is taken; nil is nothing, of events that are counted.
func (t *Taken) Key() string {
	if t == nil {
		return counted
	}
	return t.Aggregate.Key
}

// grown is a tree over the events of a part of a history, with where it comes from.
type grown struct {
	*tree.Tree
	treeSource
}

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

// from calls f with the events of a part of the history from a time to another, oldest or newest
// first, until f returns false. Of one time and instant, later ones come later.
func (r *Reader) from(p *past, from, to int64, newest bool, f func(*happened) (more bool)) error {
	list := p.events
	start, _ := slices.BinarySearchFunc(list, from, func(h happened, t int64) int { return cmp.Compare(h.time, t) })
	end := len(list)
	if to < math.MaxInt64 {
		end, _ = slices.BinarySearchFunc(list, to+1, func(h happened, t int64) int { return cmp.Compare(h.time, t) })
	}
	list = list[min(start, end):end]
	next := func() *happened {
		if len(list) == 0 {
			return nil
		}
		if newest {
			return &list[len(list)-1]
		}
		return &list[0]
	}
	drop := func() {
		if newest {
			list = list[:len(list)-1]
		} else {
			list = list[1:]
		}
	}
	before := func(own, stored *happened) bool {
		return own.time < stored.time && !newest || own.time >= stored.time && newest
	}
	more := true
	if p.stored() {
		err := p.archive.Events(from, to, newest, func(e *Event) bool {
			stored := happenedOf(e)
			for own := next(); more && own != nil && before(own, &stored); own = next() {
				more = f(own)
				drop()
			}
			more = more && f(&stored)
			return more
		})
		if err != nil {
			return r.broken(err)
		}
	}
	for own := next(); more && own != nil; own = next() {
		more = f(own)
		drop()
	}
	return nil
}

// each calls f with the events from a time to another, oldest first.
func (r *Reader) each(p *past, from, to int64, f func(*happened) bool) error {
	return r.from(p, from, to, false, f)
}

// broken notes that something stored could not be read, which ends the decision.
func (r *Reader) broken(err error) error {
	if r.Unavailable == nil {
		r.Unavailable = &Unavailable{err}
	}
	return r.Unavailable
}

// tree returns the tree over a part of the history, built of all its events when there is none.
func (r *Reader) tree(p *past, of *Taken) (g *grown, err error) {
	s := treeSource{reader: r, event: p.name, of: of}
	if g = p.long().trees[s.key()]; g != nil {
		g.treeSource = s
		return g, nil
	}
	root := p.roots[s.key()]
	if root == nil || tree.IsUnfinished(root) {
		err = r.build(p, []*Taken{of})
		return p.trees[s.key()], err
	}
	g = &grown{treeSource: s}
	if g.Tree, err = tree.Open(&g.treeSource, root); err != nil {
		return nil, err
	}
	p.keep(g)
	return g, nil
}

func (p *past) keep(g *grown) {
	if p.trees == nil {
		p.trees = map[string]*grown{}
	}
	p.trees[g.key()] = g
}

// ask lets f ask a tree. One that is damaged is built anew.
func (r *Reader) ask(p *past, of *Taken, f func(*grown) error) error {
	g, err := r.tree(p, of)
	if err == nil {
		err = f(g)
	}
	if errors.Is(err, tree.ErrDamaged) {
		p.giveUp((&treeSource{of: of}).key())
		if g, err = r.tree(p, of); err == nil {
			err = f(g)
		}
	}
	return err
}

// giveUp forgets a tree, also where it is stored.
func (p *past) giveUp(key string) {
	p.gone = append(p.gone, key)
	delete(p.roots, key)
	delete(p.trees, key)
}

// grow adds an event, which is in the history already, to the trees over it. In a store there is a
// tree for all that is taken of its name, so that who asks outside of a decision finds it. A tree of
// which nobody knows any more what it takes, and one that is damaged, is given up.
func (r *Reader) grow(p *past, h *happened, taken map[string]*Taken) {
	for _, key := range slices.Sorted(maps.Keys(p.roots)) {
		of := taken[key]
		if of == nil && key != counted {
			p.giveUp(key)
		} else if tree.IsUnfinished(p.roots[key]) { // it is missing
			continue
		} else if _, err := r.tree(p, of); err != nil {
			p.giveUp(key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(p.trees)) {
		g := p.trees[key]
		g.reader = r
		if err := g.Add(h.time, g.items([]*happened{h})[0]); err != nil {
			p.giveUp(key)
		}
	}
	if !p.stored() || len(taken) == 0 {
		return
	}
	var missing []*Taken
	if p.trees[counted] == nil {
		missing = append(missing, nil)
	}
	for _, key := range slices.Sorted(maps.Keys(taken)) {
		if p.trees[key] == nil {
			missing = append(missing, taken[key])
		}
	}
	if len(missing) > 0 {
		_ = r.build(p, missing) // what is broken ends the decision
	}
}

// span returns the times of a slot in milliseconds, both included.
func (r *Reader) span(s expression.Slot) (from, to int64) {
	if s.Window.IsZero() {
		return math.MinInt64, r.Now.UnixMilli()
	}
	return s.Window.Span(r.Now.In(r.Zone))
}

// Long reports whether the events of a name are many, or in a store.
func (r *Reader) Long(event string) bool {
	p := r.History.find(event)
	return p.stored() || p != nil && len(p.events) > LongFrom
}

// Aggregate returns what the events of a slot come to together.
func (r *Reader) Aggregate(s expression.Slot, a *expression.Aggregate) (out expression.Aggregated, err error) {
	v, err := r.within(s, &Taken{a, r.Schema})
	return expression.Aggregated{Failed: v.Failed, Hits: v.Hits, Sum: v.Sum}, err
}

// within returns what a tree says of a slot.
func (r *Reader) within(s expression.Slot, of *Taken) (v tree.Value, err error) {
	p := r.History.find(s.Event)
	if p == nil {
		return v, nil
	}
	err = r.ask(p, of, func(g *grown) error {
		v, err = g.Within(r.span(s))
		return err
	})
	return v, err
}

// End returns the first or the last event of a slot for which the condition of an aggregate holds.
func (r *Reader) End(s expression.Slot, a *expression.Aggregate, last bool) (found any, err error) {
	p := r.History.find(s.Event)
	if p == nil {
		return nil, nil
	}
	from, to := r.span(s)
	if a == nil {
		return r.end(p, nil, from, to, last)
	}
	err = r.ask(p, &Taken{a, r.Schema}, func(g *grown) error {
		return g.Hits(from, to, last, func(part tree.Part) (bool, error) {
			found, err = r.end(p, g, part.From, part.To, last)
			return found == nil, err
		})
	})
	return found, err
}

// end returns the first or the last event from a time to another that the schema takes, and for
// which the item holds.
func (r *Reader) end(p *past, g *grown, from, to int64, last bool) (found any, err error) {
	var same []*happened // of one time
	settle := func() bool {
		if last {
			slices.Reverse(same)
		}
		slices.SortStableFunc(same, (*happened).compare)
		if last {
			slices.Reverse(same)
		}
		for i := range same {
			if found, err = r.held(same[i], p.name, g); found != nil || err != nil {
				return false
			}
		}
		same = same[:0]
		return true
	}
	more := true
	failed := r.from(p, from, to, last, func(h *happened) bool {
		if len(same) > 0 && same[0].time != h.time {
			more = settle()
		}
		if more {
			same = append(same, h)
		}
		return more
	})
	if more && failed == nil {
		settle()
	}
	return found, cmp.Or(err, failed)
}

// held returns the event as expressions see it when the item holds for it; nil when it does not.
func (r *Reader) held(h *happened, name string, g *grown) (any, error) {
	if !r.readable(h) {
		return nil, r.Unreadable
	}
	var item any = true
	if g != nil {
		item = g.items([]*happened{h})[0]
	}
	if failed, is := item.(error); is {
		return nil, failed
	}
	if rec, err := h.recordOf(name, r.Schema, r.Zone); err == nil && item == true { // else the schema does not take it
		return rec, nil
	}
	return nil, nil
}

// Changed returns what has changed of the trees over a member's events that are in a store.
func (h History) Changed(member string) (out []TreeChange) {
	for i := range h {
		p := &h[i]
		if !p.stored() {
			continue
		}
		for _, key := range p.gone {
			out = append(out, TreeChange{Member: member, Event: p.name, Tree: key, Gone: true})
		}
		for _, key := range slices.Sorted(maps.Keys(p.trees)) {
			if nodes := p.trees[key].Changed(); len(nodes) > 0 {
				out = append(out, TreeChange{Member: member, Event: p.name, Tree: key, Nodes: nodes})
			}
		}
	}
	return out
}
