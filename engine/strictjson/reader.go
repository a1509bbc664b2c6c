package strictjson

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
	MaxFields   = 100      // properties, attributes
	MaxFieldLen = 128      // bytes of the name of a property, an attribute, an event
	MaxIDLen    = 256      // bytes of the id of a member, an event
	MaxEventLen = 64 << 10 // bytes of one event
)

// Reader decodes one JSON value strictly: no repeated keys, valid UTF-8, bounded depth, nothing
// that would change or that no text can hold: half a surrogate pair, a NUL, a number of too many
// digits. It reads each byte once; encoding/json reads each three times and says nothing of
// repeated keys.
type Reader struct {
	Data  []byte
	Pos   int
	depth int

	LossyAsText bool // a number that would change is read as its text; else it is refused
}

// Syntax returns the rejection of what is not JSON at the place that is read.
func (r *Reader) Syntax(what string) *Rejection {
	return &Rejection{Code: CodeMalformed, Message: fmt.Sprintf("%s at byte %d", what, r.Pos+1), Offset: r.Pos + 1}
}

func (r *Reader) space() {
	for r.Pos < len(r.Data) {
		switch r.Data[r.Pos] {
		case ' ', '\t', '\n', '\r':
			r.Pos++
		default:
			return
		}
	}
}

// ReadJSON decodes a JSON document as strictly as an event is read: a key that appears twice, depth
// without end and numbers that cannot be held are refused.
func ReadJSON(raw []byte) (any, *Rejection) {
	r := Reader{Data: raw}
	if r.Peek() == 0 && r.Pos == len(raw) {
		return nil, r.Syntax("the body is empty")
	}
	v, err := r.Value("", "")
	if err != nil {
		return nil, err
	}
	return v, r.End()
}

// CheckJSON reports what [ReadJSON] would refuse of a document, but for numbers, which who reads it
// may take as texts.
func CheckJSON(raw []byte) *Rejection {
	r := Reader{Data: raw, LossyAsText: true}
	if _, err := r.Value("", ""); err != nil {
		return err
	}
	return r.End()
}

// Peek skips space and gives the next byte, 0 at the end.
func (r *Reader) Peek() byte {
	r.space()
	if r.Pos == len(r.Data) {
		return 0
	}
	return r.Data[r.Pos]
}

func (r *Reader) expect(c byte) *Rejection {
	if r.Peek() != c {
		return r.Syntax(fmt.Sprintf("the JSON is broken: `%c` is missing", c))
	}
	r.Pos++
	return nil
}

// End wants nothing but space to be left.
func (r *Reader) End() *Rejection {
	if r.Peek() != 0 || r.Pos < len(r.Data) {
		return r.Syntax("the JSON goes on after its end")
	}
	return nil
}

// Object calls field for each key of an object, with the reader on the value, which field must
// read.
func (r *Reader) Object(path string, field func(key string) *Rejection) *Rejection {
	if r.depth++; r.depth > maxDepth {
		return &Rejection{Code: CodeTooLarge, Path: path, Message: fmt.Sprintf("the JSON is nested deeper than %d", maxDepth)}
	}
	defer func() { r.depth-- }()
	if err := r.expect('{'); err != nil {
		return err
	}
	if r.Peek() == '}' {
		r.Pos++
		return nil
	}
	for {
		r.space()
		key, err := r.String(path)
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
		if r.Peek() == '}' {
			r.Pos++
			return nil
		}
		if err := r.expect(','); err != nil {
			return err
		}
	}
}

// Fields reads an object as a map.
func (r *Reader) Fields(path string) (map[string]any, *Rejection) {
	m := make(map[string]any, 8)
	err := r.Object(path, func(key string) *Rejection {
		if _, twice := m[key]; twice {
			return &Rejection{Code: CodeDuplicateField, Path: Join(path, key), Message: "the key appears twice"}
		}
		v, err := r.Value(path, key)
		m[key] = v
		return err
	})
	return m, err
}

// Value reads any value; parent and key name it in a rejection.
func (r *Reader) Value(parent, key string) (any, *Rejection) {
	switch c := r.Peek(); c {
	case '"':
		return r.String(Join(parent, key))
	case '{':
		return r.Fields(Join(parent, key))
	case '[':
		return r.list(Join(parent, key))
	case 't':
		return true, r.word("true")
	case 'f':
		return false, r.word("false")
	case 'n':
		return nil, r.word("null")
	default:
		if c == '-' || c >= '0' && c <= '9' {
			n, err := r.Number()
			if err != nil && err.Code != CodeMalformed {
				err.Path = Join(parent, key)
			}
			return n, err
		}
	}
	return nil, r.Syntax("the JSON is broken: a value is missing")
}

func (r *Reader) list(path string) ([]any, *Rejection) {
	if r.depth++; r.depth > maxDepth {
		return nil, &Rejection{
			Code: CodeTooLarge, Path: path,
			Message: fmt.Sprintf("the JSON is nested deeper than %d", maxDepth),
		}
	}
	defer func() { r.depth-- }()
	r.Pos++
	out := []any{}
	if r.Peek() == ']' {
		r.Pos++
		return out, nil
	}
	for {
		v, err := r.Value(path, "")
		if err != nil {
			if err.Path == path && err.Code == CodeInvalid {
				err.Path = fmt.Sprintf("%s[%d]", path, len(out))
			}
			return nil, err
		}
		out = append(out, v)
		if r.Peek() == ']' {
			r.Pos++
			return out, nil
		}
		if err := r.expect(','); err != nil {
			return nil, err
		}
	}
}

func (r *Reader) word(w string) *Rejection {
	if len(r.Data)-r.Pos < len(w) || string(r.Data[r.Pos:r.Pos+len(w)]) != w {
		return r.Syntax("the JSON is broken: a value is missing")
	}
	r.Pos += len(w)
	return nil
}

func (r *Reader) digits() int {
	start := r.Pos
	for r.Pos < len(r.Data) && r.Data[r.Pos] >= '0' && r.Data[r.Pos] <= '9' {
		r.Pos++
	}
	return r.Pos - start
}

func (r *Reader) at(c byte) bool { return r.Pos < len(r.Data) && r.Data[r.Pos] == c }

// Number reads a number that a float holds exactly, as int or float64.
func (r *Reader) Number() (any, *Rejection) {
	start := r.Pos
	if r.at('-') {
		r.Pos++
	}
	zero := r.at('0')
	if n := r.digits(); n == 0 || zero && n > 1 {
		return nil, r.Syntax("the JSON is broken: this is not a number")
	}
	if r.at('.') {
		r.Pos++
		if r.digits() == 0 {
			return nil, r.Syntax("the JSON is broken: this is not a number")
		}
	}
	if r.at('e') || r.at('E') {
		r.Pos++
		if r.at('+') || r.at('-') {
			r.Pos++
		}
		if r.digits() == 0 {
			return nil, r.Syntax("the JSON is broken: this is not a number")
		}
	}
	text := string(r.Data[start:r.Pos])
	f, err := decimal.Parse(text)
	var inexact *decimal.ParseError
	switch {
	case err == nil:
		return f, nil
	case r.LossyAsText && errors.As(err, &inexact) && inexact.Lossy():
		return text, nil
	}
	return nil, &Rejection{Code: CodeInvalid, Message: "the number " + err.Error()}
}

// String reads a string at a path.
func (r *Reader) String(path string) (string, *Rejection) {
	s, err := r.str()
	if err != nil && err.Code == CodeInvalid {
		err.Path = path
	}
	return s, err
}

// str reads a string; one without escapes, the common case, in one step.
func (r *Reader) str() (string, *Rejection) {
	if !r.at('"') {
		return "", r.Syntax("the JSON is broken: `\"` is missing")
	}
	r.Pos++
	start := r.Pos
	ascii := true
	for r.Pos < len(r.Data) {
		switch c := r.Data[r.Pos]; {
		case c == '"':
			s := r.Data[start:r.Pos]
			if !ascii && !utf8.Valid(s) {
				return "", r.Syntax("a string is not valid UTF-8")
			}
			r.Pos++
			return string(s), nil
		case c == '\\':
			return r.escaped(start)
		case c < 0x20:
			return "", r.Syntax("the JSON is broken: a control character stands in a string")
		case c >= utf8.RuneSelf:
			ascii = false
		}
		r.Pos++
	}
	return "", r.Syntax("the JSON ends inside a string")
}

// escaped reads the rest of a string that has escapes; start is where its text began.
func (r *Reader) escaped(start int) (string, *Rejection) {
	out := append(make([]byte, 0, r.Pos-start+32), r.Data[start:r.Pos]...)
	for r.Pos < len(r.Data) {
		switch c := r.Data[r.Pos]; {
		case c == '"':
			if !utf8.Valid(out) {
				return "", r.Syntax("a string is not valid UTF-8")
			}
			r.Pos++
			return string(out), nil
		case c < 0x20:
			return "", r.Syntax("the JSON is broken: a control character stands in a string")
		case c == '\\':
			at := r.Pos
			r.Pos++
			var ok bool
			if out, ok = r.escape(out); !ok {
				return "", r.badEscape(at)
			}
		default:
			out = append(out, c)
			r.Pos++
		}
	}
	return "", r.Syntax("the JSON ends inside a string")
}

// badEscape returns what is wrong with the escape at a place.
func (r *Reader) badEscape(at int) *Rejection {
	hex := Reader{Data: r.Data, Pos: at + 2}
	c, ok := rune(0), false
	if hex.Pos < len(hex.Data) && hex.Data[at+1] == 'u' {
		c, ok = hex.hex4()
	}
	switch {
	case !ok:
		r.Pos = at
		return r.Syntax("the JSON is broken: this is not an escape")
	case c == 0:
		return &Rejection{Code: CodeInvalid, Message: `the text holds a NUL character (\u0000), which no text may have: leave it out`}
	}
	return &Rejection{
		Code:    CodeInvalid,
		Message: fmt.Sprintf(`the text holds half a character (\u%04x, one of a surrogate pair): it was cut apart, send all of it or nothing`, c),
	}
}

// escape reads the escape behind a backslash. It refuses what stands for no character of a text.
func (r *Reader) escape(out []byte) ([]byte, bool) {
	if r.Pos == len(r.Data) {
		return out, false
	}
	c := r.Data[r.Pos]
	r.Pos++
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
		case !r.at('\\') || r.Pos+1 >= len(r.Data) || r.Data[r.Pos+1] != 'u':
			return out, false
		}
		r.Pos += 2
		low, ok := r.hex4()
		if full := utf16.DecodeRune(c, low); ok && full != utf8.RuneError {
			return utf8.AppendRune(out, full), true
		}
	}
	return out, false
}

func (r *Reader) hex4() (rune, bool) {
	if r.Pos+4 > len(r.Data) {
		return 0, false
	}
	n, err := strconv.ParseUint(string(r.Data[r.Pos:r.Pos+4]), 16, 32)
	if err != nil {
		return 0, false
	}
	r.Pos += 4
	return rune(n), true
}

// Join returns the path of a field, as in properties.items.
func Join(path, key string) string {
	if path == "" || key == "" {
		return path + key
	}
	return path + "." + key
}

// Cut shortens a word that is quoted in a message.
func Cut(s string) string {
	if len(s) <= 40 {
		return s
	}
	return s[:40] + "…"
}
