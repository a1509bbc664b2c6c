package playbooks

import (
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
)

// Table is a table of usher.yaml that expressions look rows up in.
type Table struct {
	Name string
	scope.Table
	Pos diag.Pos
}

// TableNames returns the declared tables in the order of their declaration.
func (s *Schema) TableNames() (names []string) {
	for i := range s.Tables {
		names = append(names, s.Tables[i].Name)
	}
	return names
}

// Table returns what a table holds; nil when it is not declared.
func (s *Schema) Table(name string) *scope.Table {
	if t := s.tableNamed(name); t != nil {
		return &t.Table
	}
	return nil
}

func (s *Schema) tableNamed(name string) *Table {
	for i := range s.Tables {
		if s.Tables[i].Name == name {
			return &s.Tables[i]
		}
	}
	return nil
}
