package lsp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/shapes"
)

// A snippet is what a completion inserts when the editor knows placeholders: a key with all that
// must stand below it. The names of the workspace are choices, the first being the default; other
// values are examples.

// snippet writes placeholders, numbered in the order in which the editor steps through them.
type snippet struct {
	*completer
	strings.Builder
	next int
}

// maxSnippet is how deep a snippet goes.
const maxSnippet = 4

// snippetAfter returns what follows a key: its required keys, one below the other, or in braces
// inside of braces.
func (b *completer) snippetAfter(k *shapes.ShapeKey, n *node, column int) string {
	s := &snippet{completer: b, next: 1}
	s.value(k.Value, k.Name, n != nil && n.flow || k.Name == "trigger", column, maxSnippet)
	return ":" + s.String() + "$0"
}

// whole returns a file with all that its kind requires.
func (b *completer) whole(shape *shapes.Shape) string {
	s := &snippet{completer: b, next: 1}
	for i, k := range s.required(shape) {
		if i > 0 {
			s.WriteByte('\n')
		}
		s.WriteString(k.Name + ":")
		s.value(k.Value, k.Name, k.Name == "trigger", 0, maxSnippet)
	}
	return s.String() + "\n$0"
}

// value writes a value of a shape behind its key's colon.
func (s *snippet) value(shape *shapes.Shape, name string, flow bool, column, depth int) {
	indent := "\n" + strings.Repeat(" ", column+2)
	switch keys := s.required(shape); {
	case shape.Kind == shapes.ShapeMapping && depth > 0 && len(keys) > 0 && flow:
		s.WriteString(" {")
		for i, k := range keys {
			if i > 0 {
				s.WriteString(", ")
			}
			s.WriteString(k.Name + ":")
			s.value(k.Value, k.Name, true, 0, depth-1)
		}
		s.WriteByte('}')
	case shape.Kind == shapes.ShapeMapping && depth > 0 && len(keys) > 0:
		for _, k := range keys {
			s.WriteString(indent + k.Name + ":")
			s.value(k.Value, k.Name, false, column+2, depth-1)
		}
	case shape.Kind == shapes.ShapeList && shape.Item.Kind == shapes.ShapeMapping && !flow && depth > 0:
		s.item(shape.Item, indent+"- ", column+4, depth-1)
	case shape.Kind == shapes.ShapeList:
		s.WriteString(" [")
		s.placeholder(shape.Item, "")
		s.WriteByte(']')
	case shape.Kind == shapes.ShapeMember && len(shape.Least) > 0:
		s.WriteString(" {id: ")
		s.stop("m1")
		s.WriteByte('}')
	case shape.Kind == shapes.ShapeProperties:
		s.properties()
	case shape.Kind == shapes.ShapeMapping, shape.Kind == shapes.ShapeSettable, shape.Kind == shapes.ShapeMember,
		shape.Kind == shapes.ShapeWritten, shape.Kind == shapes.ShapeParams, shape.Kind == shapes.ShapeSteps:
		s.WriteString(" {")
		s.stop("")
		s.WriteByte('}')
	default:
		s.WriteByte(' ')
		s.placeholder(shape, name)
	}
}

// firstEvent returns the event that a snippet names first, or nil.
func (s *snippet) firstEvent() *playbooks.EventType {
	if events := s.w.names().Schema.Events; len(events) > 0 {
		return &events[0]
	}
	return nil
}

// properties writes what the event that is named first must carry.
func (s *snippet) properties() {
	s.WriteString(" {")
	sep := ""
	if e := s.firstEvent(); e != nil {
		for _, f := range e.Properties.Fields {
			if f.Type != nil && !f.Type.Optional {
				s.WriteString(sep + plainOrQuoted(f.Name) + ": ")
				s.stop(sampleOf(f.Type))
				sep = ", "
			}
		}
	}
	s.WriteByte('}')
}

// item writes the first item of a list of mappings.
func (s *snippet) item(shape *shapes.Shape, lead string, column, depth int) {
	keys := s.required(shape)
	if shape.Name == "action" || len(keys) == 0 {
		s.WriteString(lead)
		s.stop("")
		return
	}
	for i, k := range keys {
		if i > 0 {
			lead = "\n" + strings.Repeat(" ", column)
		}
		s.WriteString(lead + k.Name + ":")
		s.value(k.Value, k.Name, k.Value.Kind == shapes.ShapeMember, column, depth)
	}
}

// required returns the keys without which a mapping is incomplete: of each choice the first that
// the workspace has a value for, and what that one needs beside it.
func (s *snippet) required(shape *shapes.Shape) []*shapes.ShapeKey {
	var names []string
	for i := range shape.Keys {
		if shape.Keys[i].Required {
			names = append(names, shape.Keys[i].Name)
		}
	}
	choices := shape.Group
	if len(shape.One) > 0 && shape.Name != "action" {
		choices = append(slices.Clone(choices), shape.One)
	}
	if len(shape.Least) > 0 {
		choices = append(slices.Clone(choices), shape.Least)
	}
	for _, group := range choices {
		names = append(names, s.choose(shape, group))
	}
	for i := 0; i < len(names); i++ {
		if k := shape.Key(names[i]); k != nil {
			for _, needed := range k.Needs {
				if !slices.Contains(names, needed) {
					names = append(names, needed)
				}
			}
		}
	}
	if e := s.firstEvent(); slices.Contains(names, "event") && e != nil && sampleOf(e.Properties) != "{}" {
		names = append(names, "properties") // where events are sent, not where they are waited for
	}
	var out []*shapes.ShapeKey
	for i := range shape.Keys {
		if slices.Contains(names, shape.Keys[i].Name) {
			out = append(out, &shape.Keys[i])
		}
	}
	return out
}

// choose returns the key of a group that can be filled best: one with names of the workspace when
// there are any.
func (s *snippet) choose(shape *shapes.Shape, group []string) string {
	for _, name := range group {
		k := shape.Key(name)
		if k != nil && (k.Value.Kind == shapes.ShapeText || len(s.known(k.Value.Kind)) > 0) {
			return name
		}
	}
	return group[0]
}

// maxChoices is how many values a placeholder offers.
const maxChoices = 20

// placeholder writes a placeholder for a scalar.
func (s *snippet) placeholder(shape *shapes.Shape, key string) {
	var choices []string
	for _, n := range s.known(shape.Kind) {
		choices = append(choices, quoteFor(n.Name))
	}
	if len(choices) == 0 && shape.Kind == shapes.ShapeKeyword {
		choices = slices.DeleteFunc(slices.Clone(shape.Keywords), func(w string) bool { return w == "" })
	}
	for _, f := range s.fieldsFor(shape.Kind) {
		choices = append(choices, "member."+f.Name)
	}
	if len(choices) > 1 {
		for i, c := range choices {
			choices[i] = escaped(c, `$}\,|`)
		}
		fmt.Fprintf(s, "${%d|%s|}", s.next, strings.Join(choices[:min(len(choices), maxChoices)], ","))
		s.next++
		return
	}
	if len(choices) == 1 {
		s.stop(choices[0])
		return
	}
	s.stop(exampleOf(shape, key))
}

// stop writes a place at which the cursor stops, with a text to overwrite.
func (s *snippet) stop(text string) {
	fmt.Fprintf(s, "${%d:%s}", s.next, escaped(text, `$}\`))
	s.next++
}

func escaped(s, special string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune(special, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// exampleOf returns a value that may stand in a place, in YAML.
func exampleOf(shape *shapes.Shape, key string) string {
	switch shape.Kind {
	case shapes.ShapeExpression:
		return "member.points > 0"
	case shapes.ShapeText:
		return "你好"
	case shapes.ShapeInt, shapes.ShapeNumber:
		if key == "weight" { // of the only way so far
			return "100"
		}
		return "1"
	case shapes.ShapeClock:
		if key == "to" {
			return `"18:00"`
		}
	case shapes.ShapeDatetime:
		return "2026-01-05T10:00:00Z"
	case shapes.ShapeAgo:
		return "-1d"
	case shapes.ShapeNewName:
		return "my-" + key
	case shapes.ShapeString:
		if key == "url" {
			return `"https://example.test/"`
		}
	}
	if words := valueExamples(shape.Kind); len(words) > 0 {
		return quoteFor(words[0])
	}
	if key == "" {
		return "x"
	}
	return key
}
