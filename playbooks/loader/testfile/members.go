package testfile

import (
	"fmt"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// members reads whom a test is about: `member`, or several `members`.
func (r *reader) members(n *syntax.Node, t *playbooks.Test) {
	r.ids = nil
	several := n.Get("members")
	if several == nil && n.Get("member") == nil && n.Get("objects") != nil {
		return
	}
	if several == nil {
		v := r.Require(n, "a test", "member", "member: {id: m1}")
		t.Members = []map[string]any{r.member(v)}
		r.noteID(v, t)
		return
	}
	if n.Get("member") != nil {
		first, second := n.Key("member"), n.Key("members")
		if first.Start > second.Start {
			first, second = second, first
		}
		r.Error("exclusive-keys", second.Pos(), "a test has one `member`, or several `members`").Label("put all into `members`").
			Related("first here", first.Pos())
	}
	list := r.List(several, "members")
	if len(list) == 0 && !several.Broken && several.Kind == syntax.SequenceNode {
		r.Error("missing-key", several.Pos(), "a test needs a member").Label("as in members: [{id: a}, {id: b}]")
	}
	for _, item := range list {
		t.Members = append(t.Members, r.member(item))
		r.noteID(item, t)
	}
	if len(r.ids) < len(list) {
		r.ids = nil
	}
}

// noteID notes the id of a member, which no other has.
func (r *reader) noteID(n *syntax.Node, t *playbooks.Test) {
	id, _ := t.Members[len(t.Members)-1]["id"].(string)
	if n == nil || id == "" {
		return
	}
	for _, other := range r.ids {
		if r.Schema.MemberID(other.Value) == r.Schema.MemberID(id) {
			r.Error("duplicate-id", n.Get("id").Pos(), fmt.Sprintf("there are two members `%s`", id)).
				Related("first here", other.Pos())
			return
		}
	}
	r.ids = append(r.ids, n.Get("id"))
}

// whose reads which of the test's members something is about; "": the first, or of an expect all.
func (r *reader) whose(v *syntax.Node) string {
	if v == nil {
		return ""
	}
	id, ok := r.Str(v, "member")
	if !ok || r.ids == nil {
		return id
	}
	var known []string
	for _, n := range r.ids {
		if r.Schema.MemberID(n.Value) == r.Schema.MemberID(id) {
			return id
		}
		known = append(known, n.Value)
	}
	r.Unknown("unknown-member", v, "the test has no member", id, known, func(name string) diag.Pos {
		for _, n := range r.ids {
			if n.Value == name {
				return n.Pos()
			}
		}
		return diag.Pos{}
	})
	return id
}

// member reads a member of a test: the id, built-in fields and attributes.
func (r *reader) member(n *syntax.Node) map[string]any { return r.fields(n, r.Schema) }

// fields reads a subject of a test, as the schema sees it.
func (r *reader) fields(n *syntax.Node, s *playbooks.Schema) map[string]any {
	if n == nil || n.Broken {
		return nil
	}
	what := s.Subject()
	if n.Kind != syntax.MappingNode {
		example := "as in {id: m1, nickname: 小王}"
		if what != scope.Member {
			example = "as in {id: g1}"
		}
		r.WrongType(n, what+" must be a mapping").Label(example)
		return nil
	}
	r.Require(n, what, "id", "id: m1")
	out := map[string]any{}
	for _, e := range n.Entries {
		if t := r.given(e.Key, s); t != nil {
			if v, ok := r.Literal(e.Value, t, e.Key.Value); ok && v != nil {
				out[e.Key.Value] = v
			}
			if e.Key.Value == "tags" {
				r.noteTags(e.Value, playbooks.LabelWritten)
			}
		}
	}
	return out
}

// given returns the type of a field of a subject that a test may give them: what follows a number, nobody gives.
func (r *reader) given(key *syntax.Node, s *playbooks.Schema) *schema.Type {
	if !r.SchemaUnreadable && s.IsLevel(key.Value) {
		r.FollowsNumber(key, "be given").Label("give the member what the number is made of: attributes, points or `history`")
		return nil
	}
	return r.field(key, s)
}

// field returns the type of a field of a subject that a test may name, as the schema sees it.
func (r *reader) field(key *syntax.Node, s *playbooks.Schema) *schema.Type {
	builtin := schema.ObjectOf(scope.Given(s.Subject())...)
	if t, ok := builtin.Field(key.Value); ok {
		return t
	}
	a := s.Attribute(key.Value)
	switch {
	case r.SchemaUnreadable:
		return nil
	case a == nil && scope.IsBuiltin(s.Subject(), key.Value):
		r.Error("not-settable", key.Pos(), fmt.Sprintf("`%s` is kept by usher and cannot be set", key.Value))
		return nil
	case a == nil:
		known := builtin.FieldNames()
		known = append(known, diag.Names(s.Attributes, func(a *playbooks.Attribute) string { return a.Name })...)
		r.Unknown("unknown-field", key, s.Subject()+" has no attribute", key.Value, known, s.In(scope.InMember))
		return nil
	case a.Computed != nil:
		r.Error("not-settable", key.Pos(), fmt.Sprintf("`%s` is computed and cannot be set", key.Value)).
			Related("declared here", a.Pos)
		return nil
	}
	return a.Type
}
