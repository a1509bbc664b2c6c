package parse

import (
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	place "github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/report"
	"github.com/usher-run/usher/playbooks/expression/scope"
)

// MaxNodes is how many parts an expression may have.
const MaxNodes = 2000

// Parser reads expressions.
type Parser struct {
	config    *conf.Config
	functions scope.Functions
}

// New returns a parser that knows the functions of the language alone.
func New(functions scope.Functions) *Parser {
	cfg := conf.CreateNew()
	cfg.MaxNodes = MaxNodes
	for name := range cfg.Builtins {
		if _, ok := functions.Library[name]; !ok {
			cfg.Disabled[name] = true
			delete(cfg.Builtins, name)
		}
	}
	return &Parser{cfg, functions}
}

// reader is one expression while it is read.
type reader struct {
	*report.Reporter
	sc        *scope.Scope
	functions scope.Functions
}

// Parse returns the tree of an expression; nil when it cannot be read, with the reason told.
func (p *Parser) Parse(told *report.Reporter, sc *scope.Scope) ast.Node {
	c := &reader{told, sc, p.functions}

	if strings.TrimSpace(c.Source.Text) == "" {
		c.Report(place.Location{}, "syntax-expression", "write an expression, as in member.points > 100",
			"the expression is empty")
		return nil
	}
	text, names := c.withStandIns()
	tree, err := parser.ParseWithConfig(text, p.config)
	switch {
	case err != nil:
		c.syntaxError(err)
		return nil
	case c.foreignDate(diag.WithoutTexts(c.Source.Text)):
		return nil
	}
	if names != nil {
		ast.Walk(&tree.Node, naming(names))
	}
	if len(sc.Names) > 0 {
		ast.Walk(&tree.Node, constants(sc.Names))
	}
	return tree.Node
}

// constants puts the names that a snippet is given in place of its params.
type constants map[string]string

// Visit is called for each node.
func (c constants) Visit(node *ast.Node) {
	m, ok := (*node).(*ast.MemberNode)
	if !ok {
		return
	}
	root, isRoot := m.Node.(*ast.IdentifierNode)
	key, isKey := m.Property.(*ast.StringNode)
	if !isRoot || !isKey || root.Value != "params" {
		return
	}
	if name, ok := c[key.Value]; ok {
		constant := &ast.StringNode{Value: name}
		constant.SetLocation(place.Location{From: root.Location().From, To: key.Location().To})
		*node = constant
	}
}
