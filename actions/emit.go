package actions

import (
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
)

func emit() action {
	return action{
		ActionSpec: schema.ActionSpec{
			Key: "emit",
			Doc: "Lets an event happen: to this member, decided right after what is being decided, or to another, in their own line. " +
				"It starts playbooks, reaches goals and counts in `events()` as any event, but does not move `last_seen_at`.",
			Shorthand: "event",
			Fields: []schema.FieldSpec{
				{Name: "event", Kind: shapes.FieldEvent, Required: true, Doc: "an event of usher.yaml"},
				{Name: "properties", Kind: schema.FieldProperties, Doc: "its properties, typed by its declaration"},
				{Name: "member", Kind: schema.FieldString, Doc: "the id of the member it happens to, when that is another"},
			},
			Example: "if: member.invited_by != nil\nemit: {event: friend.joined, properties: {friend: = member.id}, member: = member.invited_by}",
		},
		effect: func(a *engine.Act) error {
			properties, _ := a.Args["properties"].(map[string]any)
			return a.Emit(a.String("event"), properties, a.String("member"))
		},
	}
}
