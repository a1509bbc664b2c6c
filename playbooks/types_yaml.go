package playbooks

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/usher-run/usher/playbooks/decimal"
)

var typeWords = map[string]*Type{
	"string": String, "int": Int, "number": Number, "bool": Bool, "date": Date, "datetime": Datetime,
}

// typeSlips are words of other languages for our types.
var typeSlips = map[string]string{
	"integer": "int", "float": "number", "double": "number", "decimal": "number", "boolean": "bool", "str": "string",
	"text": "string", "timestamp": "datetime", "time": "datetime", "long": "int",
}

// IsPropertyName reports whether a property or an attribute can have the name: whether an expression can write it after a dot.
func IsPropertyName(name string) bool { return propertyName.MatchString(name) && len(name) <= maxName }

// propertyName is what an expression can write after a dot.
var propertyName = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_]*$`)

// typeOf reads a type. A mistake gives [Any], so that what uses it is not a mistake too.
func (c *checker) typeOf(n *node) *Type {
	switch {
	case n.broken:
		return Any
	case n.kind == sequenceNode:
		if len(n.items) != 1 {
			c.error("unknown-type", n.pos(), "a list type holds exactly one type").label("as in [string]")
			return Any
		}
		return ListOf(c.typeOf(n.items[0])).declaredAt(n.pos())
	case n.kind == mappingNode:
		return c.mappingType(n)
	}
	return c.typeWord(n)
}

func (c *checker) typeWord(n *node) *Type {
	if n.isNull() {
		c.wrongType(n, "a type is missing here").label("write one of " + oneOf(typeNames))
		return Any
	}
	word, optional := strings.CutPrefix(n.value, "optional ")
	word = strings.TrimSpace(word)
	t := typeWords[word]
	if t == nil {
		from := len([]rune(n.value)) - len([]rune(word))
		p := n.at(from, len([]rune(n.value)))
		r := c.error("unknown-type", p, fmt.Sprintf("there is no type `%s`", word))
		if better := optionalMeant(n.value); better != "" {
			r.label("write `"+better+"`").edit(n.pos(), better)
			return Any
		}
		best := typeSlips[strings.ToLower(word)]
		if best == "" {
			best = closest(word, typeNames)
		}
		switch {
		case best != "":
			r.label("did you mean `"+best+"`?").edit(p, best).doubt(typeSlips[strings.ToLower(word)] != "" || sole(word, typeNames))
		case strings.ContainsAny(word, "(.+"):
			r.label("a computed attribute begins with `= `")
		default:
			r.label("write " + oneOf(typeNames) + ", {enum: […]}, {name: type} or [type]")
		}
		return Any
	}
	if optional {
		t = t.AsOptional()
	}
	return t.declaredAt(n.pos())
}

// typeMeant returns the type that a text of usher.yaml stands for as other tools write it; "" when it is none.
func typeMeant(file, text string) string {
	if file != schemaFile {
		return ""
	}
	return optionalMeant(text)
}

// optionalMeant gives how a type that may be missing is written here; "" when that was not meant.
func optionalMeant(s string) string {
	for _, mark := range []string{"?", " optional", " | null", "|null", " | nil", " or null", " | undefined"} {
		if word, ok := strings.CutSuffix(s, mark); ok && typeWords[strings.TrimSpace(word)] != nil {
			return "optional " + strings.TrimSpace(word)
		}
	}
	for _, mark := range []string{"?", "nullable ", "Optional[", "optional("} {
		if word, ok := strings.CutPrefix(s, mark); ok && typeWords[strings.Trim(word, "]) ")] != nil {
			return "optional " + strings.Trim(word, "]) ")
		}
	}
	return ""
}

func (c *checker) mappingType(n *node) *Type {
	if len(n.entries) == 1 && n.entries[0].key.value == "optional" {
		return c.typeOf(n.entries[0].value).AsOptional()
	}
	if e := n.get("enum"); e != nil && e.kind == sequenceNode {
		for _, other := range n.entries {
			if k := other.key.value; k != "enum" && k != "default" {
				c.unknownKey(other.key, "an enum", []string{"enum", "default"})
			}
		}
		return c.enumType(e)
	}
	if e := n.get("enum"); e != nil && e.kind == scalarNode && (n.get("default") != nil || len(n.entries) == 1) && typeWords[e.value] == nil && !e.broken {
		return c.enumOfText(e)
	}
	t := &Type{Kind: KindObject, Pos: n.pos()}
	for _, e := range n.entries {
		c.isName(e.key, "a property", e.key.value, propertyName, "letters, digits and `_`, not beginning with a digit", snakeOf)
		t.Fields = append(t.Fields, c.typedField(e))
	}
	return t
}

// typedField reads `name: type`.
func (c *checker) typedField(e entry) Field {
	f := Field{Name: e.key.value, Type: c.typeOf(e.value), Pos: e.key.pos()}
	if c.hasHole(f.Type) {
		c.brokenNames[f.Name] = true
	}
	return f
}

// hasHole tells whether a mistake left a part of the type unknown.
func (c *checker) hasHole(t *Type) bool {
	return t.Kind == KindAny || t.Kind == KindList && c.hasHole(t.Elem)
}

func snakeOf(s string) string {
	return strings.NewReplacer("-", "_", " ", "_", ".", "_").Replace(s)
}

// enumOfText reports an enum whose values stand in one text.
func (c *checker) enumOfText(n *node) *Type {
	r := c.wrongType(n, "the values of an enum are a list").label("as in [bronze, silver, gold]")
	words := strings.FieldsFunc(n.value, func(r rune) bool { return strings.ContainsRune(",，、;；|/ ", r) })
	if len(words) > 0 && !n.untraceable {
		text := "[" + strings.Join(words, ", ") + "]"
		r.label("write `"+text+"`").edit(n.pos(), text).doubt(false)
	}
	return Any
}

func (c *checker) enumType(n *node) *Type {
	t := &Type{Kind: KindString, Pos: n.pos()}
	seen := map[string]*node{}
	for _, item := range n.items {
		s, ok := c.str(item, "a value of an enum")
		if !ok {
			continue
		}
		if first := seen[s]; first != nil {
			c.error("duplicate-value", item.pos(), fmt.Sprintf("the value `%s` is listed twice", s)).related("first here", first.pos())
			continue
		}
		seen[s] = item
		t.Enum = append(t.Enum, s)
	}
	if len(n.items) == 0 {
		c.error("bad-value", n.pos(), "an enum needs at least one value").label("as in [bronze, silver, gold]")
	}
	if len(t.Enum) == 0 {
		return Any
	}
	return t
}

// literal reads a value as the type wants it, as [Type.Coerce] gives it, but with each mistake at its place.
func (c *checker) literal(n *node, t *Type, what string) (any, bool) {
	if n == nil || n.broken {
		return nil, false
	}
	if t == nil {
		t = Any
	}
	before := len(c.diags)
	v, ok := c.literalOf(n, t, what)
	for i := before; i < len(c.diags); i++ {
		if d := &c.diags[i]; len(d.Related) == 0 && ComparePos(d.Pos, n.pos()) == 0 {
			d.against(t)
		}
	}
	return v, ok
}

func (c *checker) literalOf(n *node, t *Type, what string) (any, bool) {
	if n.isNull() {
		if t.Optional || t.Kind == KindAny {
			return nil, true
		}
		c.wrongType(n, fmt.Sprintf("%s must be %s", what, article(t.String())))
		return nil, false
	}
	switch t.Kind {
	case KindList:
		return c.listLiteral(n, t, what)
	case KindObject:
		return c.objectLiteral(n, t, what)
	case KindAny:
		return c.anyLiteral(n)
	case KindString:
		if len(t.Enum) > 0 {
			before := len(c.diags)
			s, ok := c.enum(n, what, t.Enum...)
			for i := before; i < len(c.diags); i++ {
				c.diags[i].trust(closest(n.value, t.Enum))
			}
			return s, ok
		}
		s, ok := c.str(n, what)
		return s, ok
	}
	if n.kind != scalarNode || (n.style != plainStyle && t.Kind != KindDate && t.Kind != KindDatetime) {
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
func (c *checker) longNumber(n *node, what string) bool {
	var long *decimal.ParseError
	if n.tag != "int" && n.tag != "float" {
		return false
	}
	if _, err := decimal.Parse(n.value); !errors.As(err, &long) || !long.Lossy() {
		return false
	}
	c.error("inexact-number", n.pos(), fmt.Sprintf("%s has more digits than a number can hold", what)).
		label("an id is text: declare it as string, and quote it here")
	return true
}

func (c *checker) mismatch(n *node, t *Type, what string) {
	want := t.Required()
	r := c.wrongType(n, fmt.Sprintf("%s must be %s", what, article(want.String())))
	switch want.Kind {
	case KindDate:
		r.label("as in 2026-03-28")
	case KindDatetime:
		r.label("as in 2026-03-28T10:00:00+08:00")
	case KindInt, KindNumber, KindBool:
		if n.kind != scalarNode || n.style == plainStyle || n.untraceable {
			break
		}
		plain := *n
		plain.tag, plain.style = guessTag(n.value), plainStyle
		if _, ok := scalarLiteral(&plain, want); ok {
			r.label("write it without quotes").edit(n.pos(), n.value)
		}
	}
}

func guessTag(s string) string {
	if s == "true" || s == "false" {
		return "bool"
	}
	if wholeNumber.MatchString(s) {
		return "int"
	}
	return "float"
}

func scalarLiteral(n *node, t *Type) (any, bool) {
	switch t.Kind {
	case KindInt:
		if n.tag == "int" && wholeNumber.MatchString(n.value) {
			v, err := decimal.Parse(n.value)
			return int(v), err == nil && math.Abs(v) <= decimal.MaxInt
		}
	case KindNumber:
		if n.tag == "int" && wholeNumber.MatchString(n.value) || n.tag == "float" {
			v, err := decimal.Parse(n.value)
			return v, err == nil
		}
	case KindBool:
		return n.value == "true", n.tag == "bool" && (n.value == "true" || n.value == "false")
	case KindDate, KindDatetime:
		v, err := t.Coerce(n.value)
		return v, err == nil
	}
	return nil, false
}

func (c *checker) listLiteral(n *node, t *Type, what string) (any, bool) {
	if n.kind != sequenceNode {
		c.wrongType(n, what+" must be a list")
		return nil, false
	}
	out, good := make([]any, 0, len(n.items)), true
	for i, item := range n.items {
		v, ok := c.literal(item, t.Elem, fmt.Sprintf("%s[%d]", what, i))
		out, good = append(out, v), good && ok
	}
	return out, good
}

func (c *checker) objectLiteral(n *node, t *Type, what string) (any, bool) {
	if n.kind != mappingNode {
		c.wrongType(n, what+" must be a mapping (`key: value`)")
		return nil, false
	}
	out, good := make(map[string]any, len(n.entries)), true
	for _, e := range n.entries {
		ft, known := t.Field(e.key.value)
		if !known {
			if label := DidYouMean(e.key.value, t.FieldNames()); label != "" {
				near := closest(e.key.value, t.FieldNames())
				c.error("unknown-field", e.key.pos(), fmt.Sprintf("%s has no `%s`", what, e.key.value)).label(label).
					edit(e.key.pos(), near).doubt(false). // it may be a property that is not declared
					diagnostic().about(e.key.value, near, t.find)
				good = false
				continue
			}
			ft = Any // an undeclared property is accepted and kept
		}
		v, ok := c.literal(e.value, ft, what+"."+e.key.value)
		good = good && ok
		if v != nil {
			out[e.key.value] = v
		}
	}
	for _, f := range t.Fields {
		if n.get(f.Name) == nil && !f.Type.Optional && f.Type.Kind != KindAny && good {
			c.error("missing-key", n.pos(), fmt.Sprintf("%s needs `%s` (%s)", what, f.Name, f.Type)).label("add `"+f.Name+": …`").
				diagnostic().beside("declared here", f.Pos)
			good = false
		}
	}
	return out, good
}

// anyLiteral reads a value as JSON would give it.
func (c *checker) anyLiteral(n *node) (any, bool) {
	switch n.kind {
	case sequenceNode:
		return c.listLiteral(n, ListOf(Any), "value")
	case mappingNode:
		return c.objectLiteral(n, ObjectOf(), "value")
	}
	switch n.tag {
	case "null":
		return nil, true
	case "bool":
		return n.value == "true", true
	case "int", "float":
		if c.longNumber(n, "the value") {
			return nil, false
		}
		v, err := decimal.Parse(n.value)
		if err == nil && n.tag == "int" && math.Abs(v) <= decimal.MaxInt {
			return int(v), true
		}
		if err == nil {
			return v, true
		}
	}
	return n.value, true
}

// zone reads a time zone by its name in the IANA database.
func (c *checker) zone(n *node, what string) (*time.Location, bool) {
	var s string
	if offset := n != nil && n.kind == scalarNode && !n.broken && (n.tag == "int" || n.tag == "float"); offset {
		s = n.value // quotes would not make a name of it
	} else if text, ok := c.str(n, what); ok {
		s = text
	} else {
		return nil, false
	}
	loc, err := loadZone(s)
	if err == nil {
		return loc, true
	}
	r := c.error("bad-timezone", n.pos(), fmt.Sprintf("there is no time zone `%s`", s))
	if write, label := zoneMeant(s); label != "" {
		if r.label(label); write != "" {
			r.edit(n.pos(), write).doubt(false)
		}
	} else if best := closest(s, commonZones); best != "" {
		r.label("did you mean `"+best+"`?").edit(n.pos(), best).doubt(sole(s, commonZones))
	} else {
		r.label("write a name of the IANA database, as Asia/Shanghai or UTC")
	}
	return nil, false
}

// clock reads a time of the day as minutes since midnight.
func (c *checker) clock(n *node, what string) (int, bool) {
	if n == nil || n.broken {
		return 0, false
	}
	if m := clockTime.FindStringSubmatch(n.value); n.kind == scalarNode && m != nil {
		h, _ := strconv.Atoi(m[1])
		mi, _ := strconv.Atoi(m[2])
		return h*60 + mi, true
	}
	r := c.error("bad-value", n.pos(), what+" must be a time of the day").label(`as in "22:00"`)
	c.clockHint(r, n)
	return 0, false
}

// clockHint says which time of the day was meant by one that is written otherwise: 8:00, 24:00, 10pm, 晚上10点. The edit is beyond doubt
// where the words leave one time alone.
func (c *checker) clockHint(r report, n *node) {
	wrote := strings.ToLower(strings.TrimSpace(narrowed(wideColons.Replace(n.value))))
	if at, ok := namedClocks[wrote]; ok && n.kind == scalarNode {
		r.label("write `"+strconv.Quote(at)+"`").edit(n.pos(), strconv.Quote(at))
		return
	}
	m := looseClock.FindStringSubmatch(wrote)
	if n.kind != scalarNode || m == nil || m[1]+m[3]+m[4]+m[6] == "" || m[1] != "" && m[6] != "" {
		return
	}
	hour, _ := strconv.Atoi(m[2])
	minute, _ := strconv.Atoi(strings.TrimSuffix(m[3]+m[5], "分"))
	if m[5] == "半" {
		minute = 30
	}
	at := func(hour int) string { return fmt.Sprintf("\"%02d:%02d\"", hour, minute) }
	if hour == 24 && minute == 0 {
		r.label("a day begins at \"00:00\": write `"+at(0)+"`").edit(n.pos(), at(0)).doubt(false)
		return
	}
	if hour > 23 || minute > 59 {
		r.label("hours go from 00 to 23, minutes from 00 to 59")
		return
	}
	hours, sure := meantHours(m[1]+m[6], m[4] != "", hour)
	switch len(hours) {
	case 1:
		r.label("write `"+at(hours[0])+"`").edit(n.pos(), at(hours[0])).doubt(sure)
	case 2:
		r.label("write `" + at(hours[0]) + "`, or `" + at(hours[1]) + "` if that is meant")
	}
}
