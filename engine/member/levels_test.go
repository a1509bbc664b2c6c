package member

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var names = []string{"", "a", "b", "c"}

// threeLevels are a, b and c, which are kept for so many hours.
type threeLevels struct{ hours time.Duration }

func (threeLevels) Place(level any) int {
	name, _ := level.(string)
	return max(0, slices.Index(names, name))
}

func (threeLevels) Level(place int) string { return names[place] }

func (l threeLevels) Keeps(fell time.Time) time.Time { return fell.Add(l.hours * time.Hour).UTC() }

// A level goes up at once, and down when the number has been below it for the grace without a break;
// each level has a grace of its own. What is kept is forgotten when it is over.
func TestLevelMoves(t *testing.T) {
	start := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		grace time.Duration
		moves string // hour:places reached, and the level then
		kept  int    // graces at the end
	}{
		"up and down at once":               {0, "0:1=a 1:3=c 2:2=b 3:0= 4:1=a", 0},
		"down after the grace":              {5, "0:3=c 1:2=c 5:2=c 6:2=b 9:2=b", 0},
		"to the instant":                    {5, "0:1=a 1:0=a 6:0= 7:0=", 0},
		"a break begins anew":               {5, "0:3=c 1:2=c 4:3=c 5:2=c 9:2=c 10:2=b", 0},
		"each level has its own":            {5, "0:3=c 1:2=c 3:0=c 6:0=b 7:1=b 8:1=a 9:1=a", 0},
		"a lower one that is reached again": {5, "0:3=c 1:0=c 4:1=c 6:1=a", 0},
		"over together":                     {5, "0:3=c 1:0=c 6:0=", 0},
		"over long ago":                     {5, "0:3=c 1:1=c 2:0=c 60:0=", 0},
		"up beyond what is kept":            {5, "0:2=b 1:0=b 2:3=c 3:2=c", 1},
		"two are kept":                      {5, "0:3=c 1:2=c 3:1=c", 2},
	} {
		t.Run(name, func(t *testing.T) {
			l := &Levels{Rule: threeLevels{c.grace}, Attribute: "level"}
			m := &Member{}
			m.RecordLevel(l, 0, start)
			for _, move := range strings.Fields(c.moves) {
				var hour, reached int
				var want string
				_, _ = fmt.Sscanf(strings.Replace(move, "=", " ", 1), "%d:%d %s", &hour, &reached, &want)
				before, _ := json.Marshal(m)
				out := m.MoveLevel(l, reached, start.Add(time.Duration(hour)*time.Hour))
				after, _ := json.Marshal(m)
				if got := names[out.Is]; got != want || l.Rule.Place(m.Attributes["level"]) != out.Is {
					t.Fatalf("%s: the level is %q, the member %s", move, got, after)
				}
				if changed := string(before) != string(after); changed != out.Changed {
					t.Errorf("%s: changed is %t, of %s to %s", move, out.Changed, before, after)
				}
				if kept := m.KeepsLevel(l); !kept.Equal(out.Until) || out.Until.IsZero() != (out.Is == reached) {
					t.Errorf("%s: it is kept to %s, and until %s", move, kept, out.Until)
				}
			}
			if n := len(m.Rare.Level.Kept); n != c.kept {
				t.Errorf("%d graces are kept, want %d", n, c.kept)
			}
		})
	}
}

// What a level was does not matter when it is recorded: it is that of the number, and without grace.
func TestLevelIsRecorded(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	l := &Levels{Rule: threeLevels{5}, Attribute: "level", Since: at}
	for _, c := range []struct {
		was   any
		place int
		moves bool
		is    any
	}{{nil, 0, false, nil}, {nil, 2, true, "b"}, {"c", 1, true, "a"}, {"a", 0, true, nil}, {"b", 2, false, "b"}, {"gone", 0, true, nil}} {
		m := &Member{Attributes: map[string]any{}}
		if c.was != nil {
			m.Attributes["level"] = c.was
		}
		if moved := m.RecordLevel(l, c.place, at); moved != c.moves || m.Attributes["level"] != c.is || m.LevelOf(l) == nil {
			t.Errorf("%v to %d: %t, %v", c.was, c.place, moved, m.Attributes["level"])
		}
		if m.LevelOf(&Levels{Rule: l.Rule, Attribute: "level", Since: at.Add(1e9)}) != nil {
			t.Error("it is known of another watch")
		}
	}
}
