package member

import (
	"maps"
	"time"
)

// Level is what is known of the level of a member: of the attribute that follows a number.
type Level struct {
	Since int64 `json:"since"` // the watch of levels that it belongs to, in milliseconds
	// Of levels whose number the member fell below while they had them: to when they keep each.
	Kept map[string]time.Time `json:"kept,omitempty"`
	Next time.Time            `json:"next,omitzero"` // when time may change the level; zero: only the member does
}

// Levels is how an attribute follows a number.
type Levels struct {
	// Rule orders the levels, from 1 to the highest; 0 is below all. It says to when a member keeps one that they fell
	// below at an instant, given in the member's zone.
	Rule interface {
		Place(level any) int
		Level(place int) string
		Keeps(fell time.Time) time.Time
	}
	Attribute string
	Since     time.Time // when it began to be as it is; zero: nobody said when
}

// LevelOf returns what is known of the member's level as levels are now; nil when that is not recorded yet.
func (m *Member) LevelOf(l *Levels) *Level {
	if k := m.Rarely().Level; k != nil && k.Since == Number(l.Since) {
		return k
	}
	return nil
}

// RecordLevel gives the member the level of a place, without grace. It reports whether that is another one.
func (m *Member) RecordLevel(l *Levels, place int, at time.Time) bool {
	m.Rarer().Level = &Level{Since: Number(l.Since)}
	was, has := m.Attributes[l.Attribute]
	if place == 0 && !has || has && was == l.Rule.Level(place) {
		return false
	}
	m.setLevel(l, place, at)
	return true
}

// Moved is what became of a level, by the places of levels.
type Moved struct {
	Was, Is int
	Until   time.Time // where the number is below the level: to when it is kept; else zero
	Fell    bool      // the number just fell below the level, which is kept, or below another that is
	Changed bool      // something of the member did
}

// MoveLevel moves a level that is recorded to the place that the number reaches now, given in the
// member's zone: up at once, down from each level when it has been kept so long.
func (m *Member) MoveLevel(l *Levels, reached int, now time.Time) (out Moved) {
	k := m.LevelOf(l)
	out.Was = l.Rule.Place(m.Attributes[l.Attribute])
	out.Is = max(out.Was, reached)
	before, fell := len(k.Kept), false
	for place := reached + 1; place <= out.Was; place++ {
		if level := l.Rule.Level(place); k.Kept[level].IsZero() {
			if k.Kept == nil {
				k.Kept = map[string]time.Time{}
			}
			k.Kept[level] = l.Rule.Keeps(now)
			out.Changed, fell = true, true
		}
	}
	for out.Is > reached && !k.Kept[l.Rule.Level(out.Is)].After(now) {
		out.Is--
	}
	maps.DeleteFunc(k.Kept, func(level string, _ time.Time) bool {
		place := l.Rule.Place(level)
		return place <= reached || place > out.Is
	})
	if out.Is != out.Was {
		m.setLevel(l, out.Is, now.UTC())
	}
	if out.Is > reached {
		out.Until = k.Kept[l.Rule.Level(out.Is)]
	}
	out.Fell = fell && out.Is == out.Was
	out.Changed = out.Changed || out.Is != out.Was || len(k.Kept) != before
	return out
}

func (m *Member) setLevel(l *Levels, place int, at time.Time) {
	level := l.Rule.Level(place)
	if place == 0 {
		m.Wrote(l.Attribute, nil, at)
		delete(m.Attributes, l.Attribute)
		return
	}
	m.Wrote(l.Attribute, level, at)
	if m.Attributes == nil {
		m.Attributes = map[string]any{}
	}
	m.Attributes[l.Attribute] = level
}

// KeepsLevel returns to when the member keeps the level that they have though the number is below it,
// as was found when it was last moved; zero: it is not.
func (m *Member) KeepsLevel(l *Levels) time.Time {
	level, _ := m.Attributes[l.Attribute].(string)
	if k := m.Rarely().Level; k != nil {
		return k.Kept[level]
	}
	return time.Time{}
}
