package syntax

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/usher-run/usher/playbooks/diag"
	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"
)

// scalarAlphabet has what makes scalars hard to follow: quotes, escapes, breaks, indentation, wide
// characters.
var scalarAlphabet = []rune("ab '\"\\\n\n  :#中文好é🎉-{}[],?!&*|>%@`\t")

func drawText(t *rapid.T) string {
	return string(rapid.SliceOfN(rapid.SampledFrom(scalarAlphabet), 0, 40).Draw(t, "text"))
}

// TestEveryCharacterHasItsPosition writes a text in each style, reads it back, and looks whether
// each character of the value is found where the map says.
func TestEveryCharacterHasItsPosition(t *testing.T) {
	styles := map[string]yaml.Style{
		"any": 0, "single": yaml.SingleQuotedStyle, "double": yaml.DoubleQuotedStyle, "literal": yaml.LiteralStyle,
		"folded": yaml.FoldedStyle,
	}
	for name, style := range styles {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				want := drawText(t)
				doc := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
					{Kind: yaml.ScalarNode, Value: "list"},
					{Kind: yaml.SequenceNode, Content: []*yaml.Node{
						{Kind: yaml.MappingNode, Content: []*yaml.Node{
							{Kind: yaml.ScalarNode, Value: "文"},
							{Kind: yaml.ScalarNode, Tag: "!!str", Value: want, Style: style},
							{Kind: yaml.ScalarNode, Value: "end"},
							{Kind: yaml.ScalarNode, Value: "x"},
						}},
					}},
				}}
				out, err := yaml.Marshal(doc)
				if err != nil {
					t.Skip("cannot be written")
				}
				checkSpans(t, string(out), want)
			})
		})
	}
}

func checkSpans(t *rapid.T, text, want string) {
	c := &Reader{}
	f := diag.NewFile("f.yaml", []byte(text))
	n := c.Read(f)
	if n == nil {
		t.Skip("the library does not read what it wrote: ", text)
	}
	v := n.Get("list").Items[0].Get("文")
	if v == nil || v.Value != want {
		t.Skip("the library wrote something else")
	}
	spans := v.spans()
	if spans == nil {
		t.Fatalf("cannot be followed:\n%s", text)
	}
	for i, r := range []rune(want) {
		at := spans[i]
		got, _ := utf8.DecodeRuneInString(text[at:])
		ok := got == r || got == '\\' && v.Style == doubleStyle || strings.ContainsRune(" \n\t", r) &&
			strings.ContainsRune(" \n\t\r", got)
		if !ok {
			t.Fatalf("character %d (%q) is at %q in:\n%s", i, r, text[at:min(at+8, len(text))], text)
		}
		if i > 0 && at < spans[i-1] {
			t.Fatalf("character %d lies before the one before it in:\n%s", i, text)
		}
	}
	if end := spans[len(spans)-1]; end > len(text) {
		t.Fatalf("ends at %d of %d", end, len(text))
	}
}

// TestHandWrittenScalars covers styles that the library does not write.
func TestHandWrittenScalars(t *testing.T) {
	for _, c := range []struct{ text, mark, at string }{
		{"k: |2\n    你X\n", "X", "2:6"},
		{"k: |-\n  a\n\n  bX\n", "X", "4:4"},
		{"k: >+\n  a\n  b\n\n  c\n\n\n  dX\n\n", "X", "8:4"},
		{"k: >\n  a\n    more\n  X\n", "X", "4:3"},
		{"k: |  # why\n  X\n", "X", "2:3"},
		{"k: plain\n  goes on\n\n  hereX\n", "X", "4:7"},
		{"k: 'a''X'\n", "X", "1:8"},
		{"k: 'a\n\n  b X'\n", "X", "3:5"},
		{`k: "\u4f60\x41\tX"` + "\n", "X", "1:17"},
		{"k: \"a\\\n   X\"\n", "X", "2:4"},
		{"k: \"a \\\n\n  \\ X\"\n", "X", "3:5"},
		{"你: [好, X]\n", "X", "1:8"},
		{"k: |\r\n  a\r\n  X\r\n", "X", "3:3"},
	} {
		f := diag.NewFile("f.yaml", []byte(c.text))
		ck := &Reader{}
		n := ck.Read(f)
		if n == nil {
			t.Errorf("%q: %v", c.text, ck.Diags)
			continue
		}
		v := n.Entries[0].Value
		if v.Kind == SequenceNode {
			v = v.Items[len(v.Items)-1]
		}
		i := strings.Index(v.Value, c.mark)
		if i < 0 {
			t.Errorf("%q: no mark in the value %q", c.text, v.Value)
			continue
		}
		from := utf8.RuneCountInString(v.Value[:i])
		p := v.At(from, from+1)
		if got := strings.TrimPrefix(positionOf(p), "f.yaml:"); got != c.at || p.EndLine != p.Line ||
			p.EndColumn != p.Column+1 {
			t.Errorf("%q: got %+v, want %s", c.text, p, c.at)
		}
	}
}

func positionOf(p diag.Pos) string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }
