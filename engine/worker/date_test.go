package worker_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
)

const birthday = `id: birthday
stage: retention
trigger: {date: member.born, every: year, at: "10:00"}
actions:
  - points: 1
`

// Members who were there before the playbook are started on their day, once, whoever is at work; a
// change of the date counts.
func TestDatesComeOnce(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(thanks)
	wk := w.run()
	day := time.Now().UTC().AddDate(0, 0, 3)
	born := func(id string, at time.Time) engine.Input {
		return engine.Input{
			Kind: engine.InputUpdate, ID: id + at.String(), Member: id,
			Payload: &engine.Payload{Attributes: map[string]any{"born": at.AddDate(-30, 0, 0).Format(time.DateOnly)}},
		}
	}
	const members = 40
	for i := range members {
		w.accept(born(fmt.Sprint("m", i), day))
	}
	w.until("they are known", func() bool {
		m, err := w.Member(w.ctx, fmt.Sprint("m", members-1))
		lanes, _, err2 := w.Owed(w.ctx, w.now())
		return err == nil && err2 == nil && m != nil && len(lanes) == 0
	})
	_, before := wk.Workspace()
	w.activate(thanks, birthday)
	w.until("the playbook", func() bool { _, hash := wk.Workspace(); return hash != before })
	w.run()
	w.until("their days are noted", func() bool {
		for i := range members {
			if m, err := w.Member(w.ctx, fmt.Sprint("m", i)); err != nil || m.ReevaluateAt.IsZero() {
				return false
			}
		}
		return true
	})
	w.accept(born("m0", day.AddDate(0, 0, 10)))
	wk.Wake("m0")
	w.until("the new date", func() bool {
		m, err := w.Member(w.ctx, "m0")
		return err == nil && m.ReevaluateAt.After(day.AddDate(0, 0, 2))
	})
	w.advance(4 * 24 * time.Hour)
	w.until("the day", func() bool { return w.state("birthday", engine.RunDone) == members-1 })
	w.advance(10 * 24 * time.Hour)
	w.until("the last one", func() bool { return w.state("birthday", engine.RunDone) == members })
	w.until("nothing is owed", func() bool {
		lanes, _, err := w.Owed(w.ctx, w.now())
		return err == nil &&
			len(lanes) == 0
	})
	if n := w.counts("birthday"); n.Entered != members || n.Points != members {
		t.Fatalf("%+v", n)
	}
}
