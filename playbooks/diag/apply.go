package diag

import (
	"bytes"
)

// Apply makes edits in the text of a file; those of other files are left out.
func Apply(name string, text []byte, edits []Edit) []byte {
	f := NewFile(name, text)
	var out bytes.Buffer
	at := 0
	for _, e := range edits {
		from, to := f.Offset(e.Line, e.Column), f.Offset(e.EndLine, e.EndColumn)
		if e.File != name || from < at || to < from {
			continue
		}
		out.WriteString(f.Text[at:from])
		out.WriteString(e.Text)
		at = to
	}
	out.WriteString(f.Text[at:])
	return out.Bytes()
}
