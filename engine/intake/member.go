package intake

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/strictjson"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
)

// builtIn are the member's fields that only usher writes.
var builtIn = [...]string{"id", "tags", "created_at", "last_seen_at", "points"}

// Member checks the body of PUT /v1/members/{id}, `{attributes?, tags?: {add?, remove?},
// backfill?}`, and gives it as an input. Its ID is the caller's to set.
func Member(schema *playbooks.Schema, id string, raw []byte) (engine.Input, *strictjson.Rejection) {
	if err := strictjson.MemberID(id); err != nil {
		return engine.Input{}, err
	}
	a := admission{schema: schema, r: strictjson.Reader{Data: raw}}
	err := a.body("a member", []string{"attributes", "tags", "backfill"}, func(key string) (err *strictjson.Rejection) {
		switch key {
		case "tags":
			return a.tags()
		case "backfill":
			return a.backfilled(key)
		}
		a.attributes, a.rawA, err = a.values(key)
		return err
	})
	if err != nil {
		return engine.Input{}, err
	}
	if a.note(checkAttributes(schema, a.attributes)); a.found != nil {
		return engine.Input{}, a.found
	}
	return engine.Input{
		Kind: engine.InputUpdate, Member: schema.MemberID(id),
		Payload: &engine.Payload{Attributes: a.attributes, AddTags: a.addTags, RemoveTags: a.unTag, Backfill: a.backfill},
	}, nil
}

// checkAttributes checks attributes that are written from outside. A null removes one.
func checkAttributes(schema *playbooks.Schema, values map[string]any) (found *strictjson.Rejection) {
	if len(values) == 0 {
		return nil
	}
	for _, name := range builtIn {
		if schema != nil && !scope.IsBuiltin(schema.Subject(), name) {
			continue
		}
		if _, ok := values[name]; ok {
			found = found.And(&strictjson.Rejection{
				Code: strictjson.CodeReadOnly, Path: "attributes." + name,
				Message: fmt.Sprintf("`%s` is built in: it cannot be written as an attribute", name),
			})
		}
	}
	found = found.And(checkLocal(values))
	if schema == nil {
		return found
	}
	for i := range schema.Attributes {
		declared := &schema.Attributes[i]
		v, ok := values[declared.Name]
		path := "attributes." + declared.Name
		switch {
		case !ok:
		case declared.Computed != nil:
			found = found.And(&strictjson.Rejection{
				Code: strictjson.CodeReadOnly, Path: path,
				Message: fmt.Sprintf("`%s` is computed: it cannot be written", declared.Name),
			})
		case schema.IsLevel(declared.Name):
			found = found.And(&strictjson.Rejection{
				Code: strictjson.CodeReadOnly, Path: path,
				Message: fmt.Sprintf("`%s` follows `%s`: it cannot be written", declared.Name, schema.Levels.Source.Text),
			})
		case v != nil:
			found = found.And(strictjson.CheckValue(path, declared.Type, v))
		}
	}
	return found
}

// checkLocal checks the two built-in fields that may be written.
func checkLocal(values map[string]any) (found *strictjson.Rejection) {
	for _, name := range [...]string{"timezone", "locale"} {
		v, ok := values[name]
		if !ok || v == nil {
			continue
		}
		s, ok := v.(string)
		switch {
		case !ok:
			found = found.And(strictjson.WrongType("attributes."+name, schema.String, v))
		case name == "timezone" && !validZone(s):
			found = found.And(&strictjson.Rejection{
				Code: strictjson.CodeInvalid, Path: "attributes.timezone",
				Message: fmt.Sprintf("%q is not a time zone like Asia/Shanghai", strictjson.Cut(s)),
			})
		}
	}
	return found
}

func validZone(s string) bool {
	if s == "" || s == "Local" {
		return false
	}
	_, err := time.LoadLocation(s)
	return err == nil
}

func (a *admission) tags() *strictjson.Rejection {
	if a.r.Peek() != '{' {
		v, err := a.r.Value("", "tags")
		if err != nil {
			return err
		}
		return &strictjson.Rejection{
			Code: strictjson.CodeWrongType, Path: "tags",
			Message: "tags must be an object like {\"add\": [\"vip\"]}, got " + strictjson.KindOf(v),
		}
	}
	seen := map[string]bool{}
	return a.r.Object("tags", func(key string) *strictjson.Rejection {
		path := "tags." + key
		if key != "add" && key != "remove" {
			return strictjson.UnknownField("tags", key, []string{"add", "remove"})
		}
		if seen[key] {
			return &strictjson.Rejection{Code: strictjson.CodeDuplicateField, Path: path, Message: "the key appears twice"}
		}
		seen[key] = true
		list, err := a.tagList(path)
		if key == "add" {
			a.addTags = list
		} else {
			a.unTag = list
		}
		return err
	})
}

func (a *admission) tagList(path string) ([]string, *strictjson.Rejection) {
	v, err := a.r.Value("", path)
	if err != nil {
		return nil, err
	}
	items, ok := v.([]any)
	if !ok {
		return nil, &strictjson.Rejection{
			Code: strictjson.CodeWrongType, Path: path,
			Message: "must be a list of tags, got " + strictjson.KindOf(v),
		}
	}
	if len(items) > strictjson.MaxFields {
		return nil, &strictjson.Rejection{
			Code: strictjson.CodeTooLarge, Path: path,
			Message: fmt.Sprintf("there are at most %d tags", strictjson.MaxFields),
		}
	}
	out := make([]string, 0, len(items))
	for i, item := range items {
		at := fmt.Sprintf("%s[%d]", path, i)
		tag, ok := item.(string)
		if !ok {
			return nil, strictjson.WrongType(at, schema.String, item)
		}
		if err := strictjson.CheckName(at, "a tag", tag, strictjson.MaxFieldLen); err != nil {
			return nil, err
		}
		out = append(out, tag)
	}
	return out, nil
}

// Params checks the params of an http trigger against their type. Unlike events, params that
// nobody declared are refused: no expression could ever read them, so they are a slip of the
// caller.
func Params(params *schema.Type, raw []byte) (map[string]any, *strictjson.Rejection) {
	values := map[string]any{}
	if len(raw) > 0 && string(raw) != "null" {
		a := admission{r: strictjson.Reader{Data: raw}}
		var err *strictjson.Rejection
		if values, _, err = a.values("params"); err != nil {
			return nil, err
		}
		if err := a.r.End(); err != nil {
			return nil, err
		}
		if a.found != nil {
			return nil, a.found
		}
	}
	if params == nil {
		params = schema.ObjectOf()
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if _, ok := params.Field(name); !ok {
			r := strictjson.UnknownField("the trigger", name, params.FieldNames())
			r.Path = strictjson.Join("params", name)
			return nil, r
		}
	}
	return values, strictjson.CheckFields("params", params, values)
}
