package schema

import "slices"

// Assignable reports whether a value of type got can stand where want is needed; missing values
// aside. A ref to a member takes nothing but another: any other text would have to be looked up.
func Assignable(want, got *Type) bool {
	switch {
	case want == nil || got == nil || want.Kind == KindAny || got.Kind == KindAny:
		return true
	case got.Kind == KindNil:
		return want.Optional
	case want.Kind == KindNumber && got.Kind == KindInt, want.Kind == KindDatetime &&
		got.Kind == KindDate:
		return true
	case want.Kind != got.Kind:
		return false
	case want.Kind == KindList:
		return Assignable(want.Elem, got.Elem)
	}
	return want.Ref != Member || got.Ref == Member
}

// Join returns the type that holds both, nil when there is none.
func Join(a, b *Type) *Type {
	switch {
	case a == nil || b == nil:
		return nil
	case a.Kind == KindNil:
		return b.AsOptional()
	case b.Kind == KindNil:
		return a.AsOptional()
	}
	var t *Type
	switch {
	case a.Kind == b.Kind && a.Ref == b.Ref && slices.Equal(a.Enum, b.Enum):
		t = a
	case a.Kind == KindString && b.Kind == KindString:
		t = String
	case IsNumeric(a) && IsNumeric(b):
		t = Number
	case IsTime(a) && IsTime(b):
		t = Datetime
	case a.Kind == KindAny || b.Kind == KindAny:
		t = Any
	default:
		return nil
	}
	if a.Optional || b.Optional {
		return t.AsOptional()
	}
	return t.Required()
}

// IsNumeric reports whether values of the type are numbers.
func IsNumeric(t *Type) bool { return t.Kind == KindInt || t.Kind == KindNumber }

// IsTime reports whether values of the type are points in time.
func IsTime(t *Type) bool { return t.Kind == KindDate || t.Kind == KindDatetime }
