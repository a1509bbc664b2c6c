package scope

import (
	"slices"

	"github.com/usher-run/usher/playbooks/schema"
)

// BuiltinFields are the fields that every member has, beside the declared attributes.
var BuiltinFields = []schema.Field{
	{Name: "id", Type: schema.String},
	{Name: "tags", Type: schema.ListOf(schema.String)},
	{Name: "created_at", Type: schema.Datetime},
	{Name: "last_seen_at", Type: schema.Datetime},
	{Name: "points", Type: schema.Int},
	{Name: "timezone", Type: schema.String.AsOptional()},
	{Name: "locale", Type: schema.String.AsOptional()},
}

// MemberFields returns the built-in fields of a member.
func MemberFields() []schema.Field { return slices.Clone(BuiltinFields) }

// BuiltinMember are the fields that every member has; they cannot be declared again.
var BuiltinMember = []string{"id", "tags", "created_at", "last_seen_at", "points", "timezone", "locale"}

// MemberType returns the type of `member` with the types of computed attributes, each as it is
// declared.
func MemberType(d Declarations) *schema.Type {
	record := d.MemberRecord()
	t := *record
	t.Fields = slices.Clone(record.Fields)
	for i := len(BuiltinFields); i < len(t.Fields); i++ {
		f := &t.Fields[i]
		has := f.Type != nil && !f.Type.Optional // a default
		if f.Type, _ = d.AttributeType(f.Name); has {
			f.Type = f.Type.Required()
		}
	}
	return &t
}
