package values

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// Reader reads types and values.
type Reader struct {
	syntax.Reader
	// BrokenNames are attributes and properties whose type has a mistake: what names them is not
	// judged.
	BrokenNames map[string]bool
	Kinds       []string // of objects that are declared: `ref KIND` is a type
}

// typeSynonyms are words of other languages for our types.
var typeSynonyms = map[string]string{
	"integer": "int", "float": "number", "double": "number", "decimal": "number", "boolean": "bool", "str": "string",
	"text": "string", "timestamp": "datetime", "time": "datetime", "long": "int",
}

// memberSynonyms are words of other tools for a member.
var memberSynonyms = []string{"user", "customer", "contact", "person", "profile", "people", "subscriber", "lead"}

// TypeOf reads a type. A mistake gives [Any], so that what uses it is not a mistake too.
func (c *Reader) TypeOf(n *syntax.Node) *schema.Type {
	switch {
	case n.Broken:
		return schema.Any
	case n.Kind == syntax.SequenceNode:
		if len(n.Items) != 1 {
			c.Error("unknown-type", n.Pos(), "a list type holds exactly one type").Label("as in [string]")
			return schema.Any
		}
		return schema.ListOf(c.TypeOf(n.Items[0])).DeclaredAt(n.Pos())
	case n.Kind == syntax.MappingNode:
		return c.mappingType(n)
	}
	return c.typeNamed(n)
}

func (c *Reader) typeNamed(n *syntax.Node) *schema.Type {
	if n.IsNull() {
		c.WrongType(n, "a type is missing here").Label("write one of " + diag.OneOf(schema.TypeNames))
		return schema.Any
	}
	word, optional := strings.CutPrefix(n.Value, "optional ")
	word = strings.TrimSpace(word)
	t := schema.TypesByName[word]
	if kind, isRef := schema.CutRef(word); isRef && t == nil {
		if t = c.refTo(n, kind); t == nil {
			return schema.Any
		}
	}
	if t == nil {
		from := len([]rune(n.Value)) - len([]rune(word))
		p := n.At(from, len([]rune(n.Value)))
		r := c.Error("unknown-type", p, fmt.Sprintf("there is no type `%s`", word))
		if better := schema.SuggestOptional(n.Value); better != "" {
			r.Label("write `"+better+"`").Edit(n.Pos(), better)
			return schema.Any
		}
		if word == schema.Member || slices.Contains(c.Kinds, word) {
			better := schema.RefTo(word).String()
			r.Label("write `"+better+"` for the id of one").Edit(p, better)
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

// refTo returns the type of the ids of a kind; nil when there is no such kind, which is reported.
func (c *Reader) refTo(n *syntax.Node, kind string) *schema.Type {
	if kind == schema.Member || slices.Contains(c.Kinds, kind) {
		return schema.RefTo(kind)
	}
	whole := []rune(n.Value)
	c.unknownKind(n.At(len(whole)-len([]rune(kind)), len(whole)), kind, append([]string{schema.Member}, c.Kinds...))
	return nil
}

// KnownKind reports whether usher.yaml declares the kind of objects that the node names, and reports it where not.
func (c *Reader) KnownKind(n *syntax.Node, kind string) bool {
	if slices.Contains(c.Kinds, kind) {
		return true
	}
	c.unknownKind(n.Pos(), kind, c.Kinds)
	return false
}

// unknownKind reports a kind that is not among those that may stand there.
func (c *Reader) unknownKind(at diag.Pos, kind string, known []string) {
	r := c.Error("unknown-kind", at, fmt.Sprintf("usher.yaml declares no kind of objects `%s`", kind))
	switch best := diag.Closest(kind, known); {
	case slices.Contains(memberSynonyms, strings.ToLower(kind)) && slices.Contains(known, schema.Member):
		r.Label("did you mean `member`?").Edit(at, schema.Member)
	case best != "":
		r.Label("did you mean `"+best+"`?").Edit(at, best).UnsureUnless(diag.UniqueMatch(kind, known))
	case len(c.Kinds) > 0:
		r.Label("known: " + diag.OneOf(c.Kinds))
	default:
		r.Label("declare it in usher.yaml, as in objects: {group: {title: string}}")
	}
}

func (c *Reader) mappingType(n *syntax.Node) *schema.Type {
	if len(n.Entries) == 1 && n.Entries[0].Key.Value == "optional" {
		return c.TypeOf(n.Entries[0].Value).AsOptional()
	}
	if e := n.Get("enum"); e != nil && (e.Kind == syntax.SequenceNode || labelled(e)) {
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
		c.IsName(e.Key, "a property", e.Key.Value, PropertyName, "letters, digits and `_`, not beginning with a digit",
			syntax.SnakeOf)
		t.Fields = append(t.Fields, c.typedField(e))
	}
	return t
}

// Properties reads what an event or an http trigger carries: typed properties, none with a name
// that is there anyway.
func (c *Reader) Properties(n *syntax.Node, owner string, reserved []string) *schema.Type {
	t := &schema.Type{Kind: schema.KindObject, Pos: n.Pos()}
	for _, p := range n.Entries {
		if slices.Contains(reserved, p.Key.Value) {
			c.Error("reserved-name", p.Key.Pos(), fmt.Sprintf("`%s` is reserved: %s has it", p.Key.Value, owner)).
				Label("choose another name")
			continue
		}
		c.IsName(p.Key, "a property", p.Key.Value, PropertyName, "letters, digits and `_`, not beginning with a digit",
			syntax.SnakeOf)
		t.Fields = append(t.Fields, c.typedField(p))
	}
	return t
}

// typedField reads `name: type`.
func (c *Reader) typedField(e syntax.Entry) schema.Field {
	f := schema.Field{Name: e.Key.Value, Type: c.TypeOf(e.Value), Pos: e.Key.Pos()}
	if c.HasHole(f.Type) {
		c.BrokenNames[f.Name] = true
	}
	return f
}

// HasHole reports whether a mistake left a part of the type unknown.
func (c *Reader) HasHole(t *schema.Type) bool {
	return t.Kind == schema.KindAny || t.Kind == schema.KindList && c.HasHole(t.Elem)
}

// enumOfText reports an enum whose values stand in one text.
func (c *Reader) enumOfText(n *syntax.Node) *schema.Type {
	r := c.WrongType(n, "the values of an enum are a list").Label("as in [bronze, silver, gold]")
	words := strings.FieldsFunc(n.Value, func(r rune) bool { return strings.ContainsRune(",，、;；|/ ", r) })
	if len(words) > 0 && !n.Untraceable {
		text := "[" + strings.Join(words, ", ") + "]"
		r.Label("write `"+text+"`").Edit(n.Pos(), text).UnsureUnless(false)
	}
	return schema.Any
}

// labelled reports whether a mapping gives labels to the values of an enum. Where all that it holds
// are types, `enum` is a field of an object.
func labelled(n *syntax.Node) bool {
	if n.Kind != syntax.MappingNode || n.Broken || len(n.Entries) == 0 {
		return false
	}
	return slices.ContainsFunc(n.Entries, func(e syntax.Entry) bool {
		word := strings.TrimSpace(strings.TrimPrefix(e.Value.Value, "optional "))
		return e.Value.Kind == syntax.ScalarNode && !e.Value.IsNull() && schema.TypesByName[word] == nil
	}) && !slices.ContainsFunc(n.Entries, func(e syntax.Entry) bool { return e.Value.Kind != syntax.ScalarNode })
}

func (c *Reader) enumType(n *syntax.Node) *schema.Type {
	t := &schema.Type{Kind: schema.KindString, Pos: n.Pos()}
	if n.Kind == syntax.MappingNode {
		for _, e := range n.Entries {
			value, isText := c.Str(e.Key, "a value of an enum")
			if label, ok := c.Str(e.Value, "the label of "+e.Key.Value); ok && isText {
				t.Enum, t.Labels = append(t.Enum, value), append(t.Labels, label)
				if strings.TrimSpace(label) == "" {
					c.Error("bad-value", e.Value.Pos(), "the label of `"+value+"` is empty")
				}
			}
		}
		if len(t.Enum) == 0 {
			return schema.Any
		}
		return t
	}
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

// IsPropertyName reports whether a property or an attribute can have the name: whether an
// expression can write it after a dot.
func IsPropertyName(name string) bool {
	return PropertyName.MatchString(name) && len(name) <= syntax.MaxName
}

// PropertyName is what an expression can write after a dot.
var PropertyName = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_]*$`)
