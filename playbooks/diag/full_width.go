package diag

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// fullWidthPunctuation are the characters of a Chinese keyboard that are not the plain ones moved
// as a block (U+FF01 to U+FF5E).
var fullWidthPunctuation = map[rune]rune{
	'\u201c': '"', '\u201d': '"', '\u2018': '\'', '\u2019': '\'',
	'\u3002': '.', '\u3001': ',', '\u3010': '[', '\u3011': ']',
}

// HalfWidthOf returns the plain character that a full-width one stands for; 0 when it is none.
func HalfWidthOf(r rune) rune {
	if r >= '\uff01' && r <= '\uff5e' {
		return r - '\uff01' + '!'
	}
	return fullWidthPunctuation[r]
}

// GroupsDigits reports whether the comma at i stands between the digits of one number: 1,000.
func GroupsDigits(runes []rune, i int) bool {
	return i > 0 && unicode.IsDigit(runes[i-1]) && thousands.MatchString(string(runes[i:min(len(runes), i+5)]))
}

var thousands = regexp.MustCompile(`^,\d{3}(?:\D|$)`)

// HalfWidth returns a text with its full-width characters made plain.
func HalfWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if p := HalfWidthOf(r); p != 0 {
			return p
		}
		return r
	}, s)
}

// ClosingQuote returns the index of the quote that closes the one at the start of v, or -1.
func ClosingQuote(v string) int {
	for i := 1; i < len(v); i++ {
		switch {
		case v[0] == '"' && v[i] == '\\':
			i++
		case v[i] == v[0] && v[0] == '\'' && i+1 < len(v) && v[i+1] == '\'':
			i++
		case v[i] == v[0]:
			return i
		}
	}
	return -1
}

// IsASCII reports whether a text has ASCII characters only.
func IsASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// Invisible are characters that an editor shows as nothing, or as a plain space, by their names in
// Unicode. Two words that differ in one of them look the same.
var Invisible = map[rune]string{
	0x00a0: "NO-BREAK SPACE", 0x00ad: "SOFT HYPHEN", 0x034f: "COMBINING GRAPHEME JOINER", 0x061c: "ARABIC LETTER MARK",
	0x115f: "HANGUL CHOSEONG FILLER", 0x1160: "HANGUL JUNGSEONG FILLER", 0x1680: "OGHAM SPACE MARK",
	0x180e: "MONGOLIAN VOWEL SEPARATOR",
	0x2000: "EN QUAD", 0x2001: "EM QUAD", 0x2002: "EN SPACE", 0x2003: "EM SPACE", 0x2004: "THREE-PER-EM SPACE",
	0x2005: "FOUR-PER-EM SPACE",
	0x2006: "SIX-PER-EM SPACE", 0x2007: "FIGURE SPACE", 0x2008: "PUNCTUATION SPACE", 0x2009: "THIN SPACE",
	0x200a: "HAIR SPACE",
	0x200b: "ZERO WIDTH SPACE", 0x200c: "ZERO WIDTH NON-JOINER", 0x200d: "ZERO WIDTH JOINER",
	0x200e: "LEFT-TO-RIGHT MARK", 0x200f: "RIGHT-TO-LEFT MARK",
	0x202a: "LEFT-TO-RIGHT EMBEDDING", 0x202b: "RIGHT-TO-LEFT EMBEDDING", 0x202c: "POP DIRECTIONAL FORMATTING",
	0x202d: "LEFT-TO-RIGHT OVERRIDE",
	0x202e: "RIGHT-TO-LEFT OVERRIDE", 0x202f: "NARROW NO-BREAK SPACE", 0x205f: "MEDIUM MATHEMATICAL SPACE",
	0x2060: "WORD JOINER",
	0x2061: "FUNCTION APPLICATION", 0x2062: "INVISIBLE TIMES", 0x2063: "INVISIBLE SEPARATOR", 0x2064: "INVISIBLE PLUS",
	0x2066: "LEFT-TO-RIGHT ISOLATE", 0x2067: "RIGHT-TO-LEFT ISOLATE", 0x2068: "FIRST STRONG ISOLATE",
	0x2069: "POP DIRECTIONAL ISOLATE",
	0x3000: "IDEOGRAPHIC SPACE", 0x3164: "HANGUL FILLER", 0xfeff: "ZERO WIDTH NO-BREAK SPACE",
	0xffa0: "HALFWIDTH HANGUL FILLER",
}

// VisibleForm returns what an invisible character is written in place of: a plain space, or
// nothing.
func VisibleForm(r rune) string {
	if name := Invisible[r]; strings.HasSuffix(name, "SPACE") && !strings.HasPrefix(name, "ZERO") ||
		strings.HasSuffix(name, "QUAD") || strings.HasSuffix(name, "SPACE MARK") {
		return " "
	}
	return ""
}

// JoinsCharacters reports whether a joiner stands between two characters that are no ASCII, as
// within an emoji or a word of Persian.
func JoinsCharacters(text string, at, size int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	after, _ := utf8.DecodeRuneInString(text[at+size:])
	return before >= utf8.RuneSelf && after >= utf8.RuneSelf && before != utf8.RuneError && after != utf8.RuneError
}

// NameOfRune returns the code point and the name of an invisible character: U+200B ZERO WIDTH
// SPACE.
func NameOfRune(r rune) string { return strings.TrimSpace(fmt.Sprintf("U+%04X %s", r, Invisible[r])) }

// HalfWidthName returns which full-width character a name holds, and gives the name with plain
// ones; ok is false when it holds none.
func HalfWidthName(s string) (wide rune, plain string, ok bool) {
	for _, r := range s {
		if HalfWidthOf(r) != 0 {
			return r, HalfWidth(s), true
		}
	}
	return 0, "", false
}

// MadeHalfWidth returns an expression with its full-width characters made plain, those inside its
// texts kept, and the range that changed. It has as many characters as before. ok is false when it
// cannot be told where a text ends, or one would need an escape.
func MadeHalfWidth(runes []rune) (out []rune, from, to int, ok bool) {
	out = append(out, runes...)
	from = len(runes)
	change := func(i int, r rune) {
		out[i] = r
		from, to = min(from, i), i+1
	}
	for i := 0; i < len(runes); i++ {
		r, plain := runes[i], HalfWidthOf(runes[i])
		switch {
		case r == '"' || r == '\'':
			for i++; i < len(runes) && runes[i] != r; i++ {
				if runes[i] == '\\' {
					i++
				}
			}
		case plain == '"' || plain == '\'':
			end := i + 1
			for end < len(runes) && runes[end] != plain && HalfWidthOf(runes[end]) != plain {
				if runes[end] == '\\' || runes[end] == '\n' {
					return nil, 0, 0, false
				}
				end++
			}
			if end >= len(runes) {
				return nil, 0, 0, false
			}
			change(i, plain)
			if runes[end] != plain {
				change(end, plain)
			}
			i = end
		case plain == ';':
			return nil, 0, 0, false
		case plain != 0:
			change(i, plain)
		}
	}
	return out, from, to, to > 0
}

// Spaced returns the range that changed, with the space behind a comma that a full-width one brings
// along.
func Spaced(was, is []rune, from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		b.WriteRune(is[i])
		if is[i] == ',' && was[i] != ',' && i+1 < len(is) && is[i+1] != ' ' && !GroupsDigits(is, i) {
			b.WriteByte(' ')
		}
	}
	return b.String()
}
