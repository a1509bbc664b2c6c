package engine

import (
	"maps"
	"slices"
	"time"

	"github.com/usher-run/usher/engine/member"
	"github.com/usher-run/usher/engine/watches"
	"github.com/usher-run/usher/playbooks"
)

// ending is a playbook whose open runs exit when it is not active any more.
type ending struct {
	playbook string
	at       time.Time // when it ends
	since    time.Time // when that began to hold
}

// ends prepares the playbooks whose open runs exit.
func (e *Engine) ends() {
	for _, p := range e.ws.Playbooks {
		if at := p.Active.Ends(); !at.IsZero() && p.Status != playbooks.Draft {
			e.ending = append(e.ending, &ending{playbook: p.ID, at: at, since: e.o.Watched[watches.Active(p.ID)]})
		}
	}
}

// unrecorded reports whether the member has entered the playbook, and it is not noted yet when open runs of theirs
// exit.
func (w *ending) unrecorded(m *Member) bool {
	noted, ok := m.Rarely().Exits[w.playbook]
	_, entered := m.Entries[w.playbook]
	return entered && !(ok && noted == member.Number(w.since))
}

// of returns when a run exits: at the end, or when the playbook was written so, which counts at once.
func (w *ending) of(r *Run) time.Time {
	at := w.at
	for _, t := range []time.Time{w.since, r.StartedAt} {
		if t.After(at) {
			at = t
		}
	}
	return at.UTC().Truncate(time.Millisecond)
}

// nextEnd returns the open run that exits first because its playbook is not active any more; nil when none ever does.
func (d *decider) nextEnd() (first *Run, at time.Time) {
	if len(d.e.ending) == 0 {
		return nil, at
	}
	for _, r := range d.st.Runs {
		if r.State != RunWaiting {
			continue
		}
		for _, w := range d.e.ending {
			if w.playbook != r.Playbook {
				continue
			}
			if t := w.of(r); first == nil || t.Before(at) {
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
	d.recordMemberships(at)
	d.begin(at)
	d.end(r, RunExited, ReasonNotActive)
	if moved := d.reevaluate(at); !d.st.GaveUp(at) {
		d.follow(moved)
	}
}

// recordEnds notes of the playbooks that the member has entered that it is known when open runs exit: whoever is not
// known is looked at. It reports whether there was something to note.
func (d *decider) recordEnds() (noted bool) {
	m := d.st.Member
	for _, w := range d.e.ending {
		if !w.unrecorded(m) {
			continue
		}
		rare := m.Rarer()
		if rare.Exits == nil {
			rare.Exits = map[string]int64{}
		}
		rare.Exits[w.playbook] = member.Number(w.since)
		noted, d.touched = true, true
	}
	return noted
}

// forgetEnds drops what is noted of playbooks that do not end so any more.
func (d *decider) forgetEnds() {
	exits := d.st.Member.Rarely().Exits
	before := len(exits)
	maps.DeleteFunc(exits, func(id string, _ int64) bool {
		return !slices.ContainsFunc(d.e.ending, func(w *ending) bool { return w.playbook == id })
	})
	d.touched = d.touched || len(exits) != before
}
