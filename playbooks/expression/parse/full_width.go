package parse

import (
	"strings"

	"github.com/usher-run/usher/playbooks/diag"

	place "github.com/expr-lang/expr/file"
)

// fullWidth reports a full-width character in an expression, and offers all of them made plain.
func (c *reader) fullWidth(loc place.Location, runes []rune) {
	r := runes[loc.From]
	d := c.Report(loc, "syntax-expression", "write `"+string(diag.HalfWidthOf(r))+"`", "`%c` is a full-width character", r)
	out, from, to, ok := diag.MadeHalfWidth(runes)
	if !ok || strings.ContainsRune(string(out[from:to]), '\n') {
		return
	}
	text := diag.Spaced(runes, out, from, to)
	if len([]rune(text)) <= longestHint {
		d.Label = "write `" + text + "`"
	}
	d.Suggest(text)
	for i := range d.Edits {
		d.Edits[i].Pos = c.Source.Pos(from, to)
	}
}

// longestHint is how many characters of a mended text a label shows.
const longestHint = 60
