package playbook

import (
	"regexp"
	"strings"

	"github.com/usher-run/usher/playbooks/syntax"
)

// betweenEvents matches what people write between events of which any will do.
var betweenEvents = regexp.MustCompile(`\s*(?:[,，、|/;；]+|\s(?:or|and)\s|[或和])\s*`)

// severalEvents reports more than one event where one belongs, as in `event: [order.paid,
// order.refunded]`.
func (p *reader) severalEvents(v *syntax.Node, what string) bool {
	if v == nil || v.Broken {
		return false
	}
	var names []string
	switch v.Kind {
	case syntax.SequenceNode:
		for _, item := range v.Items {
			names = append(names, item.Value)
		}
	case syntax.ScalarNode:
		if names = betweenEvents.Split(v.Value, -1); len(names) < 2 || p.Schema.Event(v.Value) != nil {
			return false
		}
		for _, name := range names {
			if p.Schema.Event(name) == nil {
				return false
			}
		}
	default:
		return false
	}
	message := map[string]string{"goal": "a goal has one event", "a wait for an event": "a wait is for one event"}[what]
	if message == "" {
		message = what + " has one event"
	}
	r := p.Error("wrong-type", v.Pos(), message)
	switch {
	case len(names) == 1 && v.Flow:
		r.Label("leave the brackets out: `event: " + names[0] + "`")
	case what == "an exit":
		r.Label("write an exit for each: `[{event: " + strings.Join(names, "}, {event: ") + "}]`")
	case what == "a trigger":
		r.Label("write `any: [{id: …, event: " + strings.Join(names, "}, {id: …, event: ") + "}]`")
	case what == "a wait for an event":
		r.Label("write any: [{id: …, event: " + strings.Join(names, "}, {id: …, event: ") + "}], with its `timeout`")
	default:
		r.Label("name the one that counts, or an event that all of them bring")
	}
	return true
}
