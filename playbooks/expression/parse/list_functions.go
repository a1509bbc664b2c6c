package parse

import (
	"regexp"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/diag"
)

// ListFunctions are functions of the language that go over a list as the library's do: distinct(list, .x). The
// library's parser takes .x only behind names that it knows. So it is given `sum` in their place, of the same length, and the
// nodes are named afterwards.
var ListFunctions = []string{"distinct", "most_common", "avg", "largest", "smallest"}

const standIn = "sum"

var listFunctionCall = regexp.MustCompile(`(?:^|[^\w.$#])(` + strings.Join(ListFunctions, "|") + `)\s*\(`)

// withStandIns returns the text that the library reads, and by their place, in characters, the names that it does not.
func (c *reader) withStandIns() (text string, names map[int]string) {
	text = c.Source.Text
	for _, m := range listFunctionCall.FindAllStringSubmatchIndex(diag.WithoutTexts(text), -1) {
		if names == nil {
			names = map[int]string{}
		}
		name := text[m[2]:m[3]]
		names[c.Runes(m[2], m[3]).From] = name
		text = text[:m[2]] + standIn + strings.Repeat(" ", len(name)-len(standIn)) + text[m[3]:]
	}
	return text, names
}

// naming gives the nodes back their names.
type naming map[int]string

// Visit names a node.
func (v naming) Visit(n *ast.Node) {
	if b, ok := (*n).(*ast.BuiltinNode); ok && b.Name == standIn {
		if name := v[b.Location().From]; name != "" {
			b.Name = name
		}
	}
}
