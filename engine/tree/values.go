package tree

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

const (
	// valuesMost is of how many different values it is told how many there are.
	valuesMost = 10_000
	partMost   = 512 // values that a part has, on average, before there are twice as many parts
	partsMost  = 64
)

// Values returns how many different values there are among the items of a window that ends with the last
// event or behind it: of each value it keeps when it was there last. Of more than twice what it tells it
// forgets those that were there longest ago. It is not safe for concurrent use.
type Values struct {
	source Source
	parts  []*part // by the hash of the value, a power of two; nil: not read yet
	count  int     // values in all parts
	latest int64   // when one was there last, of the parts that are read
	order  order   // of the times in all parts, once it is asked for often
	asked  int     // how often, so far
	moved  bool    // how many there are is not as it was stored
	key    []byte  // of the last value, whose room is used again
}

// part has some of the values.
type part struct {
	places map[string]int // of each value in the lists
	values []string       // as keys: see appendKey
	last   []int64        // when it was there last, in milliseconds
	dirty  bool
}

func newPart() *part { return &part{places: map[string]int{}} }

// NewValues returns the values of no event, which are not stored.
func NewValues() *Values {
	first := newPart()
	first.dirty = true // also when no value comes
	return &Values{parts: []*part{first}, latest: math.MinInt64, moved: true}
}

// OpenValues returns values that are stored, by their root.
func OpenValues(s Source, root []byte) (*Values, error) {
	if len(root) < 3 || root[0] != format || root[1] > byte(bits.TrailingZeros(partsMost)) {
		return nil, ErrDamaged
	}
	count, n := binary.Uvarint(root[2:])
	if n != len(root)-2 || count > 2*valuesMost {
		return nil, ErrDamaged
	}
	return &Values{source: s, parts: make([]*part, 1<<root[1]), latest: math.MinInt64, count: int(count)}, nil
}

// failedKey stands for all items that cannot be told.
const failedKey = "!"

// appendKey adds what equal values have in common; nothing for one that is missing. A long text is told
// apart by its hash.
func appendKey(to []byte, item any) []byte {
	number := func(f float64) []byte {
		return binary.BigEndian.AppendUint64(append(to, 'n'), math.Float64bits(f+0)) // + 0: no negative zero
	}
	switch v := item.(type) {
	case nil:
		return to
	case string:
		if len(v) <= sha256.Size {
			return append(append(to, 's'), v...)
		}
		sum := sha256.Sum256([]byte(v))
		return append(append(to, 'h'), sum[:]...)
	case bool:
		if v {
			return append(to, 't')
		}
		return append(to, 'f')
	case int:
		return number(float64(v))
	case float64:
		return number(v)
	}
	return append(to, failedKey...)
}

// partOf returns which of so many parts has a value: by FNV-1a.
func partOf(key []byte, parts int) int {
	h := uint32(2166136261)
	for _, b := range key {
		h = (h ^ uint32(b)) * 16777619
	}
	return int(h) & (parts - 1)
}

// part returns a part, read from the source the first time.
func (v *Values) part(i int) (*part, error) {
	if v.parts[i] != nil {
		return v.parts[i], nil
	}
	data, err := v.source.Node(0, int64(i))
	if err != nil {
		return nil, err
	}
	p, err := decodePart(data, i, len(v.parts))
	if err != nil {
		return nil, err
	}
	for _, at := range p.last {
		v.latest = max(v.latest, at)
	}
	v.parts[i] = p
	return p, nil
}

// all reads all parts.
func (v *Values) all() error {
	n := 0
	for i := range v.parts {
		p, err := v.part(i)
		if err != nil {
			return err
		}
		n += len(p.last)
	}
	if n != v.count {
		return ErrDamaged
	}
	return nil
}

// Add adds the item of an event, which may have come late.
func (v *Values) Add(at int64, item any) error {
	v.key = appendKey(v.key[:0], item)
	if len(v.key) == 0 {
		return nil
	}
	p, err := v.part(partOf(v.key, len(v.parts)))
	if err != nil {
		return err
	}
	v.latest = max(v.latest, at)
	if i, known := p.places[string(v.key)]; known {
		if before := p.last[i]; at > before {
			p.last[i], p.dirty = at, true
			v.order.move(before, at)
		}
		return nil
	}
	p.add(string(v.key), at)
	v.order.add(at)
	v.count++
	v.moved = true
	switch {
	case v.count > 2*valuesMost:
		return v.forget()
	case v.count > partMost*len(v.parts) && len(v.parts) < partsMost:
		return v.spread(2 * len(v.parts))
	}
	return nil
}

func (p *part) add(key string, at int64) {
	p.places[key] = len(p.values)
	p.values, p.last = append(p.values, key), append(p.last, at)
	p.dirty = true
}

// spread puts the values into so many parts.
func (v *Values) spread(parts int) error {
	if err := v.all(); err != nil {
		return err
	}
	before := v.parts
	v.parts = make([]*part, parts)
	for i := range v.parts {
		v.parts[i] = newPart()
		v.parts[i].dirty = true
	}
	for _, p := range before {
		for i, key := range p.values {
			v.parts[partOf([]byte(key), parts)].add(key, p.last[i])
		}
	}
	return nil
}

// forget lets go of the values that were there longest ago: no window that reaches back to them is told.
func (v *Values) forget() error {
	if err := v.all(); err != nil {
		return err
	}
	var last []int64
	for _, p := range v.parts {
		last = append(last, p.last...)
	}
	slices.Sort(last)
	since := last[len(last)-valuesMost]
	before := v.parts
	v.parts, v.count, v.order, v.asked = make([]*part, len(before)), 0, nil, 0
	for i, p := range before {
		v.parts[i] = newPart()
		v.parts[i].dirty = true
		for k, key := range p.values {
			if p.last[k] >= since {
				v.parts[i].add(key, p.last[k])
				v.count++
			}
		}
	}
	return nil
}

// Within returns how many different values there are from a time to another, both included, and whether
// that can be told: not when an item has failed, when there are many, or when events lie behind it.
func (v *Values) Within(from, to int64) (n int, told bool, err error) {
	if from > to {
		return 0, true, nil
	}
	if err := v.all(); err != nil {
		return 0, false, err
	}
	n = v.since(from)
	p := v.parts[partOf([]byte(failedKey), len(v.parts))]
	if i, some := p.places[failedKey]; some && p.last[i] >= from {
		return 0, false, nil
	}
	return n, n < valuesMost && v.latest <= to, nil
}

// since returns how many values were there at a time or later.
func (v *Values) since(from int64) (n int) {
	if v.asked++; v.asked == orderFrom {
		v.order = make(order, 0, v.count)
		for _, p := range v.parts {
			v.order = append(v.order, p.last...)
		}
		slices.Sort(v.order)
	}
	if v.order != nil {
		return len(v.order) - v.order.place(from)
	}
	for _, p := range v.parts {
		for _, at := range p.last {
			if at >= from {
				n++
			}
		}
	}
	return n
}

// orderFrom is from which question on it is worth while to put the times in order.
const orderFrom = 16

// order has times in their order; nil: they are in none.
type order []int64

// place returns the place of the first time that is not before a time.
func (o order) place(at int64) int {
	i, _ := slices.BinarySearch(o, at)
	return i
}

func (o *order) add(at int64) {
	if *o != nil {
		*o = slices.Insert(*o, o.place(at), at)
	}
}

// move puts a later time in place of one that is there.
func (o order) move(before, at int64) {
	if o == nil {
		return
	}
	i, j := o.place(before), o.place(at)-1
	copy(o[i:j], o[i+1:j+1])
	o[j] = at
}

// Changed returns the nodes that are not as they were stored, in the order of their places.
func (v *Values) Changed() (out []Node) {
	for i, p := range v.parts {
		if p != nil && p.dirty {
			out = append(out, Node{0, int64(i), p.encode()})
		}
	}
	if v.moved && len(out) > 0 {
		root := []byte{format, byte(bits.TrailingZeros(uint(len(v.parts))))}
		out = append(out, Node{RootLevel, 0, binary.AppendUvarint(root, uint64(v.count))})
	}
	return out
}

// encode writes the values, oldest first.
func (p *part) encode() []byte {
	places := make([]int, len(p.values))
	for i := range places {
		places[i] = i
	}
	slices.SortFunc(places, func(a, b int) int {
		return cmp.Or(cmp.Compare(p.last[a], p.last[b]), cmp.Compare(p.values[a], p.values[b]))
	})
	to, before := binary.AppendUvarint([]byte{format}, uint64(len(places))), int64(0)
	for _, i := range places {
		to = binary.AppendVarint(to, p.last[i]-before)
		to = append(binary.AppendUvarint(to, uint64(len(p.values[i]))), p.values[i]...)
		before = p.last[i]
	}
	return to
}

// decodePart reads a part of so many.
func decodePart(data []byte, place, parts int) (*part, error) {
	if len(data) < 2 || data[0] != format {
		return nil, ErrDamaged
	}
	number, n := binary.Uvarint(data[1:])
	if n <= 0 || number > 2*valuesMost {
		return nil, ErrDamaged
	}
	p, at := newPart(), int64(0)
	for data = data[1+n:]; number > 0; number-- {
		step, n := binary.Varint(data)
		if n <= 0 {
			return nil, ErrDamaged
		}
		size, m := binary.Uvarint(data[n:])
		if m <= 0 || size == 0 || size > uint64(len(data)-n-m) {
			return nil, ErrDamaged
		}
		key := data[n+m:][:size]
		if _, twice := p.places[string(key)]; twice || partOf(key, parts) != place {
			return nil, ErrDamaged
		}
		at += step
		p.add(string(key), at)
		data = data[uint64(n+m)+size:]
	}
	if p.dirty = false; len(data) > 0 {
		return nil, ErrDamaged
	}
	return p, nil
}
