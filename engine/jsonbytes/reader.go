package jsonbytes

import (
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"
)

// Reader reads a document that a [Writer] wrote, at half of what encoding/json takes. It knows the common case alone:
// no white space, no escapes, no null where something is asked for. What is none, or no JSON, it does not take: see
// [Reader.Took].
type Reader struct {
	data  []byte
	at    int
	depth int
	other bool // something was not taken
}

// NewReader returns a reader of a document.
func NewReader(data []byte) *Reader { return &Reader{data: data} }

// Took reports whether all was read, up to the end. If not, what was read does not hold: read the document with
// encoding/json, which knows all that may be there, and what is wrong with it.
func (r *Reader) Took() bool { return !r.other && r.at == len(r.data) }

// Leave says that there is something that the caller does not know.
func (r *Reader) Leave() { r.other, r.at = true, len(r.data) }

// next returns the byte that comes, 0 at the end.
func (r *Reader) next() byte {
	if r.at < len(r.data) {
		return r.data[r.at]
	}
	return 0
}

// take passes the byte, if it is what comes.
func (r *Reader) take(c byte) bool {
	if r.next() == c {
		r.at++
		return true
	}
	return false
}

func (r *Reader) need(c byte) {
	if !r.take(c) {
		r.Leave()
	}
}

const maxDepth = 100 // of what is nested, deeper is left to encoding/json

// Object reads an object. value is called at each of its values, which it has to read.
func (r *Reader) Object(value func(name string)) { r.items('{', '}', func() { value(r.name()) }) }

func (r *Reader) name() string {
	name := r.String()
	r.need(':')
	return name
}

// List reads a list. value is called at each of its values, which it has to read.
func (r *Reader) List(value func()) { r.items('[', ']', value) }

func (r *Reader) items(begin, end byte, item func()) {
	r.need(begin)
	if r.depth++; r.depth > maxDepth {
		r.Leave()
	}
	for first := true; !r.other && !r.take(end); first = false {
		if !first {
			r.need(',')
		}
		item()
	}
	r.depth--
}

// text returns the bytes of a text.
func (r *Reader) text() []byte {
	r.need('"')
	begin, ascii := r.at, true
	for ; r.at < len(r.data); r.at++ {
		switch c := r.data[r.at]; {
		case c == '"':
			text := r.data[begin:r.at]
			r.at++
			if !ascii && !utf8.Valid(text) {
				r.Leave()
			}
			return text
		case c < ' ' || c == '\\':
			r.Leave()
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	r.Leave()
	return nil
}

// String reads a text.
func (r *Reader) String() string { return string(r.text()) }

// Text reads a text into what can be read from one.
func (r *Reader) Text(into interface{ UnmarshalText(text []byte) error }) {
	if text := r.text(); into.UnmarshalText(text) != nil {
		r.Leave()
	}
}

// Time reads an instant.
func (r *Reader) Time() (t time.Time) {
	r.Text(&t)
	return t
}

// Texts reads a list of texts.
func (r *Reader) Texts() []string {
	list := []string{}
	r.List(func() { list = append(list, r.String()) })
	return list
}

// Int reads a whole number.
func (r *Reader) Int() int64 {
	begin := r.at
	r.take('-')
	for digits := r.at; ; r.at++ {
		if c := r.next(); c < '0' || c > '9' {
			// One with a zero before it is no JSON, one that is longer may not be an int64.
			if n := r.at - digits; n == 0 || n > 1 && r.data[digits] == '0' || n > 18 || c == '.' || c == 'e' || c == 'E' {
				r.Leave()
				return 0
			}
			break
		}
	}
	n, err := strconv.ParseInt(string(r.data[begin:r.at]), 10, 64)
	if err != nil {
		r.Leave()
	}
	return n
}

// Bool reads true or false.
func (r *Reader) Bool() bool {
	switch {
	case r.word("true"):
		return true
	case !r.word("false"):
		r.Leave()
	}
	return false
}

func (r *Reader) word(w string) bool {
	if len(r.data)-r.at >= len(w) && string(r.data[r.at:r.at+len(w)]) == w {
		r.at += len(w)
		return true
	}
	return false
}

// Map reads an object as encoding/json does without a type.
func (r *Reader) Map() map[string]any {
	m := map[string]any{}
	r.Object(func(name string) { m[name] = r.Value() })
	return m
}

// Value reads any value as encoding/json does without a type.
func (r *Reader) Value() any {
	switch c := r.next(); c {
	case '"':
		return r.String()
	case '{':
		return r.Map()
	case '[':
		list := []any{}
		r.List(func() { list = append(list, r.Value()) })
		return list
	case 't', 'f':
		return r.Bool()
	case 'n':
		if !r.word("null") {
			r.Leave()
		}
		return nil
	}
	return r.float()
}

func (r *Reader) float() float64 {
	begin := r.at
	for c := r.next(); c >= '0' && c <= '9' || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E'; c = r.next() {
		r.at++
	}
	number := r.data[begin:r.at]
	if !isNumber(number) {
		r.Leave()
		return 0
	}
	f, err := strconv.ParseFloat(string(number), 64)
	if err != nil {
		r.Leave()
	}
	return f
}

// isNumber reports whether it is a number as JSON has it, without an exponent.
func isNumber(b []byte) bool {
	if len(b) > 0 && b[0] == '-' {
		b = b[1:]
	}
	whole := digits(b)
	if whole == 0 || whole > 1 && b[0] == '0' {
		return false
	}
	if b = b[whole:]; len(b) == 0 {
		return true
	}
	return b[0] == '.' && len(b) > 1 && digits(b[1:]) == len(b)-1
}

func digits(b []byte) (n int) {
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		n++
	}
	return n
}

// Into reads any value with encoding/json.
func (r *Reader) Into(v any) {
	begin := r.at
	if r.skip(); !r.other && json.Unmarshal(r.data[begin:r.at], v) != nil {
		r.Leave()
	}
}

// skip passes a value.
func (r *Reader) skip() {
	switch r.next() {
	case '"':
		r.text()
	case '{':
		r.Object(func(string) { r.skip() })
	case '[':
		r.List(r.skip)
	default:
		r.Value()
	}
}
