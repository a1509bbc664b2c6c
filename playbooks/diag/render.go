package diag

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// Formats are the forms in which diagnostics can be printed.
var Formats = []string{"text", "json", "sarif", "github"}

// Render prints diagnostics in one of [Formats]. files are the workspace's files: their lines are
// shown above the carets.
func Render(w io.Writer, format string, diags []Diagnostic, files map[string][]byte) error {
	var b bytes.Buffer
	var err error
	switch format {
	case "", "text":
		renderText(&b, diags, files)
	case "json":
		err = renderJSON(&b, diags)
	case "sarif":
		err = renderSARIF(&b, diags)
	case "github":
		renderGitHub(&b, diags)
	default:
		return fmt.Errorf("there is no format %q: write %s", format, OneOf(Formats))
	}
	if err != nil {
		return fmt.Errorf("render diagnostics as %s: %w", format, err)
	}
	_, err = w.Write(b.Bytes())
	return err
}

// Under returns the diagnostics with the paths of their files below a folder: those of a repository
// rather than of a workspace in it.
func Under(dir string, diags []Diagnostic) []Diagnostic {
	if dir == "" || dir == "." {
		return diags
	}
	out := slices.Clone(diags)
	for i := range out {
		d := &out[i]
		d.Related, d.Edits = slices.Clone(d.Related), slices.Clone(d.Edits)
		d.File = path.Join(dir, d.File)
		for k := range d.Related {
			d.Related[k].File = path.Join(dir, d.Related[k].File)
		}
		for k := range d.Edits {
			d.Edits[k].File = path.Join(dir, d.Edits[k].File)
		}
	}
	return out
}

// renderText prints each diagnostic as a compiler does, and a summary.
func renderText(b *bytes.Buffer, diags []Diagnostic, files map[string][]byte) {
	lines := map[string][]string{}
	for name, data := range files {
		if slices.ContainsFunc(diags, func(d Diagnostic) bool { return shows(d, name) }) {
			lines[name] = strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
		}
	}
	for _, d := range diags {
		renderOne(b, d, lines)
		b.WriteByte('\n')
	}
	b.WriteString(Summary(diags, len(files)) + "\n")
}

func shows(d Diagnostic, name string) bool {
	return d.File == name || slices.ContainsFunc(d.Related, func(r Related) bool { return r.File == name })
}

// renderOne prints one diagnostic:
//
//	error[unknown-field]: member has no attribute `levle`
//	  --> playbooks/conversion/cart-rescue.yaml:9:19
//	   9 | condition: member.levle == "gold"
//	     |                   ^^^^^ did you mean `level`?
//	   = help: usher explain unknown-field
func renderOne(b *bytes.Buffer, d Diagnostic, lines map[string][]string) {
	fmt.Fprintf(b, "%s[%s]: %s\n", d.Severity, d.Code, d.Message)
	width := max(4, numberWidth(d.Line)+2)
	for _, r := range d.Related {
		width = max(width, numberWidth(r.Line)+2)
	}
	renderPosition(b, d.Pos, "^", d.Label, width, lines)
	for _, r := range d.Related {
		if !labelled(&d, r.Pos) {
			renderPosition(b, r.Pos, "-", r.Message, width, lines)
		}
	}
	fmt.Fprintf(b, "%s= help: usher explain %s\n", strings.Repeat(" ", width-1), d.Code)
}

// labelled reports whether the label names the place already: (string; usher.yaml:8).
func labelled(d *Diagnostic, p Pos) bool {
	_, named, ok := strings.Cut(d.Label, "; ")
	return ok && strings.HasSuffix(fmt.Sprintf("%s:%d)", p.File, p.Line), named)
}

func numberWidth(n int) int { return len(fmt.Sprint(n)) }

// renderPosition prints a line of a file with what is meant underlined.
func renderPosition(b *bytes.Buffer, p Pos, mark, label string, width int, lines map[string][]string) {
	fmt.Fprintf(b, "  --> %s:%d:%d\n", p.File, p.Line, p.Column)
	file := lines[p.File]
	line := ""
	if p.Line >= 1 && p.Line <= len(file) {
		line = file[p.Line-1]
	}
	if strings.TrimSpace(line) == "" || len(line) > maxLine {
		if label != "" {
			fmt.Fprintf(b, "%s| %s\n", strings.Repeat(" ", width+1), label)
		}
		return
	}
	text, pad, under := excerpt(line, p)
	fmt.Fprintf(b, "%*d | %s\n", width, p.Line, text)
	fmt.Fprintf(b, "%s | %s%s", strings.Repeat(" ", width), strings.Repeat(" ", pad), strings.Repeat(mark, max(1, under)))
	if label != "" {
		b.WriteString(" " + label)
	}
	b.WriteByte('\n')
}

// maxLine is how long a line may be to be shown in part, in bytes.
const maxLine = 64 << 10

// maxExcerpt is how much of a long line is shown, in characters.
const maxExcerpt = 160

// excerpt returns the part of the line to show, the display width before the caret, and that of
// what is underlined.
func excerpt(line string, p Pos) (text string, pad, under int) {
	runes := []rune(line)
	from := min(max(p.Column-1, 0), len(runes))
	to := len(runes)
	if p.EndLine == p.Line {
		to = min(max(p.EndColumn-1, from), len(runes))
	}
	if len(runes) > maxExcerpt {
		start := max(0, min(from-40, len(runes)-maxExcerpt))
		end := min(len(runes), start+maxExcerpt)
		runes, from, to = runes[start:end], from-start, min(to-start, end-start)
		if start > 0 {
			runes = append([]rune("…"), runes...)
			from, to = from+1, to+1
		}
	}
	visible := func(rs []rune) string {
		s := strings.ReplaceAll(string(rs), "\t", " ")
		return strings.Map(func(r rune) rune {
			if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufeff' {
				return ' '
			}
			return r
		}, s)
	}
	w := &runewidth.Condition{} // the same on every machine, whatever its locale
	return strings.TrimRight(visible(runes), " "), w.StringWidth(visible(runes[:from])),
		w.StringWidth(visible(runes[from:to]))
}

// Summary counts: "2 errors, 1 warning in 14 files".
func Summary(diags []Diagnostic, files int) string {
	errors, warnings := 0, 0
	for _, d := range diags {
		if d.Severity == Error {
			errors++
		} else {
			warnings++
		}
	}
	var parts []string
	if errors > 0 {
		parts = append(parts, Count(errors, "error"))
	}
	if warnings > 0 {
		parts = append(parts, Count(warnings, "warning"))
	}
	if len(parts) == 0 {
		parts = []string{"no mistakes"}
	}
	return strings.Join(parts, ", ") + " in " + Count(files, "file")
}

// renderJSON prints the contract's form: related and edits are lists, never null.
func renderJSON(b *bytes.Buffer, diags []Diagnostic) error {
	out := struct {
		Format      int          `json:"format"`
		Diagnostics []Diagnostic `json:"diagnostics"`
	}{1, make([]Diagnostic, len(diags))}
	for i, d := range diags {
		if d.Related == nil {
			d.Related = []Related{}
		}
		if d.Edits == nil {
			d.Edits = []Edit{}
		}
		out.Diagnostics[i] = d
	}
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

// renderGitHub prints workflow commands, which GitHub shows beside the lines of a pull request.
func renderGitHub(b *bytes.Buffer, diags []Diagnostic) {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for _, d := range diags {
		message := d.Message
		if d.Label != "" {
			message += ": " + d.Label
		}
		place := fmt.Sprintf("file=%s,line=%d,col=%d,endLine=%d", property.Replace(d.File), d.Line, d.Column, d.EndLine)
		if d.EndLine == d.Line {
			place += fmt.Sprintf(",endColumn=%d", cmp.Or(d.EndColumn, d.Column))
		}
		fmt.Fprintf(b, "::%s %s,title=%s::%s\n", d.Severity, place, property.Replace(d.Code), data.Replace(message))
	}
}

// Count returns a count with its noun: "1 test", "2 tests".
func Count(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
