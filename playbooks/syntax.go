package playbooks

import "github.com/usher-run/usher/playbooks/schema"

// MemberSyntax returns the attributes that can be written, as `member` of usher.yaml declares them.
func (s *Schema) MemberSyntax() map[string]any {
	out := make(map[string]any, len(s.Attributes))
	for i := range s.Attributes {
		if a := &s.Attributes[i]; a.Computed == nil && a.Type != nil && a.Type.Kind != schema.KindAny {
			out[a.Name] = a.Type.Required().Syntax()
		}
	}
	if s.IDs != NormalNone {
		out["id"] = map[string]any{"normalize": string(s.IDs)}
	}
	return out
}

// ObjectsSyntax returns the kinds of objects with the attributes that can be written, as `objects` of usher.yaml declares
// them.
func (s *Schema) ObjectsSyntax() map[string]any {
	out := make(map[string]any, len(s.Objects))
	for _, kind := range s.ObjectNames() {
		out[kind] = s.Of(kind).MemberSyntax()
	}
	return out
}

// EventsSyntax returns the `events` of usher.yaml, for programs that type what they send.
func (s *Schema) EventsSyntax() map[string]any {
	out := make(map[string]any, len(s.Events))
	for i := range s.Events {
		if e := &s.Events[i]; e.Builtin {
			continue // nobody sends it
		} else if e.Properties != nil {
			out[e.Name] = e.Properties.Syntax()
		} else {
			out[e.Name] = map[string]any{}
		}
	}
	return out
}
