package view

import (
	"maps"

	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
)

// Via is what expressions see of a trigger that is one of several.
type Via struct {
	expression.Record
	ID string
}

// Field returns the id, or a field of the trigger.
func (v Via) Field(name string) any {
	if name == schema.Via {
		return v.ID
	}
	return v.Record.Field(name)
}

// All returns all of it; nil when it cannot be read.
func (v Via) All() map[string]any {
	out := maps.Clone(v.Record.All())
	if out != nil {
		out[schema.Via] = v.ID
	}
	return out
}
