// Package actions holds what playbooks can do: one file an action, each with its declaration and
// how it is carried out. The checker, the JSON Schema and the reference read the declarations from
// the one list here.
package actions

import (
	"time"

	"github.com/usher-run/usher/actions/channel"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks/schema"
)

// action is a declaration with what carries it out.
type action struct {
	schema.ActionSpec
	effect engine.Effect
}

// all lists every action. A new one is a new file and a line here.
func all() []action {
	return []action{message(), tag(), coupon(), set(), points(), raffle(), emit(), webhook()}
}

// Registry returns what actions and channels declare, for the checker and the engine.
func Registry() *schema.Registry {
	r := &schema.Registry{Channels: channel.Specs(), Now: time.Now}
	for _, a := range all() {
		r.Actions = append(r.Actions, a.ActionSpec)
	}
	return r
}

// Effects returns how each action is carried out, by its key.
func Effects() map[string]engine.Effect {
	out := map[string]engine.Effect{}
	for _, a := range all() {
		out[a.Key] = a.effect
	}
	return out
}
