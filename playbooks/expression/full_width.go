package expression

import (
	"strings"

	"github.com/usher-run/usher/playbooks/diag"

	place "github.com/expr-lang/expr/file"
)

// MadeHalfWidth returns an expression with its full-width characters made plain, those inside its
// texts kept, and the range that changed. It has as many characters as before. ok is false when it
// cannot be told where a text ends, or one would need an escape.
func MadeHalfWidth(runes []rune) (out []rune, loc place.Location, ok bool) {
	out = append(out, runes...)
	loc.From = len(runes)
	change := func(i int, r rune) {
		out[i] = r
		loc.From, loc.To = min(loc.From, i), i+1
	}
	for i := 0; i < len(runes); i++ {
		r, plain := runes[i], diag.HalfWidthOf(runes[i])
		switch {
		case r == '"' || r == '\'':
			for i++; i < len(runes) && runes[i] != r; i++ {
				if runes[i] == '\\' {
					i++
				}
			}
		case plain == '"' || plain == '\'':
			end := i + 1
			for end < len(runes) && runes[end] != plain && diag.HalfWidthOf(runes[end]) != plain {
				if runes[end] == '\\' || runes[end] == '\n' {
					return nil, loc, false
				}
				end++
			}
			if end >= len(runes) {
				return nil, loc, false
			}
			change(i, plain)
			if runes[end] != plain {
				change(end, plain)
			}
			i = end
		case plain == ';':
			return nil, loc, false
		case plain != 0:
			change(i, plain)
		}
	}
	return out, loc, loc.To > 0
}

// fullWidth reports a full-width character in an expression, and offers all of them made plain.
func (c *checker) fullWidth(loc place.Location, runes []rune) {
	r := runes[loc.From]
	d := c.report(loc, "syntax-expression", "write `"+string(diag.HalfWidthOf(r))+"`", "`%c` is a full-width character", r)
	out, changed, ok := MadeHalfWidth(runes)
	if !ok || strings.ContainsRune(string(out[changed.From:changed.To]), '\n') {
		return
	}
	text := Spaced(runes, out, changed)
	if len([]rune(text)) <= longestHint {
		d.Label = "write `" + text + "`"
	}
	d.Suggest(text)
	for i := range d.Edits {
		d.Edits[i].Pos = c.src.Pos(changed.From, changed.To)
	}
}

// Spaced returns the range that changed, with the space behind a comma that a full-width one brings
// along.
func Spaced(was, is []rune, changed place.Location) string {
	var b strings.Builder
	for i := changed.From; i < changed.To; i++ {
		b.WriteRune(is[i])
		if is[i] == ',' && was[i] != ',' && i+1 < len(is) && is[i+1] != ' ' && !diag.GroupsDigits(is, i) {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// longestHint is how many characters of a mended text a label shows.
const longestHint = 60
