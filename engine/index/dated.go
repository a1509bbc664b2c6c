package index

import (
	"time"

	"github.com/usher-run/usher/engine/member"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/view"
	"github.com/usher-run/usher/engine/watches"
	"github.com/usher-run/usher/playbooks"
)

// Dated is a date of the member that starts a playbook.
type Dated struct {
	Start
	ID    string    // by which marks name it: see naming.StartOf
	Since time.Time // when it began to be watched as it is
}

// dates prepares the playbooks that dates start.
func (x *Index) dates() {
	for _, p := range x.WS.Playbooks {
		for _, t := range p.Trigger.Items() {
			if t.Kind == playbooks.TriggerDate && p.Status != playbooks.Draft {
				id := naming.StartOf(p.ID, t.Via)
				x.Dated = append(x.Dated, &Dated{Start: Start{x.Active[p.ID], t}, ID: id, Since: x.opt.Watched[watches.Date(id)]})
			}
		}
	}
}

// Date returns the date itself.
func (w *Dated) Date() view.Date {
	return view.Date{DateTrigger: w.Trigger.Date, Schema: w.Book.WS.Schema}
}

// Known returns what is marked of the member and the date as it is watched now.
func (w *Dated) Known(m *member.Member) (member.DateMark, bool) {
	k, ok := m.Dates[w.ID]
	return k, ok && k.Since == member.Number(w.Since)
}
