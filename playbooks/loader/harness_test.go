package loader

import (
	"time"

	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
)

// testRegistry declares what the language's own examples use.
func testRegistry() *schema.Registry {
	return &schema.Registry{
		Actions: []schema.ActionSpec{
			{
				Key:    "raffle",
				Fields: []schema.FieldSpec{{Name: "enter", Kind: schema.FieldRaffle, Required: true}},
				Results: []schema.ResultSpec{
					{Name: "entered", Type: schema.Bool},
					{Name: "ticket", Type: schema.String.AsOptional(), When: "entered"},
					{Name: "prize", Type: schema.String.AsOptional()},
				},
			},
			{
				Key: "message",
				Fields: []schema.FieldSpec{
					{Name: "channel", Kind: schema.FieldChannel, Required: true},
					{Name: "template", Kind: schema.FieldTemplate, OneOf: "content"},
					{Name: "text", Kind: schema.FieldText, OneOf: "content"},
					{Name: "subject", Kind: schema.FieldText},
					{Name: "variants", Kind: schema.FieldVariants, OneOf: "content"},
					{Name: "attach", Kind: schema.FieldAttach},
					{Name: "data", Kind: schema.FieldData},
					{Name: "to", Kind: schema.FieldAddress},
					{Name: "with", Kind: schema.FieldCarried, Needs: "to"},
					{Name: "class", Kind: schema.FieldEnum, Enum: []string{"promotional", "transactional"}, Default: "promotional"},
				},
				Results: []schema.ResultSpec{
					{Name: "status", Type: schema.String},
					{Name: "variant", Type: schema.String},
					{Name: "opened_at", Type: schema.Datetime.AsOptional()},
				},
			},
			{
				Key: "tag", Shorthand: "add", AtLeast: []string{"add", "remove"},
				Fields: []schema.FieldSpec{
					{Name: "add", Kind: schema.FieldTags},
					{Name: "remove", Kind: schema.FieldTags},
					{Name: "for", Kind: schema.FieldDuration, Needs: "add"},
				},
			},
			{
				Key: "coupon", MembersOnly: true, Fields: []schema.FieldSpec{{Name: "pool", Kind: schema.FieldPool, Required: true}},
				Results: []schema.ResultSpec{
					{Name: "issued", Type: schema.Bool},
					{Name: "reason", Type: schema.String},
					{Name: "code", Type: schema.String.AsOptional(), When: "issued"},
					{Name: "expires_at", Type: schema.Datetime.AsOptional()},
				},
			},
			{
				Key: "points", MembersOnly: true, Shorthand: "add", Fields: []schema.FieldSpec{
					{Name: "add", Kind: schema.FieldInt, OneOf: "what"},
					{Name: "take", Kind: schema.FieldInt, OneOf: "what", Least: 1},
					{Name: "reason", Kind: schema.FieldString},
				},
				Results: []schema.ResultSpec{{Name: "taken", Type: schema.Bool, With: "take"}, {Name: "balance", Type: schema.Int}},
			},
			{
				Key: "emit", Shorthand: "event",
				Fields: []schema.FieldSpec{
					{Name: "event", Kind: shapes.FieldEvent, Required: true},
					{Name: "properties", Kind: schema.FieldProperties},
					{Name: "member", Kind: schema.FieldString},
				},
			},
			{
				Key: "webhook", Shorthand: "url",
				Fields: []schema.FieldSpec{
					{Name: "url", Kind: schema.FieldURL, Required: true},
					{Name: "method", Kind: schema.FieldEnum, Enum: []string{"POST", "GET"}, Default: "POST"},
					{Name: "headers", Kind: schema.FieldHeaders},
					{Name: "body", Kind: schema.FieldJSON},
					{Name: "timeout", Kind: schema.FieldDuration, Longest: schema.Duration{Elapsed: time.Minute}},
					{Name: "returns", Kind: schema.FieldReturns},
				},
				Results: []schema.ResultSpec{
					{Name: "status", Type: schema.Int},
					{Name: "reason", Type: schema.String.AsOptional()},
					{Name: "body", Type: schema.ObjectOf().AsOptional()},
				},
			},
			{
				Key: "set", Shorthand: "attributes",
				Fields: []schema.FieldSpec{{Name: "attributes", Kind: schema.FieldAttributes, Required: true}},
			},
		},
		Channels: []schema.ChannelSpec{
			{Type: "log", ReachesAll: true, AnyData: true, Attach: []schema.AttachSpec{
				{Kind: "image", Most: 10}, {Kind: "link", Most: 10}, {Kind: "miniprogram", Most: 10},
			}},
			{Type: "webhook", Mute: true, Fields: []schema.FieldSpec{
				{Name: "url", Kind: schema.FieldSecret, Required: true},
				{Name: "value", Kind: schema.FieldSecret},
			}},
			{
				Type: "wecom_robot", AddressField: "url", Fields: []schema.FieldSpec{{Name: "url", Kind: schema.FieldSecret, Required: true}},
				Attach: []schema.AttachSpec{{Kind: "image", Most: 1}, {Kind: "link", Most: 2}},
				Data: schema.ObjectOf(
					schema.Field{Name: "mentioned", Type: schema.ListOf(schema.String).AsOptional()},
					schema.Field{Name: "note", Type: schema.String.AsOptional()}, schema.Field{Name: "rank", Type: schema.Int},
					schema.Field{Name: "format", Type: (&schema.Type{Kind: schema.KindString, Enum: []string{"text", "markdown"}}).AsOptional()},
				),
			},
			{
				Type: "card_robot", DataOrAttach: true, Attach: []schema.AttachSpec{{Kind: "image", Most: 1}},
				Data: schema.ObjectOf(schema.Field{Name: "at_all", Type: schema.Bool.AsOptional()}),
			},
			{
				Type: "smtp", NeedsTo: true, Address: "email", Subjects: true,
				Fields: []schema.FieldSpec{
					{Name: "url", Kind: schema.FieldSecret, Required: true},
					{Name: "from", Kind: schema.FieldString, Required: true},
				},
			},
		},
	}
}
