package decimal

import (
	"encoding/binary"
	"errors"
)

// Add adds what another Total has added.
func (t *Total) Add(o *Total) {
	t.some = t.some || o.some
	if t.whole += o.whole; t.whole > spillAt || t.whole < -spillAt {
		t.spill(t.whole, 0)
		t.whole = 0
	}
	if t.units += o.units; t.units > spillAt || t.units < -spillAt {
		t.spill(t.units, -unitPlaces)
		t.units = 0
	}
	if o.rest != nil {
		t.addExact(o.rest)
	}
}

// Append appends the Total to a buffer, for [TotalOf].
func (t *Total) Append(to []byte) []byte {
	var what byte
	if t.some {
		what |= 1
	}
	if t.rest != nil {
		what |= 2
	}
	to = append(to, what)
	to = binary.AppendVarint(to, t.whole)
	if t.some {
		to = binary.AppendVarint(to, t.units)
	}
	if t.rest == nil {
		return to
	}
	to = binary.AppendVarint(to, int64(t.rest.exponent))
	text := t.rest.coefficient.Append(nil, 62)
	to = binary.AppendUvarint(to, uint64(len(text)))
	return append(to, text...)
}

var errNoTotal = errors.New("these bytes are no sum")

// maxExponent is beyond that of any float64.
const maxExponent = 400

// TotalOf reads a Total from the beginning of a buffer, and returns what is behind it.
func TotalOf(from []byte) (t Total, rest []byte, err error) {
	if len(from) == 0 || from[0] > 3 {
		return t, nil, errNoTotal
	}
	what, from := from[0], from[1:]
	read := func() (v int64) {
		v, n := binary.Varint(from)
		if n <= 0 {
			err = errNoTotal
			return 0
		}
		from = from[n:]
		return v
	}
	t.whole, t.some = read(), what&1 != 0
	if t.some && err == nil {
		t.units = read()
	}
	if what&2 == 0 || err != nil {
		return t, from, err
	}
	exponent := read()
	if exponent > maxExponent || exponent < -maxExponent {
		return t, nil, errNoTotal
	}
	t.rest = &exact{exponent: int(exponent)}
	length, n := binary.Uvarint(from)
	if err != nil || n <= 0 || length > uint64(len(from)-n) {
		return t, nil, errNoTotal
	}
	from = from[n:]
	if _, ok := t.rest.coefficient.SetString(string(from[:length]), 62); !ok {
		return t, nil, errNoTotal
	}
	return t, from[length:], nil
}
