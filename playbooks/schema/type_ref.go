package schema

import (
	"slices"
	"strings"
)

// Member is the kind of subject that members are, as in ref member.
const Member = "member"

// refWord stands in front of the kind in the type of an id, as in ref group.
const refWord = "ref "

// RefTo returns the type of the ids of a kind of subject.
func RefTo(kind string) *Type { return &Type{Kind: KindString, Ref: kind} }

// CutRef returns the kind that the name of a type refers to; false when it is no ref.
func CutRef(name string) (kind string, ok bool) {
	kind, ok = strings.CutPrefix(name, refWord)
	return strings.TrimSpace(kind), ok
}

// Refs returns the kinds whose ids values of the type may hold, at any depth, each once, in the order of declaration.
func (t *Type) Refs() (kinds []string) {
	switch {
	case t == nil:
	case t.Kind == KindList:
		return t.Elem.Refs()
	case t.Ref != "":
		return []string{t.Ref}
	case t.Kind == KindObject:
		for i := range t.Fields {
			for _, kind := range t.Fields[i].Type.Refs() {
				if !slices.Contains(kinds, kind) {
					kinds = append(kinds, kind)
				}
			}
		}
	}
	return kinds
}

// EachRef calls each for every id that a decoded value holds by its type, with the kind that it is of, in the order of
// declaration.
func (t *Type) EachRef(v any, each func(kind, id string)) {
	switch v := v.(type) {
	case string:
		if t != nil && t.Ref != "" {
			each(t.Ref, v)
		}
	case []any:
		if t != nil && t.Kind == KindList {
			for _, item := range v {
				t.Elem.EachRef(item, each)
			}
		}
	case map[string]any:
		if t != nil && t.Kind == KindObject {
			for i := range t.Fields {
				t.Fields[i].Type.EachRef(v[t.Fields[i].Name], each)
			}
		}
	}
}
