package eventfile

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Inferred is what a file's events look like.
type Inferred struct {
	Events, Bad int
	attributes  *shape
	byName      map[string]*shape
}

// shape is what was seen at one place. Its kinds pile up: date and string give string, any other mix gives nothing that could be
// declared.
type shape struct {
	times  int // seen, null included
	nulls  int
	kinds  map[string]bool
	fields map[string]*shape
	elem   *shape
}

func newShape() *shape { return &shape{kinds: map[string]bool{}, fields: map[string]*shape{}} }

// Infer reads a whole file and finds the types of its properties and attributes.
func Infer(in io.Reader) (*Inferred, error) {
	inf := &Inferred{attributes: newShape(), byName: map[string]*shape{}}
	r := Open(in, nil)
	for {
		rec, err := r.Next()
		var bad *LineError
		switch {
		case errors.Is(err, io.EOF):
			return inf, nil
		case errors.As(err, &bad):
			inf.Bad++
			continue
		case err != nil:
			return nil, err
		}
		inf.Events++
		s := inf.byName[rec.Input.Name]
		if s == nil {
			s = newShape()
			inf.byName[rec.Input.Name] = s
		}
		s.object(rec.Input.Properties)
		inf.attributes.object(rec.Input.Attributes)
	}
}

func (s *shape) object(values map[string]any) {
	s.times++
	s.kinds["object"] = true
	for k, v := range values {
		f := s.fields[k]
		if f == nil {
			f = newShape()
			s.fields[k] = f
		}
		f.see(v)
	}
}

func (s *shape) see(v any) {
	switch v := v.(type) {
	case nil:
		s.times++
		s.nulls++
	case map[string]any:
		s.object(v)
	case []any:
		s.times++
		s.kinds["list"] = true
		if s.elem == nil {
			s.elem = newShape()
		}
		for _, item := range v {
			s.elem.see(item)
		}
	default:
		s.times++
		s.kinds[scalarKind(v)] = true
	}
}

func scalarKind(v any) string {
	switch v := v.(type) {
	case bool:
		return "bool"
	case float64:
		return "number" // also of whole ones: an int would refuse the first that is not
	case string:
		if _, err := time.Parse(time.DateOnly, v); err == nil {
			return "date"
		}
		if _, err := time.Parse(time.RFC3339, v); err == nil {
			return "datetime"
		}
	}
	return "string"
}

// kind gives the one kind that holds all that was seen, or "".
func (s *shape) kind() string {
	kinds := slices.Sorted(maps.Keys(s.kinds))
	switch {
	case len(kinds) == 1:
		return kinds[0]
	case len(kinds) > 1 && !slices.ContainsFunc(kinds, func(k string) bool { return k != "date" && k != "datetime" && k != "string" }):
		return "string"
	}
	return ""
}

// typeText writes the type as usher.yaml does; "" when there is none.
func (s *shape) typeText() string {
	switch k := s.kind(); k {
	case "list":
		if item := s.elem.typeText(); item != "" {
			return "[" + item + "]"
		}
		return ""
	case "object":
		var fields []string
		for _, name := range slices.Sorted(maps.Keys(s.fields)) {
			if text := s.fields[name].declared(s.times); text != "" && plainName.MatchString(name) {
				fields = append(fields, name+": "+text)
			}
		}
		if len(fields) == 0 {
			return ""
		}
		return "{" + strings.Join(fields, ", ") + "}"
	default:
		return k
	}
}

// declared is typeText, optional where the value was missing in some of so many.
func (s *shape) declared(of int) string {
	text := s.typeText()
	switch {
	case text == "" || s.times-s.nulls == of:
		return text
	case strings.ContainsAny(text, "[{"):
		return "{optional: " + text + "}"
	}
	return "optional " + text
}

// plainName is a name that an expression can say.
var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

var plainEvent = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// YAML gives the `member:` and `events:` sections of usher.yaml. Built-in attributes are left out.
func (inf *Inferred) YAML() string {
	var b strings.Builder
	b.WriteString("member:\n")
	written := 0
	for _, name := range slices.Sorted(maps.Keys(inf.attributes.fields)) {
		if name != "timezone" && name != "locale" {
			written += writeField(&b, "  ", name, inf.attributes.fields[name].typeText())
		}
	}
	if written == 0 {
		b.WriteString("  {}\n")
	}
	b.WriteString("\nevents:\n")
	if len(inf.byName) == 0 {
		b.WriteString("  {}\n")
	}
	for _, name := range slices.Sorted(maps.Keys(inf.byName)) {
		s := inf.byName[name]
		key := name
		if !plainEvent.MatchString(name) {
			key = fmt.Sprintf("%q", name)
		}
		fmt.Fprintf(&b, "  %s:   # seen %d times\n", key, s.times)
		written := 0
		for _, field := range slices.Sorted(maps.Keys(s.fields)) {
			if field == "id" || field == "name" || field == "time" {
				fmt.Fprintf(&b, "    # %s is left undeclared: event.%s is the event's own\n", field, field)
				continue
			}
			written += writeField(&b, "    ", field, s.fields[field].declared(s.times))
		}
		if written == 0 {
			b.WriteString("    {}\n")
		}
	}
	return b.String()
}

// writeField writes one declaration, or says in a comment why there is none; it gives the number of declarations.
func writeField(b *strings.Builder, indent, name, text string) int {
	switch {
	case !plainName.MatchString(name):
		fmt.Fprintf(b, "%s# %q is left undeclared: no expression could say this name\n", indent, name)
	case text == "":
		fmt.Fprintf(b, "%s# %s is left undeclared: its values are of no single type\n", indent, name)
	default:
		fmt.Fprintf(b, "%s%s: %s\n", indent, name, text)
		return 1
	}
	return 0
}
