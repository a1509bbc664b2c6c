package held

import (
	"sync"
	"time"
)

// Members of whom something cannot be read are looked at again after a minute, then after twice as long each
// time, and an hour at most.
const (
	firstWait = time.Minute
	lastWait  = time.Hour
)

// Looks are the looks at members of whom something cannot be read. They are forgotten with the process.
type Looks struct {
	mu sync.Mutex
	of map[string]look
}

type look struct {
	event int64 // what could not be read
	wait  time.Duration
	next  time.Time
}

// Due reports whether a member is to be looked at, and which event of theirs first; 0: any.
func (l *Looks) Due(member string, now time.Time) (event int64, due bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := l.of[member]
	return known.event, !now.Before(known.next)
}

// Again notes that a member still cannot be read, and which event of theirs; 0: it is something else.
func (l *Looks) Again(member string, event int64, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of == nil {
		l.of = map[string]look{}
	}
	wait := min(max(firstWait, 2*l.of[member].wait), lastWait)
	l.of[member] = look{event: event, wait: wait, next: now.Add(wait)}
}

// Forget forgets a member who goes on.
func (l *Looks) Forget(member string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.of, member)
}
