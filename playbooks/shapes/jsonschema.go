package shapes

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
)

// SchemaFiles are the kinds of files that [JSONSchema] describes.
var SchemaFiles = []string{"playbook", "snippet", "test", "workspace"}

// object is a JSON object; its keys are written in the order of the alphabet.
type object = map[string]any

// JSONSchema returns the JSON Schema (draft 7) of one of [SchemaFiles], with the names that the
// workspace declares. It says what the declarations say; expressions, texts and what goes beyond
// one file are the checker's.
func JSONSchema(ws *playbooks.Workspace, reg *schema.Registry, file string) ([]byte, error) {
	shapes := NewShapes(reg)
	root := map[string]*Shape{"playbook": shapes.Playbook, "snippet": shapes.Snippet, "test": shapes.Test, "workspace": shapes.Schema}[file]
	if root == nil {
		return nil, fmt.Errorf("there is no kind of file %q: write %s", file, diag.OneOf(SchemaFiles))
	}
	m := &schemaMaker{ws: ws, defs: object{}, params: file == "snippet"}
	out := object{
		"$schema": "http://json-schema.org/draft-07/schema#", "title": "usher " + file, "allOf": []any{m.schema(root)},
		"definitions": m.defs,
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(out); err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return b.Bytes(), nil
}

// schemaMaker turns shapes into JSON Schema.
type schemaMaker struct {
	ws     *playbooks.Workspace
	defs   object
	params bool // a param may stand for a name
}

// schema returns the schema of a shape: of a named one a reference.
func (m *schemaMaker) schema(s *Shape) object {
	if s.Name == "" {
		return m.forms(s)
	}
	name := strings.ReplaceAll(s.Name, " ", "-")
	if _, ok := m.defs[name]; !ok {
		m.defs[name] = true // being made: it may contain itself
		m.defs[name] = m.forms(s)
	}
	return object{"$ref": "#/definitions/" + name}
}

// forms returns what the shape or one of its other forms takes.
func (m *schemaMaker) forms(s *Shape) object {
	list := []any{m.form(s)}
	if s.Expr {
		list = append(list, object{"type": "string", "pattern": "^= ", "description": "an expression"})
	}
	if s.Kind != ShapeKeyword {
		list = append(list, keywordSchemas(s.Keywords)...)
	}
	for _, o := range s.Or {
		list = append(list, m.schema(o))
	}
	if len(list) == 1 {
		return list[0].(object)
	}
	out := object{"anyOf": list}
	if s.Doc != "" {
		out["description"] = s.Doc
	}
	return out
}

func keywordSchemas(words []string) []any {
	var out []any
	for _, w := range words {
		if w == "" {
			out = append(out, object{"type": "null"})
			continue
		}
		out = append(out, object{"const": w})
	}
	return out
}

// The texts that a pattern can tell. Whether a time zone or a date exists is the checker's.
var shapePatterns = map[ShapeKind]string{
	ShapeDuration: `^[0-9]+[smhdw]$`,
	ShapeAgo:      `^(-?[0-9]+[smhdw]|[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ].+)$`,
	ShapeOffset:   `^-?[0-9]+[smhdw]$`,
	ShapePercent:  `^[0-9]+(\.[0-9]+)?%$`,
	ShapeClock:    schema.ClockTime.String(),
	ShapeCron:     `^\s*(\S+(\s+\S+){4}|` + schema.MomentPattern + `)\s*$`,
	ShapeMoment:   `^` + schema.MomentPattern + `$`,
	ShapeDatetime: `^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt].+$`,
}

func (m *schemaMaker) form(s *Shape) object {
	out := object{}
	switch s.Kind {
	case ShapeMapping:
		m.mapping(s, out)
	case ShapeList:
		out["type"], out["items"] = "array", m.schema(s.Item)
	case ShapeKeyword:
		m.keywords(s, out)
	case ShapeInt:
		out["type"] = "integer"
	case ShapeNumber:
		out["type"] = "number"
	case ShapeBool:
		out["type"] = "boolean"
	case ShapeExpression:
		out["type"] = []any{"string", "boolean", "number"}
	case ShapeType:
		out["$ref"] = "#/definitions/type"
		m.defs["type"] = typeDeclaration(append([]string{schema.Member}, m.ws.Schema.ObjectNames()...))
		return out
	case ShapeSettable, ShapeMember, ShapeWritten:
		m.member(s, out)
	case ShapeSteps:
		out["type"], out["additionalProperties"] = "object", m.schema(s.Rest)
	case ShapeProperties, ShapeParams:
		out["type"] = []any{"object", "null"}
	case ShapeAny:
	default:
		out["type"] = "string"
		if p := shapePatterns[s.Kind]; p != "" {
			out["pattern"] = p
		}
		m.names(s.Kind, out)
	}
	if s.Doc != "" {
		out["description"] = s.Doc
	}
	return out
}

// names lists what the workspace has of a kind. Without a template none can be named; of what
// usher.yaml declares nothing is said when it declares nothing, or could not be read.
func (m *schemaMaker) names(kind ShapeKind, out object) {
	var list []string
	for _, n := range Names(m.ws, kind) {
		list = append(list, n.Name)
	}
	switch {
	case len(list) > 0 && m.params:
		out["anyOf"] = []any{object{"enum": list}, object{"pattern": `^= params\.`}}
	case len(list) > 0:
		out["enum"] = list
	case kind == ShapeTemplate:
		out["not"] = object{}
	}
}

func (m *schemaMaker) keywords(s *Shape, out object) {
	var list []any
	for _, w := range s.Keywords {
		list = append(list, w)
		if diag.WholeNumber.MatchString(w) {
			list = append(list, json.Number(w))
		}
	}
	out["enum"] = list
}

func (m *schemaMaker) mapping(s *Shape, out object) {
	out["type"] = "object"
	props, needs := object{}, object{}
	var all []any
	var required []string
	for i := range s.Keys {
		k := &s.Keys[i]
		props[k.Name] = m.key(k)
		if k.Required {
			required = append(required, k.Name)
		}
		switch {
		case len(k.Needs) > 0:
			needs[k.Name] = k.Needs
		case len(k.With) > 0:
			needs[k.Name] = object{"anyOf": requireEach(k.With)}
		}
		if k.Value.Kind == ShapeProperties {
			all = append(all, m.eventProperties(k.Name, k.Value.Expr)...)
		}
	}
	if len(props) > 0 {
		out["properties"] = props
	}
	out["additionalProperties"] = false
	if s.Rest != nil {
		out["additionalProperties"] = m.schema(s.Rest)
	}
	if len(required) > 0 {
		out["required"] = required
	}
	if len(needs) > 0 {
		out["dependencies"] = needs
	}
	if len(s.One) > 0 {
		all = append(all, object{"oneOf": requireEach(s.One)})
	}
	for _, g := range s.Group {
		all = append(all, object{"oneOf": requireEach(g)})
	}
	if len(s.Least) > 0 {
		all = append(all, object{"anyOf": requireEach(s.Least)})
	}
	if len(all) > 0 {
		out["allOf"] = all
	}
}

// key returns the schema of a key's value with the key's own words beside it.
func (m *schemaMaker) key(k *ShapeKey) object {
	v := m.schema(k.Value)
	if _, ref := v["$ref"]; ref {
		v = object{"allOf": []any{v}} // draft 7 ignores what stands beside a reference
	}
	if k.Doc != "" {
		v["description"] = k.Doc
	}
	if k.Default != nil {
		v["default"] = k.Default
	}
	return v
}

func requireEach(keys []string) []any {
	var out []any
	for _, k := range keys {
		out = append(out, object{"required": []string{k}})
	}
	return out
}

// eventProperties types the properties by the event named beside them.
func (m *schemaMaker) eventProperties(key string, expr bool) []any {
	var out []any
	for i := range m.ws.Schema.Events {
		e := &m.ws.Schema.Events[i]
		then := object{"properties": object{key: typeSchema(e.Properties, expr)}}
		if slices.ContainsFunc(e.Properties.Fields,
			func(f schema.Field) bool { return !f.Type.Optional && f.Type.Kind != schema.KindAny }) {
			then["required"] = []string{key}
		}
		out = append(out, object{
			"if": object{"required": []string{"event"}, "properties": object{"event": object{"const": e.Name}}}, "then": then,
		})
	}
	return out
}

// member describes attributes of the member by name: those that a playbook may set, or in a test
// all but the computed.
func (m *schemaMaker) member(s *Shape, out object) {
	props := object{}
	if s.Kind != ShapeSettable {
		for _, f := range scope.GivenFields() {
			props[f.Name] = typeSchema(f.Type, false)
		}
	} else {
		for _, name := range Settable {
			props[name] = typeSchema(schema.String.AsOptional(), true)
		}
	}
	for i := range m.ws.Schema.Attributes {
		a := &m.ws.Schema.Attributes[i]
		if follows := m.ws.Schema.IsLevel(a.Name) && s.Kind != ShapeWritten; a.Computed == nil && !follows {
			props[a.Name] = typeSchema(a.Type, s.Kind == ShapeSettable)
		}
	}
	for i := range m.ws.Schema.Objects { // whose attributes those of objects are, another file says
		for _, a := range m.ws.Schema.Objects[i].Attributes {
			switch _, both := props[a.Name]; {
			case a.Computed != nil || len(s.Least) > 0: // a member, whole
			case both:
				props[a.Name] = object{}
			default:
				props[a.Name] = typeSchema(a.Type, s.Kind == ShapeSettable)
			}
		}
	}
	out["type"], out["properties"], out["additionalProperties"] = "object", props, false
	if len(s.Least) > 0 {
		out["required"] = s.Least
	}
}

// typeSchema returns the schema of a value of a type; expr: a string that begins with `= ` may
// stand for it.
func typeSchema(t *schema.Type, expr bool) object {
	out := object{}
	if t == nil {
		return out
	}
	switch t.Kind {
	case schema.KindString:
		out["type"] = "string"
		if len(t.Enum) > 0 {
			out["enum"] = t.Enum
		}
	case schema.KindInt:
		out["type"] = "integer"
	case schema.KindNumber:
		out["type"] = "number"
	case schema.KindBool:
		out["type"] = "boolean"
	case schema.KindDate, schema.KindDatetime:
		out["type"] = "string"
	case schema.KindList:
		out["type"], out["items"] = "array", typeSchema(t.Elem, expr)
	case schema.KindObject:
		props := object{}
		var required []string
		for _, f := range t.Fields {
			props[f.Name] = typeSchema(f.Type, expr)
			if f.Type != nil && !f.Type.Optional && f.Type.Kind != schema.KindAny {
				required = append(required, f.Name)
			}
		}
		out["type"], out["properties"] = "object", props
		if len(required) > 0 {
			out["required"] = required
		}
	}
	if len(out) == 0 {
		return out
	}
	forms := []any{maps.Clone(out)}
	if t.Optional {
		forms = append(forms, object{"type": "null"})
	}
	if expr {
		forms = append(forms, object{"type": "string", "pattern": "^= "})
	}
	if len(forms) == 1 {
		return out
	}
	return object{"anyOf": forms, "description": t.String()}
}

// typeDeclaration describes how a type is written, with the kinds of objects that there are.
func typeDeclaration(kinds []string) object {
	ref := object{"$ref": "#/definitions/type"}
	words := slices.Clone(schema.TypeNames)
	for _, kind := range kinds {
		words = append(words, schema.RefTo(kind).String())
	}
	for _, w := range slices.Clone(words) {
		words = append(words, "optional "+w)
	}
	return object{
		"description": "a type: string, int, number, bool, date, datetime, ref KIND, {enum: […]}, {enum: {value: label}}, {name: type}, [type]; " +
			"`optional T` or {optional: T}",
		"anyOf": []any{
			object{"type": "string", "enum": words},
			object{"type": "array", "items": ref, "minItems": 1, "maxItems": 1},
			object{
				"type": "object", "additionalProperties": ref,
				"properties": object{
					"enum": object{"anyOf": []any{object{
						"type": "array", "items": object{"type": "string"}, "minItems": 1,
						"uniqueItems": true,
					}, object{"type": "object", "additionalProperties": object{"type": "string"}}, ref}},
					"default": object{}, "normalize": object{"anyOf": []any{object{"enum": []string{
						string(playbooks.NormalLower),
						string(playbooks.NormalPhone),
					}}, ref}},
				},
			},
		},
	}
}
