package playbooks

import (
	"slices"
	"strings"
)

// fitEdits turns changes of an expression into changes of the YAML around it: what is written into quotes is escaped, and a
// value without quotes that would need them afterwards gets them.
func fitEdits(n *node, diags []Diagnostic) {
	spans := n.spans()
	for i := range diags {
		for k := range diags[i].Edits {
			e := &diags[i].Edits[k]
			switch n.style {
			case singleStyle:
				e.Text = strings.ReplaceAll(e.Text, "'", "''")
			case doubleStyle:
				e.Text = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(e.Text)
			case plainStyle:
				if spans != nil {
					n.fitPlain(e)
				}
			}
		}
	}
}

// fitPlain replaces the whole value by one in quotes when the change alone would make it unreadable.
func (n *node) fitPlain(e *Edit) {
	from, to := n.f.offset(e.Line, e.Column), n.f.offset(e.EndLine, e.EndColumn)
	end := n.end()
	if e.File != n.f.name || from < n.start || to > end || from > to {
		return
	}
	after := n.f.text[n.start:from] + e.Text + n.f.text[to:end]
	if strings.Contains(after, "\n") || !needsQuotes(after, n.inFlow) {
		return
	}
	e.Pos, e.Text = n.f.pos(n.start, end), quote(after)
}

// needsQuotes tells whether YAML would read a plain value otherwise than as the whole of it.
func needsQuotes(s string, inFlow bool) bool {
	if s == "" || strings.ContainsAny(s[:1], "!&*[]{}\"'%@`|>#,") || strings.Contains(s, ": ") || strings.Contains(s, " #") ||
		strings.HasSuffix(s, ":") || slices.Contains([]string{"- ", "? "}, s[:min(2, len(s))]) {
		return true
	}
	return inFlow && strings.ContainsAny(s, ",[]{}?")
}
