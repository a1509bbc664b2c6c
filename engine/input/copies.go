package input

import (
	"bytes"
	"maps"
	"slices"

	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/strictjson"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression/scope"
)

// objectsBegin is how the objects of a payload begin in its Data: nothing that a client sends does.
var objectsBegin = []byte(`"o":["\u001f`)

// Copies returns the input of each object that an event belongs to beside its member. They are the event as the object
// sees it: its member is a property then, its attributes stay with the member. They have no Seq.
func (in *Input) Copies() ([]Input, error) {
	if in.Payload == nil && !bytes.Contains(in.Data, objectsBegin) {
		return nil, nil // nearly all: it is not decoded for that
	}
	p, err := in.Decode()
	if err != nil || len(p.Objects) == 0 {
		return nil, err
	}
	properties := p.Properties
	if !naming.IsObject(in.Member) {
		properties = maps.Clone(properties)
		properties[scope.Member] = in.Member
	}
	out := make([]Input, len(p.Objects))
	for i, object := range p.Objects {
		out[i] = Input{
			Kind: in.Kind, ID: in.ID, Member: object, Name: in.Name, Time: in.Time, At: in.At,
			Payload: &Payload{
				Properties: properties, Backfill: p.Backfill, Depth: p.Depth, Spent: p.Spent, Sent: p.Sent, Missing: p.Missing,
			},
		}
	}
	return out, nil
}

// Subjects returns the member and the objects that an input is for.
func (in *Input) Subjects() []string {
	if in.Payload == nil {
		return []string{in.Member}
	}
	return append([]string{in.Member}, in.Objects...)
}

// ForObjects returns the one input that stands for all copies of an event that is decided already: it is that of the
// first object, and the others are its objects.
func (in *Input) ForObjects() ([]Input, error) {
	copies, err := in.Copies()
	if err != nil || len(copies) == 0 {
		return nil, err
	}
	copies[0].Objects = in.Objects[1:]
	return copies[:1], nil
}

// ObjectsOf returns the objects that an event names, each once, but for the subject whose it is. The error says that an
// id can be nobody's.
func ObjectsOf(e *playbooks.EventType, properties map[string]any, subject string) (objects []string, err error) {
	e.EachObject(properties, func(kind, id string) {
		if bad := strictjson.CheckName("properties", "the id of a "+kind, id, strictjson.MaxIDLen); bad != nil && err == nil {
			err = bad
		}
		if object := naming.ObjectID(kind, id); object != subject && !slices.Contains(objects, object) {
			objects = append(objects, object)
		}
	})
	return objects, err
}
