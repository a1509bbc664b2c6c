package scope

import (
	"slices"

	"github.com/usher-run/usher/playbooks/schema"
)

// MemberCoupons is the built-in field that holds the coupons that a member was given.
const MemberCoupons = "coupons"

// BuiltinFields are the fields that every member has, beside the declared attributes. One that is not among
// BuiltinMember may be declared all the same: then that is meant.
var BuiltinFields = append(GivenFields(), schema.Field{Name: MemberCoupons, Type: schema.ListOf(schema.ObjectOf(
	schema.Field{Name: "pool", Type: schema.String},
	schema.Field{Name: "code", Type: schema.String},
	schema.Field{Name: "issued_at", Type: schema.Datetime},
	schema.Field{Name: "expires_at", Type: schema.Datetime.AsOptional()},
	schema.Field{Name: "redeemed_at", Type: schema.Datetime.AsOptional()},
))})

// givenFields are those of them that a test may give a member.
var givenFields = []schema.Field{
	{Name: "id", Type: schema.String},
	{Name: "tags", Type: schema.ListOf(schema.String)},
	{Name: "created_at", Type: schema.Datetime},
	{Name: "last_seen_at", Type: schema.Datetime},
	{Name: "points", Type: schema.Int},
	{Name: "timezone", Type: schema.String.AsOptional()},
	{Name: "locale", Type: schema.String.AsOptional()},
}

// GivenFields returns the built-in fields that a test may give a member.
func GivenFields() []schema.Field { return slices.Clone(givenFields) }

// MemberFields returns the built-in fields of a member.
func MemberFields() []schema.Field { return slices.Clone(BuiltinFields) }

// BuiltinMember are the fields that every member has; they cannot be declared again.
var BuiltinMember = []string{"id", "tags", "created_at", "last_seen_at", "points", "timezone", "locale"}

// IsBuiltin reports whether every member has the field, unless it is declared.
func IsBuiltin(name string) bool {
	return slices.ContainsFunc(BuiltinFields, func(f schema.Field) bool { return f.Name == name })
}

// MemberType returns the type of `member` with the types of computed attributes, each as it is
// declared.
func MemberType(d Declarations) *schema.Type {
	record := d.MemberRecord()
	t := *record
	t.Fields = slices.Clone(record.Fields)
	for i := range t.Fields {
		f := &t.Fields[i]
		typ, declared := d.AttributeType(f.Name)
		if !declared {
			continue // built in
		}
		has := f.Type != nil && !f.Type.Optional // a default
		if f.Type = typ; has {
			f.Type = f.Type.Required()
		}
	}
	return &t
}
