package actions

import (
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks/schema"
)

func tag() action {
	return action{
		ActionSpec: schema.ActionSpec{
			Key:       "tag",
			Doc:       "Adds tags to the member and removes some. A tag that is there already is no change.",
			Shorthand: "add",
			Fields: []schema.FieldSpec{
				{Name: "add", Kind: schema.FieldTags, Doc: "tags to add"},
				{Name: "remove", Kind: schema.FieldTags, Doc: "tags to remove"},
				{Name: "for", Kind: schema.FieldDuration, Needs: "add", Doc: "how long the member has the tags that are added; for ever when left out"},
			},
			AtLeast: []string{"add", "remove"},
			Example: "tag: {add: [buyer], remove: [newcomer]}",
		},
		effect: func(a *engine.Act) error {
			return a.Tag(a.Strings("add"), a.Strings("remove"), a.Duration("for"))
		},
	}
}
