package schema

import "time"

// FieldKind says what may stand in a field of an action or a channel.
type FieldKind string

// The kinds of a field. Where a kind names a thing of the workspace, the checker looks it up there.
const (
	FieldString     FieldKind = "string"     // a string, or `= ` expression of one
	FieldInt        FieldKind = "int"        // an int, or `= ` expression of one
	FieldNumber     FieldKind = "number"     // a number, or `= ` expression of one
	FieldBool       FieldKind = "bool"       // a bool
	FieldEnum       FieldKind = "enum"       // one of FieldSpec.Enum
	FieldText       FieldKind = "text"       // Liquid, inline
	FieldTemplate   FieldKind = "template"   // the name of a file below templates/, without its extension
	FieldChannel    FieldKind = "channel"    // the name of a channel of usher.yaml
	FieldPool       FieldKind = "pool"       // the name of a coupon pool of usher.yaml
	FieldRaffle     FieldKind = "raffle"     // the name of a raffle of usher.yaml
	FieldTags       FieldKind = "tags"       // one tag, or a list of tags; each may be a `= ` expression
	FieldAttributes FieldKind = "attributes" // attribute: value, typed by the member's schema
	FieldURL        FieldKind = "url"        // an address that begins with https:// or http://, or `= ` expression of one
	FieldHeaders    FieldKind = "headers"    // name: value of HTTP headers
	FieldJSON       FieldKind = "json"       // any value, each part of it may be a `= ` expression
	FieldReturns    FieldKind = "returns"    // name: type of what the result's field body holds
	FieldProperties FieldKind = "properties" // the properties of the event that the field `event` names
	FieldDuration   FieldKind = "duration"   // a constant duration
	FieldAttach     FieldKind = "attach"     // a list of attachments: see Attachments
	FieldVariants   FieldKind = "variants"   // weighted texts, of which a member always gets the same
	FieldAddress    FieldKind = "address"    // a string, or {kind: id} of the object that gets it; each may be a `= ` expression
	FieldCarried    FieldKind = "carried"    // name: value, carried over to the object that FieldAddress names
	FieldData       FieldKind = "data"       // the fields that the type of the channel declares: see ChannelSpec.Data
	FieldSecret     FieldKind = "secret"     // a string that may hold ${NAME}; channels only
)

// FieldSpec declares one field of an action or a channel.
type FieldSpec struct {
	Name     string
	Kind     FieldKind
	Enum     []string
	Default  any
	Literal  bool // no `= ` expression stands for it
	Required bool
	OneOf    string   // fields that share a name here exclude each other, and one of them is required
	Needs    string   // the field that it stands beside; empty: none
	Least    int      // of a constant int: what it must be at least; 0: anything
	Longest  Duration // of a duration: what it may be at most; zero: anything
	Doc      string
}

// ResultSpec declares one value that an action leaves under actions.<id>.
type ResultSpec struct {
	Name string
	Type *Type
	Doc  string
	With string // the field without which it is not there at all; empty: it always is
	When string // the bool result that says it is there, as "issued", or "!timed_out"
}

// ActionSpec is what an action declares about itself. The checker, the JSON Schema and the
// reference read it.
type ActionSpec struct {
	Key       string // the key in a playbook
	Doc       string // one sentence
	Shorthand string // the field that a bare value stands for: `tag: vip`; empty: an object is required
	Fields    []FieldSpec
	AtLeast   []string // at least one of these fields is required
	Results   []ResultSpec
	Example   string // YAML of one action item

	MembersOnly bool // objects have nothing of the kind
}

// ChannelSpec is what a message channel declares about itself.
type ChannelSpec struct {
	Type    string // the `type` in usher.yaml
	Doc     string
	Fields  []FieldSpec
	Mute    bool // it carries no messages: webhooks go by it
	NeedsTo bool // a message needs an address: `to`, or a member attribute (see Address)
	Address string
	// The field that holds the address where `reaches` says none; empty: an address is another thing.
	AddressField string
	ReachesAll   bool // it reaches whoever it is, and needs no address
	Subjects     bool // a message has a subject line
	Attach       []AttachSpec
	Data         *Type  // an object: what `data` of a message may hold, beside its text; nil: nothing
	AnyData      bool   // `data` may hold anything
	Example      string // YAML of one channel of usher.yaml

	DataOrAttach bool // a message has `data` or attachments, not both

	// Check gives what is wrong with the fields when they name no ${NAME}; an error begins with the
	// field's name. nil: nothing to say.
	Check func(config map[string]string) error
}

// AttachSpec says how many attachments of a kind a message over a channel may have.
type AttachSpec struct {
	Kind string
	Most int
}

// Attaches returns how many attachments of a kind a message may have; 0: none.
func (s *ChannelSpec) Attaches(kind string) int {
	for _, a := range s.Attach {
		if a.Kind == kind {
			return a.Most
		}
	}
	return 0
}

// Registry is all that can be named in a playbook. The lists are written out in package actions and
// handed in by cmd. The language's own control actions (wait, if, exit) need no entry.
type Registry struct {
	Actions  []ActionSpec
	Channels []ChannelSpec
	Now      func() time.Time // from which warnings count the next dates of a schedule; nil: from the start of 2026
}

// Clock returns the instant from which warnings count the next dates of a schedule.
func (r *Registry) Clock() time.Time {
	if r == nil || r.Now == nil {
		return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return r.Now()
}

// Action returns the declaration of the action with the key, or nil.
func (r *Registry) Action(key string) *ActionSpec {
	for i := range r.Actions {
		if r.Actions[i].Key == key {
			return &r.Actions[i]
		}
	}
	return nil
}

// Channel returns the declaration of the channel type, or nil.
func (r *Registry) Channel(typ string) *ChannelSpec {
	for i := range r.Channels {
		if r.Channels[i].Type == typ {
			return &r.Channels[i]
		}
	}
	return nil
}

// Open reports whether the action's value is itself the mapping of its one field: `set: {attribute:
// value}`.
func (s *ActionSpec) Open() bool {
	for i := range s.Fields {
		if s.Fields[i].Name == s.Shorthand && s.Fields[i].Kind == FieldAttributes {
			return true
		}
	}
	return false
}
