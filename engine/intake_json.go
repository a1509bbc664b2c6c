package engine

import (
	"errors"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/usher-run/usher/playbooks/decimal"
)

// Limits of what is taken in, beside the size of a body, which is the caller's.
const (
	maxDepth    = 16       // of lists and objects in each other
	maxFields   = 100      // properties, attributes
	maxFieldLen = 128      // bytes of the name of a property, an attribute, an event
	maxIDLen    = 256      // bytes of the id of a member, an event
	maxEventLen = 64 << 10 // bytes of one event
)

// jsonReader decodes one JSON value strictly: no repeated keys, valid UTF-8, bounded depth, nothing that would change or that
// no text can hold: half a surrogate pair, a NUL, a number of too many digits. It reads each byte once; encoding/json reads each three times and says nothing of repeated keys.
type jsonReader struct {
	data  []byte
	pos   int
	depth int

	lossyAsText bool // a number that would change is read as its text; else it is refused
}

func (r *jsonReader) syntax(what string) *Rejection {
	return &Rejection{Code: CodeMalformed, Message: fmt.Sprintf("%s at byte %d", what, r.pos+1), Offset: r.pos + 1}
}

func (r *jsonReader) space() {
	for r.pos < len(r.data) {
		switch r.data[r.pos] {
		case ' ', '\t', '\n', '\r':
			r.pos++
		default:
			return
		}
	}
}

// ReadJSON decodes a JSON document as strictly as an event is read: a key that appears twice, depth without end and numbers that
// cannot be held are refused.
func ReadJSON(raw []byte) (any, *Rejection) {
	r := jsonReader{data: raw}
	if r.peek() == 0 && r.pos == len(raw) {
		return nil, r.syntax("the body is empty")
	}
	v, err := r.value("", "")
	if err != nil {
		return nil, err
	}
	return v, r.end()
}

// CheckJSON reports what [ReadJSON] would refuse of a document, but for numbers, which who reads it may take as texts.
func CheckJSON(raw []byte) *Rejection {
	r := jsonReader{data: raw, lossyAsText: true}
	if _, err := r.value("", ""); err != nil {
		return err
	}
	return r.end()
}

// peek skips space and gives the next byte, 0 at the end.
func (r *jsonReader) peek() byte {
	r.space()
	if r.pos == len(r.data) {
		return 0
	}
	return r.data[r.pos]
}

func (r *jsonReader) expect(c byte) *Rejection {
	if r.peek() != c {
		return r.syntax(fmt.Sprintf("the JSON is broken: `%c` is missing", c))
	}
	r.pos++
	return nil
}

// end wants nothing but space to be left.
func (r *jsonReader) end() *Rejection {
	if r.peek() != 0 || r.pos < len(r.data) {
		return r.syntax("the JSON goes on after its end")
	}
	return nil
}

// object calls field for each key of an object, with the reader on the value, which field must read.
func (r *jsonReader) object(path string, field func(key string) *Rejection) *Rejection {
	if r.depth++; r.depth > maxDepth {
		return &Rejection{Code: CodeTooLarge, Path: path, Message: fmt.Sprintf("the JSON is nested deeper than %d", maxDepth)}
	}
	defer func() { r.depth-- }()
	if err := r.expect('{'); err != nil {
		return err
	}
	if r.peek() == '}' {
		r.pos++
		return nil
	}
	for {
		r.space()
		key, err := r.strAt(path)
		if err != nil {
			return err
		}
		if err := r.expect(':'); err != nil {
			return err
		}
		r.space()
		if err := field(key); err != nil {
			return err
		}
		if r.peek() == '}' {
			r.pos++
			return nil
		}
		if err := r.expect(','); err != nil {
			return err
		}
	}
}

// fields reads an object as a map.
func (r *jsonReader) fields(path string) (map[string]any, *Rejection) {
	m := make(map[string]any, 8)
	err := r.object(path, func(key string) *Rejection {
		if _, twice := m[key]; twice {
			return &Rejection{Code: CodeDuplicateField, Path: joinField(path, key), Message: "the key appears twice"}
		}
		v, err := r.value(path, key)
		m[key] = v
		return err
	})
	return m, err
}

func (r *jsonReader) value(parent, key string) (any, *Rejection) {
	switch c := r.peek(); c {
	case '"':
		return r.strAt(joinField(parent, key))
	case '{':
		return r.fields(joinField(parent, key))
	case '[':
		return r.list(joinField(parent, key))
	case 't':
		return true, r.word("true")
	case 'f':
		return false, r.word("false")
	case 'n':
		return nil, r.word("null")
	default:
		if c == '-' || c >= '0' && c <= '9' {
			n, err := r.number()
			if err != nil && err.Code != CodeMalformed {
				err.Path = joinField(parent, key)
			}
			return n, err
		}
	}
	return nil, r.syntax("the JSON is broken: a value is missing")
}

func (r *jsonReader) list(path string) ([]any, *Rejection) {
	if r.depth++; r.depth > maxDepth {
		return nil, &Rejection{Code: CodeTooLarge, Path: path, Message: fmt.Sprintf("the JSON is nested deeper than %d", maxDepth)}
	}
	defer func() { r.depth-- }()
	r.pos++
	out := []any{}
	if r.peek() == ']' {
		r.pos++
		return out, nil
	}
	for {
		v, err := r.value(path, "")
		if err != nil {
			if err.Path == path && err.Code == CodeInvalid {
				err.Path = fmt.Sprintf("%s[%d]", path, len(out))
			}
			return nil, err
		}
		out = append(out, v)
		if r.peek() == ']' {
			r.pos++
			return out, nil
		}
		if err := r.expect(','); err != nil {
			return nil, err
		}
	}
}

func (r *jsonReader) word(w string) *Rejection {
	if len(r.data)-r.pos < len(w) || string(r.data[r.pos:r.pos+len(w)]) != w {
		return r.syntax("the JSON is broken: a value is missing")
	}
	r.pos += len(w)
	return nil
}

func (r *jsonReader) digits() int {
	start := r.pos
	for r.pos < len(r.data) && r.data[r.pos] >= '0' && r.data[r.pos] <= '9' {
		r.pos++
	}
	return r.pos - start
}

func (r *jsonReader) at(c byte) bool { return r.pos < len(r.data) && r.data[r.pos] == c }

func (r *jsonReader) number() (any, *Rejection) {
	start := r.pos
	if r.at('-') {
		r.pos++
	}
	zero := r.at('0')
	if n := r.digits(); n == 0 || zero && n > 1 {
		return nil, r.syntax("the JSON is broken: this is not a number")
	}
	if r.at('.') {
		r.pos++
		if r.digits() == 0 {
			return nil, r.syntax("the JSON is broken: this is not a number")
		}
	}
	if r.at('e') || r.at('E') {
		r.pos++
		if r.at('+') || r.at('-') {
			r.pos++
		}
		if r.digits() == 0 {
			return nil, r.syntax("the JSON is broken: this is not a number")
		}
	}
	text := string(r.data[start:r.pos])
	f, err := decimal.Parse(text)
	var inexact *decimal.ParseError
	switch {
	case err == nil:
		return f, nil
	case r.lossyAsText && errors.As(err, &inexact) && inexact.Lossy():
		return text, nil
	}
	return nil, &Rejection{Code: CodeInvalid, Message: "the number " + err.Error()}
}

// strAt reads a string at a path.
func (r *jsonReader) strAt(path string) (string, *Rejection) {
	s, err := r.str()
	if err != nil && err.Code == CodeInvalid {
		err.Path = path
	}
	return s, err
}

// str reads a string; one without escapes, the common case, in one step.
func (r *jsonReader) str() (string, *Rejection) {
	if !r.at('"') {
		return "", r.syntax("the JSON is broken: `\"` is missing")
	}
	r.pos++
	start := r.pos
	ascii := true
	for r.pos < len(r.data) {
		switch c := r.data[r.pos]; {
		case c == '"':
			s := r.data[start:r.pos]
			if !ascii && !utf8.Valid(s) {
				return "", r.syntax("a string is not valid UTF-8")
			}
			r.pos++
			return string(s), nil
		case c == '\\':
			return r.escaped(start)
		case c < 0x20:
			return "", r.syntax("the JSON is broken: a control character stands in a string")
		case c >= utf8.RuneSelf:
			ascii = false
		}
		r.pos++
	}
	return "", r.syntax("the JSON ends inside a string")
}

// escaped reads the rest of a string that has escapes; start is where its text began.
func (r *jsonReader) escaped(start int) (string, *Rejection) {
	out := append(make([]byte, 0, r.pos-start+32), r.data[start:r.pos]...)
	for r.pos < len(r.data) {
		switch c := r.data[r.pos]; {
		case c == '"':
			if !utf8.Valid(out) {
				return "", r.syntax("a string is not valid UTF-8")
			}
			r.pos++
			return string(out), nil
		case c < 0x20:
			return "", r.syntax("the JSON is broken: a control character stands in a string")
		case c == '\\':
			at := r.pos
			r.pos++
			var ok bool
			if out, ok = r.escape(out); !ok {
				return "", r.badEscape(at)
			}
		default:
			out = append(out, c)
			r.pos++
		}
	}
	return "", r.syntax("the JSON ends inside a string")
}

// badEscape tells what is wrong with the escape at a place.
func (r *jsonReader) badEscape(at int) *Rejection {
	hex := jsonReader{data: r.data, pos: at + 2}
	c, ok := rune(0), false
	if hex.pos < len(hex.data) && hex.data[at+1] == 'u' {
		c, ok = hex.hex4()
	}
	switch {
	case !ok:
		r.pos = at
		return r.syntax("the JSON is broken: this is not an escape")
	case c == 0:
		return &Rejection{Code: CodeInvalid, Message: `the text holds a NUL character (\u0000), which no text may have: leave it out`}
	}
	return &Rejection{
		Code:    CodeInvalid,
		Message: fmt.Sprintf(`the text holds half a character (\u%04x, one of a surrogate pair): it was cut apart, send all of it or nothing`, c),
	}
}

// escape reads the escape behind a backslash. It refuses what stands for no character of a text.
func (r *jsonReader) escape(out []byte) ([]byte, bool) {
	if r.pos == len(r.data) {
		return out, false
	}
	c := r.data[r.pos]
	r.pos++
	switch c {
	case '"', '\\', '/':
		return append(out, c), true
	case 'b':
		return append(out, '\b'), true
	case 'f':
		return append(out, '\f'), true
	case 'n':
		return append(out, '\n'), true
	case 'r':
		return append(out, '\r'), true
	case 't':
		return append(out, '\t'), true
	case 'u':
		c, ok := r.hex4()
		switch {
		case !ok || c == 0:
			return out, false
		case !utf16.IsSurrogate(c):
			return utf8.AppendRune(out, c), true
		case !r.at('\\') || r.pos+1 >= len(r.data) || r.data[r.pos+1] != 'u':
			return out, false
		}
		r.pos += 2
		low, ok := r.hex4()
		if full := utf16.DecodeRune(c, low); ok && full != utf8.RuneError {
			return utf8.AppendRune(out, full), true
		}
	}
	return out, false
}

func (r *jsonReader) hex4() (rune, bool) {
	if r.pos+4 > len(r.data) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(r.data[r.pos:r.pos+4]), 16, 32)
	if err != nil {
		return 0, false
	}
	r.pos += 4
	return rune(n), true
}

// joinField gives the path of a field, as in properties.items.
func joinField(path, key string) string {
	if path == "" || key == "" {
		return path + key
	}
	return path + "." + key
}

// cut shortens a word that is quoted in a message.
func cut(s string) string {
	if len(s) <= 40 {
		return s
	}
	return s[:40] + "…"
}
