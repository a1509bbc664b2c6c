package playbooks

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/osteele/liquid"
	"github.com/osteele/tuesday"
)

// Template is a checked Liquid text, from templates/ or inline. It is safe for concurrent use.
type Template struct {
	Name string // empty: inline
	Text string
	HTML bool // from a .html file: what it prints is escaped
	Refs Refs // the member's fields and the actions that it names

	compiled *liquid.Template
}

// What a text may become at most. Liquid itself has no limit, and a text that doubles itself in a loop would take the machine.
const (
	maxRendered     = 64 << 10
	maxTemplateSize = 64 << 10
	maxListItems    = 500
	maxLoopNesting  = 2
)

var errTooLong = fmt.Errorf("the text grows beyond %d bytes", maxRendered)

// Render gives the text for the variables member, trigger and actions; only what Refs names and the trigger need be there.
// A declared value that is missing renders empty. A time is written as local time of its location.
func (t *Template) Render(vars map[string]any) (text string, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the text cannot be rendered")
		}
	}()
	in, _ := forLiquid(vars).(map[string]any)
	in[workKey] = new(int)
	out := &boundedWriter{}
	if rerr := t.compiled.FRender(out, in); rerr != nil {
		if out.full {
			return "", errTooLong
		}
		return "", fmt.Errorf("render the text: %s", cleanError(rerr))
	}
	// A filter as url_decode can make what is no text. What is stored is what is sent.
	return strings.ToValidUTF8(out.b.String(), "\ufffd"), nil
}

// cleanError leaves out what the library says about itself.
func cleanError(err liquid.SourceError) string {
	if c := err.Cause(); c != nil {
		return c.Error()
	}
	return err.Error()
}

type boundedWriter struct {
	b    strings.Builder
	full bool
}

func (w *boundedWriter) Write(p []byte) (int, error) {
	if w.b.Len()+len(p) > maxRendered {
		w.full = true
		return 0, errTooLong
	}
	return w.b.Write(p)
}

// liquidTime prints as local time: 2006-01-02 15:04, or the date alone at midnight.
type liquidTime struct{ time.Time }

func (t liquidTime) String() string {
	if h, m, s := t.Clock(); h == 0 && m == 0 && s == 0 {
		return t.Format(time.DateOnly)
	}
	return t.Format("2006-01-02 15:04")
}

// forLiquid copies a value for a template: times print well, and lists are short enough to loop over.
func forLiquid(v any) any {
	switch v := v.(type) {
	case time.Time:
		return liquidTime{v}
	case float64:
		return liquidNumber(v)
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, item := range v {
			out[k] = forLiquid(item)
		}
		return out
	case []any:
		out := make([]any, min(len(v), maxListItems))
		for i := range out {
			out[i] = forLiquid(v[i])
		}
		return out
	case []string:
		out := make([]any, min(len(v), maxListItems))
		for i := range out {
			out[i] = v[i]
		}
		return out
	}
	return v
}

// The engines are made once and never changed after: parsing and rendering only read them.
var (
	textEngine = sync.OnceValue(newTextEngine)
	htmlEngine = sync.OnceValue(newHTMLEngine)
)

// htmlBreak stands for a line break that newline_to_br made until the text around it is escaped.
const htmlBreak = "\ue000"

// newHTMLEngine escapes what is printed: a nickname cannot bring markup into a mail.
func newHTMLEngine() *liquid.Engine {
	e := newTextEngine()
	same := func(s string) string { return s }
	e.RegisterFilter("escape", same)
	e.RegisterFilter("escape_once", same)
	e.RegisterFilter("newline_to_br", func(s string) (string, error) { return bounded(strings.ReplaceAll(s, "\n", htmlBreak+"\n")) })
	e.SetAutoEscapeReplacer(strings.NewReplacer("&", "&amp;", "'", "&#39;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", htmlBreak, "<br />"))
	return e
}

// liquidFilters are the filters of the language: those of the library that are bounded and look at no clock.
var liquidFilters = []string{
	"abs", "append", "at_least", "at_most", "capitalize", "ceil", "compact", "concat", "date", "default", "divided_by", "downcase",
	"escape", "escape_once", "first", "floor", "join", "json", "last", "lstrip", "map", "minus", "modulo", "money", "newline_to_br", "plus",
	"pluralize", "prepend", "remove", "remove_first", "remove_last", "replace", "replace_first", "replace_last", "reverse", "round",
	"rstrip", "size", "slice", "sort", "sort_natural", "split", "strip", "strip_html", "strip_newlines", "sum", "times", "truncate",
	"truncatewords", "uniq", "upcase", "url_decode", "url_encode", "where",
}

// newTextEngine replaces the filters that can make a text or list grow, and the one that knows the machine's clock.
func newTextEngine() *liquid.Engine {
	e := liquid.NewEngine()
	countWork(e)
	for _, tag := range []string{"include", "render"} {
		e.UnregisterTag(tag)
	}
	e.RegisterFilter("append", func(s, suffix string) (string, error) { return bounded(s + suffix) })
	e.RegisterFilter("prepend", func(s, prefix string) (string, error) { return bounded(prefix + s) })
	e.RegisterFilter("newline_to_br", func(s string) (string, error) { return bounded(strings.ReplaceAll(s, "\n", "<br />\n")) })
	e.RegisterFilter("escape", func(s string) (string, error) { return bounded(html.EscapeString(s)) })
	e.RegisterFilter("url_encode", func(s string) (string, error) { return bounded(url.QueryEscape(s)) })
	e.RegisterFilter("replace", func(s, old, with string) (string, error) { return boundedReplace(s, old, with, -1) })
	e.RegisterFilter("replace_first", func(s, old, with string) (string, error) { return boundedReplace(s, old, with, 1) })
	e.RegisterFilter("json", func(v any) (string, error) {
		b, err := json.Marshal(v)
		if err != nil {
			return "", errors.New("json: a value that has no JSON form")
		}
		return bounded(string(b))
	})
	e.RegisterFilter("join", boundedJoin)
	e.RegisterFilter("split", func(s, sep string) ([]any, error) {
		parts := strings.SplitN(s, sep, maxListItems+1)
		if len(parts) > maxListItems {
			return nil, fmt.Errorf("split: more than %d parts", maxListItems)
		}
		out := make([]any, len(parts))
		for i, p := range parts {
			out[i] = p
		}
		return out, nil
	})
	e.RegisterFilter("concat", func(a, b []any) ([]any, error) {
		if len(a)+len(b) > maxListItems {
			return nil, fmt.Errorf("concat: more than %d items", maxListItems)
		}
		return append(append([]any{}, a...), b...), nil
	})
	e.RegisterFilter("date", formatDate)
	numberFilters(e)
	return e
}

func bounded(s string) (string, error) {
	if len(s) > maxRendered {
		return "", errTooLong
	}
	return s, nil
}

func boundedReplace(s, old, with string, n int) (string, error) {
	count := 1
	if n < 0 {
		count = strings.Count(s, old)
	}
	if len(s)+count*len(with) > maxRendered+count*len(old) {
		return "", errTooLong
	}
	return strings.Replace(s, old, with, n), nil
}

func boundedJoin(a []any, sep func(string) string) (string, error) {
	var b strings.Builder
	s := sep(" ")
	for i, item := range a {
		if i > 0 {
			b.WriteString(s)
		}
		if item != nil {
			fmt.Fprint(&b, item)
		}
		if b.Len() > maxRendered {
			return "", errTooLong
		}
	}
	return b.String(), nil
}

// hugeWidth finds a width in a date format that would pad the text without end.
var hugeWidth = regexp.MustCompile(`%[^a-zA-Z%]*[0-9]{3}`)

// formatDate writes a time as strftime does. Only times of the language are taken: words as "now" would ask the machine's clock.
func formatDate(v any, format func(string) string) (string, error) {
	f := format("%Y-%m-%d")
	if len(f) > 200 || hugeWidth.MatchString(f) {
		return "", errors.New("date: the format is too wide")
	}
	switch v := v.(type) {
	case nil:
		return "", nil
	case liquidTime:
		return tuesday.Strftime(f, v.Time)
	case time.Time:
		return tuesday.Strftime(f, v)
	case string:
		for _, layout := range []string{time.RFC3339, time.DateOnly} {
			if t, err := time.Parse(layout, v); err == nil {
				return tuesday.Strftime(f, t)
			}
		}
	}
	return "", errors.New("date: this is not a time")
}
