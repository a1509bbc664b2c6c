package tree

// A window ends within a part that has few events, and the next windows do so, too: what was read of it is kept.

// leavesMost is how many leaves are kept: those at the ends of some windows.
const leavesMost = 4

// leaves are the parts without a node below whose events were read last.
type leaves struct {
	list [leavesMost]leaf
	next int // which one gives way
}

// leaf has the values of all events of a part.
type leaf struct {
	leafPlace
	events []timed
}

type leafPlace struct {
	place
	part int
}

type timed struct {
	moment int64
	value  Value
}

// find returns the leaf of a place that has so many events; nil when it is not kept, or not all of them are.
func (l *leaves) find(p leafPlace, events int) *leaf {
	for i := range l.list {
		if one := &l.list[i]; one.leafPlace == p && len(one.events) == events {
			return one
		}
	}
	return nil
}

// keep puts a leaf in place of the one that was read longest ago.
func (l *leaves) keep(one leaf) {
	l.list[l.next] = one
	l.next = (l.next + 1) % leavesMost
}

// add adds an event to its leaf, where that is kept.
func (l *leaves) add(p leafPlace, moment int64, v *Value) {
	for i := range l.list {
		if one := &l.list[i]; one.leafPlace == p && len(one.events) > 0 {
			one.events = append(one.events, timed{moment, *v})
		}
	}
}

// partly adds what a part with so many events holds from a moment to another.
func (t *Tree) partly(p leafPlace, events int, from, to int64, v *Value) error {
	one := t.leaves.find(p, events)
	if one == nil {
		one = &leaf{leafPlace: p}
		first, last := p.span(p.part)
		err := t.source.Items(first-offset, t.end(min(last, to)), func(at int64, item any) {
			one.events = append(one.events, timed{moment(at), of(item)})
		})
		if err != nil {
			return err
		}
		if len(one.events) == events { // else some lie behind the window
			t.leaves.keep(*one)
		}
	}
	for i := range one.events {
		if e := &one.events[i]; e.moment >= from && e.moment <= to {
			v.Add(&e.value)
		}
	}
	return nil
}
