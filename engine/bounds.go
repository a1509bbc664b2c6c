package engine

import (
	"time"

	"github.com/usher-run/usher/engine/naming"
)

// What is kept of a member, in one document and in open runs, is bounded, so that the cost of an event does not grow
// with what came before it:
//
//  1. Attributes, also those that were removed, and tags have a bound of their own: see
//     [member.Member.RoomFor]. What goes beyond is an error: an input is set aside, a run fails.
//  2. Of one playbook the last entries may still reach the goal: see [member.Member.WatchGoal].
//  3. An entry is forgotten a year after it, once its playbook is gone from the workspace.
//  4. maxDeferred messages may wait for the end of quiet hours. One more is skipped.
//  5. maxOpen runs of one playbook may be open. One more is refused.
const (
	forgetAfter = 366 * 24 * time.Hour
	maxDeferred = 100 // more than anybody reads in the morning
	maxOpen     = 100 // as goals
)

// noteEntry keeps when the member entered a playbook, and forgets old entries of playbooks that are
// gone. A playbook that comes back within a year finds its entries.
func (d *decider) noteEntry(playbook string) {
	d.st.Member.Enter(playbook, d.now)
	if m := d.st.Member; len(m.Entries) > len(d.e.index.Active) { // some are of playbooks that are gone
		m.ForgetEntries(d.now.Add(-forgetAfter), func(id string) bool {
			return d.e.index.Active[naming.OutOfShadow(id)] == nil
		})
	}
}
