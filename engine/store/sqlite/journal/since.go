package journal

import (
	"time"

	"github.com/usher-run/usher/engine"
)

// Since returns the instant of the first input of a member that is not in the database yet, or the time of what is
// history; false when there is none. Of no journal there is none.
func (j *Journal) Since(member string) (at time.Time, known bool) {
	if j == nil {
		return at, false
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.waiting {
		if e.Member != member || e.Kind != engine.InputEvent && e.Kind != engine.InputUpdate {
			continue
		}
		came := e.At
		if p, err := e.encoded().Decode(); err == nil && p.Backfill && e.Kind == engine.InputEvent {
			came = e.Time
		}
		if !known || came.Before(at) {
			at, known = came, true
		}
	}
	return at, known
}
