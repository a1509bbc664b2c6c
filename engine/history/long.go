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

// kept is what is kept of the items of events: a [tree.Tree], or [tree.Values].
type kept interface {
	Add(at int64, item any) error
	Changed() []tree.Node
}

// grown is a tree over the events of a part of a history, with where it comes from.
type grown struct {
	kept
	treeSource
}

// tree returns what adds up, and is no [tree.Values].
func (g *grown) tree() *tree.Tree { return g.kept.(*tree.Tree) }

// open reads what is stored under a root.
func (g *grown) open(root []byte) (err error) {
	if g.of.values() {
		g.kept, err = tree.OpenValues(&g.treeSource, root)
	} else {
		g.kept, err = tree.Open(&g.treeSource, root)
	}
	return err
}

// from calls f with the events of a part of the history from a time to another, oldest or newest
// first, until f returns false. Of one time and instant, later ones come later.
func (r *Reader) from(p *past, from, to int64, newest bool, f func(*happened) (more bool)) error {
	list := p.events
	start := p.since(from)
	end := len(list)
	if to < math.MaxInt64 {
		end = p.since(to + 1)
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

// since returns the place of the first loaded event from a time on.
func (p *past) since(from int64) int {
	i, _ := slices.BinarySearchFunc(p.events, from, func(h happened, t int64) int { return cmp.Compare(h.time, t) })
	return i
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
	if err = g.open(root); err != nil {
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
	for _, key := range sorted(p.roots) {
		of := taken[key]
		if of == nil && key != counted {
			p.giveUp(key)
		} else if tree.IsUnfinished(p.roots[key]) { // it is missing
			continue
		} else if _, err := r.tree(p, of); err != nil {
			p.giveUp(key)
		}
	}
	for _, key := range sorted(p.trees) {
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

// sorted returns the keys of trees in their order.
func sorted[T any](trees map[string]T) []string {
	keys := make([]string, 0, len(trees))
	for key := range trees {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// span returns the times of a slot in milliseconds, both included.
func (r *Reader) span(s expression.Slot) (from, to int64) {
	if s.Window.IsZero() {
		return math.MinInt64, r.Now.UnixMilli()
	}
	if !r.spanned.is(s.Window, r) {
		from, to = s.Window.Span(r.Now.In(r.Zone))
		r.spanned = spanned{s.Window, r.Now, r.Zone, from, to}
	}
	return r.spanned.from, r.spanned.to
}

// Long reports whether the events of a name are many, or in a store.
func (r *Reader) Long(event string) bool {
	p := r.History.find(event)
	return p.stored() || p != nil && len(p.events) > LongFrom
}

// Aggregate returns what the events of a slot come to together.
func (r *Reader) Aggregate(s expression.Slot, a *expression.Aggregate) (out expression.Aggregated, err error) {
	if a.Values {
		return r.different(s, &Taken{a, r.Schema})
	}
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
		v, err = g.tree().Within(r.span(s))
		return err
	})
	return v, err
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
