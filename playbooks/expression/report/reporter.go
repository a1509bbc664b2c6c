package report

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	place "github.com/expr-lang/expr/file"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/nodes"
	"github.com/usher-run/usher/playbooks/schema"
)

// Reporter gathers what is wrong with an expression.
type Reporter struct {
	Source diag.Source
	Diags  []diag.Diagnostic
}

// Report adds a mistake at a range of the source.
func (c *Reporter) Report(loc place.Location, code, label, format string, args ...any) *diag.Diagnostic {
	c.Diags = append(c.Diags, diag.Diagnostic{
		Severity: diag.Error, Code: code, Message: fmt.Sprintf(format, args...), Label: label,
		Pos: c.Source.Pos(loc.From, loc.To),
	})
	d := &c.Diags[len(c.Diags)-1]
	for _, a := range args {
		if t, ok := a.(described); ok {
			d.RelateDeclarations(t.Type)
		}
	}
	return d
}

// Failed reports whether there is an error among what was told.
func (c *Reporter) Failed() bool {
	return diag.HasError(c.Diags)
}

// Written returns the text at a range of the source.
func (c *Reporter) Written(at place.Location) string {
	runes := []rune(c.Source.Text)
	return string(runes[min(at.From, len(runes)):min(at.To, len(runes))])
}

// LongNumber reports a number that a float64 does not hold: what it would be compared with was
// refused, or is text.
func (c *Reporter) LongNumber(at place.Location) {
	text := c.Written(at)
	c.Report(at, "inexact-number", `an id is text: write "`+text+`", and declare what it is compared with as string`,
		"%s has more digits than a number can hold", text)
}

// Runes returns the place of bytes of the source.
func (c *Reporter) Runes(from, to int) place.Location {
	start := utf8.RuneCountInString(c.Source.Text[:from])
	return place.Location{From: start, To: start + utf8.RuneCountInString(c.Source.Text[from:to])}
}

// Extent returns the range of a part with the brackets that belong to it, which the library's tree
// does not keep.
func (c *Reporter) Extent(n ast.Node) place.Location {
	at := nodes.Span(n)
	runes := []rune(c.Source.Text)
	at.To = min(at.To, len(runes))
	for {
		open, closed := diag.Brackets(runes[at.From:at.To])
		from, to := at.From-1, at.To
		for closed > 0 && from > 0 && unicode.IsSpace(runes[from]) {
			from--
		}
		for open > 0 && to < len(runes)-1 && unicode.IsSpace(runes[to]) {
			to++
		}
		switch {
		case closed > 0 && from >= 0 && runes[from] == '(':
			at.From = from
		case open > 0 && to < len(runes) && runes[to] == ')':
			at.To = to + 1
		default:
			return at
		}
	}
}

// described is a type in the words of a mistake, which shows where the type is declared.
type described struct{ *schema.Type }

// DescribeType returns the type as a message names it, with its article.
func DescribeType(t *schema.Type) described { return described{t} }

func (t described) String() string {
	if t.Kind == schema.KindNil {
		return "nil"
	}
	return schema.Article(t.Type.String())
}
