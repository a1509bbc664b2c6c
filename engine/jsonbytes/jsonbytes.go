// Package jsonbytes writes JSON byte for byte as encoding/json does, at less than half of its cost for what
// payloads and records are made of: encoding/json goes through maps by reflection, and copies each
// key and value for it. A [Reader] reads what was written so, and leaves all else to encoding/json.
package jsonbytes

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Writer writes one document.
type Writer struct {
	buf []byte
	err error
}

// New returns a writer with room for so many bytes, which may become more.
func New(room int) *Writer { return &Writer{buf: make([]byte, 0, room)} }

// Bytes returns what was written, or the first error.
func (w *Writer) Bytes() ([]byte, error) {
	if w.err != nil {
		return nil, w.err
	}
	return w.buf, nil
}

// Begin begins an object or a list, by its bracket.
func (w *Writer) Begin(bracket byte) { w.buf = append(w.buf, bracket) }

// End ends it.
func (w *Writer) End(bracket byte) { w.buf = append(w.buf, bracket) }

// Item comes before each item of a list.
func (w *Writer) Item() {
	if last := w.buf[len(w.buf)-1]; last != '[' && last != '{' {
		w.buf = append(w.buf, ',')
	}
}

// Name comes before each value of an object.
func (w *Writer) Name(name string) {
	w.Item()
	w.String(name)
	w.buf = append(w.buf, ':')
}

// NotEmpty writes a name and a text, unless the text is empty.
func (w *Writer) NotEmpty(name, text string) {
	if text != "" {
		w.Name(name)
		w.String(text)
	}
}

// NotZero writes a name and a number, unless it is 0.
func (w *Writer) NotZero(name string, n int) {
	if n != 0 {
		w.Name(name)
		w.Int(n)
	}
}

// True writes a name and true, when it is.
func (w *Writer) True(name string, is bool) {
	if is {
		w.Name(name)
		w.buf = append(w.buf, "true"...)
	}
}

// Map writes a name and a map, unless it is empty.
func (w *Writer) Map(name string, m map[string]any) {
	if len(m) > 0 {
		w.Name(name)
		w.Value(m)
	}
}

// Texts writes a name and a list of texts, unless it is empty.
func (w *Writer) Texts(name string, items []string) {
	if len(items) > 0 {
		w.Name(name)
		List(w, items, w.String)
	}
}

// Int writes a whole number.
func (w *Writer) Int(n int) { w.buf = strconv.AppendInt(w.buf, int64(n), 10) }

// Time writes an instant.
func (w *Writer) Time(t time.Time) {
	buf, err := t.AppendText(append(w.buf, '"'))
	if err != nil && w.err == nil {
		w.err = err // a year that JSON cannot say
	}
	w.buf = append(buf, '"')
}

// String writes a text.
func (w *Writer) String(s string) {
	for i := range len(s) {
		if !plain[s[i]] {
			w.other(s)
			return
		}
	}
	w.buf = append(append(append(w.buf, '"'), s...), '"')
}

// plain are the bytes that stand for themselves.
var plain = func() (is [256]bool) {
	for c := ' '; c <= '~'; c++ {
		is[c] = !strings.ContainsRune(`"\<>&`, c)
	}
	return is
}()

// Value writes any value that encoding/json can.
func (w *Writer) Value(v any) {
	switch v := v.(type) {
	case nil:
		w.buf = append(w.buf, "null"...)
	case string:
		w.String(v)
	case bool:
		w.buf = strconv.AppendBool(w.buf, v)
	case int:
		w.Int(v)
	case float64:
		w.float(v)
	case time.Time:
		w.Time(v)
	case []string:
		List(w, v, w.String)
	case []any:
		List(w, v, w.Value)
	case map[string]any:
		Object(w, v, w.Value)
	default:
		w.other(v)
	}
}

func (w *Writer) float(f float64) {
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) || math.IsNaN(f) {
		w.other(f) // an exponent, or what JSON cannot say
		return
	}
	w.buf = strconv.AppendFloat(w.buf, f, 'f', -1, 64)
}

// List writes a list.
func List[V any](w *Writer, items []V, write func(V)) {
	if items == nil {
		w.Value(nil)
		return
	}
	w.Begin('[')
	for _, item := range items {
		w.Item()
		write(item)
	}
	w.End(']')
}

// Object writes a map, in the order of its keys.
func Object[V any](w *Writer, m map[string]V, write func(V)) {
	if m == nil {
		w.Value(nil)
		return
	}
	var few [16]string
	keys := few[:0]
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	w.Begin('{')
	for _, k := range keys {
		w.Name(k)
		write(m[k])
	}
	w.End('}')
}

// NotNone writes a name and a map, unless it is empty.
func NotNone[V any](w *Writer, name string, m map[string]V, write func(V)) {
	if len(m) > 0 {
		w.Name(name)
		Object(w, m, write)
	}
}

// other writes what is rare as encoding/json does.
func (w *Writer) other(v any) {
	data, err := json.Marshal(v)
	if err != nil && w.err == nil {
		w.err = err
	}
	w.buf = append(w.buf, data...)
}
