package channel

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// PutOffError says that nothing was sent, because the provider's limit is used up: the message may
// go out after a while. It is no attempt.
type PutOffError struct{ After time.Duration }

func (e *PutOffError) Error() string {
	return fmt.Sprintf("the provider's limit is used up for %s", e.After)
}

// limit is how many messages a provider takes in a time.
type limit struct {
	most int
	per  time.Duration
}

// Paces keeps the limits of providers, over all that is made of the same channel: a workspace that
// is applied anew makes its senders anew. The zero Paces is ready. It is safe for concurrent use.
type Paces struct {
	mu   sync.Mutex
	kept map[string]*pace
}

// of returns the pace of a place.
func (p *Paces) of(place string, limits []limit) *pace {
	if p == nil {
		p = &Paces{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept == nil {
		p.kept = map[string]*pace{}
	}
	if p.kept[place] == nil {
		p.kept[place] = &pace{limits: limits}
	}
	return p.kept[place]
}

// pace holds messages to a place to its limits. What is put off is told a time of its own, so that
// a thousand messages do not come back together.
type pace struct {
	mu       sync.Mutex
	limits   []limit
	sent     []time.Time // the newest, as many as the limits look back to
	promised time.Time   // the last time that was told
	blocked  time.Time   // until when nothing is sent
}

// take takes a place for a message that is sent now. The error is a *PutOffError.
func (p *pace) take(now time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	free, gap, back := p.blocked, time.Duration(0), 0
	for _, l := range p.limits {
		gap, back = max(gap, l.per/time.Duration(l.most)), max(back, l.most)
		if n := len(p.sent); n >= l.most {
			if at := p.sent[n-l.most].Add(l.per); at.After(free) {
				free = at
			}
		}
	}
	if !free.After(now) {
		p.sent = append(p.sent, now)
		p.sent = slices.Clone(p.sent[max(0, len(p.sent)-back):])
		return nil
	}
	if next := p.promised.Add(gap); next.After(free) {
		free = next
	}
	p.promised = free
	return &PutOffError{After: free.Sub(now)}
}

// block lets nothing be sent for a while, because the provider says so.
func (p *pace) block(now time.Time, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := now.Add(d); until.After(p.blocked) {
		p.blocked = until
	}
}
