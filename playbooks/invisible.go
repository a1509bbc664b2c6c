package playbooks

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// invisible are characters that an editor shows as nothing, or as a plain space, by their names in Unicode. Two words that differ in one of them look the
// same.
var invisible = map[rune]string{
	0x00a0: "NO-BREAK SPACE", 0x00ad: "SOFT HYPHEN", 0x034f: "COMBINING GRAPHEME JOINER", 0x061c: "ARABIC LETTER MARK",
	0x115f: "HANGUL CHOSEONG FILLER", 0x1160: "HANGUL JUNGSEONG FILLER", 0x1680: "OGHAM SPACE MARK", 0x180e: "MONGOLIAN VOWEL SEPARATOR",
	0x2000: "EN QUAD", 0x2001: "EM QUAD", 0x2002: "EN SPACE", 0x2003: "EM SPACE", 0x2004: "THREE-PER-EM SPACE", 0x2005: "FOUR-PER-EM SPACE",
	0x2006: "SIX-PER-EM SPACE", 0x2007: "FIGURE SPACE", 0x2008: "PUNCTUATION SPACE", 0x2009: "THIN SPACE", 0x200a: "HAIR SPACE",
	0x200b: "ZERO WIDTH SPACE", 0x200c: "ZERO WIDTH NON-JOINER", 0x200d: "ZERO WIDTH JOINER", 0x200e: "LEFT-TO-RIGHT MARK", 0x200f: "RIGHT-TO-LEFT MARK",
	0x202a: "LEFT-TO-RIGHT EMBEDDING", 0x202b: "RIGHT-TO-LEFT EMBEDDING", 0x202c: "POP DIRECTIONAL FORMATTING", 0x202d: "LEFT-TO-RIGHT OVERRIDE",
	0x202e: "RIGHT-TO-LEFT OVERRIDE", 0x202f: "NARROW NO-BREAK SPACE", 0x205f: "MEDIUM MATHEMATICAL SPACE", 0x2060: "WORD JOINER",
	0x2061: "FUNCTION APPLICATION", 0x2062: "INVISIBLE TIMES", 0x2063: "INVISIBLE SEPARATOR", 0x2064: "INVISIBLE PLUS",
	0x2066: "LEFT-TO-RIGHT ISOLATE", 0x2067: "RIGHT-TO-LEFT ISOLATE", 0x2068: "FIRST STRONG ISOLATE", 0x2069: "POP DIRECTIONAL ISOLATE",
	0x3000: "IDEOGRAPHIC SPACE", 0x3164: "HANGUL FILLER", 0xfeff: "ZERO WIDTH NO-BREAK SPACE", 0xffa0: "HALFWIDTH HANGUL FILLER",
}

// nameOfRune gives the code point and the name of an invisible character: U+200B ZERO WIDTH SPACE.
func nameOfRune(r rune) string { return strings.TrimSpace(fmt.Sprintf("U+%04X %s", r, invisible[r])) }

// standsFor gives what an invisible character is written in place of: a plain space, or nothing.
func standsFor(r rune) string {
	if name := invisible[r]; strings.HasSuffix(name, "SPACE") && !strings.HasPrefix(name, "ZERO") || strings.HasSuffix(name, "QUAD") || strings.HasSuffix(name, "SPACE MARK") {
		return " "
	}
	return ""
}

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

// joins reports whether a joiner stands between two characters that are no ASCII, as within an emoji or a word of Persian.
func joins(text string, at, size int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	after, _ := utf8.DecodeRuneInString(text[at+size:])
	return before >= utf8.RuneSelf && after >= utf8.RuneSelf && before != utf8.RuneError && after != utf8.RuneError
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
