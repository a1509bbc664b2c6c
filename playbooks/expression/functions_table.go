package expression

import (
	"slices"
	"strconv"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/nodes"
	"github.com/usher-run/usher/playbooks/expression/report"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
)

const tableUsage = `table("gifts", key)`

func tableFunction() function {
	return function{
		Name: "table", Usage: tableUsage, check: (*checker).tableCall,
		Doc: "the row of a table of usher.yaml, as table(\"gifts\", trigger.gift).points; missing when there is none of the key",
	}
}

func (c *checker) tableCall(n *ast.CallNode) *schema.Type {
	if len(n.Arguments) != 2 {
		c.Report(n.Location(), "wrong-arguments", "write "+tableUsage, "`table` takes 2 arguments, here are %d", len(n.Arguments))
		return nil
	}
	key := c.check(n.Arguments[1])
	name, ok := n.Arguments[0].(*ast.StringNode)
	if !ok {
		c.Report(nodes.Span(n.Arguments[0]), "not-a-constant", "write "+tableUsage,
			"the name of a table is a constant, so that it can be checked")
		return nil
	}
	t := c.sc.Schema.Table(name.Value)
	if t == nil {
		c.unknown.Text(name, "unknown-table", "table", c.sc.Schema.TableNames(), scope.InTables)
		return nil
	}
	c.refs.tables[name.Value] = true
	switch constant, isConstant := n.Arguments[1].(*ast.StringNode); {
	case key == nil:
	case key.Kind != schema.KindString:
		label := "write " + tableUsage
		if schema.IsNumeric(key) {
			label = "write string(" + nodes.Short(n.Arguments[1]) + ")"
		}
		c.Report(nodes.Span(n.Arguments[1]), "wrong-arguments", label, "a key of a table is a text, this is %s",
			report.DescribeType(key.Required()))
	case isConstant && slices.Contains(t.Keys, constant.Value):
		return rowOf(t, constant.Value)
	case isConstant:
		c.unknownRow(constant, name.Value, t.Keys)
		return nil
	default:
		c.need(n.Arguments[1], key, "`table`")
	}
	return t.Row.AsOptional()
}

// rowOf returns the type of a row whose key is written out: what is in it is surely there.
func rowOf(t *scope.Table, key string) *schema.Type {
	row, _ := t.Rows[key].(map[string]any)
	out := *t.Row
	out.Fields = slices.Clone(t.Row.Fields)
	for i := range out.Fields {
		if f := &out.Fields[i]; row[f.Name] != nil {
			f.Type = f.Type.Required()
		}
	}
	return &out
}

// unknownRow reports a key, written out, that a table does not have.
func (c *checker) unknownRow(key *ast.StringNode, table string, keys []string) {
	label, near := "there is "+diag.OneOf(keys), diag.Closest(key.Value, keys)
	if near != "" {
		label = "did you mean `" + near + "`?"
	}
	d := c.Report(key.Location(), "unknown-row", label, "the table `%s` has no row `%s`", table, key.Value)
	if near != "" {
		d.Suggest(strconv.Quote(near)).UnsureUnless(diag.UniqueMatch(key.Value, keys))
		d.AssumeName(near)
	}
}

// cells returns the texts in the column of a table that a node reads, as table("gifts", key).pool does, each where it
// stands; nil when it reads none.
func (c *checker) cells(n *ast.MemberNode) (cells []tagMention) {
	of := n.Node
	if chain, ok := of.(*ast.ChainNode); ok {
		of = chain.Node
	}
	call, isCall := of.(*ast.CallNode)
	column, isColumn := n.Property.(*ast.StringNode)
	if !isCall || !isColumn || nodes.Callee(call) != "table" || len(call.Arguments) != 2 {
		return nil
	}
	name, ok := call.Arguments[0].(*ast.StringNode)
	if !ok {
		return nil
	}
	t := c.sc.Schema.Table(name.Value)
	if t == nil {
		return nil
	}
	for _, key := range t.Keys {
		row, _ := t.Rows[key].(map[string]any)
		if cell, ok := row[column.Value].(string); ok {
			cells = append(cells, tagMention{cell, t.Places[scope.Cell{Key: key, Column: column.Value}]})
		}
	}
	return cells
}
