package schema

import "slices"

// Via is the field that says which of several alternatives it is.
const Via = "via"

// Alternative is one of several objects, of which there is one at a time.
type Alternative struct {
	Name string // that tells it from the others
	Type *Type  // an object
}

// AnyOf returns the type of an object that is one of several. A field that all have is typed as usual, any other
// may be missing: it is there when [Via], which is the first field, names an alternative that has it. What
// alternatives type so that no type holds both is not in it but under Clashes.
func AnyOf(list []Alternative) *Type {
	out := ObjectOf(Field{Name: Via, Type: NameOf(list)})
	for _, f := range Alternatives(list).Fields {
		if f.Name != Via {
			out.Fields = append(out.Fields, f)
		}
	}
	out.Clashes = Alternatives(list).Clashes
	return out
}

// NameOf returns the type of the name of an alternative.
func NameOf(list []Alternative) *Type {
	t := &Type{Kind: KindString}
	for _, a := range list {
		t.Enum = append(t.Enum, a.Name)
	}
	return t
}

// Alternatives is AnyOf without the field [Via], which stands elsewhere.
func Alternatives(list []Alternative) *Type {
	out := ObjectOf()
	for _, a := range list {
		for j := range a.Type.Fields {
			out.alternative(&a.Type.Fields[j], list)
		}
	}
	return out
}

// alternative adds a field of one of the alternatives, unless it is known already.
func (t *Type) alternative(f *Field, list []Alternative) {
	clashes := slices.ContainsFunc(t.Clashes, func(c Clash) bool { return c.Field == f.Name })
	if _, known := t.Field(f.Name); known || clashes {
		return
	}
	joined := Field{Name: f.Name, Pos: f.Pos, Type: f.Type}
	has, first := 0, ""
	for _, a := range list {
		other, ok := a.Type.Field(f.Name)
		if !ok || other == nil {
			continue
		}
		if first == "" {
			first = a.Name
		}
		if has++; !other.Optional {
			joined.Via = append(joined.Via, a.Name)
		}
		if joined.Type = JoinExact(joined.Type, other); joined.Type == nil {
			t.Clashes = append(t.Clashes, Clash{Field: f.Name, One: first, Other: a.Name, Types: [2]*Type{f.Type, other}})
			return
		}
	}
	if has < len(list) {
		joined.Type = joined.Type.AsOptional()
	}
	if !joined.Type.Optional {
		joined.Via = nil
	}
	t.Fields = append(t.Fields, joined)
}

// KnownBy returns the type of an object of which facts, as paths that begin with a prefix, say that some of its fields
// are there.
func (t *Type) KnownBy(prefix string, facts []string) *Type {
	out := *t
	out.Fields = slices.Clone(t.Fields)
	for i := range out.Fields {
		if f := &out.Fields[i]; f.Type != nil && slices.Contains(facts, prefix+f.Name) {
			f.Type = f.Type.Required()
		}
	}
	return &out
}

// Clash says that two alternatives have a field of types that no type holds both.
type Clash struct {
	Field, One, Other string
	Types             [2]*Type
}

// JoinExact returns the type that holds values of both as they are, nil when there is none: an int is no number
// there, and of an object and of the items of a list all is the same.
func JoinExact(a, b *Type) *Type {
	if a == nil || b == nil || a.Kind != b.Kind {
		return nil
	}
	switch a.Kind {
	case KindList:
		elem := JoinExact(a.Elem, b.Elem)
		if elem == nil || elem.Optional != a.Elem.Optional || len(elem.Enum) != len(a.Elem.Enum) {
			return nil
		}
	case KindObject:
		if !slices.EqualFunc(a.Fields, b.Fields, func(x, y Field) bool {
			j := JoinExact(x.Type, y.Type)
			return x.Name == y.Name && j != nil && x.Type.Optional == y.Type.Optional && slices.Equal(x.Type.Enum, y.Type.Enum)
		}) {
			return nil
		}
	}
	return Join(a, b)
}
