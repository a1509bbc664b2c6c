package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/clock"
	"github.com/usher-run/usher/engine/clock/clocktest"
	"github.com/usher-run/usher/engine/store"
)

// A start that is far from the last instant writes nothing until an operator agrees. It can be
// read. What a crash left in the journal is not lost.
func TestAHeldClockWritesNothing(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, away := range []time.Duration{8 * 24 * time.Hour, -8 * 24 * time.Hour} {
		for name, options := range map[string][]Option{"journal": {WithJournal()}, "none": nil} {
			t.Run(fmt.Sprint(away, " ", name), func(t *testing.T) {
				path := crashed(t, at, "a")
				s := open(t, path, WithClock(clocktest.Follow(func() time.Time { return at })))
				accept(t, s, "b")
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				c := clock.New((&clocktest.Machine{Base: func() time.Time { return at.Add(away) }}).Read, clock.DefaultJump)
				s = open(t, path, append(options, WithClock(c))...)
				defer s.Close()
				ctx := context.Background()
				in := func() []engine.Input {
					return []engine.Input{{Kind: engine.InputEvent, ID: "c", Member: "m", Name: "x"}}
				}
				for what, do := range map[string]func() error{
					"accept": func() error { _, err := s.Accept(ctx, in()); return err },
					"take":   func() error { _, err := s.Take(ctx, in()); return err },
					"claim":  func() error { _, err := s.Claim(ctx, 0); return err },
					"pause":  func() error { return s.SetPaused(ctx, "p", true, at) },
				} {
					if err := do(); !errors.Is(err, store.ErrUnavailable) || !strings.Contains(fmt.Sprint(err), "usher clock accept") {
						t.Errorf("%s: %v", what, err)
					}
				}
				if got := owed(t, s); len(got) != 2 {
					t.Errorf("%d inputs are undecided, want the two from before", len(got))
				}
				if !c.Accept() {
					t.Fatal("there is nothing to agree to")
				}
				want := at
				if away > 0 {
					want = at.Add(away)
				}
				if c := accept(t, s, "c"); !c.At.Equal(want) {
					t.Errorf("it came in at %v, want %v", c.At, want)
				}
			})
		}
	}
}

// A database that is served and to which nothing comes knows that it is served.
func TestTheInstantIsNoted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	synctest.Test(t, func(t *testing.T) {
		machine := &clocktest.Machine{}
		s := open(t, path, WithClock(machine.Clock()))
		defer s.Close()
		time.Sleep(30*24*time.Hour + time.Minute)
		synctest.Wait()
		at, err := s.(*db).instant(context.Background())
		if away := time.Since(instant(at)); err != nil || away < 0 || away > noteEvery {
			t.Fatalf("the database knows of %v, %v ago: %v", instant(at), away, err)
		}
	})
}

// One handle decides, another takes in, and their clocks are not one. When waits that are due beyond
// the last accepted instant are to be decided, every input that is before the horizon is there, and
// none comes in before it later.
func TestHorizonHoldsThroughTwoHandles(t *testing.T) {
	for name, set := range map[string]time.Duration{"behind": -time.Hour, "alike": 0, "ahead": time.Second} {
		for way, options := range map[string][]Option{"journal": {WithJournal()}, "none": nil} {
			t.Run(name+" "+way, func(t *testing.T) { checkHorizon(t, set, options) })
		}
	}
}

// checkHorizon takes inputs in through a handle whose clock is set by so much.
func checkHorizon(t *testing.T, set time.Duration, options []Option) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "usher.db")
	machine, other := &clocktest.Machine{}, &clocktest.Machine{}
	other.Set(set)
	c := machine.Clock()
	taker := open(t, path, append(options, WithClock(other.Clock()))...)
	defer taker.Close()
	decider := open(t, path, WithClock(c), beside)
	defer decider.Close()

	lane := decider.Lanes().OfMember("m")
	fence, err := decider.Claim(ctx, lane)
	if err != nil {
		t.Fatal(err)
	}
	const inputs = 300
	var taking sync.WaitGroup
	ended := make(chan struct{})
	taking.Go(func() {
		defer close(ended)
		for i := range inputs {
			in := []engine.Input{{Kind: engine.InputEvent, ID: fmt.Sprint(i), Member: "m", Name: "x"}}
			if _, err := taker.Take(ctx, in); err != nil {
				t.Error(err)
			}
		}
	})
	type look struct {
		horizon time.Time
		last    int64 // seq
	}
	var looks []look
	for running := true; running; {
		select {
		case <-ended:
			running = false
		default:
		}
		// A wait that ends now: what was accepted last is before it.
		id := fmt.Sprint("run-", len(looks))
		run := &engine.Run{
			ID: id, Playbook: "p", Revision: "r", Member: "m", State: engine.RunWaiting, StartedAt: c.Now(), DueAt: c.Now(), PC: 1,
			New: true, Changed: true,
		}
		began := engine.Record{Member: "m", At: run.StartedAt, Entries: []engine.Entry{
			{TraceEntry: engine.TraceEntry{At: run.StartedAt, What: engine.ReasonEntered}, Run: run},
		}}
		changes := &engine.Changes{Runs: []*engine.Run{run}, Records: []engine.Record{began}}
		if err := decider.Commit(ctx, lane, fence, 0, changes); err != nil {
			t.Fatal(err)
		}
		b, err := decider.Pending(ctx, lane, c.Now(), 2*inputs)
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Due) == 0 || b.Horizon.Before(run.DueAt.Truncate(time.Millisecond)) {
			t.Fatalf("due %v up to %v, with a wait that ends at %v", b.Due, b.Horizon, run.DueAt)
		}
		l := look{horizon: b.Horizon}
		if n := len(b.Inputs); n > 0 {
			l.last = b.Inputs[n-1].Seq
		}
		looks = append(looks, l)
	}
	taking.Wait()
	b, err := taker.Pending(ctx, lane, c.Now(), 2*inputs)
	if err != nil || len(b.Inputs) != inputs {
		t.Fatalf("%d inputs, %v", len(b.Inputs), err)
	}
	for i, l := range looks {
		for _, in := range b.Inputs {
			if in.Seq > l.last && in.At.Before(l.horizon) {
				t.Fatalf("look %d of %d had seen inputs up to %d and the horizon %v: %d came in at %v", i, len(looks), l.last,
					l.horizon, in.Seq, in.At)
			}
		}
	}
}
