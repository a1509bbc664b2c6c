package check

import (
	"fmt"
	"slices"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// sentMessage is a message that a playbook sends over a channel.
type sentMessage struct {
	pos     diag.Pos // of its key
	subject bool
}

// minSubjects is how many messages of a channel must have a subject before one without stands out.
const minSubjects = 2

// NoteSubject notes whether the message that a step sends has a subject.
func (c *Notes) NoteSubject(v *syntax.Node, step *playbooks.Step, spec *schema.ActionSpec) {
	takes := slices.ContainsFunc(spec.Fields, func(f schema.FieldSpec) bool { return f.Name == "subject" })
	if !takes {
		return
	}
	for _, name := range step.Args["channel"].Names() {
		c.messages[name] = append(c.messages[name], sentMessage{step.Pos, v.Get("subject") != nil})
	}
}

// missingSubjects warns of messages without a subject: of all where the channel carries subjects,
// else of the only one of several.
func (c *rules) missingSubjects() {
	for i := range c.schema.Channels {
		ch := &c.schema.Channels[i]
		var with, without []diag.Pos
		for _, m := range c.messages[ch.Name] {
			if m.subject {
				with = append(with, m.pos)
			} else {
				without = append(without, m.pos)
			}
		}
		if spec := c.reg.Channel(ch.Type); spec != nil && spec.Subjects {
			for _, at := range without {
				c.Warn("missing-key", at, fmt.Sprintf("a message to `%s` has a subject line, and this one is empty", ch.Name)).
					Label("add `subject: …`")
			}
			continue
		}
		if len(without) == 1 && len(with) >= minSubjects {
			c.Warn("missing-key", without[0], fmt.Sprintf("this message has no subject, and all others to `%s` have one",
				ch.Name)).
				Label("add `subject: …`").Diagnostic().Relate("as this one", with[0])
		}
	}
}
