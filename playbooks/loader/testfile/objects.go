package testfile

import (
	"fmt"
	"slices"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/syntax"
)

// objects reads the objects of a test: `{group: [{id: g1, size: 50}]}`.
func (r *reader) objects(n *syntax.Node, t *playbooks.Test) {
	if n == nil || !r.MappingOnly(n, "objects") {
		return
	}
	for _, e := range n.Entries {
		if !r.KnownKind(e.Key, e.Key.Value) {
			continue
		}
		s := r.schemaOf(e.Key.Value)
		var ids []*syntax.Node
		for _, item := range r.List(e.Value, "objects of the kind "+e.Key.Value) {
			fields := r.fields(item, s)
			if id, ok := fields["id"].(string); ok {
				same := func(other *syntax.Node) bool { return other.Value == id }
				if i := slices.IndexFunc(ids, same); i >= 0 {
					r.Error("duplicate-id", item.Get("id").Pos(), fmt.Sprintf("there are two objects `%s`", id)).
						Related("first here", ids[i].Pos())
				}
				ids = append(ids, item.Get("id"))
			}
			t.Objects = append(t.Objects, playbooks.TestObject{Kind: e.Key.Value, Fields: fields})
		}
	}
}

// schemaOf returns the schema as objects of a kind see it; of the empty kind, or of an unknown one, as members do.
func (r *reader) schemaOf(kind string) *playbooks.Schema {
	if s := r.Schema.Of(kind); s != nil {
		return s
	}
	return r.Schema
}

// subject reads which member or object something is about; neither: the first member, or of an expect all.
func (r *reader) subject(n *syntax.Node) (member string, object playbooks.ObjectRef) {
	v := n.Get("object")
	if v == nil {
		return r.whose(n.Get("member")), object
	}
	if n.Get("member") != nil {
		first, second := n.Key("member"), n.Key("object")
		if first.Start > second.Start {
			first, second = second, first
		}
		r.Error("exclusive-keys", second.Pos(), "this is about a member or about an object").Label("leave one of them out").
			Related("first here", first.Pos())
	}
	if v.Broken {
		return "", object
	}
	if v.Kind != syntax.MappingNode || len(v.Entries) != 1 {
		r.WrongType(v, "an object is named by its kind and its id").Label("as in {group: g1}")
		return "", object
	}
	if e := v.Entries[0]; r.KnownKind(e.Key, e.Key.Value) {
		object.Kind = e.Key.Value
		object.ID, _ = r.Str(e.Value, "the id of a "+object.Kind)
	}
	return "", object
}
