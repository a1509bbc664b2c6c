package eventfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks/decimal"
	"github.com/usher-run/usher/playbooks/loader/values"
)

// Inferred is what a file's events look like.
type Inferred struct {
	Events     int
	Notes      []string // what is worth saying once
	attributes *shape
	byName     map[string]*shape
}

// shape is what was seen at one place. Its kinds pile up: date and string give string, any other
// mix gives nothing that could be declared.
type shape struct {
	times  int // seen, null included
	nulls  int
	cell   bool // of a table: whatever stands there can be read as text
	kinds  map[string]bool
	fields map[string]*shape
	elem   *shape
}

func newShape() *shape { return &shape{kinds: map[string]bool{}, fields: map[string]*shape{}} }

// Infer reads a whole file and finds the types of its properties and attributes. Lines that are no
// event are given to bad.
func Infer(in io.Reader, o Options, badLine func(*LineError)) (*Inferred, error) {
	inf := &Inferred{attributes: newShape(), byName: map[string]*shape{}}
	r := Open(in, o)
	r.inferring = true
	for {
		rec, err := r.Next()
		var bad *LineError
		switch {
		case errors.Is(err, io.EOF):
			inf.Notes = r.Notes()
			return inf, nil
		case errors.As(err, &bad):
			badLine(bad)
			continue
		case err != nil:
			return nil, err
		}
		if rec.Input.Kind != engine.InputEvent {
			continue // attributes of an object: usher.yaml says what kinds there are
		}
		inf.Events++
		s := inf.byName[rec.Input.Name]
		if s == nil {
			s = newShape()
			inf.byName[rec.Input.Name] = s
		}
		s.object(rec.Input.Properties, r.table)
		inf.attributes.object(rec.Input.Attributes, r.table)
	}
}

func (s *shape) object(values map[string]any, table bool) {
	s.times++
	s.kinds["object"] = true
	for k, v := range values {
		f := s.fields[k]
		if f == nil {
			f = newShape()
			s.fields[k] = f
			f.cell = table
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
		s.object(v, false)
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
		s.kinds[scalarKind(v, s.cell)] = true
	}
}

// scalarKind names the type of a value. What stands in a cell is of the type that it would be read
// as.
func scalarKind(v any, cell bool) string {
	switch v := v.(type) {
	case bool:
		return "bool"
	case float64:
		if a := math.Abs(v); a == math.Trunc(a) && a >= decimal.MaxInt && a < 1e21 {
			return kindLong // an id that by chance has a float64 of its own
		}
		return "number" // also of whole ones: an int would refuse the first that is not
	case string:
		var number *decimal.ParseError
		if _, err := decimal.Parse(v); !cell && errors.As(err, &number) && number.Lossy() {
			return kindLong
		}
		if _, err := time.Parse(time.DateOnly, v); err == nil {
			return "date"
		}
		if _, err := time.Parse(time.RFC3339, v); err == nil {
			return "datetime"
		}
		if cell {
			return cellKind(v)
		}
	}
	return "string"
}

func cellKind(cell string) string {
	c := cells{zone: time.UTC}
	if v, err := c.number(cell); err == nil && money.MatchString(narrow(cell)) && !leadingZero.MatchString(cell) {
		if _, ok := v.(json.RawMessage); ok && len(cell) < longNumber {
			return "number"
		}
	}
	if cell == "是" || cell == "否" || strings.EqualFold(cell, "true") || strings.EqualFold(cell, "false") {
		return "bool"
	}
	if looksLikeTime(cell) {
		if _, dateOnly, err := readTime(cell, time.UTC); err == nil && dateOnly {
			return "date"
		} else if err == nil {
			return "datetime"
		}
	}
	return "string"
}

// leadingZero is of codes, not of numbers: 007. So are numbers that are this long.
var leadingZero = regexp.MustCompile(`^0\d`)

const longNumber = 16

// kindLong is a number of more digits than a number can hold: an id, which is text. So are the
// shorter ones beside it.
const kindLong = "long number"

// kind returns the one kind that holds all that was seen, or "".
func (s *shape) kind() string {
	kinds := slices.Sorted(maps.Keys(s.kinds))
	switch {
	case s.kinds[kindLong] && s.only(kindLong, "number", "string", "date", "datetime"):
		return "string"
	case len(kinds) == 1:
		return kinds[0]
	case len(kinds) > 1 && s.cell:
		if s.only("date", "datetime") {
			return "datetime"
		}
		return "string"
	case len(kinds) > 1 && !slices.ContainsFunc(kinds,
		func(k string) bool { return k != "date" && k != "datetime" && k != "string" }):
		return "string"
	}
	return ""
}

// only reports whether nothing but these kinds was seen.
func (s *shape) only(kinds ...string) bool {
	for k := range s.kinds {
		if !slices.Contains(kinds, k) {
			return false
		}
	}
	return true
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
			if text := s.fields[name].declared(s.times); text != "" && values.IsPropertyName(name) {
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

// plainEvent is a name that YAML needs no quotes for.
var plainEvent = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_.-]*$`)

// YAML returns the `member:` and `events:` sections of usher.yaml. Built-in attributes are left
// out.
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
		fmt.Fprintf(&b, "  %s:   # seen %d times\n", yamlKey(name), s.times)
		written := 0
		for _, field := range slices.Sorted(maps.Keys(s.fields)) {
			written += writeField(&b, "    ", field, s.fields[field].declared(s.times), "id", "name", "time")
		}
		if written == 0 {
			b.WriteString("    {}\n")
		}
	}
	return b.String()
}

// MostFrequent returns the event that was seen most often, as YAML writes its name.
func (inf *Inferred) MostFrequent() string {
	most := ""
	for _, name := range slices.Sorted(maps.Keys(inf.byName)) {
		if most == "" || inf.byName[name].times > inf.byName[most].times {
			most = name
		}
	}
	return yamlKey(most)
}

// yamlWord is a name that YAML would read as something else than text.
var yamlWord = regexp.MustCompile(`^(?i:null|true|false)$`)

func yamlKey(name string) string {
	if !plainEvent.MatchString(name) || yamlWord.MatchString(name) {
		return fmt.Sprintf("%q", name)
	}
	return name
}

// renaming returns the --map that gives a column another name, as a shell takes it.
func renaming(column string) string {
	switch {
	case strings.ContainsFunc(column, func(r rune) bool { return !strconv.IsPrint(r) || r == '\'' }):
		return "NAME=COLUMN"
	case strings.ContainsFunc(column, func(r rune) bool {
		return r < utf8.RuneSelf && !unicode.IsLetter(r) &&
			!unicode.IsDigit(r)
	}):
		return "'NAME=" + column + "'"
	}
	return "NAME=" + column
}

// writeField writes one declaration, or says in a comment why there is none; it gives the number of
// declarations.
func writeField(b *strings.Builder, indent, name, text string, reserved ...string) int {
	switch {
	case !values.IsPropertyName(name):
		fmt.Fprintf(b, "%s# %q is left undeclared: no expression could say this name; give it another, as in --map %s\n",
			indent, name, renaming(name))
	case slices.Contains(reserved, name):
		fmt.Fprintf(b, "%s# %s is left undeclared: event.%s is the event's own\n", indent, name, name)
	case text == "":
		fmt.Fprintf(b, "%s# %s is left undeclared: its values are of no single type\n", indent, name)
	default:
		fmt.Fprintf(b, "%s%s: %s\n", indent, yamlKey(name), text)
		return 1
	}
	return 0
}
