package declarations

import (
	"fmt"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/loader/values"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// column is a column of a table: what its cells have in common.
type column struct {
	t    *schema.Type
	pos  diag.Pos // of its first cell
	key  diag.Pos // of its name there
	rows int      // that have it
}

// minColumnName is how many letters a name has of which another is most likely a slip.
const minColumnName = 4

// table reads a table: rows by key, each with its cells. Columns are typed by all rows.
func (c *reader) table(key, value *syntax.Node) {
	c.declarable(key, "a table")
	t := playbooks.Table{Name: key.Value, Pos: key.Pos(), Table: scope.Table{
		Rows: map[string]any{}, Places: map[scope.Cell]diag.Pos{},
	}}
	defer func() { c.Schema.Tables = append(c.Schema.Tables, t) }()
	t.Row = schema.ObjectOf()
	if value.Broken {
		return
	}
	if value.Kind != syntax.MappingNode || len(value.Entries) == 0 {
		c.WrongType(value, "a table must be a mapping of rows").Label("as in {milk: {points: 100}, cheese: {points: 500}}")
		return
	}
	columns, names := map[string]*column{}, []string(nil)
	defer func() { c.similarColumns(&t, columns, names) }()
	for _, e := range value.Entries {
		row := c.row(e, columns, &names)
		for name := range row {
			t.Places[scope.Cell{Key: e.Key.Value, Column: name}] = e.Value.Get(name).Pos()
		}
		t.Keys = append(t.Keys, e.Key.Value)
		t.Rows[e.Key.Value] = row
	}
	for _, name := range names {
		col := columns[name]
		if col.rows < len(t.Keys) {
			col.t = col.t.AsOptional()
		}
		t.Row.Fields = append(t.Row.Fields, schema.Field{Name: name, Type: col.t.DeclaredAt(col.pos), Pos: col.pos})
		if col.t.Kind == schema.KindNumber {
			for _, row := range t.Rows {
				if n, ok := row.(map[string]any)[name].(int); ok {
					row.(map[string]any)[name] = float64(n)
				}
			}
		}
	}
}

// similarColumns warns of a column of one row that is most likely another one, misspelt: the row lacks the other,
// whose name is a slip of the keyboard away. Of two rows that differ so, the one that lacks a letter has the slip.
func (c *reader) similarColumns(t *playbooks.Table, columns map[string]*column, names []string) {
	if len(names) > diag.MaxCandidates {
		return
	}
	for _, name := range names {
		for _, other := range names {
			col, meant := columns[name], columns[other]
			if col.rows == 1 && (meant.rows > 1 || len(name) < len(other)) && isColumnSlip(name, other) &&
				schema.Join(col.t.Required(), meant.t.Required()) != nil && !inOneRow(t, name, other) {
				c.Warn("misspelt", col.key, fmt.Sprintf("the column `%s` is of this row alone, and `%s` of others", name, other)).
					Label("did you mean `"+other+"`?").Edit(col.key, other).UnsureUnless(false).
					Diagnostic().Relate("`"+other+"` is here", meant.key)
				break
			}
		}
	}
}

// isColumnSlip reports whether a name is another with a slip of the keyboard. A number that differs makes another.
func isColumnSlip(name, other string) bool {
	return name != other && max(len(name), len(other)) >= minColumnName && diag.Digits(name) == diag.Digits(other) &&
		diag.EditDistance(name, other, diag.MaxDistance) == 1
}

// inOneRow reports whether a row of a table has both columns.
func inOneRow(t *playbooks.Table, name, other string) bool {
	for _, row := range t.Rows {
		cells, _ := row.(map[string]any)
		if cells[name] != nil && cells[other] != nil {
			return true
		}
	}
	return false
}

// row reads a row of a table.
func (c *reader) row(e syntax.Entry, columns map[string]*column, names *[]string) map[string]any {
	row := map[string]any{}
	if e.Value.Broken {
		return row
	}
	if e.Value.Kind != syntax.MappingNode {
		c.WrongType(e.Value, "a row must be a mapping of its cells").Label("as in {points: 100}")
		return row
	}
	for _, cell := range e.Value.Entries {
		name := cell.Key.Value
		if !c.IsName(cell.Key, "a column", name, values.PropertyName, "letters, digits and `_`, not beginning with a digit",
			syntax.SnakeOf) || cell.Value.Broken {
			continue
		}
		v, ok := c.AnyLiteral(cell.Value)
		t := cellType(v)
		switch col := columns[name]; {
		case !ok:
		case t == nil:
			c.Error("bad-value", cell.Value.Pos(), fmt.Sprintf("`%s` must be a text, a number, true or false", name)).
				Label("leave out a cell that is empty")
		case col == nil:
			columns[name] = &column{t: t, pos: cell.Value.Pos(), key: cell.Key.Pos(), rows: 1}
			*names = append(*names, name)
			row[name] = v
		case schema.Join(col.t, t) == nil:
			c.Error("type-mismatch", cell.Value.Pos(), fmt.Sprintf("a column is of one type: this is %s, and `%s` was %s before",
				schema.Article(t.String()), name, schema.Article(col.t.String()))).Related("first here", col.pos)
		default:
			col.t = schema.Join(col.t, t)
			col.rows++
			row[name] = v
		}
	}
	return row
}

// cellType returns the type of a cell; nil when it cannot be one.
func cellType(v any) *schema.Type {
	switch v.(type) {
	case string:
		return schema.String
	case int:
		return schema.Int
	case float64:
		return schema.Number
	case bool:
		return schema.Bool
	}
	return nil
}
