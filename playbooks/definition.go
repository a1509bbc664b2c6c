package playbooks

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
)

// WriteRefs writes what the names refer to, such that equal meanings give equal text.
func (s *Schema) WriteRefs(h io.Writer, refs expression.Refs) {
	for _, name := range refs.Segments {
		if g := s.Segment(name); g != nil {
			fmt.Fprintf(h, "segment %q %q\n", name, g.Source.Text)
		}
	}
	for _, name := range refs.Attributes {
		a := s.Attribute(name)
		switch {
		case a == nil:
		case a.Computed != nil:
			fmt.Fprintf(h, "computed %q %q\n", name, a.Computed.Text)
		default:
			fmt.Fprintf(h, "attribute %q %s %v%s\n", name, schema.TypeText(a.Type), a.Default, schema.LabelText(a.Type))
		}
	}
	for _, name := range refs.Tables {
		if t := s.Table(name); t != nil {
			fmt.Fprintf(h, "table %q %s %v\n", name, schema.TypeText(t.Row), t.Rows) // maps are printed in order
		}
	}
	if refs.Zone {
		fmt.Fprintf(h, "zone %s\n", s.Zone())
	}
	for _, name := range refs.Events {
		if e := s.Event(name); e != nil {
			fmt.Fprintf(h, "event %q %s%s\n", name, schema.TypeText(e.Properties), schema.LabelText(e.Properties))
		}
	}
}

// Definition names what the segment asks, through the segments and computed attributes that it is
// made of: another one is another audience. "" for a segment that is not declared.
func (s *Schema) Definition(segment string) string {
	g := s.Segment(segment)
	if g == nil || g.Expr == nil {
		return ""
	}
	h := sha256.New()
	s.WriteRefs(h, g.Expr.Refs.With(expression.Refs{Segments: []string{segment}}))
	return hex.EncodeToString(h.Sum(nil))[:12]
}
