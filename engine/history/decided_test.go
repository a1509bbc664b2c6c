package history

import (
	"fmt"
	"testing"
	"time"
)

// What was decided at an instant or later is found whenever it happened: in a list however long before, in a store up
// to 30 days before.
func TestDecidedLate(t *testing.T) {
	entry := time.Date(2026, 3, 31, 10, 0, 0, 0, time.UTC)
	events := []Event{}
	for i, e := range []struct{ before, decided time.Duration }{
		{time.Hour, -time.Minute},
		{0, 0},
		{30 * 24 * time.Hour, time.Minute},
		{30*24*time.Hour + time.Millisecond, 2 * time.Minute},
		{-3 * time.Minute, 3 * time.Minute},
	} {
		events = append(events, Event{
			ID: fmt.Sprint("e", i), Time: entry.Add(-e.before), At: entry.Add(e.decided), Place: int64(i + 1),
			Properties: map[string]any{"n": 1.0, "price": 2.0, "sku": "a", "on": "2026-03-08"},
		})
	}
	list, stored := new(History), &shelf{events: events}
	for _, e := range events {
		list.Add("buy", e)
	}
	for name, c := range map[string]struct {
		h    *History
		want string
	}{"list": {list, "[e1 e2 e3 e4]"}, "store": {stored.take(nil, nil), "[e1 e2 e4]"}} {
		r := &Reader{History: c.h, Now: entry.Add(time.Hour), Zone: time.UTC, Schema: longSchema()}
		found, err := r.Decided("buy", entry, entry.Add(time.Hour))
		got := []string{}
		for _, e := range found {
			got = append(got, e.ID)
		}
		if err != nil || fmt.Sprint(got) != c.want {
			t.Errorf("%s: %v, %v, want %s", name, got, err, c.want)
		}
	}
}
