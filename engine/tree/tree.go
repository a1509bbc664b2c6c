package tree

import (
	"cmp"
	"maps"
	"slices"
)

// leafMost is how many events a part holds before it has a node of its own. So many are read at
// each end of a window.
const leafMost = 64

// Source is where a tree comes from.
type Source interface {
	// Node returns a stored node, nil when there is none.
	Node(level int, bucket int64) ([]byte, error)
	// Items calls f with the time in milliseconds and the item of each event from a time to another,
	// both included, oldest first.
	Items(from, to int64, f func(at int64, item any)) error
}

// Tree adds up a history. It is not safe for concurrent use.
type Tree struct {
	source Source
	root   place
	nodes  map[place]*node
	moved  bool   // the root is not where it was stored
	leaves leaves // that were read last
}

// Open returns a tree that is stored, by its root.
func Open(s Source, root []byte) (*Tree, error) {
	p, err := decodeRoot(root)
	if err != nil {
		return nil, err
	}
	return &Tree{source: s, root: p, nodes: map[place]*node{}}, nil
}

// Builder makes the tree of all events of a source, none of which is stored.
type Builder struct {
	tree   *Tree
	grower *grower
}

// Build begins a tree of events that are from a time to another.
func Build(s Source, first, last int64) *Builder {
	t := &Tree{source: s, nodes: map[place]*node{}, moved: true}
	for t.root = placeOf(0, moment(first)); t.root != placeOf(t.root.level, moment(last)); {
		t.root = placeOf(t.root.level+1, moment(first))
	}
	return &Builder{t, t.grower(t.root)}
}

// Add adds the next event.
func (b *Builder) Add(at int64, item any) { b.grower.add(at, item) }

// Waiting returns how many nodes are complete: no event that is still to come is in them.
func (b *Builder) Waiting() int { return len(b.tree.nodes) - 1 } // the root is not

// Take returns the nodes that are complete, and lets go of them.
func (b *Builder) Take() []Node {
	root := b.tree.nodes[b.tree.root]
	delete(b.tree.nodes, b.tree.root)
	out := b.tree.changed()
	b.tree.nodes = map[place]*node{b.tree.root: root}
	return out
}

// Tree returns the tree of the events that were added, without what was taken of it.
func (b *Builder) Tree() *Tree {
	b.grower.close(b.tree.root.level)
	return b.tree
}

// node returns a node; nil when there is none.
func (t *Tree) node(p place) (*node, error) {
	if n := t.nodes[p]; n != nil {
		return n, nil
	}
	data, err := t.source.Node(p.level, p.bucket)
	if err != nil || data == nil {
		return nil, err
	}
	n, err := decode(data)
	if err != nil {
		return nil, err
	}
	t.nodes[p] = n
	return n, nil
}

// need returns a node that must be there.
func (t *Tree) need(p place) (*node, error) {
	n, err := t.node(p)
	if err == nil && n == nil {
		err = ErrDamaged
	}
	return n, err
}

// grower returns what makes a node, and those below it.
func (t *Tree) grower(p place) *grower {
	g := &grower{tree: t, path: make([]*node, p.level+1), places: make([]place, p.level+1)}
	g.path[p.level], g.places[p.level] = &node{dirty: true}, p
	t.nodes[p] = g.path[p.level]
	return g
}

// grow makes a node, and those below it, of the events of its span.
func (t *Tree) grow(p place) error {
	g := t.grower(p)
	first, _ := p.span(0)
	_, last := p.span(fan - 1)
	if err := t.source.Items(first-offset, t.end(last), g.add); err != nil {
		return err
	}
	g.close(p.level)
	return nil
}

// end returns the time of a moment. All times beyond the last moment are at it.
func (t *Tree) end(m int64) int64 {
	if m == most {
		return 1<<63 - 1
	}
	return m - offset
}

// grower makes nodes of events that come in their order: of each level it holds one. A node that
// holds no more than a leaf is let go.
type grower struct {
	tree   *Tree
	path   []*node // by level; nil: none yet
	places []place
}

func (g *grower) add(at int64, item any) {
	m, v := moment(at), of(item)
	for level := len(g.path) - 1; level >= 0; level-- {
		p := placeOf(level, m)
		if g.path[level] == nil || g.places[level] != p {
			g.close(level + 1)
			g.path[level], g.places[level] = &node{dirty: true}, p
		}
		g.path[level].make(p.part(m)).Add(&v)
	}
}

// close puts the nodes below a level into the tree.
func (g *grower) close(level int) {
	for l := range level {
		if n := g.path[l]; n != nil {
			if v := n.total(); v.Events > leafMost {
				g.tree.nodes[g.places[l]] = n
			}
		}
		g.path[l] = nil
	}
}

// Add adds an event, which the source has already.
func (t *Tree) Add(at int64, item any) error {
	m, v := moment(at), of(item)
	if err := t.raise(m); err != nil {
		return err
	}
	for p := t.root; ; {
		n, err := t.need(p)
		if err != nil {
			return err
		}
		n.dirty = true
		part := p.part(m)
		value := n.make(part)
		before := value.Events
		value.Add(&v)
		switch {
		case p.level == 0 || value.Events <= leafMost:
			t.leaves.add(leafPlace{p, part}, m, &v)
			return nil
		case before <= leafMost:
			t.leaves = leaves{}
			return t.grow(p.below(part))
		}
		p = p.below(part)
	}
}

// raise puts nodes above the root until it holds a moment.
func (t *Tree) raise(m int64) error {
	for placeOf(t.root.level, m) != t.root {
		n, err := t.need(t.root)
		if err != nil {
			return err
		}
		total := n.total()
		if total.Events <= leafMost {
			n.dirty = false
			delete(t.nodes, t.root)
		}
		first, _ := t.root.span(0)
		up := placeOf(t.root.level+1, first)
		above := &node{dirty: true}
		above.make(up.part(first)).Add(&total)
		t.root, t.nodes[up], t.moved = up, above, true
		t.leaves = leaves{}
	}
	return nil
}

// Within returns the value of the events from a time to another, both included.
func (t *Tree) Within(from, to int64) (v Value, err error) {
	if from > to {
		return v, nil
	}
	err = t.within(t.root, moment(from), moment(to), &v)
	return v, err
}

func (t *Tree) within(p place, from, to int64, v *Value) error {
	n, err := t.need(p)
	if err != nil {
		return err
	}
	for part := range fan {
		first, last := p.span(part)
		value := n.at(part)
		switch {
		case value == nil || last < from || first > to:
		case first >= from && last <= to:
			v.Add(value)
		case value.Events > leafMost && p.level > 0:
			err = t.within(p.below(part), from, to, v)
		default:
			err = t.partly(leafPlace{p, part}, value.Events, from, to, v)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Part is a span of time, in milliseconds, both ends included.
type Part struct{ From, To int64 }

// Hits calls f with parts of a window that may hold events whose item is true, or has failed, oldest
// or newest first, until f returns false. A part holds few events.
func (t *Tree) Hits(from, to int64, newest bool, f func(Part) (more bool, err error)) error {
	if from > to {
		return nil
	}
	_, err := t.hits(t.root, moment(from), moment(to), newest, f)
	return err
}

func (t *Tree) hits(p place, from, to int64, newest bool, f func(Part) (bool, error)) (more bool, err error) {
	n, err := t.need(p)
	if err != nil {
		return false, err
	}
	for i := range fan {
		part := i
		if newest {
			part = fan - 1 - i
		}
		first, last := p.span(part)
		value := n.at(part)
		switch {
		case value == nil || last < from || first > to || value.Hits+value.Failed == 0:
			continue
		case value.Events > leafMost && p.level > 0:
			more, err = t.hits(p.below(part), from, to, newest, f)
		default:
			more, err = f(Part{max(first, from) - offset, t.end(min(last, to))})
		}
		if !more || err != nil {
			return false, err
		}
	}
	return true, nil
}

// Node is a node as it is stored.
type Node struct {
	Level  int
	Bucket int64
	Data   []byte
}

// Changed returns the nodes that are not as they were stored, in the order of their places.
func (t *Tree) Changed() []Node {
	out := t.changed()
	if t.moved && len(out) > 0 {
		out = append(out, Node{RootLevel, 0, encodeRoot(t.root)})
	}
	return out
}

// Unfinished returns what stands for the root while a tree is being stored in parts.
func Unfinished() Node { return Node{RootLevel, 0, []byte{unfinished}} }

// IsUnfinished reports whether a root is that of a tree of which only parts are stored.
func IsUnfinished(root []byte) bool { return len(root) == 1 && root[0] == unfinished }

func (t *Tree) changed() []Node {
	var out []Node
	for _, p := range slices.SortedFunc(maps.Keys(t.nodes), func(a, b place) int {
		return cmp.Or(cmp.Compare(a.level, b.level), cmp.Compare(a.bucket, b.bucket))
	}) {
		if n := t.nodes[p]; n.dirty {
			out = append(out, Node{p.level, p.bucket, n.encode()})
		}
	}
	return out
}
