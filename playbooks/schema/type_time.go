package schema

import "slices"

// HoldsNoTime reports whether no value of the type depends on a time zone: none is or holds a date
// or a time.
func (t *Type) HoldsNoTime() bool {
	switch t.Kind {
	case KindString, KindInt, KindNumber, KindBool:
		return true
	case KindList:
		return t.Elem != nil && t.Elem.HoldsNoTime()
	case KindObject:
		return !slices.ContainsFunc(t.Fields, func(f Field) bool { return !f.Type.HoldsNoTime() })
	}
	return false
}
