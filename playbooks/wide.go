package playbooks

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// widePunctuation are the characters of a Chinese keyboard that are not the plain ones moved as a block (U+FF01 to U+FF5E).
var widePunctuation = map[rune]rune{
	'\u201c': '"', '\u201d': '"', '\u2018': '\'', '\u2019': '\'',
	'\u3002': '.', '\u3001': ',', '\u3010': '[', '\u3011': ']',
}

// plainOf gives the plain character that a full-width one stands for; 0 when it is none.
func plainOf(r rune) rune {
	if r >= '\uff01' && r <= '\uff5e' {
		return r - '\uff01' + '!'
	}
	return widePunctuation[r]
}

// groupsDigits tells whether the comma at i stands between the digits of one number: 1,000.
func groupsDigits(runes []rune, i int) bool {
	return i > 0 && unicode.IsDigit(runes[i-1]) && thousands.MatchString(string(runes[i:min(len(runes), i+5)]))
}

var thousands = regexp.MustCompile(`^,\d{3}(?:\D|$)`)

// narrowed gives a text with its full-width characters made plain.
func narrowed(s string) string {
	return strings.Map(func(r rune) rune {
		if p := plainOf(r); p != 0 {
			return p
		}
		return r
	}, s)
}

// closingQuote gives the index of the quote that closes the one at the start of v, or -1.
func closingQuote(v string) int {
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

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
