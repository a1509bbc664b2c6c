package text

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/osteele/liquid"
	"github.com/osteele/liquid/render"
	"github.com/usher-run/usher/playbooks/expression/arithmetic"
	"github.com/usher-run/usher/playbooks/schema"
)

// What a text may become at most. Liquid itself has no limit, and a text that doubles itself in a
// loop would take the machine.
const (
	maxTemplateSize = 64 << 10
	maxListItems    = 500
	maxLoopNesting  = 2
)

// liquidText is a text that the Liquid library has parsed.
type liquidText struct {
	parsed *liquid.Template
	labels []map[string]any // of enums, by their values
}

// Render implements [Renderer].
func (t liquidText) Render(vars map[string]any, took func(branch int)) (text string, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the text cannot be rendered")
		}
	}()
	in, _ := forLiquid(vars).(map[string]any)
	in[workKey] = new(int)
	for i := range t.labels {
		in[varLabels+strconv.Itoa(i)] = t.labels[i]
	}
	if took != nil {
		in[tagReached] = took
	}
	out := &boundedWriter{}
	if rerr := t.parsed.FRender(out, in); rerr != nil {
		if out.full {
			return "", arithmetic.ErrTooLong
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
	if w.b.Len()+len(p) > arithmetic.MaxRendered {
		w.full = true
		return 0, arithmetic.ErrTooLong
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

// forLiquid copies a value for a template: times print well, and lists are short enough to loop
// over.
func forLiquid(v any) any {
	if asInLiquid(v) {
		return v
	}
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
	case map[string]map[string]any: // the results of actions, by the action
		out := make(map[string]any, len(v))
		for k, item := range v {
			if asInLiquid(item) {
				out[k] = item // the map itself: boxed without a copy
				continue
			}
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

// asInLiquid reports whether a value is in a template as it is here. Results of actions mostly are.
func asInLiquid(v any) bool {
	switch v := v.(type) {
	case nil, bool, int, string:
		return true
	case map[string]any:
		for _, item := range v {
			if !asInLiquid(item) {
				return false
			}
		}
		return true
	}
	return false
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
	e.RegisterFilter("newline_to_br", func(s string) (string,
		error,
	) {
		return arithmetic.Bounded(strings.ReplaceAll(s, "\n", htmlBreak+"\n"))
	})
	e.SetAutoEscapeReplacer(strings.NewReplacer("&", "&amp;", "'", "&#39;", "<", "&lt;", ">", "&gt;", `"`, "&#34;",
		htmlBreak, "<br />"))
	return e
}

// newTextEngine replaces the filters that can make a text or list grow, and the one that knows the
// machine's clock.
func newTextEngine() *liquid.Engine {
	e := liquid.NewEngine()
	countWork(e)
	for _, tag := range []string{"include", "render"} {
		e.UnregisterTag(tag)
	}
	e.RegisterFilter("append", func(s, suffix string) (string, error) { return arithmetic.Bounded(s + suffix) })
	e.RegisterFilter("prepend", func(s, prefix string) (string, error) { return arithmetic.Bounded(prefix + s) })
	e.RegisterFilter("newline_to_br", func(s string) (string,
		error,
	) {
		return arithmetic.Bounded(strings.ReplaceAll(s, "\n", "<br />\n"))
	})
	e.RegisterFilter("escape", func(s string) (string, error) { return arithmetic.Bounded(html.EscapeString(s)) })
	e.RegisterFilter("url_encode", func(s string) (string, error) { return arithmetic.Bounded(url.QueryEscape(s)) })
	e.RegisterFilter("replace", func(s, old, with string) (string, error) { return boundedReplace(s, old, with, -1) })
	e.RegisterFilter("replace_first", func(s, old, with string) (string, error) { return boundedReplace(s, old, with, 1) })
	e.RegisterFilter("json", func(v any) (string, error) {
		b, err := json.Marshal(v)
		if err != nil {
			return "", errors.New("json: a value that has no JSON form")
		}
		return arithmetic.Bounded(string(b))
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
	e.RegisterFilter("sort_natural", sortNatural)
	localeFilters(e)
	numberFilters(e)
	e.RegisterFilter("add_days", addDaysInText)
	generatedNames(e)
	return e
}

func boundedReplace(s, old, with string, n int) (string, error) {
	count := 1
	if n < 0 {
		count = strings.Count(s, old)
	}
	if len(s)+count*len(with) > arithmetic.MaxRendered+count*len(old) {
		return "", arithmetic.ErrTooLong
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
		if b.Len() > arithmetic.MaxRendered {
			return "", arithmetic.ErrTooLong
		}
	}
	return b.String(), nil
}

// sortNatural sorts texts, small and large letters alike, or objects by a field. What is missing
// comes last.
func sortNatural(list []any, field func(string) string) []any {
	key := field("")
	word := func(v any) (string, bool) {
		if object, ok := v.(map[string]any); ok && key != "" {
			v = object[key]
		}
		return strings.ToLower(fmt.Sprint(v)), v == nil
	}
	out := slices.Clone(list)
	slices.SortStableFunc(out, func(a, b any) int {
		x, none := word(a)
		y, neither := word(b)
		switch {
		case none && neither:
			return 0
		case none:
			return 1
		case neither:
			return -1
		}
		return strings.Compare(x, y)
	})
	return out
}

// timeOf returns the time that a value of a text is.
func timeOf(v any) (time.Time, bool) {
	switch v := v.(type) {
	case liquidTime:
		return v.Time, true
	case time.Time:
		return v, true
	case string:
		return readTime(v)
	}
	return time.Time{}, false
}

// readTime reads a time in a text, as an event or a constant may have it.
func readTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// maxTextDays is how many days add_days may go, about a thousand years.
const maxTextDays = 366_000

// addDaysInText returns the same wall clock n days later. A missing time stays missing.
func addDaysInText(v, n any) (any, error) {
	if v == nil {
		return nil, nil
	}
	t, ok := timeOf(v)
	if !ok {
		return nil, errors.New("add_days: this is not a time")
	}
	days, ok := wholeDays(n)
	if !ok {
		return nil, errors.New("add_days: the days are no whole number within a thousand years")
	}
	return liquidTime{schema.AddDays(t, days)}, nil
}

func wholeDays(n any) (int, bool) {
	days, err := strconv.Atoi(strings.TrimSpace(fmt.Sprint(n)))
	return days, err == nil && days <= maxTextDays && days >= -maxTextDays
}

// generatedNames are the words that the checker writes into a text: see template_lower.go.
func generatedNames(e *liquid.Engine) {
	e.RegisterFilter(filterBlank, func(v any) bool { return isBlank(v, true) })
	e.RegisterFilter(filterEmpty, func(v any) bool { return isBlank(v, false) })
	e.RegisterFilter(filterListed, func(v any) any {
		if v == nil {
			return []any{} // so that else is taken
		}
		return v
	})
	e.RegisterFilter(filterInstant, func(v any) any {
		if t, ok := timeOf(v); ok {
			return int(t.UnixMilli())
		}
		return nil
	})
	e.RegisterTag(tagReached, func(ctx render.Context) (string, error) {
		if took, ok := ctx.Get(tagReached).(func(int)); ok {
			took(schema.Atoi(strings.TrimSpace(ctx.TagArgs())))
		}
		return "", nil
	})
	e.RegisterBlock(tagCapture, func(ctx render.Context) (string, error) {
		out := &boundedWriter{}
		if err := ctx.RenderChildren(out); err != nil {
			if out.full {
				return "", arithmetic.ErrTooLong
			}
			return "", err
		}
		ctx.Set(strings.TrimSpace(ctx.TagArgs()), out.b.String())
		return "", nil
	})
}

// isBlank reports whether a value is what Liquid calls blank: missing, false, or a text of blanks
// or a list without anything. Empty is only the last two, and only without any blank.
func isBlank(v any, blank bool) bool {
	switch v := v.(type) {
	case nil:
		return blank
	case bool:
		return blank && !v
	case string:
		if blank {
			return strings.TrimFunc(v, isBlankRune) == ""
		}
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

func isBlankRune(r rune) bool {
	return unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' || r == '\u2060' || r == '\u3164'
}
