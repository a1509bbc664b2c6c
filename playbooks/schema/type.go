package schema

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/usher-run/usher/playbooks/decimal"
	"github.com/usher-run/usher/playbooks/diag"
)

// Kind is the sort of a [Type].
type Kind uint8

// The kinds of the language. KindAny and KindNil exist only inside the checker: no declaration
// makes one.
const (
	KindAny Kind = iota
	KindNil
	KindString
	KindInt
	KindNumber
	KindBool
	KindDate
	KindDatetime
	KindDuration
	KindObject
	KindList
)

var kindNames = [...]string{
	"anything", "nothing", "string", "int", "number", "bool", "date", "datetime", "duration",
	"object", "list",
}

// Type is a type of the schema: what an attribute, a property or an expression holds. A nil *Type
// is unknown.
type Type struct {
	Kind     Kind
	Enum     []string // the allowed values of a string; empty: any
	Labels   []string // what each of Enum is called in texts; nil: they have no labels
	Ref      string   // of a string: the kind of the subject whose id it is; empty: it is no id
	Fields   []Field  // of an object, in the order of declaration
	Elem     *Type    // of a list
	Optional bool     // the value may be missing (nil)
	Clashes  []Clash  // of an object that is one of several: fields that these type otherwise, see [AnyOf]
	Pos      diag.Pos // where it is declared; the zero Pos of what is built in or computed
}

// Field is a named member of an object type.
type Field struct {
	Name string
	Type *Type
	Pos  diag.Pos
	When string // the bool beside it that says it is there: a name, or "!name" when it must be false; "": none does

	Always bool // that bool is always so: it is there whenever the object is

	Via []string // the values of the field `via` beside it with which it is there; nil: it says nothing. See [AnyOf]
}

// The scalar types, shared. They are never changed: use [Type.AsOptional] for an optional one.
var (
	Any      = &Type{Kind: KindAny}
	Nil      = &Type{Kind: KindNil, Optional: true}
	String   = &Type{Kind: KindString}
	Int      = &Type{Kind: KindInt}
	Number   = &Type{Kind: KindNumber}
	Bool     = &Type{Kind: KindBool}
	Date     = &Type{Kind: KindDate}
	Datetime = &Type{Kind: KindDatetime}
	Elapsed  = &Type{Kind: KindDuration}
)

// ListOf returns the type of a list of elem.
func ListOf(elem *Type) *Type { return &Type{Kind: KindList, Elem: elem} }

// ObjectOf returns the type of an object with the fields.
func ObjectOf(fields ...Field) *Type { return &Type{Kind: KindObject, Fields: fields} }

// DeclaredAt returns the same type, declared there.
func (t *Type) DeclaredAt(at diag.Pos) *Type {
	c := *t
	c.Pos = at
	return &c
}

// AsOptional returns the same type, but one whose value may be missing.
func (t *Type) AsOptional() *Type {
	if t.Optional {
		return t
	}
	c := *t
	c.Optional = true
	return &c
}

// Required returns the same type, but one whose value is present.
func (t *Type) Required() *Type {
	if !t.Optional {
		return t
	}
	c := *t
	c.Optional = false
	return &c
}

// Field returns the type of a field of an object, and whether there is one.
func (t *Type) Field(name string) (*Type, bool) {
	for i := range t.Fields {
		if t.Fields[i].Name == name {
			return t.Fields[i].Type, true
		}
	}
	return nil, false
}

// FieldNames returns the names of an object's fields in the order of declaration.
func (t *Type) FieldNames() []string {
	names := make([]string, len(t.Fields))
	for i := range t.Fields {
		names[i] = t.Fields[i].Name
	}
	return names
}

// String returns the type as an operator would write it.
func (t *Type) String() string {
	if t == nil {
		return "unknown"
	}
	s := ""
	if t.Optional && t.Kind != KindNil {
		s = "optional "
	}
	switch {
	case len(t.Enum) > 0:
		return s + "enum of " + strings.Join(t.Enum, ", ")
	case t.Ref != "":
		return s + refWord + t.Ref
	case t.Kind == KindList && t.Elem != nil:
		return s + "list of " + t.Elem.String()
	}
	return s + kindNames[t.Kind]
}

// A TypeError says where in a value the schema was not met. Path is empty for the value itself,
// else like `items[2].qty`.
type TypeError struct {
	Path string
	Want *Type
	Got  any
}

func (e *TypeError) Error() string {
	at := e.Path
	if at == "" {
		at = "value"
	}
	if e.Got == nil {
		return fmt.Sprintf("%s is missing, the schema wants %s", at, e.Want.Required())
	}
	return fmt.Sprintf("%s must be %s, got %s", at, Article(e.Want.Required().String()), describe(e.Got))
}

// Article returns a noun with its article.
func Article(s string) string {
	if strings.ContainsRune("aeiou", rune(s[0])) {
		return "an " + s
	}
	return "a " + s
}

// describe names a JSON value for a person: its kind and, when short, the value.
func describe(v any) string {
	switch v := v.(type) {
	case string:
		if len(v) > 40 {
			return "a string of " + fmt.Sprint(len(v)) + " bytes"
		}
		return fmt.Sprintf("the string %q", v)
	case bool:
		return fmt.Sprintf("the bool %v", v)
	case float64:
		return "the number " + decimal.Format(v)
	case int, int64:
		return fmt.Sprintf("the number %d", v)
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	case nil:
		return "null"
	}
	return "a value of another kind"
}

// Coerce turns a decoded JSON or YAML value into the Go value that expressions see: string, int,
// float64, bool, time.Time (date: midnight UTC; [InZone] moves it), map[string]any, []any. A null
// or missing value gives nil when the type is optional. Undeclared keys of an object are kept as
// they are. The error is a [*TypeError]. The input is not changed.
func (t *Type) Coerce(v any) (any, error) {
	out, err := t.coerce(v)
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (t *Type) coerce(v any) (any, *TypeError) {
	if v == nil {
		if t.Optional || t.Kind == KindAny {
			return nil, nil
		}
		return nil, &TypeError{Want: t}
	}
	switch t.Kind {
	case KindAny:
		return v, nil
	case KindString:
		if s, ok := v.(string); ok && (len(t.Enum) == 0 || slices.Contains(t.Enum, s)) {
			return v, nil // not s: that would be put into an interface anew
		}
	case KindInt:
		if n, ok := toInt(v); ok {
			return n, nil
		}
	case KindNumber:
		if f, ok := toFloat(v); ok {
			if _, same := v.(float64); same {
				return v, nil
			}
			return f, nil
		}
	case KindBool:
		if _, ok := v.(bool); ok {
			return v, nil
		}
	case KindDate, KindDatetime:
		if tm, ok := t.coerceTime(v); ok {
			return tm, nil
		}
	case KindList:
		return t.coerceList(v)
	case KindObject:
		return t.coerceObject(v)
	}
	return nil, t.mismatch(v)
}

func (t *Type) mismatch(v any) *TypeError { return &TypeError{Want: t, Got: v} }

func (t *Type) coerceTime(v any) (time.Time, bool) {
	if tm, ok := v.(time.Time); ok {
		return tm, t.Kind == KindDate || Plausible(tm)
	}
	s, ok := v.(string)
	if !ok {
		return time.Time{}, false
	}
	if t.Kind == KindDate {
		tm, err := time.Parse(time.DateOnly, s)
		return tm, err == nil && Plausible(tm)
	}
	tm, err := time.Parse(time.RFC3339, s)
	return tm, err == nil && Plausible(tm)
}

// Plausible keeps out years whose arithmetic or formatting overflows somewhere downstream.
func Plausible(t time.Time) bool {
	y := t.UTC().Year()
	return y >= 1 && y <= 9000
}

func (t *Type) coerceList(v any) (any, *TypeError) {
	in, ok := v.([]any)
	if !ok {
		return nil, t.mismatch(v)
	}
	out := make([]any, len(in))
	for i, item := range in {
		c, err := t.Elem.coerce(item)
		if err != nil {
			err.Path = joinPath(fmt.Sprintf("[%d]", i), err.Path)
			return nil, err
		}
		out[i] = c
	}
	return out, nil
}

func (t *Type) coerceObject(v any) (any, *TypeError) {
	in, ok := v.(map[string]any)
	if !ok {
		return nil, t.mismatch(v)
	}
	out := make(map[string]any, len(in)+reservedFields)
	declared := 0
	for i := range t.Fields {
		f := &t.Fields[i]
		item, given := in[f.Name]
		if given {
			declared++
		}
		c, err := f.Type.coerce(item)
		if err != nil {
			err.Path = joinPath(f.Name, err.Path)
			return nil, err
		}
		if c != nil {
			out[f.Name] = c
		}
	}
	if declared == len(in) {
		return out, nil
	}
	for k, item := range in {
		if _, known := t.Field(k); !known {
			out[k] = item
		}
	}
	return out, nil
}

// Accepts reports whether Coerce would take an object.
func (t *Type) Accepts(in map[string]any) bool {
	for i := range t.Fields {
		if _, err := t.Fields[i].Type.coerce(in[t.Fields[i].Name]); err != nil {
			return false
		}
	}
	return true
}

// reservedFields is room for what an event has beside its properties: id, name and time.
const reservedFields = 3

func joinPath(head, tail string) string {
	if tail == "" || tail[0] == '[' {
		return head + tail
	}
	return head + "." + tail
}

func toInt(v any) (int, bool) {
	switch n := v.(type) {
	case int:
		return n, true
	case int64:
		return int(n), true
	case float64:
		if n == math.Trunc(n) && math.Abs(n) <= 1<<53 {
			return int(n), true
		}
	}
	return 0, false
}

func toFloat(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, !math.IsNaN(n) && !math.IsInf(n, 0)
	case int:
		return float64(n), true
	case int64:
		return float64(n), true
	}
	return 0, false
}

// Find returns where a field of the object is declared.
func (t *Type) Find(name string) diag.Pos {
	if name == "" {
		return t.Pos
	}
	for i := range t.Fields {
		if t.Fields[i].Name == name {
			return t.Fields[i].Pos
		}
	}
	return diag.Pos{}
}

// LooksLikeTime matches what begins as a date.
var LooksLikeTime = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}`)

// Declaration returns how the type is called and where it is declared.
func (t *Type) Declaration() (what string, at diag.Pos) {
	if t == nil {
		return "", diag.Pos{}
	}
	return Article(t.Required().String()), t.Pos
}

// Describe writes the type in full, an object with its fields, as a declaration does.
func (t *Type) Describe() string {
	switch {
	case t == nil:
		return "unknown"
	case t.Kind == KindObject && len(t.Fields) > 0:
		if t.Optional {
			return "optional " + DescribeFields(t)
		}
		return DescribeFields(t)
	case t.Kind == KindList && t.Elem != nil:
		return "list of " + t.Elem.Describe()
	}
	return t.String()
}

// Syntax returns the type as usher.yaml writes it, in values that JSON and YAML hold: "string",
// {"enum": […]}, {"optional": T}, [T], {name: T}.
func (t *Type) Syntax() any {
	if t.Optional {
		return map[string]any{"optional": t.Required().Syntax()}
	}
	switch {
	case len(t.Enum) > 0:
		return map[string]any{"enum": t.Enum}
	case t.Ref != "":
		return refWord + t.Ref
	case t.Kind == KindList:
		return []any{t.Elem.Syntax()}
	case t.Kind == KindObject:
		out := make(map[string]any, len(t.Fields))
		for _, f := range t.Fields {
			out[f.Name] = f.Type.Syntax()
		}
		return out
	}
	return kindNames[t.Kind]
}

// DescribeFields writes an object type as a declaration does: {order_id: string, amount: number}.
func DescribeFields(t *Type) string {
	if t == nil {
		return "{}"
	}
	var parts []string
	for _, f := range t.Fields {
		parts = append(parts, f.Name+": "+f.Type.String())
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// TypeNames are the words for types.
var TypeNames = []string{"string", "int", "number", "bool", "date", "datetime"}

// CommonZones are those that are suggested for a misspelt one.
var CommonZones = []string{
	"UTC", "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo", "Asia/Seoul", "Asia/Kolkata",
	"Asia/Dubai", "Asia/Jakarta", "Asia/Bangkok", "Asia/Ho_Chi_Minh", "Asia/Kuala_Lumpur", "Asia/Manila", "Asia/Urumqi",
	"Europe/London", "Europe/Berlin", "Europe/Paris", "Europe/Madrid", "Europe/Rome", "Europe/Amsterdam", "Europe/Moscow",
	"Europe/Zurich", "Europe/Vienna", "Europe/Stockholm", "Europe/Warsaw", "Europe/Istanbul", "Africa/Cairo",
	"Africa/Lagos",
	"Africa/Johannesburg", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles",
	"America/Toronto",
	"America/Sao_Paulo", "America/Mexico_City", "America/Bogota", "America/Argentina/Buenos_Aires", "Australia/Sydney",
	"Australia/Melbourne", "Australia/Perth", "Australia/Lord_Howe", "Pacific/Auckland",
}

// ClockTime matches a time of the day.
var ClockTime = regexp.MustCompile(`^([01]\d|2[0-3]):([0-5]\d)$`)

// LoadZone finds a zone by name. "" and "Local" mean something to Go, but nothing that is the same
// on every machine.
func LoadZone(s string) (*time.Location, error) {
	if s == "" || s == "Local" {
		return nil, errors.New("not a zone")
	}
	return time.LoadLocation(s)
}
