package shapes

import (
	"maps"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// ShapeKind says what may stand at a place of a file.
type ShapeKind string

// The kinds of a shape. Those named after a thing of the workspace hold the name of one.
const (
	ShapeMapping    ShapeKind = "mapping"
	ShapeList       ShapeKind = "list"
	ShapeAny        ShapeKind = "any"
	ShapeString     ShapeKind = "string"
	ShapeInt        ShapeKind = "int"
	ShapeNumber     ShapeKind = "number"
	ShapeBool       ShapeKind = "bool"
	ShapeKeyword    ShapeKind = "word" // one of Shape.Words
	ShapeText       ShapeKind = "text" // Liquid
	ShapeExpression ShapeKind = "expression"
	ShapeDuration   ShapeKind = "duration"
	ShapeAgo        ShapeKind = "ago"    // a duration back from now, or an instant
	ShapeOffset     ShapeKind = "offset" // a duration that may be negative
	ShapePercent    ShapeKind = "percent"
	ShapeClock      ShapeKind = "clock" // a time of the day
	ShapeDatetime   ShapeKind = "datetime"
	ShapeMoment     ShapeKind = "moment" // a day, or a time
	ShapeZone       ShapeKind = "timezone"
	ShapeLocale     ShapeKind = "locale" // a tag of BCP 47
	ShapeCron       ShapeKind = "cron"
	ShapeType       ShapeKind = "type" // a declaration: string, {enum: […]}, [type]
	ShapeEvent      ShapeKind = "event"
	ShapeSegment    ShapeKind = "segment"
	// ShapeKindOfObjects is the name of a kind of objects.
	ShapeKindOfObjects ShapeKind = "kind of objects"
	ShapeChannel       ShapeKind = "channel"
	ShapePool          ShapeKind = "pool"
	ShapeRaffle        ShapeKind = "raffle"
	ShapeTemplate      ShapeKind = "template"
	ShapeSnippet       ShapeKind = "snippet"
	ShapePlaybook      ShapeKind = "playbook"
	ShapeTag           ShapeKind = "tag"
	ShapeOwner         ShapeKind = "owner"
	ShapeReason        ShapeKind = "reason"
	ShapeDate          ShapeKind = "date"     // a field of the member that holds a date
	ShapeChanged       ShapeKind = "changed"  // a field of the member whose changes are told
	ShapeConsent       ShapeKind = "consent"  // a stored bool attribute of the member
	ShapeLevel         ShapeKind = "level"    // a stored enum attribute of the member, without `member.`
	ShapeSteps         ShapeKind = "steps"    // numbers by the values of the enum that is named beside
	ShapeReferral      ShapeKind = "referral" // a property that names a member, with its event
	ShapeSettable      ShapeKind = "settable"
	ShapeWritten       ShapeKind = "written"    // fields of a member that usher may have written, too
	ShapeMember        ShapeKind = "member"     // the fields of a member, by name
	ShapeAddress       ShapeKind = "address"    // an attribute that holds an address, as group.robot
	ShapeProperties    ShapeKind = "properties" // the properties of the event named beside it
	ShapeParams        ShapeKind = "params"     // the params of the snippet named beside it
	ShapeNewName       ShapeKind = "name"       // a name that the author chooses
)

// Shape declares what may stand at a place of a file, once: JSON Schema, editors and the reference
// read it. The checker has the rules; a test holds the two together.
type Shape struct {
	Name     string // set when the shape stands in several places or contains itself
	Kind     ShapeKind
	Doc      string
	Keywords []string // of the kind word; of other kinds, what may stand instead
	Keys     []ShapeKey
	One      []string   // of a mapping: exactly one of these keys is given
	Least    []string   // of a mapping: at least one of these keys is given
	Group    [][]string // of a mapping: of each group exactly one key is given
	Rest     *Shape     // of a mapping: what keys of the author's own hold
	Item     *Shape     // of a list
	Or       []*Shape   // other forms
	Expr     bool       // a string that begins with `= ` is an expression
	Env      bool       // ${NAME} is read from the environment
}

// ShapeKey declares a key of a mapping.
type ShapeKey struct {
	Name     string
	Doc      string
	Required bool
	With     []string // it stands only beside one of these keys; empty: beside any
	Needs    []string // keys that must stand beside it
	Default  any
	Value    *Shape
}

// Shapes are the three kinds of YAML files.
type Shapes struct {
	Playbook *Shape // playbooks/**/*.yaml
	Schema   *Shape // usher.yaml
	Test     *Shape // playbooks/**/*_test.yaml
	Snippet  *Shape // snippets/**/*.yaml
}

// NewShapes declares the files for the actions and channels of the registry.
func NewShapes(reg *schema.Registry) *Shapes {
	return &Shapes{Playbook: playbookShape(reg), Schema: schemaShape(reg), Test: testShape(), Snippet: snippetShape(reg)}
}

// For returns the shape of the file with the slash-separated path in the workspace, or nil when it
// is no YAML of the language.
func (s *Shapes) For(name string) *Shape {
	switch {
	case name == playbooks.SchemaFile:
		return s.Schema
	case strings.HasPrefix(name, playbooks.SnippetDir+"/") && strings.HasSuffix(name, playbooks.YamlSuffix):
		return s.Snippet
	case !strings.HasPrefix(name, playbooks.PlaybookDir+"/"):
		return nil
	case strings.HasSuffix(name, playbooks.TestSuffix):
		return s.Test
	case strings.HasSuffix(name, playbooks.YamlSuffix):
		return s.Playbook
	}
	return nil
}

// Key returns the declaration of a key, or nil.
func (s *Shape) Key(name string) *ShapeKey {
	return playbooks.Find(s.Keys, func(k *ShapeKey) string { return k.Name }, name)
}

// Forms returns the shape and its other forms.
func (s *Shape) Forms() []*Shape { return append([]*Shape{s}, s.Or...) }

// AllowedWith reports whether the key may stand beside those that are there.
func (k *ShapeKey) AllowedWith(s *Shape, there []string) bool {
	others := slices.DeleteFunc(slices.Clone(there), func(o string) bool { return o == k.Name })
	if slices.Contains(s.One, k.Name) {
		for _, o := range others {
			if slices.Contains(s.One, o) {
				return false
			}
			if key := s.Key(o); key != nil && len(key.With) > 0 && !slices.Contains(key.With, k.Name) {
				return false
			}
		}
	}
	for _, g := range s.Group {
		if slices.Contains(g, k.Name) && slices.ContainsFunc(others, func(o string) bool { return slices.Contains(g, o) }) {
			return false
		}
	}
	if len(k.With) == 0 {
		return true
	}
	one := slices.DeleteFunc(others, func(o string) bool { return !slices.Contains(s.One, o) })
	return len(one) == 0 || slices.Contains(k.With, one[0])
}

func shapeOf(kind ShapeKind) *Shape { return &Shape{Kind: kind} }

func keywords(list ...string) *Shape { return &Shape{Kind: ShapeKeyword, Keywords: list} }

func listOf(item *Shape) *Shape { return &Shape{Kind: ShapeList, Item: item} }

func mappingOf(keys ...ShapeKey) *Shape { return &Shape{Kind: ShapeMapping, Keys: keys} }

func (s *Shape) named(name, doc string) *Shape {
	s.Name, s.Doc = name, doc
	return s
}

func (s *Shape) or(others ...*Shape) *Shape {
	s.Or = append(s.Or, others...)
	return s
}

// fieldShape returns the shape of a declared field.
func fieldShape(f *schema.FieldSpec) *Shape {
	kinds := map[schema.FieldKind]ShapeKind{
		schema.FieldString: ShapeString, schema.FieldInt: ShapeInt, schema.FieldNumber: ShapeNumber,
		schema.FieldBool: ShapeBool, schema.FieldText: ShapeText,
		schema.FieldTemplate: ShapeTemplate, schema.FieldChannel: ShapeChannel, schema.FieldPool: ShapePool,
		schema.FieldRaffle:     ShapeRaffle,
		schema.FieldAttributes: ShapeSettable,
		schema.FieldDuration:   ShapeDuration, FieldMoment: ShapeClock, FieldEvent: ShapeEvent,
		schema.FieldProperties: ShapeProperties, schema.FieldURL: ShapeString, FieldCondition: ShapeExpression,
		FieldSegment: ShapeSegment,
	}
	s := &Shape{Kind: ShapeAny}
	if k, ok := kinds[f.Kind]; ok {
		s.Kind = k
	}
	switch f.Kind {
	case schema.FieldString, schema.FieldInt, schema.FieldNumber, schema.FieldBool, schema.FieldProperties,
		schema.FieldURL:
		s.Expr = !f.Literal
	case FieldMoment:
		s.Expr, s.Or = true, []*Shape{shapeOf(ShapeDatetime), dayShape()}
	case schema.FieldSecret:
		s.Kind, s.Env = ShapeString, true
	case schema.FieldEnum:
		s.Kind, s.Keywords, s.Expr = ShapeKeyword, f.Enum, !f.Literal
	case schema.FieldHeaders:
		s.Kind, s.Keywords, s.Rest = ShapeMapping, []string{""}, &Shape{Kind: ShapeString, Expr: true}
	case schema.FieldReturns:
		s.Kind, s.Keywords, s.Rest = ShapeMapping, []string{""}, shapeOf(ShapeType)
	case schema.FieldPool, schema.FieldChannel, schema.FieldTemplate:
		s.Expr = true
	case schema.FieldVariants:
		variant := mappingOf(
			ShapeKey{Name: "name", Required: true, Value: shapeOf(ShapeNewName), Doc: "what results and tests call it"},
			ShapeKey{Name: "weight", Required: true, Value: shapeOf(ShapeNumber), Doc: "percent of members; all together are 100"},
			ShapeKey{Name: "text", Value: shapeOf(ShapeText), Doc: "the text, in Liquid"},
			ShapeKey{Name: "template", Value: shapeOf(ShapeTemplate), Doc: "a text below templates/, without its extension"},
		).named("variant", "One of several texts.")
		variant.Group = [][]string{{"text", "template"}}
		s = listOf(variant)
	case schema.FieldAttach:
		s = listOf(attachmentShape())
	case schema.FieldAddress:
		to := &Shape{Kind: ShapeMapping, Keywords: []string{""}, Rest: &Shape{Kind: ShapeString, Expr: true}}
		s = (&Shape{Kind: ShapeString, Expr: true}).or(to)
	case schema.FieldCarried:
		s.Kind, s.Keywords, s.Rest = ShapeMapping, []string{""}, &Shape{Kind: ShapeAny, Expr: true}
	case schema.FieldData:
		s.Kind, s.Rest = ShapeMapping, shapeOf(ShapeAny)
	case schema.FieldTags:
		tag := &Shape{Kind: ShapeTag, Expr: true}
		s = (&Shape{Kind: ShapeTag, Expr: true}).or(listOf(tag))
	}
	s.Doc = f.Doc
	return s
}

// attachmentShape declares what may hang on a message.
func attachmentShape() *Shape {
	text := func() *Shape { return &Shape{Kind: ShapeText, Expr: true} }
	s := &Shape{Kind: ShapeMapping}
	for _, a := range schema.Attachments {
		value := text()
		if len(a.Fields) > 0 {
			value = &Shape{Kind: ShapeMapping}
			for _, f := range a.Fields {
				value.Keys = append(value.Keys, ShapeKey{Name: f.Name, Required: true, Value: text(), Doc: f.Doc})
			}
		}
		s.Keys = append(s.Keys, ShapeKey{Name: a.Kind, Value: value, Doc: a.Doc})
	}
	s.One = schema.AttachmentKinds()
	return s.named("attachment", "What hangs on a message: exactly one thing.")
}

// fieldsShape returns the mapping of declared fields.
func fieldsShape(fields []schema.FieldSpec) *Shape {
	s := &Shape{Kind: ShapeMapping}
	groups := map[string][]string{}
	for i := range fields {
		f := &fields[i]
		s.Keys = append(s.Keys, ShapeKey{
			Name: f.Name, Doc: f.Doc, Required: f.Required, Default: f.Default,
			Value: fieldShape(f),
		})
		if f.Needs != "" {
			s.Keys[i].Needs = []string{f.Needs}
		}
		if f.OneOf != "" {
			groups[f.OneOf] = append(groups[f.OneOf], f.Name)
		}
	}
	for _, g := range slices.Sorted(maps.Keys(groups)) {
		s.Group = append(s.Group, groups[g])
	}
	return s
}

// Stages are the stages of the life of a member.
var Stages = []string{"acquisition", "activation", "retention", "conversion"}

// SchemaKeys are the keys of usher.yaml.
var SchemaKeys = []string{
	"usher", "timezone", "locale", "member", "objects", "events", "segments", "channels", "coupons", "points", "levels", "raffles", "tables", "frequency_caps", "quiet_hours", "consent",
	"referral",
}

// ConditionKeys are the keys by which an exit, a goal or a wait says what it is about: one of them, and `if` beside an
// event or alone.
var ConditionKeys = []string{"event", "segment_enter", "segment_exit", "if"}

// TriggerKinds gives the keys of each kind of trigger; the first names it.
var TriggerKinds = [][]string{
	{"event", "if"},
	{"schedule", "timezone", "segment", "missed"},
	{"http"},
	{"segment_enter"},
	{"segment_exit"},
	{"date", "every", "calendar", "offset", "at"},
	{"changed", "if"},
	{"any"},
}
