package playbooks

import (
	"fmt"
	"regexp"
	"strings"
)

// Characters of Chinese text, and spaces that are not the plain one, where YAML takes only its own.
var (
	wideInFlow = regexp.MustCompile(`[{,，]\s*[A-Za-z_][\w.-]*(：\s*)|(，\s*)[A-Za-z_][\w.-]*\s*[:：]`)
	wideSpaces = "\u00a0\u3000"
	oddSpace   = regexp.MustCompile("^[ ]*(?:- +)*[A-Za-z_][\\w.-]*:([" + wideSpaces + "]+)|^ *([" + wideSpaces + "]+)")
)

// wideSlip reports the first full-width comma or colon that stands for one of YAML's between braces in text[from:to].
func (c *checker) wideSlip(f *file, from, to int) bool {
	to = min(to, from+maxSlip)
	text := f.text[from:to]
	if !strings.ContainsAny(text, "，：") {
		return false
	}
	m := wideInFlow.FindStringSubmatchIndex(unquoted(text))
	if m == nil {
		return false
	}
	what, write, at := "colon", ": ", m[2:4]
	if at[0] < 0 {
		what, write, at = "comma", ", ", m[4:6]
	}
	p := f.pos(from+at[0], from+at[1])
	c.error("yaml-syntax", p, fmt.Sprintf("this %s is full-width: YAML takes only `%s`", what, write)).label("write `"+write+"`").edit(p, write)
	return true
}

// unquoted blanks out what stands in quotes, byte by byte, so that offsets stay.
func unquoted(text string) string {
	out := []byte(text)
	for i := 0; i < len(text); i++ {
		if text[i] != '"' && text[i] != '\'' {
			continue
		}
		if end := closingQuote(text[i:]); end > 0 {
			for k := i; k <= i+end; k++ {
				out[k] = '_'
			}
			i += end
		}
	}
	return string(out)
}

// spaceSlip reports a space at the beginning of a line or behind its key that YAML takes for a letter.
func (c *checker) spaceSlip(f *file, line int) bool {
	m := oddSpace.FindStringSubmatchIndex(f.line(line))
	if m == nil {
		return false
	}
	at := m[2:4]
	if at[0] < 0 {
		at = m[4:6]
	}
	start := f.lines[line-1]
	p := f.pos(start+at[0], start+at[1])
	c.error("yaml-syntax", p, "this is no plain space (U+00A0 or U+3000), and YAML takes it for text").label("type a plain space").edit(p, " ")
	return true
}

// keySlip reports a key that is one but for a space YAML takes for text, or for a missing colon before a bracket. It tells which
// key was meant.
func (c *checker) keySlip(key *node, known []string) (meant string) {
	bare := strings.Trim(key.value, wideSpaces)
	if bare != key.value {
		c.error("yaml-syntax", key.pos(), fmt.Sprintf("a space that YAML takes for text stands beside `%s` (U+00A0 or U+3000)", bare)).
			label("write `"+bare+"` with plain spaces").edit(key.pos(), bare)
		return bare
	}
	if word, _, found := strings.Cut(key.value, " {"); found {
		for _, k := range known {
			if k == strings.TrimSpace(word) {
				c.error("yaml-syntax", key.at(len([]rune(word)), len([]rune(word))+1), "a `:` is missing before the brace").label("write `"+k+": {`").
					edit(key.at(len([]rune(word)), len([]rune(word))), ":")
				return k
			}
		}
	}
	return ""
}
