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
func (r *reader) member(n *syntax.Node) map[string]any {
	if n == nil || n.Broken {
		return nil
	}
	if n.Kind != syntax.MappingNode {
		r.WrongType(n, "member must be a mapping").Label("as in {id: m1, nickname: 小王}")
		return nil
	}
	r.Require(n, "member", "id", "id: m1")
	out := map[string]any{}
	for _, e := range n.Entries {
		if t := r.memberField(e.Key); t != nil {
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

func (r *reader) memberField(key *syntax.Node) *schema.Type {
	if t, ok := schema.ObjectOf(scope.GivenFields()...).Field(key.Value); ok {
		return t
	}
	a := r.Schema.Attribute(key.Value)
	switch {
	case r.SchemaUnreadable:
		return nil
	case a == nil && scope.IsBuiltin(key.Value):
		r.Error("not-settable", key.Pos(), fmt.Sprintf("`%s` is kept by usher and cannot be set", key.Value))
		return nil
	case a == nil:
		known := schema.ObjectOf(scope.GivenFields()...).FieldNames()
		known = append(known, diag.Names(r.Schema.Attributes, func(a *playbooks.Attribute) string { return a.Name })...)
		r.Unknown("unknown-field", key, "member has no attribute", key.Value, known, r.Schema.In(scope.InMember))
		return nil
	case a.Computed != nil:
		r.Error("not-settable", key.Pos(), fmt.Sprintf("`%s` is computed and cannot be set", key.Value)).
			Related("declared here", a.Pos)
		return nil
	}
	return a.Type
}
