package text

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/usher-run/usher/playbooks/diag"
)

// tagged finds what stands between the braces of outputs and tags.
var tagged = regexp.MustCompile(`(?s)\{\{.*?\}\}|\{%.*?%\}`)

// invisibleInTags reports characters that nobody sees in outputs and tags, outside of quotes: a
// name with one in it is another name.
func (c *textTyper) invisibleInTags() {
	for _, m := range tagged.FindAllStringIndex(c.text, -1) {
		quote := rune(0)
		for i, r := range c.text[m[0]:m[1]] {
			switch at := m[0] + i; {
			case quote != 0:
				if r == quote {
					quote = 0
				}
			case r == '"' || r == '\'':
				quote = r
			case diag.Invisible[r] != "" && diag.VisibleForm(r) == "":
				c.error("invisible-character", Span{From: at, To: at + utf8.RuneLen(r)}, "an invisible character stands here: "+
					diag.NameOfRune(r), "take it out")
			}
		}
	}
}

// invisibleInPlain warns of characters that nobody sees in what is sent: they come along with what
// is copied from a page or a document. The wide space of a paragraph, a no-break space, the joiners
// of emoji and the marks of a text that is written from right to left are left alone.
func (c *textTyper) invisibleInPlain() {
	if diag.IsASCII(c.text) {
		return
	}
	told := map[int]bool{}
	for _, d := range c.diags {
		if d.Code == "invisible-character" {
			told[d.Line*1e6+d.Column] = true
		}
	}
	leftward := strings.ContainsFunc(c.text, func(r rune) bool {
		return unicode.In(r, unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana, unicode.Nko)
	})
	for i, r := range c.text {
		size := utf8.RuneLen(r)
		switch {
		case diag.Invisible[r] == "" || diag.VisibleForm(r) == " ":
			continue
		case (r == 0x200c || r == 0x200d) && diag.JoinsCharacters(c.text, i, size):
			continue
		case leftward && unicode.Is(unicode.Bidi_Control, r):
			continue
		}
		d := c.warn("invisible-character", Span{From: i, To: i + size}, "an invisible character would be sent here: "+
			diag.NameOfRune(r), "take it out")
		// An escape is seen by all.
		if d.EndLine == d.Line && d.EndColumn-d.Column > 1 || told[d.Line*1e6+d.Column] {
			c.diags = c.diags[:len(c.diags)-1]
			continue
		}
		if d.Line > 0 {
			d.Suggest("").UnsureUnless(false)
			d.Label = "take it out"
		}
	}
}
