package engine_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

const (
	pointsSchema = "usher: 1\ntimezone: America/New_York\nevents: {earn: {n: int}, own: {}}\nEXPIRES\n"
	pointsEarn   = "id: earns\nstage: activation\nmode: parallel\ntrigger: {event: earn}\nactions:\n  - points: {add: = trigger.n}\n"
	pointsGone   = "id: gone\nstage: activation\nmode: parallel\ntrigger: {event: points.expired}\nactions:\n  - wait: 1h\n  - tag: ['= string(trigger.amount)']\n"
)

func pointsEngine(t *testing.T, expires string, since map[string]time.Time) *engine.Engine {
	t.Helper()
	files := map[string]string{"usher.yaml": pointsSchema[:len(pointsSchema)-len("EXPIRES\n")] + expires + "\n", "playbooks/a.yaml": pointsEarn}
	if expires != "" {
		files["playbooks/b.yaml"] = pointsGone
	}
	return engine.New(load(t, files), engine.Options{
		Secret: []byte("s"), Registry: actions.Registry(), Effects: actions.Effects(), Watched: since,
	})
}

func earn(seq int64, n int, after time.Duration) engine.Input {
	return happened(seq, "earn", after, engine.Payload{Properties: map[string]any{"n": float64(n)}})
}

// lots are the member's points by when they expire, in hours after the start.
func (s *shell) lots() (out []string) {
	if l := s.state().Member.Rarely().Lots; l != nil {
		for _, x := range l.List {
			out = append(out, fmt.Sprint(x.Points, " in ", x.Ends.Sub(memoryStart)))
		}
	}
	return out
}

// Each grant expires at the end of its local day, 23 hours after the midnight before where daylight saving begins; what
// is taken is taken of what expires first; what was granted on one day is one lot.
func TestPointsExpireByLots(t *testing.T) {
	s := newShell(t, pointsEngine(t, "points: {expires: 2d}", nil)) // from 5 March, 21:00
	grants := []engine.Input{earn(1, 10, 0), earn(2, 5, 2*time.Hour), earn(3, 7, 3*time.Hour), earn(4, -3, 4*time.Hour)}
	s.decide(grants, memoryStart.Add(4*time.Hour))
	if got, want := fmt.Sprint(s.lots()), "[12 in 51h0m0s 7 in 74h0m0s]"; got != want {
		t.Errorf("the member has %s, want %s", got, want)
	}
	s.decide([]engine.Input{earn(5, -15, 5*time.Hour)}, memoryStart.Add(5*time.Hour))
	if got, want := fmt.Sprint(s.lots()), "[4 in 74h0m0s]"; got != want {
		t.Errorf("the member has %s, want %s", got, want)
	}
	s.decide(nil, memoryStart.Add(74*time.Hour-time.Millisecond))
	if m := s.state().Member; m.Points != 4 || !m.DueAt().Equal(memoryStart.Add(74*time.Hour)) {
		t.Errorf("the member has %d points and is due at %s", m.Points, m.DueAt())
	}
	s.decide([]engine.Input{earn(6, 1, 74*time.Hour)}, memoryStart.Add(74*time.Hour)) // at that instant, and after it
	if m := s.state().Member; m.Points != 1 || len(s.echoed()) != 1 || s.echoed()[0] != "points.expired map[amount:4]" {
		t.Errorf("the member has %d points: %q", m.Points, s.echoed())
	}
}

// What is held when points begin to expire is a lot of that moment, whenever the member is looked at; what is declared
// anew begins anew, and where points do not expire any more nothing is due.
func TestPointsHeldBeforeTheyExpire(t *testing.T) {
	s := newShell(t, pointsEngine(t, "", nil))
	s.decide([]engine.Input{earn(1, 10, 0)}, memoryStart)
	since := memoryStart.Add(24 * time.Hour)
	s.e = pointsEngine(t, "points: {expires: 10d}", map[string]time.Time{":points": since})
	if got := s.e.Unrecorded(s.state().Member); !got.Equal(since) || !s.e.Watches(since) {
		t.Errorf("the member is to be looked at for a watch since %s", got)
	}
	s.decide([]engine.Input{earn(2, 5, 72*time.Hour)}, memoryStart.Add(72*time.Hour))
	if got, want := fmt.Sprint(s.lots()), "[10 in 266h0m0s 5 in 314h0m0s]"; got != want || !s.e.Unrecorded(s.state().Member).IsZero() {
		t.Errorf("the member has %s, want %s", got, want)
	}
	s.e = pointsEngine(t, "", nil)
	s.decide([]engine.Input{earn(3, 1, 80*time.Hour)}, memoryStart.Add(400*time.Hour))
	if m := s.state().Member; m.Points != 16 || !m.DueAt().IsZero() {
		t.Errorf("points do not expire: the member has %d and is due at %s", m.Points, m.DueAt())
	}
	again := memoryStart.Add(500 * time.Hour)
	s.e = pointsEngine(t, "points: {expires: 1d}", map[string]time.Time{":points": again})
	look := engine.Input{Seq: 4, Kind: engine.InputSchedule, ID: "look", Member: "m", Name: engine.SegmentReevaluation, Time: again, At: again}
	s.decide([]engine.Input{look}, again.Add(100*time.Hour))
	if m := s.state().Member; m.Points != 0 || len(m.Tags) != 1 || m.Tags[0] != "16" {
		t.Errorf("the member has %d points and %v", m.Points, m.Tags)
	}
}

// The day of a month is the first after the grant; the 29th of February is the 28th in most years.
func TestPointsExpireOnADay(t *testing.T) {
	shanghai := zoneOf(t, "Asia/Shanghai")
	for _, c := range []struct {
		p       playbooks.Points
		granted string
		want    string // the first instant at which they are gone
	}{
		{playbooks.Points{Month: 12, Day: 31}, "2026-12-30T23:59:59+08:00", "2027-01-01T00:00:00+08:00"},
		{playbooks.Points{Month: 12, Day: 31}, "2026-12-31T00:00:00+08:00", "2028-01-01T00:00:00+08:00"},
		{playbooks.Points{Month: 2, Day: 29}, "2026-02-27T10:00:00+08:00", "2026-03-01T00:00:00+08:00"},
		{playbooks.Points{Month: 2, Day: 29}, "2026-02-28T10:00:00+08:00", "2027-03-01T00:00:00+08:00"},
		{playbooks.Points{Month: 2, Day: 29}, "2027-02-28T10:00:00+08:00", "2028-03-01T00:00:00+08:00"},
		{playbooks.Points{Month: 2, Day: 29}, "2028-02-28T10:00:00+08:00", "2028-03-01T00:00:00+08:00"},
		{playbooks.Points{After: schema.Duration{Days: 365}}, "2028-02-29T10:00:00+08:00", "2029-03-01T00:00:00+08:00"},
		{playbooks.Points{After: schema.Duration{Elapsed: 36 * time.Hour}}, "2026-03-01T13:00:00+08:00", "2026-03-04T00:00:00+08:00"},
	} {
		granted, err := time.Parse(time.RFC3339, c.granted)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.p.Ends(granted.In(shanghai)).Format(time.RFC3339); got != c.want {
			t.Errorf("%+v of %s end at %s, want %s", c.p, c.granted, got, c.want)
		}
	}
}

func zoneOf(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}
