package text

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
)

// Filters and tags that only the checker writes: a text brings them in by being compiled, nobody
// can name them.
const (
	filterBlank   = "usher_blank"
	filterEmpty   = "usher_empty"
	filterInstant = "usher_instant"
	filterListed  = "usher_listed"
	tagReached    = "usher_reached"
	tagCapture    = "usher_capture"
	varLocale     = playbooks.LocaleVar
	varLabels     = "usher_labels_" // and a number
)

// textEdit puts a text in the place of a range before the library reads it.
type textEdit struct {
	Span
	with string
}

func (c *textTyper) edit(at int, with string) { c.replace(Span{From: at, To: at}, with) }

func (c *textTyper) replace(at Span, with string) { c.edits = append(c.edits, textEdit{at, with}) }

// sizeOfText lets .size of a text count characters: the library counts bytes.
func (c *textTyper) sizeOfText(x *Field) {
	c.edit(x.Of.Place().From, "(")
	c.replace(Span{From: x.Of.Place().To, To: x.To}, " | size)")
}

// boundedCapture lets a capture be bounded as the text is: the library's own is not.
func (c *textTyper) boundedCapture(n *Capture) {
	for _, tag := range []Span{n.Span, n.End} {
		if i := strings.Index(c.text[tag.From:tag.To], "capture"); i >= 0 {
			at := tag.From + i
			c.replace(Span{From: at, To: at + len("capture")}, tagCapture)
		}
	}
}

// reach notes a branch, and lets the text tell when it is taken. at is the tag that begins it.
func (c *textTyper) reach(at Span, name string) {
	c.edit(at.To, c.mark(at, name))
}

// mark returns the tag that tells of a branch.
func (c *textTyper) mark(at Span, name string) string {
	b := playbooks.TextBranch{Name: name}
	if c.at != nil {
		b.Pos = c.diagPos(at)
	}
	c.branches = append(c.branches, b)
	trim := "" // what a tag trims behind it is trimmed behind this one
	if strings.HasSuffix(c.text[at.From:at.To], "-%}") {
		trim = "-"
	}
	return fmt.Sprintf("{%% %s %d %s%%}", tagReached, len(c.branches)-1, trim)
}

func (c *textTyper) diagPos(at Span) diag.Pos {
	before := len(c.diags)
	c.warn("", at, "", "")
	pos := c.diags[before].Pos
	c.diags = c.diags[:before]
	return pos
}

// reachElse notes the way of a block that has no else. It trims what its closing tag trims.
func (c *textTyper) reachElse(end, at Span, name string) {
	if end.To == 0 {
		return // never closed, which is reported
	}
	open, dash := "{% else %}", 0
	if strings.HasPrefix(c.text[end.From:end.To], "{%-") {
		open, dash = "{%- else %}", 1
	}
	c.replace(Span{From: end.From, To: end.From + 2 + dash}, open+c.mark(Span{From: at.From, To: at.From}, name)+"{%")
}

// lowered returns the text as the library is to read it.
func (c *textTyper) lowered() string {
	edits := slices.Clone(c.edits)
	slices.SortStableFunc(edits, func(a, b textEdit) int { return cmp.Compare(a.From, b.From) })
	var b strings.Builder
	done := 0
	for _, e := range edits {
		b.WriteString(c.text[done:max(done, e.From)])
		b.WriteString(e.with)
		done = max(done, e.To)
	}
	b.WriteString(c.text[done:])
	return b.String()
}
