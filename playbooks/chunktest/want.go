package chunktest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/usher-run/usher/playbooks/diag"
)

// Want is one expected diagnostic:
//
//	### code "message" help "label"
//	### warning code@12 at "text" "message" help "label" see "file:line: message" see "…"
//
// What is quoted are regular expressions for the whole of a text; a backslash goes before a quote.
// An error needs no word before its code. Without a help none may be given, and without a see no
// other place shown. The column, and the text that is underlined on the line, are held when they are
// said. Several stand one after the other, in the order of their columns.
type Want struct {
	File string
	Line int
	Code string

	source   string // where it stands; "" when nowhere yet
	severity diag.Severity
	column   int    // 0: any
	at       string // "": any
	message  string
	help     string
	see      []string
}

var (
	wantHead = regexp.MustCompile(`^### (warning )?([a-z]+(?:-[a-z]+)*)(?:@([0-9]+))?`)
	wantPart = regexp.MustCompile(`^ (?:(at|help|see) )?"((?:[^"\\]|\\.)*)"`)
)

// parseWants reads the expectations of a line, after the first mark.
func parseWants(text string) (wants []*Want, err error) {
	text = "### " + text
	for text != "" {
		head := wantHead.FindStringSubmatch(text)
		if head == nil {
			return nil, fmt.Errorf("%q begins no expectation", text)
		}
		w := &Want{severity: diag.Error, Code: head[2]}
		if head[1] != "" {
			w.severity = diag.Warning
		}
		w.column, _ = strconv.Atoi(head[3]) // "" is 0
		text = text[len(head[0]):]
		for {
			part := wantPart.FindStringSubmatch(text)
			if part == nil {
				break
			}
			if _, err := whole(part[2]); err != nil {
				return nil, err
			}
			if err := w.add(part[1], part[2]); err != nil {
				return nil, err
			}
			text = text[len(part[0]):]
		}
		if w.message == "" {
			return nil, fmt.Errorf("%s: no message is expected, before %q", w.Code, text)
		}
		wants, text = append(wants, w), strings.TrimPrefix(text, " ")
	}
	return wants, nil
}

func (w *Want) add(word, pattern string) error {
	into := map[string]*string{"": &w.message, "at": &w.at, "help": &w.help}[word]
	switch {
	case into == nil:
		w.see = append(w.see, pattern)
	case *into != "":
		return fmt.Errorf("%s: a second %q", w.Code, pattern)
	default:
		*into = pattern
	}
	return nil
}

// whole compiles a pattern for the whole of a text.
func whole(pattern string) (*regexp.Regexp, error) {
	return regexp.Compile(`^(?:` + pattern + `)$`)
}

func matches(pattern, text string) bool {
	re, err := whole(pattern)
	return err == nil && re.MatchString(text)
}

// meets reports whether the diagnostic is the expected one; line is the text of its line.
func (w *Want) meets(d *diag.Diagnostic, line string) bool {
	return w.File == d.File && w.Line == d.Line && w.severity == d.Severity && w.Code == d.Code &&
		(w.column == 0 || w.column == d.Column) &&
		(w.at == "" || matches(w.at, underlined(d, line))) &&
		matches(w.message, d.Message) && matches(w.help, d.Label) &&
		slices.EqualFunc(w.see, d.Related, func(pattern string, r diag.Related) bool {
			return matches(pattern, place(r))
		})
}

func place(r diag.Related) string { return fmt.Sprintf("%s:%d: %s", r.File, r.Line, r.Message) }

// underlined returns the text of the line that the diagnostic is about.
func underlined(d *diag.Diagnostic, line string) string {
	runes := []rune(line)
	from, to := min(d.Column-1, len(runes)), len(runes)
	if d.EndLine == d.Line {
		to = min(max(d.EndColumn-1, from), len(runes))
	}
	return string(runes[from:to])
}

// wantOf returns what expects just this diagnostic.
func wantOf(d *diag.Diagnostic, line string) *Want {
	text := underlined(d, line)
	w := &Want{
		File: d.File, Line: d.Line, Code: d.Code, severity: d.Severity,
		at: short(text), message: quote(d.Message), help: quote(d.Label),
	}
	if text == "" || strings.Count(line, text) > 1 {
		w.column = d.Column
	}
	for _, r := range d.Related {
		w.see = append(w.see, quote(place(r)))
	}
	return w
}

// maxAt is how much of what is underlined is written, in characters.
const maxAt = 30

// short returns a pattern for the text that leaves out the middle of a long one.
func short(text string) string {
	runes := []rune(text)
	if len(runes) <= maxAt {
		return quote(text)
	}
	return quote(string(runes[:maxAt/2])) + ".*" + quote(string(runes[len(runes)-maxAt/3:]))
}

// quote returns a pattern for the text, in visible characters, and with no more backslashes than it
// needs: a full stop may stand for itself.
func quote(text string) string {
	if plain := escape(text, `\"?*+()[]|^$`); matches(plain, text) {
		return plain
	}
	return escape(text, `\".?*+()[]{}|^$`)
}

func escape(text, special string) string {
	var out strings.Builder
	for _, r := range text {
		switch {
		case !unicode.IsPrint(r):
			fmt.Fprintf(&out, `\x{%x}`, r)
		case strings.ContainsRune(special, r):
			out.WriteRune('\\')
			fallthrough
		default:
			out.WriteRune(r)
		}
	}
	return out.String()
}

// String writes it as it stands on a line.
func (w *Want) String() string {
	var out strings.Builder
	out.WriteString("### ")
	if w.severity == diag.Warning {
		out.WriteString("warning ")
	}
	out.WriteString(w.Code)
	if w.column > 0 {
		fmt.Fprintf(&out, "@%d", w.column)
	}
	if w.at != "" {
		fmt.Fprintf(&out, ` at "%s"`, w.at)
	}
	fmt.Fprintf(&out, ` "%s"`, w.message)
	if w.help != "" {
		fmt.Fprintf(&out, ` help "%s"`, w.help)
	}
	for _, s := range w.see {
		fmt.Fprintf(&out, ` see "%s"`, s)
	}
	return out.String()
}

// Compare returns a line for each diagnostic that is not expected, and one for each expectation that
// is not met.
func (c *Case) Compare(diags []diag.Diagnostic) (faults []string) {
	met, wants := map[*Want]bool{}, c.match(diags)
	for _, w := range wants {
		met[w] = true
		if w.source == "" {
			faults = append(faults, fmt.Sprintf("not expected at %s:%d: %s", w.File, w.Line, w))
		}
	}
	for _, w := range c.Wants {
		if !met[w] {
			faults = append(faults, fmt.Sprintf("%s: not found at %s:%d: %s", w.source, w.File, w.Line, w))
		}
	}
	return faults
}

// Update makes the expectations those that the diagnostics meet; those that are met stay as they are
// written.
func (c *Case) Update(diags []diag.Diagnostic) { c.Wants = c.match(diags) }

// match returns for each diagnostic the expectation that it meets, or a new one without a source.
func (c *Case) match(diags []diag.Diagnostic) []*Want {
	met, wants := map[*Want]bool{}, make([]*Want, len(diags))
	for i, d := range diags {
		line := c.line(d.Pos)
		k := slices.IndexFunc(c.Wants, func(w *Want) bool { return !met[w] && w.meets(&d, line) })
		if k < 0 {
			wants[i] = wantOf(&d, line)
			continue
		}
		wants[i] = c.Wants[k]
		met[wants[i]] = true
	}
	return wants
}

func (c *Case) line(p diag.Pos) string {
	for _, f := range c.Archive.Files {
		if f.Name == p.File {
			if lines := strings.Split(string(f.Data), "\n"); p.Line <= len(lines) {
				return lines[p.Line-1]
			}
		}
	}
	return ""
}
