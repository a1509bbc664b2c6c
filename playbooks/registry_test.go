package playbooks

import "time"

// testRegistry declares what the language's own examples use.
func testRegistry() *Registry {
	return &Registry{
		Actions: []ActionSpec{
			{
				Key: "message",
				Fields: []FieldSpec{
					{Name: "channel", Kind: FieldChannel, Required: true},
					{Name: "template", Kind: FieldTemplate, OneOf: "content"},
					{Name: "text", Kind: FieldText, OneOf: "content"},
					{Name: "subject", Kind: FieldText},
					{Name: "to", Kind: FieldString},
					{Name: "class", Kind: FieldEnum, Enum: []string{"promotional", "transactional"}, Default: "promotional"},
				},
				Results: []ResultSpec{{Name: "status", Type: String}, {Name: "opened_at", Type: Datetime.AsOptional()}},
			},
			{
				Key: "tag", Shorthand: "add", AtLeast: []string{"add", "remove"},
				Fields: []FieldSpec{{Name: "add", Kind: FieldTags}, {Name: "remove", Kind: FieldTags}},
			},
			{
				Key: "coupon", Fields: []FieldSpec{{Name: "pool", Kind: FieldPool, Required: true}},
				Results: []ResultSpec{
					{Name: "issued", Type: Bool},
					{Name: "reason", Type: String},
					{Name: "code", Type: String.AsOptional(), When: "issued"},
					{Name: "expires_at", Type: Datetime.AsOptional()},
				},
			},
			{
				Key: "points", Shorthand: "add", Fields: []FieldSpec{{Name: "add", Kind: FieldInt, Required: true}, {Name: "reason", Kind: FieldString}},
				Results: []ResultSpec{{Name: "balance", Type: Int}},
			},
			{
				Key: "emit", Shorthand: "event",
				Fields: []FieldSpec{
					{Name: "event", Kind: FieldEvent, Required: true}, {Name: "properties", Kind: FieldProperties}, {Name: "member", Kind: FieldString},
				},
			},
			{
				Key: "webhook", Shorthand: "url",
				Fields: []FieldSpec{
					{Name: "url", Kind: FieldURL, Required: true},
					{Name: "method", Kind: FieldEnum, Enum: []string{"POST", "GET"}, Default: "POST"},
					{Name: "headers", Kind: FieldHeaders},
					{Name: "body", Kind: FieldJSON},
					{Name: "timeout", Kind: FieldDuration, Longest: Duration{Elapsed: time.Minute}},
					{Name: "returns", Kind: FieldReturns},
				},
				Results: []ResultSpec{{Name: "status", Type: Int}, {Name: "reason", Type: String.AsOptional()}, {Name: "body", Type: ObjectOf().AsOptional()}},
			},
			{Key: "set", Shorthand: "attributes", Fields: []FieldSpec{{Name: "attributes", Kind: FieldAttributes, Required: true}}},
		},
		Channels: []ChannelSpec{
			{Type: "log"},
			{Type: "webhook", Mute: true, Fields: []FieldSpec{{Name: "url", Kind: FieldSecret, Required: true}, {Name: "value", Kind: FieldSecret}}},
			{Type: "wecom_robot", Fields: []FieldSpec{{Name: "url", Kind: FieldSecret, Required: true}}},
			{
				Type: "smtp", NeedsTo: true, Address: "email", Subjects: true,
				Fields: []FieldSpec{{Name: "url", Kind: FieldSecret, Required: true}, {Name: "from", Kind: FieldString, Required: true}},
			},
		},
	}
}
