package scope

import (
	"time"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
)

// Declarations is what a workspace declares, as far as expressions and texts name it.
type Declarations interface {
	// Subject returns what expressions call whom they are about: [Member], or the kind of an object.
	Subject() string
	// MemberRecord returns the type of the subject: an object. The fields that are computed have no type
	// there.
	MemberRecord() *schema.Type
	// Computed returns the expression of a computed attribute; nil when the attribute is none.
	Computed(attribute string) *diag.Source
	// AttributeType returns the type of a declared attribute; ok is false when it is not declared.
	AttributeType(name string) (t *schema.Type, ok bool)
	// EventNames returns the declared events in the order of their declaration.
	EventNames() []string
	// EventProperties returns the properties of an event: an object, nil when there are none.
	EventProperties(name string) (t *schema.Type, ok bool)
	// EventRecord returns the type of an event as expressions see it; nil when it is not declared.
	EventRecord(name string) *schema.Type
	// SegmentNames returns the declared segments in the order of their declaration.
	SegmentNames() []string
	// SegmentSource returns the expression of a segment; nil when it is not declared.
	SegmentSource(name string) *diag.Source
	// TableNames returns the declared tables in the order of their declaration.
	TableNames() []string
	// Table returns what a table holds; nil when it is not declared.
	Table(name string) *Table
	// PointsExpire reports whether points do.
	PointsExpire() bool
	// OfOthers says of a name that a section of usher.yaml declares, and not for the subject; ok is false when it declares
	// no such name.
	OfOthers(section, name string) (m Misplaced, ok bool)
	// Zone returns the zone of times that are written without one.
	Zone() *time.Location
	// DeclaredAt returns where a section of usher.yaml declares the name; for "", where the section
	// begins.
	DeclaredAt(section, name string) diag.Pos
}

// Misplaced says of a name whose it is, and what is known where it stands.
type Misplaced struct {
	Message, Label string
	At             diag.Pos // where it is declared
}

// The sections of usher.yaml that declare names.
const (
	InMember   = "member"
	InEvents   = "events"
	InSegments = "segments"
	InChannels = "channels"
	InCoupons  = "coupons"
	InTables   = "tables"
	InRaffles  = "raffles"
	InObjects  = "objects"
	InPoints   = "points"
)

// Member is what expressions call the subject where that is a member.
const Member = schema.Member
