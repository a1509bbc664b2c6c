package intake

import (
	"fmt"
	"slices"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/strictjson"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// Event checks one event in the shape of POST /v1/events against the schema, which may be nil,
// and gives it as an input for the inbox: Data is set, Payload is not. An event without an id gets
// none here. raw is not kept.
func Event(schema *playbooks.Schema, raw []byte) (engine.Input, *strictjson.Rejection) {
	a := admission{schema: schema, r: strictjson.Reader{Data: raw}}
	if err := a.event(); err != nil {
		return engine.Input{}, err
	}
	a.in.Data = a.payload()
	return a.in, nil
}

// Recorded is [Event] for event files: `accepted_at`, the instant of acceptance, is
// allowed and kept in At, and the input comes with its Payload, for use at once. Times that are no
// RFC 3339 are handed to readTime, unless it is nil.
func Recorded(schema *playbooks.Schema, raw []byte, readTime func(string) (time.Time, error)) (engine.Input,
	*strictjson.Rejection,
) {
	return admitRecorded(admission{schema: schema, r: strictjson.Reader{Data: raw}, recorded: true, readTime: readTime})
}

// Loose is [Recorded] without a schema, for finding one: a number that would change, and
// that every schema will refuse, is given as the text that it should have been.
func Loose(raw []byte, readTime func(string) (time.Time, error)) (engine.Input, *strictjson.Rejection) {
	return admitRecorded(admission{r: strictjson.Reader{Data: raw, LossyAsText: true}, recorded: true, readTime: readTime})
}

func admitRecorded(a admission) (engine.Input, *strictjson.Rejection) {
	if err := a.event(); err != nil {
		return engine.Input{}, err
	}
	a.in.Payload = &engine.Payload{
		Properties: a.properties, Attributes: a.attributes, Backfill: a.backfill, Objects: a.objects,
	}
	return a.in, nil
}

// admission reads one body. The raw text of properties and attributes goes into the inbox as it is:
// what was accepted is kept exactly, and nothing is encoded again.
type admission struct {
	schema         *playbooks.Schema
	r              strictjson.Reader
	recorded       bool
	readTime       func(string) (time.Time, error) // of an event file; nil: RFC 3339 alone
	found          *strictjson.Rejection           // what is wrong so far, where reading could go on
	in             engine.Input
	properties     map[string]any
	attributes     map[string]any
	rawP, rawA     []byte
	seen           uint // bits of the keys that were read
	backfill       bool
	addTags, unTag []string
	objects        []string       // that the event belongs to beside the member
	object         map[string]any // of a line that writes attributes of an object: its id by its kind
}

// eventKeys are the keys of an event, in the order of their bits in admission.seen.
var eventKeys = [...]string{"event", "member", "time", "id", "properties", "attributes", "backfill", "object", "accepted_at"}

// objectKey is the bit of `object`.
const objectKey = 1 << 7

func (a *admission) event() *strictjson.Rejection {
	if len(a.r.Data) > strictjson.MaxEventLen {
		return &strictjson.Rejection{
			Code:    strictjson.CodeTooLarge,
			Message: fmt.Sprintf("an event has at most %d bytes", strictjson.MaxEventLen),
		}
	}
	keys := eventKeys[:]
	if !a.recorded {
		keys = keys[:len(keys)-1]
	}
	if err := a.body("an event", keys, a.eventField); err != nil {
		return err
	}
	if a.seen&objectKey != 0 {
		a.objectLine(keys)
		return a.found
	}
	declared := a.declared()
	for i, key := range keys[:2] {
		if a.seen&(1<<i) == 0 && !(key == "member" && declared != nil && len(declared.Kinds) > 0) {
			a.note(&strictjson.Rejection{
				Code: strictjson.CodeMissingField, Path: key,
				Message: fmt.Sprintf("an event needs its `%s`", key),
			})
		}
	}
	a.in.Kind = engine.InputEvent
	if !a.recorded && !a.backfill && a.schema.MakesEvent(a.in.Name) {
		a.note(&strictjson.Rejection{
			Code: strictjson.CodeReadOnly, Path: "event", Message: fmt.Sprintf("%s is an event that usher makes itself", a.in.Name),
		})
	}
	a.in.Member = a.schema.MemberID(a.in.Member)
	a.note(a.checkProperties(declared))
	a.note(checkAttributes(a.schema, a.attributes))
	if declared != nil && len(declared.Kinds) > 0 && a.found == nil {
		in := engine.Input{Member: a.in.Member, Payload: &engine.Payload{Properties: a.properties, Attributes: a.attributes}}
		a.note(Belong(declared, &in))
		a.in.Member, a.objects = in.Member, in.Objects
	}
	return a.found
}

// declared returns the event's declaration; nil: it is not declared.
func (a *admission) declared() *playbooks.EventType {
	if a.schema == nil {
		return nil
	}
	return a.schema.Event(a.in.Name)
}

// note keeps what is wrong with a value that was read to its end: the rest is looked at, too.
func (a *admission) note(err *strictjson.Rejection) { a.found = a.found.And(err) }

// body reads the whole body as an object with the given keys.
func (a *admission) body(what string, keys []string, field func(string) *strictjson.Rejection) *strictjson.Rejection {
	if a.r.Peek() != '{' {
		if len(a.r.Data) == 0 || a.r.Peek() == 0 {
			return a.r.Syntax("the body is empty")
		}
		probe := a.r
		if _, err := probe.Value("", ""); err != nil {
			return err
		}
		return &strictjson.Rejection{Code: strictjson.CodeWrongType, Message: what + " is a JSON object"}
	}
	err := a.r.Object("", func(key string) *strictjson.Rejection {
		i := slices.Index(keys, key)
		if i < 0 {
			return strictjson.UnknownField(what, key, keys)
		}
		if a.seen&(1<<i) != 0 {
			return &strictjson.Rejection{Code: strictjson.CodeDuplicateField, Path: key, Message: "the key appears twice"}
		}
		a.seen |= 1 << i
		return field(key)
	})
	if err != nil {
		return err
	}
	return a.r.End()
}

func (a *admission) eventField(key string) (err *strictjson.Rejection) {
	switch key {
	case "event":
		a.in.Name, err = a.name(key, "an event's name", strictjson.MaxFieldLen)
	case "member":
		a.in.Member, err = a.name(key, "a member's id", strictjson.MaxIDLen)
	case "id":
		a.in.ID, err = a.name(key, "an event's id", strictjson.MaxIDLen)
	case "time":
		a.in.Time, err = a.instant(key)
	case "accepted_at":
		a.in.At, err = a.instant(key)
	case "backfill":
		err = a.backfilled(key)
	case "object":
		a.object, _, err = a.values(key)
	case "properties":
		a.properties, a.rawP, err = a.values(key)
	case "attributes":
		a.attributes, a.rawA, err = a.values(key)
	}
	return err
}

// name reads a string that names something: not empty, bounded, without control characters.
func (a *admission) name(key, what string, limit int) (string, *strictjson.Rejection) {
	s, ok, err := a.text(key)
	if err != nil || !ok {
		return "", err
	}
	a.note(strictjson.CheckName(key, what, s, limit))
	return s, nil
}

// text reads a string. A value of another type is noted.
func (a *admission) text(key string) (s string, ok bool, err *strictjson.Rejection) {
	if a.r.Peek() == '"' {
		s, err = a.r.String(key)
		return s, true, err
	}
	v, err := a.r.Value("", key)
	if err == nil {
		a.note(strictjson.WrongType(key, schema.String, v))
	}
	return "", false, err
}

// backfilled reads whether the input is history.
func (a *admission) backfilled(key string) *strictjson.Rejection {
	v, err := a.r.Value("", key)
	if err != nil {
		return err
	}
	var ok bool
	if a.backfill, ok = v.(bool); !ok {
		a.note(strictjson.WrongType(key, schema.Bool, v))
	}
	return nil
}

// instant reads a time of RFC 3339 in a year that can be meant.
func (a *admission) instant(key string) (time.Time, *strictjson.Rejection) {
	if c := a.r.Peek(); a.readTime != nil && c >= '0' && c <= '9' { // seconds or milliseconds since 1970
		start := a.r.Pos
		if _, err := a.r.Number(); err != nil {
			return time.Time{}, err
		}
		return a.otherTime(key, string(a.r.Data[start:a.r.Pos])), nil
	}
	s, ok, err := a.text(key)
	if err != nil || !ok {
		return time.Time{}, err
	}
	if _, bad := time.Parse(time.RFC3339, s); bad != nil && a.readTime != nil {
		return a.otherTime(key, s), nil
	}
	t, wrong := ParseInstant(key, s)
	a.note(wrong)
	return t, nil
}

// otherTime reads a time of an event file that is not written as RFC 3339 has it.
func (a *admission) otherTime(key, s string) time.Time {
	t, err := a.readTime(s)
	if err != nil {
		a.note(&strictjson.Rejection{Code: strictjson.CodeInvalid, Path: key, Message: err.Error()})
		return t
	}
	t, wrong := inYears(key, t)
	a.note(wrong)
	return t
}

// ParseInstant reads a time of RFC 3339 between the years 1970 and 2200, in milliseconds, UTC.
func ParseInstant(path, s string) (time.Time, *strictjson.Rejection) {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, &strictjson.Rejection{
			Code: strictjson.CodeInvalid, Path: path,
			Message: fmt.Sprintf("%q is not a time like 2026-03-28T10:00:00+08:00", strictjson.Cut(s)),
		}
	}
	return inYears(path, t)
}

// inYears keeps out years that nobody means.
func inYears(path string, t time.Time) (time.Time, *strictjson.Rejection) {
	if t = t.UTC(); t.Year() < 1970 || t.Year() > 2200 {
		return time.Time{}, &strictjson.Rejection{
			Code: strictjson.CodeInvalid, Path: path,
			Message: fmt.Sprintf("the year must lie between 1970 and 2200, got %d", t.Year()),
		}
	}
	return t.Truncate(time.Millisecond), nil
}

// values reads properties or attributes, decoded and as they stand.
func (a *admission) values(key string) (map[string]any, []byte, *strictjson.Rejection) {
	if a.r.Peek() != '{' {
		v, err := a.r.Value("", key)
		if err == nil {
			a.note(&strictjson.Rejection{Code: strictjson.CodeWrongType, Path: key, Message: key + " must be an object, got " +
				strictjson.KindOf(v)})
		}
		return nil, nil, err
	}
	start := a.r.Pos
	m, err := a.r.Fields(key)
	if err != nil {
		return nil, nil, err
	}
	if len(m) > strictjson.MaxFields {
		return nil, nil, &strictjson.Rejection{
			Code: strictjson.CodeTooLarge, Path: key,
			Message: fmt.Sprintf("there are at most %d %s", strictjson.MaxFields, key),
		}
	}
	for name := range m {
		if err := strictjson.CheckName(strictjson.Join(key, strictjson.Cut(name)), "a name", name, strictjson.MaxFieldLen); err != nil {
			return nil, nil, err
		}
	}
	return m, a.r.Data[start:a.r.Pos], nil
}

// payload writes the JSON of a Payload around the raw values.
func (a *admission) payload() []byte {
	out := make([]byte, 0, len(a.rawP)+len(a.rawA)+12)
	out = append(out, '{')
	if len(a.properties) > 0 {
		out = append(append(out, `"p":`...), a.rawP...)
	}
	if len(a.attributes) > 0 {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(out, `"a":`...), a.rawA...)
	}
	if a.backfill {
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, `"b":true`...)
	}
	if len(a.objects) > 0 {
		if len(out) > 1 {
			out = append(out, ',')
		}
		objects, _ := (&engine.Payload{Objects: a.objects}).Encode() // texts alone can always be written
		out = append(out, objects[1:len(objects)-1]...)
	}
	return append(out, '}')
}

// checkProperties checks the declared properties. Properties called id, name or time cannot be
// declared: they are kept, and expressions see the event's own id, name and time.
func (a *admission) checkProperties(declared *playbooks.EventType) *strictjson.Rejection {
	if declared == nil || declared.Properties == nil {
		return nil
	}
	return strictjson.CheckFields("properties", declared.Properties, a.properties)
}

// PeekID returns the id of an event that was rejected, or "" when it has none that could be said.
func PeekID(raw []byte) string {
	id := ""
	r := strictjson.Reader{Data: raw}
	_ = r.Object("", func(key string) *strictjson.Rejection {
		v, err := r.Value("", key)
		if s, ok := v.(string); ok && key == "id" && err == nil && len(s) <= strictjson.MaxIDLen {
			id = s
		}
		return err
	})
	return id
}
