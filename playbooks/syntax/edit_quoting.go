package syntax

import (
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks/diag"
)

// QuoteEdits turns changes of an expression into changes of the YAML around it: what is written
// into quotes is escaped, and a value without quotes that would need them afterwards gets them.
func QuoteEdits(n *Node, diags []diag.Diagnostic) {
	spans := n.spans()
	for i := range diags {
		for k := range diags[i].Edits {
			e := &diags[i].Edits[k]
			switch n.Style {
			case singleStyle:
				e.Text = strings.ReplaceAll(e.Text, "'", "''")
			case doubleStyle:
				e.Text = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(e.Text)
			case PlainStyle:
				if spans != nil {
					n.quotePlain(e)
				}
			}
		}
	}
}

// quotePlain replaces the whole value by one in quotes when the change alone would make it
// unreadable.
func (n *Node) quotePlain(e *diag.Edit) {
	from, to := n.F.Offset(e.Line, e.Column), n.F.Offset(e.EndLine, e.EndColumn)
	end := n.End()
	if e.File != n.F.Name || from < n.Start || to > end || from > to {
		return
	}
	after := n.F.Text[n.Start:from] + e.Text + n.F.Text[to:end]
	if strings.Contains(after, "\n") || !NeedsQuotes(after, n.InFlow) {
		return
	}
	e.Pos, e.Text = n.F.Pos(n.Start, end), Quote(after)
}

// NeedsQuotes reports whether YAML would read a plain value otherwise than as the whole of it.
func NeedsQuotes(s string, inFlow bool) bool {
	if s == "" || strings.ContainsAny(s[:1], "!&*[]{}\"'%@`|>#,") || strings.Contains(s, ": ") ||
		strings.Contains(s, " #") ||
		strings.HasSuffix(s, ":") || slices.Contains([]string{"- ", "? "}, s[:min(2, len(s))]) {
		return true
	}
	return inFlow && strings.ContainsAny(s, ",[]{}?")
}
