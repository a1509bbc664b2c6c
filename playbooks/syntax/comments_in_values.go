package syntax

import "github.com/usher-run/usher/playbooks/diag"

// commentIn returns where the value that begins at from ends, when a comment follows it: a `#` with
// a space on both sides, outside of quotes. Else it gives to.
func commentIn(text string, from, to int) int {
	for i := from; i < to; i++ {
		switch text[i] {
		case '"', '\'':
			if end := diag.ClosingQuote(text[i:to]); end > 0 {
				i += end
			}
		case '#':
			if i > from && text[i-1] == ' ' && (i+1 == to || text[i+1] == ' ' || text[i+1] == '#') {
				return trimEnd(text, from, i)
			}
		}
	}
	return to
}
