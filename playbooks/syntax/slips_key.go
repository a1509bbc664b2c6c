package syntax

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks/diag"
)

// Keys that are written otherwise than YAML or the language has them.

// ChineseKey reports a key that is written in Chinese, and returns the one that it stands for; ""
// when it stands for none.
func (c *Reader) ChineseKey(n, key *Node, what string, known []string) string {
	meant := diag.InEnglish(key.Value, known)
	if meant == "" {
		return ""
	}
	r := c.Error("unknown-key", key.Pos(), fmt.Sprintf("%s has no key `%s`: keys are in English", what, key.Value))
	if n.Get(meant) != nil || slices.Contains(n.Intended, meant) {
		r.Label("`" + meant + "` is given already: keep one of them")
		return meant
	}
	r.Label("write `"+meant+"`").Edit(key.Pos(), meant)
	return meant
}

// equalsSign matches a key with the sign after it that gives a value in other languages.
var equalsSign = regexp.MustCompile(`^ *(?:- +)*([A-Za-z_]\w*|\p{Han}+)(\s*[=＝]\s*)([^=＝~].*)$`)

// equalsSlip reports `id= welcome`, a key of a playbook with an equals sign in place of its colon.
func (c *Reader) equalsSlip(f *diag.File, text string, start int) bool {
	m := equalsSign.FindStringSubmatchIndex(text)
	if m == nil || !slices.Contains(c.PlaybookKeys, text[m[2]:m[3]]) && !diag.IsChineseKey(text[m[2]:m[3]]) {
		return false
	}
	p := f.Pos(start+m[4], start+m[5])
	c.Error("yaml-syntax", p, "a key is given its value with `: `").
		Label("write `"+text[m[2]:m[3]]+": "+text[m[6]:m[7]]+"`").Edit(p, ": ")
	return true
}

// indentedHead reports a file whose first keys are indented and the others are not: YAML takes what
// follows for another document.
func (c *Reader) indentedHead(f *diag.File) bool {
	head, first := -1, diag.Pos{}
	var edits []diag.Edit
	for i := range f.Lines {
		line := strings.TrimRight(f.Line(i+1), " \t\r")
		indent := len(line) - len(strings.TrimLeft(line, " "))
		switch {
		case line == "" || line[indent] == '#':
			continue
		case head < 0:
			head, first = indent, f.Pos(f.Lines[i], f.Lines[i]+indent)
		}
		if indent < head {
			break
		}
		edits = append(edits, diag.Edit{Pos: f.Pos(f.Lines[i], f.Lines[i]+head)})
	}
	if head < 1 {
		return false
	}
	c.Error("yaml-syntax", first, "the first key is indented, and the keys below it are not").Label("begin it at the edge")
	c.Diags[len(c.Diags)-1].Edits = edits
	return true
}

var (
	topKey   = regexp.MustCompile(`^[A-Za-z_]\w*:\s+\S`)
	listItem = regexp.MustCompile(`^ *- +[A-Za-z_]\w*:(?: |$)`)
)

// headlessActions reports a list of actions whose `actions:` is missing: it follows a key that has
// a value.
func (c *Reader) headlessActions(f *diag.File, line int) bool {
	above := "" // the last line that is no comment
	for i := range min(line+1, len(f.Lines)) {
		text := strings.TrimRight(f.Line(i+1), " \t\r")
		key, _, _ := strings.Cut(above, ":")
		switch {
		case strings.HasPrefix(text, "actions:"):
			return false
		case listItem.MatchString(text) && topKey.MatchString(above) && slices.Contains(c.PlaybookKeys, key) && i+1 >= line-1:
			at := f.Pos(f.Lines[i], f.Lines[i])
			end := "\n"
			if strings.Contains(f.Text, "\r\n") {
				end = "\r\n"
			}
			c.Error("yaml-syntax", f.LinePos(i+1), "a list begins here, and `"+key+"` above has a value already").
				Label("put a line `actions:` before it").Edit(at, "actions:"+end).
				UnsureUnless(!strings.Contains(f.Text, "\nactions:"))
			return true
		}
		if body := strings.TrimSpace(text); body != "" && body[0] != '#' {
			above = text
		}
	}
	return false
}
