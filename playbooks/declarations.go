package playbooks

// Declarations is what a workspace declares, as far as expressions and texts name it.
type Declarations interface {
	// MemberRecord returns the type of `member`: an object. The fields that are computed have no type there.
	MemberRecord() *Type
	// Computed returns the expression of a computed attribute; nil when the attribute is none.
	Computed(attribute string) *Source
	// AttributeType returns the type of a declared attribute; ok is false when it is not declared.
	AttributeType(name string) (t *Type, ok bool)
	// EventNames returns the declared events in the order of their declaration.
	EventNames() []string
	// EventProperties returns the properties of an event: an object, nil when there are none.
	EventProperties(name string) (t *Type, ok bool)
	// EventRecord returns the type of an event as expressions see it; nil when it is not declared.
	EventRecord(name string) *Type
	// SegmentNames returns the declared segments in the order of their declaration.
	SegmentNames() []string
	// SegmentSource returns the expression of a segment; nil when it is not declared.
	SegmentSource(name string) *Source
	// DeclaredAt returns where a section of usher.yaml declares the name; for "", where the section begins.
	DeclaredAt(section, name string) Pos
}

// The sections of usher.yaml that declare names.
const (
	inMember   = "member"
	inEvents   = "events"
	inSegments = "segments"
	inChannels = "channels"
	inCoupons  = "coupons"
)
