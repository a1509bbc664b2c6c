package tree

import (
	"encoding/binary"
	"math/bits"
)

const (
	fanBits = 6 // of the parts of a node
	fan     = 1 << fanBits
	levels  = 8 // nodes of the last one hold 2^48 ms, 8,900 years
	format  = 1 // the first byte of a stored node
	// unfinished is all there is in place of a root that is not stored yet.
	unfinished = 0
	offset     = 1 << 47   // of times, which may lie before 1970
	most       = 1<<48 - 1 // the last time, counted from the offset
)

// RootLevel is the level under which the place of a tree's first node is stored.
const RootLevel = levels

// place is where a node stands: it holds the times whose bits above those of its parts are bucket.
type place struct {
	level  int
	bucket int64
}

// moment returns a time in milliseconds as the tree counts it. What lies beyond its ends is at them.
func moment(ms int64) int64 { return min(max(ms, -offset)+offset, most) }

// placeOf returns the node of a level that holds a moment.
func placeOf(level int, m int64) place { return place{level, m >> (fanBits * (level + 1))} }

// part returns which part of the node holds a moment.
func (p place) part(m int64) int { return int(m>>(fanBits*p.level)) & (fan - 1) }

// below returns the node of a part.
func (p place) below(part int) place { return place{p.level - 1, p.bucket<<fanBits | int64(part)} }

// span returns the first and the last moment of a part.
func (p place) span(part int) (first, last int64) {
	first = (p.bucket<<fanBits | int64(part)) << (fanBits * p.level)
	return first, first + 1<<(fanBits*p.level) - 1
}

// node has the values of its parts that hold events.
type node struct {
	mask  uint64
	parts []Value // by part
	dirty bool
}

func (n *node) has(part int) bool { return n.mask&(1<<part) != 0 }

// at returns the value of a part, nil when it holds no event.
func (n *node) at(part int) *Value {
	if !n.has(part) {
		return nil
	}
	return &n.parts[bits.OnesCount64(n.mask&(1<<part-1))]
}

// make returns the value of a part, which is there from now on.
func (n *node) make(part int) *Value {
	i := bits.OnesCount64(n.mask & (1<<part - 1))
	if !n.has(part) {
		n.mask |= 1 << part
		n.parts = append(n.parts, Value{})
		copy(n.parts[i+1:], n.parts[i:])
		n.parts[i] = Value{}
	}
	return &n.parts[i]
}

func (n *node) total() (v Value) {
	for i := range n.parts {
		v.Add(&n.parts[i])
	}
	return v
}

func (n *node) encode() []byte {
	to := binary.LittleEndian.AppendUint64([]byte{format}, n.mask)
	for i := range n.parts {
		to = n.parts[i].append(to)
	}
	return to
}

func decode(data []byte) (*node, error) {
	if len(data) < 9 || data[0] != format {
		return nil, ErrDamaged
	}
	n := &node{mask: binary.LittleEndian.Uint64(data[1:])}
	data = data[9:]
	for range bits.OnesCount64(n.mask) {
		v, rest, err := valueOf(data)
		if err != nil {
			return nil, err
		}
		n.parts, data = append(n.parts, v), rest
	}
	if len(data) > 0 {
		return nil, ErrDamaged
	}
	return n, nil
}

func encodeRoot(p place) []byte {
	return binary.AppendVarint([]byte{format, byte(p.level)}, p.bucket)
}

func decodeRoot(data []byte) (p place, err error) {
	if len(data) < 3 || data[0] != format || data[1] >= levels {
		return p, ErrDamaged
	}
	bucket, n := binary.Varint(data[2:])
	if n != len(data)-2 {
		return p, ErrDamaged
	}
	return place{int(data[1]), bucket}, nil
}
