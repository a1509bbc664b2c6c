package worker_test

import (
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
)

const patient = `id: patient
stage: retention
trigger: {event: order.paid}
actions:
  - wait: 1w
  - tag: waited
`

// Open runs exit when their playbook is not active any more: at that instant, and at once when it is written so. A
// replay decides alike.
func TestOpenRunsExitAtTheEndOfActive(t *testing.T) {
	w := newWorld(t, embedded(t))
	end := w.now().Add(time.Hour).UTC().Truncate(time.Second)
	ends := func(at time.Time) string {
		return patient + "active: {to: " + at.Format(time.RFC3339) + ", open: exit}\n"
	}
	w.activate(ends(end))
	w.run()
	w.accept(order("e1", "at-the-end"))
	w.until("the entry", func() bool { return w.state("patient", engine.RunWaiting) == 1 })
	w.advance(time.Hour + time.Second)
	w.until("the exit", func() bool { return w.state("patient", engine.RunExited) == 1 })

	w.activate(patient)
	w.accept(order("e2", "written-so"))
	w.until("the entry", func() bool { return w.state("patient", engine.RunWaiting) == 1 })
	w.activate(ends(end))
	w.until("the exit", func() bool { return w.state("patient", engine.RunExited) == 2 })
	for _, member := range []string{"at-the-end", "written-so"} {
		if differences := w.replayed(member); len(differences) > 0 {
			t.Errorf("replayed otherwise: %q", differences)
		}
	}
}
