package syntax

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/usher-run/usher/playbooks/diag"
)

// freeText are keys whose values are for people, who may want such characters: the joiners of
// emoji, the wide space of a paragraph.
var freeText = map[string]bool{
	"text": true, "subject": true, "name": true, "description": true, "contains": true, "title": true, "html": true,
	"body": true, "from": true,
}

// hidesInvisible reports the first invisible character in text[from:to] of a file, outside of
// escapes: one that an author writes as "\u200b" is seen by all. All of them are taken out or made
// plain spaces by its edits.
func (c *Reader) hidesInvisible(f *diag.File, from, to int, sure bool) bool {
	to = min(to, len(f.Text))
	text := f.Text[from:max(from, to)]
	if diag.IsASCII(text) {
		return false
	}
	found := -1
	for i, r := range text {
		if diag.Invisible[r] == "" || (r == 0x200c || r == 0x200d) && diag.JoinsCharacters(text, i, utf8.RuneLen(r)) {
			continue
		}
		at := from + i
		p := f.Pos(at, at+utf8.RuneLen(r))
		if found < 0 {
			found = len(c.Diags)
			what := "an invisible character"
			label := "take it out"
			if diag.VisibleForm(r) != "" {
				what, label = "a space that is no plain one", "type a plain space"
			}
			c.Error("invisible-character", p, fmt.Sprintf("%s stands here: %s", what, diag.NameOfRune(r))).Label(label)
		}
		c.Report(found).Edit(p, diag.VisibleForm(r))
	}
	if found < 0 {
		return false
	}
	c.Report(found).UnsureUnless(sure)
	return true
}

// invisibleIn reports what a key or a value hides.
func (t *treeBuilder) invisibleIn(n *Node, key bool) bool {
	if t.ascii || n.Kind != ScalarNode || n.Broken || n.Style == literalStyle || n.Style == foldedStyle || !key &&
		freeText[t.key] {
		return false
	}
	end := n.End()
	if n.Style == PlainStyle { // what YAML trims is written there as well
		line := n.F.LineEnd(min(n.Start, len(n.F.Text)))
		rest := n.F.Text[min(end, line):line]
		end += len(rest) - len(strings.TrimLeftFunc(rest, func(r rune) bool { return diag.Invisible[r] != "" }))
	}
	// A wide space within a name is one that its author may have wanted; elsewhere nobody does.
	inner := strings.TrimFunc(n.Value, func(r rune) bool { return diag.Invisible[r] != "" })
	wide := !key && strings.ContainsFunc(inner, func(r rune) bool { return diag.VisibleForm(r) == " " }) &&
		!diag.IsASCII(strings.Map(func(r rune) rune {
			if diag.Invisible[r] != "" {
				return -1
			}
			return r
		}, inner))
	return t.c.hidesInvisible(n.F, n.Start, end, !wide)
}
