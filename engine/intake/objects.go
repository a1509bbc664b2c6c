package intake

import (
	"errors"
	"fmt"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/input"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/strictjson"
	"github.com/usher-run/usher/playbooks"
)

// maxObjects is how many objects an event may belong to.
const maxObjects = 100

// Belong finds the objects that an event names by its properties, each once, and sets Objects. One without a member
// is that of the first of them.
func Belong(declared *playbooks.EventType, in *engine.Input) (found *strictjson.Rejection) {
	objects, err := input.ObjectsOf(declared, in.Properties, in.Member)
	if err != nil {
		errors.As(err, &found)
	}
	if len(objects) > maxObjects {
		found = found.And(&strictjson.Rejection{
			Code: strictjson.CodeTooLarge, Path: "properties",
			Message: fmt.Sprintf("an event belongs to at most %d objects", maxObjects),
		})
	}
	switch {
	case in.Member != "" || found != nil:
	case len(objects) == 0:
		return &strictjson.Rejection{
			Code: strictjson.CodeMissingField, Path: "member", Message: "an event needs its `member`, or an object that it names",
		}
	case len(in.Attributes) > 0:
		return &strictjson.Rejection{
			Code: strictjson.CodeMissingField, Path: "member", Message: "`attributes` are those of a member: the event needs its `member`",
		}
	default:
		in.Member, objects = objects[0], objects[1:]
	}
	in.Objects = objects
	return found
}

// Names reports whether an event names an object by its properties.
func Names(declared *playbooks.EventType, in *engine.Input, object string) (named bool) {
	declared.EachObject(in.Properties, func(kind, id string) { named = named || naming.ObjectID(kind, id) == object })
	return named
}

// objectLine makes an update of what writes attributes of an object: `{object: {group: g1}, attributes: {…}}`.
func (a *admission) objectLine(keys []string) {
	for i, key := range keys {
		if a.seen&(1<<i) != 0 && (key == "event" || key == "member" || key == "properties") {
			a.note(&strictjson.Rejection{
				Code: strictjson.CodeUnknownField, Path: key, Message: "`" + key + "` does not stand beside `object`, which writes attributes",
			})
		}
	}
	wrong := &strictjson.Rejection{
		Code: strictjson.CodeInvalid, Path: "object", Message: "an object is its kind and its id, as in {\"group\": \"g1\"}",
	}
	if len(a.object) != 1 {
		a.note(wrong)
		return
	}
	for kind, v := range a.object {
		id, isText := v.(string)
		if !isText {
			a.note(wrong)
			return
		}
		var of *playbooks.Schema // nil: another checks
		if a.schema != nil {
			if bad := ObjectID(a.schema, kind, id); bad != nil {
				a.note(bad)
				return
			}
			of = a.schema.Of(kind)
		}
		a.note(checkAttributes(of, a.attributes))
		a.in.Kind, a.in.Member = engine.InputUpdate, naming.ObjectID(kind, id)
	}
}

// Object checks the body of PUT /v1/objects/{kind}/{id}, in the shape of that of a member, and gives it as an input.
// Its ID is the caller's to set.
func Object(schema *playbooks.Schema, kind, id string, raw []byte) (engine.Input, *strictjson.Rejection) {
	if err := ObjectID(schema, kind, id); err != nil {
		return engine.Input{}, err
	}
	in, err := Member(schema.Of(kind), id, raw)
	in.Member = naming.ObjectID(kind, id)
	return in, err
}

// ObjectID returns what is wrong with the kind and the id of an object.
func ObjectID(schema *playbooks.Schema, kind, id string) *strictjson.Rejection {
	if schema.Of(kind) == nil || kind == "" {
		return &strictjson.Rejection{
			Code: strictjson.CodeInvalid, Path: "kind", Message: fmt.Sprintf("the workspace declares no kind of objects %q", strictjson.Cut(kind)),
		}
	}
	return strictjson.CheckName("id", "the id of a "+kind, id, strictjson.MaxIDLen)
}
