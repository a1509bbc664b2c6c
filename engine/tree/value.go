package tree

import (
	"encoding/binary"
	"errors"

	"github.com/usher-run/usher/playbooks/decimal"
)

// Value is what is known of some events together. The zero Value is that of none.
type Value struct {
	Events int           // all
	Failed int           // those of which an item cannot be told: who goes through the list learns why
	Hits   int           // those for which the item is true
	Sum    decimal.Total // of the items that are numbers
}

// Add adds the value of other events.
func (v *Value) Add(o *Value) {
	v.Events += o.Events
	v.Failed += o.Failed
	v.Hits += o.Hits
	v.Sum.Add(&o.Sum)
}

// of returns the value of one event by its item: true or false, a number, or nil for an event that
// counts and has none. Any other item has failed.
func of(item any) (v Value) {
	v.Events = 1
	switch item := item.(type) {
	case nil:
	case bool:
		if item {
			v.Hits = 1
		}
	case int:
		v.Sum.AddInt(item)
	case float64:
		v.Sum.AddFloat(item)
	default:
		v.Failed = 1
	}
	return v
}

func (v *Value) append(to []byte) []byte {
	to = binary.AppendUvarint(to, uint64(v.Events))
	to = binary.AppendUvarint(to, uint64(v.Failed))
	to = binary.AppendUvarint(to, uint64(v.Hits))
	return v.Sum.Append(to)
}

// ErrDamaged is the error of a tree that is not as it was stored. It is to be built anew.
var ErrDamaged = errors.New("a node of a tree is damaged")

func valueOf(from []byte) (v Value, rest []byte, err error) {
	for _, n := range []*int{&v.Events, &v.Failed, &v.Hits} {
		u, size := binary.Uvarint(from)
		if size <= 0 || u > 1<<62 {
			return v, nil, ErrDamaged
		}
		*n, from = int(u), from[size:]
	}
	if v.Sum, rest, err = decimal.TotalOf(from); err != nil {
		err = ErrDamaged
	}
	return v, rest, err
}
