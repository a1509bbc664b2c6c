package engine

import "fmt"

// What one input, or one wait, may bring about at most.
const (
	maxChain  = 16   // links of a chain: an event that a run emitted, whose run emitted, …
	maxFollow = 1000 // inputs of all its chains together
)

// cascade is what decisions brought about for the same member: decided first in, first out, after the present decision and in
// its transaction.
type cascade struct {
	queue []Input
	depth int   // of what is being decided; 0: it came from outside, or is a wait
	cause int64 // Seq of the input that began it, or CauseWait
	count int   // inputs put into the queue since it began
}

// begin begins a cascade at an input from outside, by its Seq, or at a wait.
func (c *cascade) begin(seq int64) { c.cause, c.count, c.depth = seq, 0, 0 }

// link gives the depth of what the present decision brings about, or says that the chain is too long.
func (c *cascade) link() (int, error) {
	switch {
	case c.depth >= maxChain:
		return 0, fmt.Errorf("the chain is %d events long and stops here: each was brought about by the one before", maxChain)
	case c.count >= maxFollow:
		return 0, fmt.Errorf("one input has brought about %d others, and stops here", maxFollow)
	}
	c.count++
	return c.depth + 1, nil
}

// follow lets an input of this member be decided after the present decision. Its Payload holds its depth: see link.
func (c *cascade) follow(in Input) {
	in.Cause = c.cause
	c.queue = append(c.queue, in)
}

// followUp decides what the last decision brought about, and what that brings about.
func (d *decider) followUp() error {
	for len(d.cascade.queue) > 0 {
		in := d.cascade.queue[0]
		d.cascade.queue = d.cascade.queue[1:]
		if err := d.decide(&in); err != nil {
			return err
		}
		if in.Kind == InputEvent {
			d.c.Cascaded = append(d.c.Cascaded, in)
		}
	}
	return nil
}
