package actions

import (
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks/schema"
)

// setAttributes is the field that holds all attributes of a `set`: they are written without a name
// of their own.
const setAttributes = "attributes"

func set() action {
	return action{
		ActionSpec: schema.ActionSpec{
			Key:       "set",
			Doc:       "Writes attributes of the member, each typed by the schema.",
			Shorthand: setAttributes,
			Fields: []schema.FieldSpec{
				{
					Name: setAttributes, Kind: schema.FieldAttributes, Required: true,
					Doc: "attribute: value, as many as there are to write",
				},
			},
			Example: "set: {level: gold, greeted_at: = now()}",
		},
		effect: func(a *engine.Act) error { return a.Set(setAttributes) },
	}
}
