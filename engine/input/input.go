// Package input is what the engine decides on: inputs with their payloads, the order of events, and an
// event as expressions see it. Pure.
package input

import (
	"encoding/json"
	"time"

	"github.com/usher-run/usher/engine/jsonbytes"
	"github.com/usher-run/usher/playbooks"
)

// Kind says what an [Input] is.
type Kind string

// The kinds of an input that are stored in the inbox. Due waits are inputs too, but live in the
// runs that wait.
const (
	Event    Kind = "event"    // something the member did
	Update   Kind = "update"   // attributes or tags written from outside
	Trigger  Kind = "trigger"  // a playbook started over HTTP for this member
	Schedule Kind = "schedule" // an occurrence of a playbook's schedule, for this member
	Result   Kind = "result"   // the outcome of a delivery of one of the member's runs
	Redeem   Kind = "redeem"   // a coupon of the member was redeemed
	Deletion Kind = "deletion" // the object is no more: what is kept of it goes
	Message  Kind = "message"  // a message that a run of another subject hands to this object
	Release  Kind = "release"  // a message that is about to go out too late: see engine.ReleaseAgain
)

// Segment is the crossing of a segment's border, Change that of a field of the member, Wake the end of a wait for a
// condition: they exist only within a cascade and are never stored.
const (
	Segment Kind = "segment"
	Change  Kind = "change"
	Wake    Kind = "wake"
)

// Input is one thing that the engine decides on, for one member.
type Input struct {
	Seq    int64 // order of acceptance, given by the store
	Kind   Kind
	ID     string // accepted once, ever
	Member string
	Name   string    // event: its name; trigger and schedule: the playbook's id; of the others the run's id
	Time   time.Time // when it happened, as the sender says; never after At
	At     time.Time // the instant: acceptance, or the occurrence of a schedule. Milliseconds, UTC
	Data   []byte    // JSON of a Payload; ignored when Payload is set
	// of an event that a run emitted to its own member: Seq of the input that began the cascade, or
	// CauseWait
	Cause int64
	*Payload

	record       map[string]any    // as expressions see the event; see Record
	recordSchema *playbooks.Schema // which the record is typed by
	recordZone   *time.Location    // that its times are in
}

// CauseWait is the Cause of an event that came about when a wait was over.
const CauseWait = -1

// Payload is what an input carries. Values are as JSON decodes them.
type Payload struct {
	Properties map[string]any `json:"p,omitempty"` // of an event; params of a trigger; fields of a result
	Attributes map[string]any `json:"a,omitempty"` // to set on the member; null removes one
	AddTags    []string       `json:"t,omitempty"` // update only
	RemoveTags []string       `json:"u,omitempty"` // update only
	Backfill   bool           `json:"b,omitempty"` // of an event or update: it is history, counts and starts nothing
	Entered    bool           `json:"-"`           // segment only: came in; false: left
	// of an event that a run emitted: its place in the chain, from 1; else 0
	Depth int16 `json:"d,omitempty"`
	// of such an event in another line: how much is spent of what the input may bring about that began the chain
	Spent int16 `json:"w,omitempty"`
	// of a result or release: the channel of a message that takes a place under the frequency caps. Its
	// input's Time is when it was released.
	Channel string `json:"c,omitempty"`
	Via     string `json:"v,omitempty"` // of a schedule or a date: which of several triggers of the playbook
	// Of an event: the objects that it belongs to beside Member. Each decides a copy of it: see [Input.Copies].
	Objects []string `json:"o,omitempty"`
	// Of refs to members that were looked up, by path: what stood there when the input came, where that is not what is
	// kept, and why something is missing. See [Found].
	Sent    map[string]any `json:"s,omitempty"`
	Missing map[string]any `json:"m,omitempty"`
}

// small reads a small whole number.
func small(r *jsonbytes.Reader) int16 {
	n := r.Int()
	if int64(int16(n)) != n {
		r.Leave()
	}
	return int16(n)
}

// MovesLastSeen reports whether an event with this payload is something that the member did just
// now: its instant is when they were last seen. What a run emitted is not, and nor is what a backfill
// brings.
func (p *Payload) MovesLastSeen() bool { return p.Depth == 0 && !p.Backfill }

// Encode returns the payload as Data has it: as encoding/json writes it.
func (p *Payload) Encode() ([]byte, error) {
	w := jsonbytes.New(128)
	w.Begin('{')
	w.Map("p", p.Properties)
	w.Map("a", p.Attributes)
	w.Texts("t", p.AddTags)
	w.Texts("u", p.RemoveTags)
	w.True("b", p.Backfill)
	w.NotZero("d", int(p.Depth))
	w.NotZero("w", int(p.Spent))
	w.NotEmpty("c", p.Channel)
	w.NotEmpty("v", p.Via)
	w.Texts("o", p.Objects)
	w.Map("s", p.Sent)
	w.Map("m", p.Missing)
	w.End('}')
	return w.Bytes()
}

// Decode returns the payload, from Data when it was not decoded yet.
func (in *Input) Decode() (*Payload, error) {
	if in.Payload != nil {
		return in.Payload, nil
	}
	p := new(Payload)
	if len(in.Data) > 0 {
		if read := p.read(in.Data); !read {
			*p = Payload{}
			if err := json.Unmarshal(in.Data, p); err != nil {
				return nil, err
			}
		}
	}
	in.Payload = p
	return p, nil
}

// read reads what most payloads are, and reports whether this is one.
func (p *Payload) read(data []byte) bool {
	r := jsonbytes.NewReader(data)
	r.Object(func(name string) {
		switch {
		case name == "p" && p.Properties == nil:
			p.Properties = r.Map()
		case name == "a" && p.Attributes == nil:
			p.Attributes = r.Map()
		case name == "d" && p.Depth == 0:
			p.Depth = small(r)
		case name == "w" && p.Spent == 0:
			p.Spent = small(r)
		case name == "c" && p.Channel == "":
			p.Channel = r.String()
		case name == "v" && p.Via == "":
			p.Via = r.String()
		case name == "o" && p.Objects == nil:
			p.Objects = r.Texts()
		default:
			r.Leave()
		}
	})
	return r.Took()
}
