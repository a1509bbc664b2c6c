package history

import (
	"fmt"
	"math"

	"github.com/usher-run/usher/engine/tree"
)

// BuildMost is how many stored events a decision builds trees of, some ten milliseconds long. Of more
// they are built beside decisions: see [NotBuilt].
const BuildMost = 2 * LongFrom

// NotBuilt is why a decision is [Unavailable] that asks for trees over more events than it builds
// trees of. They are to be built by [Reader.Build]; until then the decision cannot be made.
type NotBuilt struct {
	Event   string
	Missing []*Taken // nil: the tree that counts
}

func (n *NotBuilt) Error() string {
	return fmt.Sprintf("what expressions ask of the events %s of the member is being added up: there are more than %d", n.Event,
		BuildMost)
}

// building makes trees of all events of a part, oldest first.
type building struct {
	trees    []*grown
	builders []builder
}

// builder makes what is kept of events, in their order.
type builder interface {
	Add(at int64, item any)
	Waiting() int      // how many nodes are complete
	Take() []tree.Node // those, to be let go of
	done() kept
}

type treeBuilder struct{ *tree.Builder }

func (b treeBuilder) done() kept { return b.Tree() }

func (r *Reader) begin(p *past, missing []*Taken) (*building, error) {
	var first, last int64
	for newest, at := range map[bool]*int64{false: &first, true: &last} {
		err := r.from(p, math.MinInt64, math.MaxInt64, newest, func(h *happened) bool {
			*at = h.time
			return false
		})
		if err != nil {
			return nil, err
		}
	}
	b := &building{}
	for _, of := range missing {
		g := &grown{treeSource: treeSource{reader: r, event: p.name, of: of}}
		var to builder = valuesBuilder{tree.NewValues()}
		if !of.values() {
			to = treeBuilder{tree.Build(&g.treeSource, first, last)}
		}
		b.trees, b.builders = append(b.trees, g), append(b.builders, to)
	}
	return b, nil
}

func (b *building) add(page []*happened) {
	for i, to := range b.builders {
		for k, item := range b.trees[i].items(page) {
			to.Add(page[k].time, item)
		}
	}
}

// build makes trees of all events of a part, in one go. Of too many in a store it makes none, unless
// the reader is patient.
func (r *Reader) build(p *past, missing []*Taken) error {
	b, err := r.begin(p, missing)
	if err != nil {
		return err
	}
	n, tooMany := 0, false
	err = r.pages(p, math.MinInt64, math.MaxInt64, func(page []*happened) bool {
		n += len(page)
		if tooMany = n > BuildMost && p.stored() && !r.Patient; !tooMany {
			b.add(page)
		}
		return !tooMany
	})
	if err != nil {
		return err
	}
	if tooMany {
		return r.broken(&NotBuilt{p.name, missing})
	}
	for i := range b.builders {
		b.trees[i].kept = b.builders[i].done()
		p.keep(b.trees[i])
	}
	return nil
}

// nodesAtOnce is how many nodes of a tree that is being built are stored at once, about.
const nodesAtOnce = 200

// Build makes trees of all events of a name, which are in a store, and hands them over in parts: after
// the first one a tree is unfinished, whatever was stored of it before, until the last one. It takes
// no more memory for more events.
func (r *Reader) Build(member, event string, missing []*Taken, put func([]TreeChange) error) error {
	p := r.History.find(event)
	b, err := r.begin(p, missing)
	if err != nil {
		return err
	}
	part := func(nodes func(i int) []tree.Node) (out []TreeChange) {
		for i, g := range b.trees {
			if list := nodes(i); len(list) > 0 {
				out = append(out, TreeChange{Member: member, Event: event, Tree: g.key(), Nodes: list})
			}
		}
		return out
	}
	failed := put(part(func(int) []tree.Node { return []tree.Node{tree.Unfinished()} }))
	if failed != nil {
		return failed
	}
	err = r.pages(p, math.MinInt64, math.MaxInt64, func(page []*happened) bool {
		b.add(page)
		waiting := 0
		for _, to := range b.builders {
			waiting += to.Waiting()
		}
		if waiting >= nodesAtOnce {
			failed = put(part(func(i int) []tree.Node { return b.builders[i].Take() }))
		}
		return failed == nil
	})
	if failed != nil {
		return failed
	}
	if err != nil {
		return err
	}
	return put(part(func(i int) []tree.Node { return b.builders[i].done().Changed() }))
}
