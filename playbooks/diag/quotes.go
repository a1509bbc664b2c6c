package diag

import (
	"iter"
	"strings"
)

// WithoutTexts blanks out the texts of an expression, byte by byte, so that offsets stay.
func WithoutTexts(s string) string {
	out := []byte(s)
	for i := 0; i < len(s); i++ {
		if s[i] != '"' && s[i] != '\'' && s[i] != '`' {
			continue
		}
		end := strings.IndexByte(s[i+1:], s[i])
		if s[i] != '`' {
			end = ClosingQuote(s[i:]) - 1
		}
		if end < 0 {
			break
		}
		for k := i; k <= i+1+end; k++ {
			out[k] = '_'
		}
		i += end + 1
	}
	return string(out)
}

// OpenQuote returns where the last quote is opened that is not closed.
func OpenQuote(runes []rune) int {
	open, at := rune(0), 0
	for i := 0; i < len(runes); i++ {
		switch r := runes[i]; {
		case open != 0 && r == '\\':
			i++
		case open != 0 && r == open:
			open = 0
		case open == 0 && (r == '"' || r == '\'' || r == '`'):
			open, at = r, i
		}
	}
	return at
}

// OpenBracket finds the last bracket that is opened and not closed.
func OpenBracket(runes []rune) (at int, found bool) {
	var open []int
	for i, r := range outsideTexts(runes) {
		switch {
		case strings.ContainsRune("([{", r):
			open = append(open, i)
		case strings.ContainsRune(")]}", r) && len(open) > 0:
			open = open[:len(open)-1]
		}
	}
	if len(open) == 0 {
		return 0, false
	}
	return open[len(open)-1], true
}

// Brackets counts those that are not closed and those that were not opened, outside of texts.
func Brackets(runes []rune) (open, closed int) {
	for _, r := range outsideTexts(runes) {
		switch {
		case r == '(':
			open++
		case r == ')' && open > 0:
			open--
		case r == ')':
			closed++
		}
	}
	return open, closed
}

// outsideTexts goes through what is not in a text, nor a quote of one.
func outsideTexts(runes []rune) iter.Seq2[int, rune] {
	return func(yield func(int, rune) bool) {
		quote := rune(0)
		for i := 0; i < len(runes); i++ {
			switch r := runes[i]; {
			case quote != 0 && r == '\\':
				i++
			case quote != 0:
				if r == quote {
					quote = 0
				}
			case r == '"' || r == '\'' || r == '`':
				quote = r
			case !yield(i, r):
				return
			}
		}
	}
}
