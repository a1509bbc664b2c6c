package scope

import (
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
)

// Table is a table that rows are looked up in.
type Table struct {
	Row  *schema.Type   // an object: a column that a row lacks is optional
	Keys []string       // in the order of their declaration
	Rows map[string]any // by key, each typed; they are never changed

	Places map[Cell]diag.Pos // where the cells stand
}

// Cell names a cell of a table.
type Cell struct{ Key, Column string }
