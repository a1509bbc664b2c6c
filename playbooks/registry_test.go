package playbooks

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
					{Name: "code", Type: String.AsOptional()},
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
			{Key: "set", Shorthand: "attributes", Fields: []FieldSpec{{Name: "attributes", Kind: FieldAttributes, Required: true}}},
		},
		Channels: []ChannelSpec{
			{Type: "log"},
			{Type: "wecom_robot", Fields: []FieldSpec{{Name: "url", Kind: FieldSecret, Required: true}}},
			{
				Type: "smtp", NeedsTo: true, Address: "email",
				Fields: []FieldSpec{{Name: "url", Kind: FieldSecret, Required: true}, {Name: "from", Kind: FieldString, Required: true}},
			},
		},
	}
}
