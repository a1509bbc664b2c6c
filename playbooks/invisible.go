package playbooks

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// freeText are keys whose values are for people, who may want such characters: the joiners of emoji, the wide space of a paragraph.
var freeText = map[string]bool{
	"text": true, "subject": true, "name": true, "description": true, "contains": true, "title": true, "html": true, "body": true, "from": true,
}

// hidesInvisible reports the first invisible character in text[from:to] of a file, outside of escapes: one that an author writes as "\u200b" is
// seen by all. All of them are taken out or made plain spaces by its edits.
func (c *yamlReader) hidesInvisible(f *file, from, to int, sure bool) bool {
	to = min(to, len(f.text))
	text := f.text[from:max(from, to)]
	if isASCII(text) {
		return false
	}
	found := -1
	for i, r := range text {
		if invisible[r] == "" || (r == 0x200c || r == 0x200d) && joins(text, i, utf8.RuneLen(r)) {
			continue
		}
		at := from + i
		p := f.pos(at, at+utf8.RuneLen(r))
		if found < 0 {
			found = len(c.diags)
			what := "an invisible character"
			label := "take it out"
			if standsFor(r) != "" {
				what, label = "a space that is no plain one", "type a plain space"
			}
			c.error("invisible-character", p, fmt.Sprintf("%s stands here: %s", what, nameOfRune(r))).label(label)
		}
		c.report(found).edit(p, standsFor(r))
	}
	if found < 0 {
		return false
	}
	c.report(found).doubt(sure)
	return true
}

// invisibleIn reports what a key or a value hides.
func (t *treeBuilder) invisibleIn(n *node, key bool) bool {
	if t.ascii || n.kind != scalarNode || n.broken || n.style == literalStyle || n.style == foldedStyle || !key && freeText[t.key] {
		return false
	}
	end := n.end()
	if n.style == plainStyle { // what YAML trims is written there as well
		line := n.f.lineEnd(min(n.start, len(n.f.text)))
		rest := n.f.text[min(end, line):line]
		end += len(rest) - len(strings.TrimLeftFunc(rest, func(r rune) bool { return invisible[r] != "" }))
	}
	// A wide space within a name is one that its author may have wanted; elsewhere nobody does.
	inner := strings.TrimFunc(n.value, func(r rune) bool { return invisible[r] != "" })
	wide := !key && strings.ContainsFunc(inner, func(r rune) bool { return standsFor(r) == " " }) && !isASCII(strings.Map(func(r rune) rune {
		if invisible[r] != "" {
			return -1
		}
		return r
	}, inner))
	return t.c.hidesInvisible(n.f, n.start, end, !wide)
}
