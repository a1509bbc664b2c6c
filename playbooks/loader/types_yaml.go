package loader

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/decimal"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// typeSynonyms are words of other languages for our types.
var typeSynonyms = map[string]string{
	"integer": "int", "float": "number", "double": "number", "decimal": "number", "boolean": "bool", "str": "string",
	"text": "string", "timestamp": "datetime", "time": "datetime", "long": "int",
}

// IsPropertyName reports whether a property or an attribute can have the name: whether an
// expression can write it after a dot.
func IsPropertyName(name string) bool {
	return propertyName.MatchString(name) && len(name) <= syntax.MaxName
}

// propertyName is what an expression can write after a dot.
var propertyName = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_]*$`)

// typeOf reads a type. A mistake gives [Any], so that what uses it is not a mistake too.
func (c *checker) typeOf(n *syntax.Node) *schema.Type {
	switch {
	case n.Broken:
		return schema.Any
	case n.Kind == syntax.SequenceNode:
		if len(n.Items) != 1 {
			c.Error("unknown-type", n.Pos(), "a list type holds exactly one type").Label("as in [string]")
			return schema.Any
		}
		return schema.ListOf(c.typeOf(n.Items[0])).DeclaredAt(n.Pos())
	case n.Kind == syntax.MappingNode:
		return c.mappingType(n)
	}
	return c.typeNamed(n)
}

func (c *checker) typeNamed(n *syntax.Node) *schema.Type {
	if n.IsNull() {
		c.WrongType(n, "a type is missing here").Label("write one of " + diag.OneOf(schema.TypeNames))
		return schema.Any
	}
	word, optional := strings.CutPrefix(n.Value, "optional ")
	word = strings.TrimSpace(word)
	t := schema.TypesByName[word]
	if t == nil {
		from := len([]rune(n.Value)) - len([]rune(word))
		p := n.At(from, len([]rune(n.Value)))
		r := c.Error("unknown-type", p, fmt.Sprintf("there is no type `%s`", word))
		if better := schema.SuggestOptional(n.Value); better != "" {
			r.Label("write `"+better+"`").Edit(n.Pos(), better)
			return schema.Any
		}
		best := typeSynonyms[strings.ToLower(word)]
		if best == "" {
			best = diag.Closest(word, schema.TypeNames)
		}
		switch {
		case best != "":
			r.Label("did you mean `"+best+"`?").Edit(p, best).
				UnsureUnless(typeSynonyms[strings.ToLower(word)] != "" || diag.UniqueMatch(word, schema.TypeNames))
		case strings.ContainsAny(word, "(.+"):
			r.Label("a computed attribute begins with `= `")
		default:
			r.Label("write " + diag.OneOf(schema.TypeNames) + ", {enum: […]}, {name: type} or [type]")
		}
		return schema.Any
	}
	if optional {
		t = t.AsOptional()
	}
	return t.DeclaredAt(n.Pos())
}

// suggestType returns the type that a text of usher.yaml stands for as other tools write it; ""
// when it is none.
func suggestType(file, text string) string {
	if file != playbooks.SchemaFile {
		return ""
	}
	return schema.SuggestOptional(text)
}

func (c *checker) mappingType(n *syntax.Node) *schema.Type {
	if len(n.Entries) == 1 && n.Entries[0].Key.Value == "optional" {
		return c.typeOf(n.Entries[0].Value).AsOptional()
	}
	if e := n.Get("enum"); e != nil && e.Kind == syntax.SequenceNode {
		for _, other := range n.Entries {
			if k := other.Key.Value; k != "enum" && k != "default" {
				c.UnknownKey(other.Key, "an enum", []string{"enum", "default"})
			}
		}
		return c.enumType(e)
	}
	if e := n.Get("enum"); e != nil && e.Kind == syntax.ScalarNode && (n.Get("default") != nil || len(n.Entries) == 1) &&
		schema.TypesByName[e.Value] == nil && !e.Broken {
		return c.enumOfText(e)
	}
	t := &schema.Type{Kind: schema.KindObject, Pos: n.Pos()}
	for _, e := range n.Entries {
		c.IsName(e.Key, "a property", e.Key.Value, propertyName, "letters, digits and `_`, not beginning with a digit",
			snakeOf)
		t.Fields = append(t.Fields, c.typedField(e))
	}
	return t
}

// typedField reads `name: type`.
func (c *checker) typedField(e syntax.Entry) schema.Field {
	f := schema.Field{Name: e.Key.Value, Type: c.typeOf(e.Value), Pos: e.Key.Pos()}
	if c.hasHole(f.Type) {
		c.brokenNames[f.Name] = true
	}
	return f
}

// hasHole reports whether a mistake left a part of the type unknown.
func (c *checker) hasHole(t *schema.Type) bool {
	return t.Kind == schema.KindAny || t.Kind == schema.KindList && c.hasHole(t.Elem)
}

func snakeOf(s string) string {
	return strings.NewReplacer("-", "_", " ", "_", ".", "_").Replace(s)
}

// enumOfText reports an enum whose values stand in one text.
func (c *checker) enumOfText(n *syntax.Node) *schema.Type {
	r := c.WrongType(n, "the values of an enum are a list").Label("as in [bronze, silver, gold]")
	words := strings.FieldsFunc(n.Value, func(r rune) bool { return strings.ContainsRune(",，、;；|/ ", r) })
	if len(words) > 0 && !n.Untraceable {
		text := "[" + strings.Join(words, ", ") + "]"
		r.Label("write `"+text+"`").Edit(n.Pos(), text).UnsureUnless(false)
	}
	return schema.Any
}

func (c *checker) enumType(n *syntax.Node) *schema.Type {
	t := &schema.Type{Kind: schema.KindString, Pos: n.Pos()}
	seen := map[string]*syntax.Node{}
	for _, item := range n.Items {
		s, ok := c.Str(item, "a value of an enum")
		if !ok {
			continue
		}
		if first := seen[s]; first != nil {
			c.Error("duplicate-value", item.Pos(), fmt.Sprintf("the value `%s` is listed twice", s)).
				Related("first here", first.Pos())
			continue
		}
		seen[s] = item
		t.Enum = append(t.Enum, s)
	}
	if len(n.Items) == 0 {
		c.Error("bad-value", n.Pos(), "an enum needs at least one value").Label("as in [bronze, silver, gold]")
	}
	if len(t.Enum) == 0 {
		return schema.Any
	}
	return t
}

// literal reads a value as the type wants it, as [Type.Coerce] gives it, but with each mistake at
// its place.
func (c *checker) literal(n *syntax.Node, t *schema.Type, what string) (any, bool) {
	if n == nil || n.Broken {
		return nil, false
	}
	if t == nil {
		t = schema.Any
	}
	before := len(c.Diags)
	v, ok := c.literalOf(n, t, what)
	for i := before; i < len(c.Diags); i++ {
		if d := &c.Diags[i]; len(d.Related) == 0 && diag.ComparePos(d.Pos, n.Pos()) == 0 {
			d.RelateDeclarations(t)
		}
	}
	return v, ok
}

func (c *checker) literalOf(n *syntax.Node, t *schema.Type, what string) (any, bool) {
	if n.IsNull() {
		if t.Optional || t.Kind == schema.KindAny {
			return nil, true
		}
		c.WrongType(n, fmt.Sprintf("%s must be %s", what, schema.Article(t.String())))
		return nil, false
	}
	switch t.Kind {
	case schema.KindList:
		return c.listLiteral(n, t, what)
	case schema.KindObject:
		return c.objectLiteral(n, t, what)
	case schema.KindAny:
		return c.anyLiteral(n)
	case schema.KindString:
		if len(t.Enum) > 0 {
			before := len(c.Diags)
			s, ok := c.Enum(n, what, t.Enum...)
			for i := before; i < len(c.Diags); i++ {
				c.Diags[i].AssumeName(diag.Closest(n.Value, t.Enum))
			}
			return s, ok
		}
		s, ok := c.Str(n, what)
		return s, ok
	}
	if n.Kind != syntax.ScalarNode || (n.Style != syntax.PlainStyle && t.Kind != schema.KindDate &&
		t.Kind != schema.KindDatetime) {
		c.mismatch(n, t, what)
		return nil, false
	}
	v, ok := scalarLiteral(n, t)
	if !ok && !c.longNumber(n, what) {
		c.mismatch(n, t, what)
	}
	return v, ok
}

// longNumber reports a number that a float64 does not hold.
func (c *checker) longNumber(n *syntax.Node, what string) bool {
	var long *decimal.ParseError
	if n.Tag != "int" && n.Tag != "float" {
		return false
	}
	if _, err := decimal.Parse(n.Value); !errors.As(err, &long) || !long.Lossy() {
		return false
	}
	c.Error("inexact-number", n.Pos(), fmt.Sprintf("%s has more digits than a number can hold", what)).
		Label("an id is text: declare it as string, and quote it here")
	return true
}

func (c *checker) mismatch(n *syntax.Node, t *schema.Type, what string) {
	want := t.Required()
	r := c.WrongType(n, fmt.Sprintf("%s must be %s", what, schema.Article(want.String())))
	switch want.Kind {
	case schema.KindDate:
		r.Label("as in 2026-03-28")
	case schema.KindDatetime:
		r.Label("as in 2026-03-28T10:00:00+08:00")
	case schema.KindInt, schema.KindNumber, schema.KindBool:
		if n.Kind != syntax.ScalarNode || n.Style == syntax.PlainStyle || n.Untraceable {
			break
		}
		plain := *n
		plain.Tag, plain.Style = guessTag(n.Value), syntax.PlainStyle
		if _, ok := scalarLiteral(&plain, want); ok {
			r.Label("write it without quotes").Edit(n.Pos(), n.Value)
		}
	}
}

func guessTag(s string) string {
	if s == "true" || s == "false" {
		return "bool"
	}
	if diag.WholeNumber.MatchString(s) {
		return "int"
	}
	return "float"
}

func scalarLiteral(n *syntax.Node, t *schema.Type) (any, bool) {
	switch t.Kind {
	case schema.KindInt:
		if n.Tag == "int" && diag.WholeNumber.MatchString(n.Value) {
			v, err := decimal.Parse(n.Value)
			return int(v), err == nil && math.Abs(v) <= decimal.MaxInt
		}
	case schema.KindNumber:
		if n.Tag == "int" && diag.WholeNumber.MatchString(n.Value) || n.Tag == "float" {
			v, err := decimal.Parse(n.Value)
			return v, err == nil
		}
	case schema.KindBool:
		return n.Value == "true", n.Tag == "bool" && (n.Value == "true" || n.Value == "false")
	case schema.KindDate, schema.KindDatetime:
		v, err := t.Coerce(n.Value)
		return v, err == nil
	}
	return nil, false
}

func (c *checker) listLiteral(n *syntax.Node, t *schema.Type, what string) (any, bool) {
	if n.Kind != syntax.SequenceNode {
		c.WrongType(n, what+" must be a list")
		return nil, false
	}
	out, good := make([]any, 0, len(n.Items)), true
	for i, item := range n.Items {
		v, ok := c.literal(item, t.Elem, fmt.Sprintf("%s[%d]", what, i))
		out, good = append(out, v), good && ok
	}
	return out, good
}

func (c *checker) objectLiteral(n *syntax.Node, t *schema.Type, what string) (any, bool) {
	if n.Kind != syntax.MappingNode {
		c.WrongType(n, what+" must be a mapping (`key: value`)")
		return nil, false
	}
	out, good := make(map[string]any, len(n.Entries)), true
	for _, e := range n.Entries {
		ft, known := t.Field(e.Key.Value)
		if !known {
			if label := diag.DidYouMean(e.Key.Value, t.FieldNames()); label != "" {
				near := diag.Closest(e.Key.Value, t.FieldNames())
				c.Error("unknown-field", e.Key.Pos(), fmt.Sprintf("%s has no `%s`", what, e.Key.Value)).Label(label).
					Edit(e.Key.Pos(), near).UnsureUnless(false). // it may be a property that is not declared
					Diagnostic().RelateName(e.Key.Value, near, t.Find)
				good = false
				continue
			}
			ft = schema.Any // an undeclared property is accepted and kept
		}
		v, ok := c.literal(e.Value, ft, what+"."+e.Key.Value)
		good = good && ok
		if v != nil {
			out[e.Key.Value] = v
		}
	}
	for _, f := range t.Fields {
		if n.Get(f.Name) == nil && !f.Type.Optional && f.Type.Kind != schema.KindAny && good {
			c.Error("missing-key", n.Pos(), fmt.Sprintf("%s needs `%s` (%s)", what, f.Name, f.Type)).
				Label("add `"+f.Name+": …`").
				Diagnostic().Relate("declared here", f.Pos)
			good = false
		}
	}
	return out, good
}

// anyLiteral reads a value as JSON would give it.
func (c *checker) anyLiteral(n *syntax.Node) (any, bool) {
	switch n.Kind {
	case syntax.SequenceNode:
		return c.listLiteral(n, schema.ListOf(schema.Any), "value")
	case syntax.MappingNode:
		return c.objectLiteral(n, schema.ObjectOf(), "value")
	}
	switch n.Tag {
	case "null":
		return nil, true
	case "bool":
		return n.Value == "true", true
	case "int", "float":
		if c.longNumber(n, "the value") {
			return nil, false
		}
		v, err := decimal.Parse(n.Value)
		if err == nil && n.Tag == "int" && math.Abs(v) <= decimal.MaxInt {
			return int(v), true
		}
		if err == nil {
			return v, true
		}
	}
	return n.Value, true
}

// zone reads a time zone by its name in the IANA database.
func (c *checker) zone(n *syntax.Node, what string) (*time.Location, bool) {
	var s string
	if offset := n != nil && n.Kind == syntax.ScalarNode && !n.Broken && (n.Tag == "int" || n.Tag == "float"); offset {
		s = n.Value // quotes would not make a name of it
	} else if text, ok := c.Str(n, what); ok {
		s = text
	} else {
		return nil, false
	}
	loc, err := schema.LoadZone(s)
	if err == nil {
		return loc, true
	}
	r := c.Error("bad-timezone", n.Pos(), fmt.Sprintf("there is no time zone `%s`", s))
	if write, label := schema.SuggestZone(s); label != "" {
		if r.Label(label); write != "" {
			r.Edit(n.Pos(), write).UnsureUnless(false)
		}
	} else if best := diag.Closest(s, schema.CommonZones); best != "" {
		r.Label("did you mean `"+best+"`?").Edit(n.Pos(), best).UnsureUnless(diag.UniqueMatch(s, schema.CommonZones))
	} else {
		r.Label("write a name of the IANA database, as Asia/Shanghai or UTC")
	}
	return nil, false
}

// clock reads a time of the day as minutes since midnight.
func (c *checker) clock(n *syntax.Node, what string) (int, bool) {
	if n == nil || n.Broken {
		return 0, false
	}
	if m := schema.ClockTime.FindStringSubmatch(n.Value); n.Kind == syntax.ScalarNode && m != nil {
		h, _ := strconv.Atoi(m[1])
		mi, _ := strconv.Atoi(m[2])
		return h*60 + mi, true
	}
	r := c.Error("bad-value", n.Pos(), what+" must be a time of the day").Label(`as in "22:00"`)
	c.clockHint(r, n)
	return 0, false
}

// clockHint says which time of the day was meant by one that is written otherwise: 8:00, 24:00,
// 10pm, 晚上10点. The edit is beyond doubt where the words leave one time alone.
func (c *checker) clockHint(r diag.Report, n *syntax.Node) {
	wrote := strings.ToLower(strings.TrimSpace(diag.HalfWidth(schema.HalfWidthColons.Replace(n.Value))))
	if at, ok := schema.NamedClocks[wrote]; ok && n.Kind == syntax.ScalarNode {
		r.Label("write `"+strconv.Quote(at)+"`").Edit(n.Pos(), strconv.Quote(at))
		return
	}
	m := schema.ClockAsWritten.FindStringSubmatch(wrote)
	if n.Kind != syntax.ScalarNode || m == nil || m[1]+m[3]+m[4]+m[6] == "" || m[1] != "" && m[6] != "" {
		return
	}
	hour, _ := strconv.Atoi(m[2])
	minute, _ := strconv.Atoi(strings.TrimSuffix(m[3]+m[5], "分"))
	if m[5] == "半" {
		minute = 30
	}
	at := func(hour int) string { return fmt.Sprintf("\"%02d:%02d\"", hour, minute) }
	if hour == 24 && minute == 0 {
		r.Label("a day begins at \"00:00\": write `"+at(0)+"`").Edit(n.Pos(), at(0)).UnsureUnless(false)
		return
	}
	if hour > 23 || minute > 59 {
		r.Label("hours go from 00 to 23, minutes from 00 to 59")
		return
	}
	hours, sure := schema.HoursOfDayPart(m[1]+m[6], m[4] != "", hour)
	switch len(hours) {
	case 1:
		r.Label("write `"+at(hours[0])+"`").Edit(n.Pos(), at(hours[0])).UnsureUnless(sure)
	case 2:
		r.Label("write `" + at(hours[0]) + "`, or `" + at(hours[1]) + "` if that is meant")
	}
}
