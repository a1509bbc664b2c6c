package engine

import (
	"maps"
	"slices"
	"time"

	"github.com/usher-run/usher/engine/index"
	"github.com/usher-run/usher/engine/member"
)

// nextEnd returns the open run that exits first because its playbook is not active any more; nil when none ever does.
func (d *decider) nextEnd() (first *Run, at time.Time) {
	if len(d.e.index.Ending) == 0 {
		return nil, at
	}
	for _, r := range d.st.Runs {
		if r.State != RunWaiting {
			continue
		}
		for _, w := range d.e.index.Ending {
			if w.Playbook != r.Playbook {
				continue
			}
			if t := w.Of(r); first == nil || t.Before(at) {
				first, at = r, t
			}
		}
	}
	return first, at
}

// decideEnd ends a run whose playbook is not active any more. What that would start is left out where
// the caller gave it up.
func (d *decider) decideEnd(r *Run, at time.Time) {
	d.beginDue("active:" + r.ID)
	recorded := d.recordMemberships(at)
	d.begin(at)
	d.end(r, RunExited, ReasonNotActive)
	d.followMoved(at, recorded)
}

// recordEnds notes of the playbooks that the member has entered that it is known when open runs exit: whoever is not
// known is looked at. It reports whether there was something to note.
func (d *decider) recordEnds() (noted bool) {
	m := d.st.Member
	for _, w := range d.e.index.Ending {
		if !w.Unrecorded(m) {
			continue
		}
		rare := m.Rarer()
		if rare.Exits == nil {
			rare.Exits = map[string]int64{}
		}
		rare.Exits[w.Playbook] = member.Number(w.Since)
		noted, d.touched = true, true
	}
	return noted
}

// forgetEnds drops what is noted of playbooks that do not end so any more.
func (d *decider) forgetEnds() {
	exits := d.st.Member.Rarely().Exits
	before := len(exits)
	maps.DeleteFunc(exits, func(id string, _ int64) bool {
		return !slices.ContainsFunc(d.e.index.Ending, func(w *index.Ending) bool { return w.Playbook == id })
	})
	d.touched = d.touched || len(exits) != before
}
