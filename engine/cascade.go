package engine

import (
	"fmt"
	"time"

	"github.com/usher-run/usher/engine/index"
)

// What one input, or one wait, may bring about at most.
const (
	maxChain  = 16   // links of a chain: an event that a run emitted, whose run emitted, …
	maxFollow = 1000 // inputs of all its chains together, in all lines
)

// cascade is the work list of a decision: what it brought about for the same member. It is decided
// first in, first out, after the present decision and in its transaction.
type cascade struct {
	queue   []Input
	depth   int16 // of what is being decided; 0: it came from outside, or is a wait
	cause   int64 // Seq of the input that began it, or CauseWait
	count   int   // inputs that it has brought about since it began, or that were spent before in other lines
	emitted int   // where what goes to other lines begins among that of the changes
	acted   *Run  // that acted last; its trace says where a chain stopped
	// ids of playbooks of which one of several triggers has matched: no crossing, no change starts another run
	matched []string
	// of crossings by the ids of their inputs: playbooks that they do not start, because an earlier one of their triggers
	// is about another crossing; nil: none
	passed map[string][]string
	wakes  map[string]wake // waits that are over, by the ids of their inputs; nil: none
}

// begin begins a cascade at an input from outside, by its Seq, or at a wait. Those before it have so many inputs of
// other lines.
func (c *cascade) begin(seq int64, emitted int) {
	c.cause, c.count, c.depth, c.emitted, c.matched = seq, 0, 0, emitted, c.matched[:0]
	clear(c.wakes)
}

// link returns the depth of so many inputs that the present decision brings about. The error says that the chain is too
// long.
func (c *cascade) link(inputs int) (int16, error) {
	switch {
	case c.depth >= maxChain:
		return 0, fmt.Errorf("the chain is %d events long and stops here: each was brought about by the one before", maxChain)
	case c.count+inputs > maxFollow:
		return 0, fmt.Errorf("one input has brought about %d others, and stops here", maxFollow)
	}
	c.count += inputs
	return c.depth + 1, nil
}

// add puts inputs of this member at the end of the queue. The Payload of each holds its depth.
func (c *cascade) add(inputs ...Input) {
	for i := range inputs {
		inputs[i].Cause = c.cause
	}
	c.queue = append(c.queue, inputs...)
}

// addEmitted adds what runs emitted to their own member.
func (c *cascade) addEmitted(a acted) {
	if a.last != nil {
		c.acted = a.last
	}
	c.add(a.emitted...)
}

// shareOut notes on each of what was brought about in other lines its part of what may still be: their chains know
// nothing of each other.
func (c *cascade) shareOut(emitted []Input) {
	parts := 0
	for i := range emitted {
		parts += len(emitted[i].Subjects())
	}
	for i := range emitted {
		if p := emitted[i].Payload; p != nil && p.Depth > 0 {
			p.Spent = int16(maxFollow - max(maxFollow-c.count, 0)/parts)
		}
	}
}

// next takes the first input out of the queue, which is not empty.
func (c *cascade) next() Input {
	in := c.queue[0]
	c.queue = c.queue[1:]
	return in
}

// follow puts what a re-evaluation found into the cascade: the dates that have come, then the
// crossings of segments that start playbooks, then the waits that are over.
func (d *decider) follow(m moved) {
	d.cascade.add(m.dates...)
	for i, x := range m.crossings {
		d.followCrossing(x, m.at, index.LaterItems(m.crossings, i))
	}
	for _, w := range m.over {
		d.followWake(w, m.at)
	}
}

// followCrossing puts a crossing into the cascade. A chain that is too long stops here: the error
// is on the trace of the run that acted last, and refuses the playbooks.
func (d *decider) followCrossing(x index.Crossing, at time.Time, passed []string) {
	depth, err := d.cascade.link(1)
	if err != nil {
		d.stopChain("segment "+x.Segment.Name, x.Starts(), at, err)
		return
	}
	name, way := x.Segment.Name, x.Way()
	in := Input{
		Kind: InputSegment, ID: fmt.Sprintf("segment:%s:%s:%s", way, name, d.e.id(at, "segment", way, name, d.ID, d.input)),
		Member: d.ID, Name: name, Time: at, At: at, Payload: &Payload{Depth: depth, Entered: x.Entered},
	}
	if passed != nil {
		if d.cascade.passed == nil {
			d.cascade.passed = map[string][]string{}
		}
		d.cascade.passed[in.ID] = passed
	}
	d.cascade.add(in)
}
