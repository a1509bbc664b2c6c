package scope

import (
	"slices"

	"github.com/usher-run/usher/playbooks/schema"
)

// MemberCoupons is the built-in field that holds the coupons that a member was given.
const MemberCoupons = "coupons"

// MemberReferralCode is the built-in field that holds what others may call a member by.
const MemberReferralCode = "referral_code"

// BuiltinFields are the fields that every member has, beside the declared attributes. One that is not among
// BuiltinMember may be declared all the same: then that is meant.
var BuiltinFields = append(GivenFields(), schema.Field{Name: MemberCoupons, Type: schema.ListOf(schema.ObjectOf(
	schema.Field{Name: "pool", Type: schema.String},
	schema.Field{Name: "code", Type: schema.String},
	schema.Field{Name: "issued_at", Type: schema.Datetime},
	schema.Field{Name: "expires_at", Type: schema.Datetime.AsOptional()},
	schema.Field{Name: "redeemed_at", Type: schema.Datetime.AsOptional()},
))}, schema.Field{Name: MemberReferralCode, Type: schema.String})

// givenFields are those of them that a test may give a member.
var givenFields = []schema.Field{
	{Name: "id", Type: schema.RefTo(Member)},
	{Name: "tags", Type: schema.ListOf(schema.String)},
	{Name: "created_at", Type: schema.Datetime},
	{Name: "last_seen_at", Type: schema.Datetime},
	{Name: "points", Type: schema.Int},
	{Name: "timezone", Type: schema.String.AsOptional()},
	{Name: "locale", Type: schema.String.AsOptional()},
}

// givenObject are those of an object.
var givenObject = func() []schema.Field {
	list := slices.DeleteFunc(GivenFields(), func(f schema.Field) bool { return f.Name == "points" })
	list[0].Type = schema.String
	return list
}()

// GivenFields returns the built-in fields that a test may give a member.
func GivenFields() []schema.Field { return slices.Clone(givenFields) }

// Given returns the built-in fields that a test may give a subject, as expressions call it.
func Given(subject string) []schema.Field {
	if subject == Member {
		return GivenFields()
	}
	return slices.Clone(givenObject)
}

// Builtin returns the fields that every subject has, as expressions call it.
func Builtin(subject string) []schema.Field {
	if subject == Member {
		return BuiltinFields
	}
	return givenObject
}

// MemberFields returns the built-in fields of a member.
func MemberFields() []schema.Field { return slices.Clone(BuiltinFields) }

// BuiltinMember are the fields that every member has; they cannot be declared again.
var BuiltinMember = []string{"id", "tags", "created_at", "last_seen_at", "points", "timezone", "locale"}

// IsBuiltin reports whether every subject, as expressions call it, has the field, unless it is declared.
func IsBuiltin(subject, name string) bool {
	return slices.ContainsFunc(Builtin(subject), func(f schema.Field) bool { return f.Name == name })
}

// IsKept reports whether usher keeps the field of a subject, as expressions call it, and nobody writes it as an
// attribute.
func IsKept(subject, name string) bool {
	return IsReserved(subject, name) && name != "timezone" && name != "locale"
}

// IsReserved reports whether no attribute of a subject, as expressions call it, may be declared under the name.
func IsReserved(subject, name string) bool {
	return slices.Contains(BuiltinMember, name) && IsBuiltin(subject, name)
}

// MemberType returns the type of the subject with the types of computed attributes, each as it is
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
