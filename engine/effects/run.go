package effects

import (
	"time"

	"github.com/usher-run/usher/engine/view"
	"github.com/usher-run/usher/playbooks/schema"
)

// ShadowKey is under what a run says that it began in shadow. No action has such an id.
const ShadowKey = ":shadow"

// Shadow reports whether the run began while its playbook was in shadow: nothing of it leaves, nothing of it is done.
func (r *Run) Shadow() bool { return r.Actions[ShadowKey] != nil }

// Decode types what a run remembers, `trigger` by a record and results by the ids of their actions, and shows its times
// in the zone.
func (r *Run) Decode(record *schema.Type, actions map[string]*schema.Type, zone *time.Location) {
	switch {
	case r.Typed && r.Zone == zone:
		return
	case r.Typed: // a member who has moved
		r.Encode(record, actions)
	}
	r.Typed, r.Zone = true, zone
	r.Trigger = view.Decoded(record, r.Trigger, zone)
	for id, res := range r.Actions {
		r.Actions[id] = view.Decoded(actions[id], res, zone)
	}
}

// Encode turns what a run remembers into what JSON holds.
func (r *Run) Encode(record *schema.Type, actions map[string]*schema.Type) {
	r.Trigger = view.Encoded(record, r.Trigger)
	for id, res := range r.Actions {
		r.Actions[id] = view.Encoded(actions[id], res)
	}
	r.Typed = false
}
