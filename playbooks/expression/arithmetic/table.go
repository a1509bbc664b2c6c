package arithmetic

import "github.com/expr-lang/expr/builtin"

// Table holds rows by their key.
type Table struct{ Rows map[string]any }

// TableFunction is the function that looks a row up: nil where there is none.
func TableFunction() *builtin.Function {
	return Host("$table", new(func(*Table, any) any), func(p []any) (any, error) {
		key, _ := p[1].(string)
		return p[0].(*Table).Rows[key], nil
	})
}
