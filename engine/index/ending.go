package index

import (
	"time"

	"github.com/usher-run/usher/engine/naming"

	"github.com/usher-run/usher/engine/effects"
	"github.com/usher-run/usher/engine/member"
	"github.com/usher-run/usher/engine/watches"
	"github.com/usher-run/usher/playbooks"
)

// Ending is a playbook whose open runs exit when it is not active any more.
type Ending struct {
	Playbook string
	At       time.Time // when it ends
	Since    time.Time // when that began to hold
}

// ends prepares the playbooks whose open runs exit.
func (x *Index) ends() {
	for _, p := range x.WS.Playbooks {
		if at := p.Active.Ends(); !at.IsZero() && p.Status != playbooks.Draft {
			x.Ending = append(x.Ending, &Ending{Playbook: p.ID, At: at, Since: x.opt.Watched[watches.Active(p.ID)]})
		}
	}
}

// Unrecorded reports whether the member has entered the playbook, and it is not noted yet when open runs of theirs
// exit.
func (w *Ending) Unrecorded(m *member.Member) bool {
	noted, ok := m.Rarely().Exits[w.Playbook]
	_, entered := m.Entries[w.Playbook]
	_, inShadow := m.Entries[naming.ShadowOf(w.Playbook)]
	return (entered || inShadow) && !(ok && noted == member.Number(w.Since))
}

// Of returns when a run exits: at the end, or when the playbook was written so, which counts at once.
func (w *Ending) Of(r *effects.Run) time.Time {
	at := w.At
	for _, t := range []time.Time{w.Since, r.StartedAt} {
		if t.After(at) {
			at = t
		}
	}
	return at.UTC().Truncate(time.Millisecond)
}
