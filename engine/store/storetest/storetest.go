// Package storetest is the list of what usher relies on in a database. A driver's own test is a
// constructor and one call of Run. The cases say nothing of SQL and read as the promises of package
// store.
package storetest

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/clock"
	"github.com/usher-run/usher/engine/clock/clocktest"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
)

// groups are all cases, by group, then by what they promise. Package store names each beside the
// promise that it is the case of.
var groups = map[string]map[string]func(*testing.T, *suite){
	"Intake": intakeCases, "Take": takeCases, "Pending": pendingCases, "Commit": commitCases, "History": historyCases,
	"Aside": asideCases, "Pools": poolCases, "Raffles": raffleCases, "Outbox": outboxCases, "Jobs": jobCases, "Registry": registryCases,
	"Reader": readerCases, "Failures": failureCases, "Emitted": emittedCases, "Segments": segmentCases,
	"Trees": treeCases, "Epochs": epochCases, "Lanes": laneCases, "Coupons": couponCases, "Directory": directoryCases,
}

// Cases lists all cases, as (Group "case").
func Cases() (list []string) {
	for group, cases := range groups {
		for name := range cases {
			list = append(list, fmt.Sprintf("%s %q", group, name))
		}
	}
	return list
}

// Run holds a driver against every promise. open gives an empty store whose instants come from the
// clock, with one lane or with more; the suite closes it.
func Run(t *testing.T, open func(*testing.T, *clock.Clock) store.Store) {
	for group, cases := range groups {
		t.Run(group, func(t *testing.T) {
			for name, check := range cases {
				t.Run(name, func(t *testing.T) {
					machine := &clocktest.Machine{}
					c := clock.New(machine.Read, clock.DefaultJump)
					s := open(t, c)
					t.Cleanup(func() {
						if err := s.Close(); err != nil {
							t.Errorf("close: %v", err)
						}
					})
					check(t, &suite{t: t, Store: s, ctx: context.Background(), clock: c, machine: machine})
				})
			}
		})
	}
}

// suite is a store with the small change of a test: what may not fail ends the test when it does.
type suite struct {
	t *testing.T
	store.Store
	ctx     context.Context
	clock   *clock.Clock
	machine *clocktest.Machine
}

func (s *suite) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *suite) same(what string, got, want any) {
	s.t.Helper()
	if !reflect.DeepEqual(got, want) {
		s.t.Fatalf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// now is the test's instant, whole milliseconds as everything that is stored.
func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

func event(id, member, name string) engine.Input {
	return engine.Input{Kind: engine.InputEvent, ID: id, Member: member, Name: name}
}

func (s *suite) accept(inputs ...engine.Input) []engine.Input {
	s.t.Helper()
	_, err := s.Accept(s.ctx, inputs)
	s.must(err)
	return inputs
}

// take returns which inputs were known already.
func (s *suite) take(inputs ...engine.Input) (duplicates []bool) {
	s.t.Helper()
	list, err := s.Take(s.ctx, inputs)
	s.must(err)
	for _, known := range list {
		duplicates = append(duplicates, known.Duplicate)
	}
	return duplicates
}

func (s *suite) laneOf(member string) int { return s.Lanes().OfMember(member) }

// membersOfLane returns n members of the lane of the first.
func (s *suite) membersOfLane(n int) (lane int, members []string) {
	lane = s.laneOf("m-0")
	for i := 0; len(members) < n; i++ {
		if m := fmt.Sprintf("m-%d", i); s.laneOf(m) == lane {
			members = append(members, m)
		}
	}
	return lane, members
}

// otherMember returns a member of another lane than the first, where there is another.
func (s *suite) otherMember() string {
	for i := 0; ; i++ {
		if m := fmt.Sprintf("s-%d", i); len(s.Lanes()) == 1 || s.laneOf(m) != s.laneOf("m-0") {
			return m
		}
	}
}

func (s *suite) pending(lane, limit int) *store.Batch {
	s.t.Helper()
	b, err := s.Pending(s.ctx, lane, now(), limit)
	s.must(err)
	return b
}

// inputsOf returns the inputs of a subject that are not decided yet.
func (s *suite) inputsOf(subject string) (list []engine.Input) {
	s.t.Helper()
	for _, in := range s.pending(s.laneOf(subject), 1000).Inputs {
		if in.Member == subject {
			list = append(list, in)
		}
	}
	return list
}

// commit claims the lane of the member and commits.
func (s *suite) commit(member string, watermark int64, c *engine.Changes) {
	s.t.Helper()
	lane := s.laneOf(member)
	fence, err := s.Claim(s.ctx, lane)
	s.must(err)
	s.must(s.Commit(s.ctx, lane, fence, watermark, recorded(c)))
}

// recorded adds to changes the records that the core would make of them: of runs that begin, with
// their end, and of the coupons and deliveries of the runs that have changed.
func recorded(c *engine.Changes) *engine.Changes {
	for _, r := range c.Runs {
		rec := engine.Record{Member: r.Member, At: r.StartedAt, Input: "in"}
		enter := func(what, effect string) {
			rec.Entries = append(rec.Entries, engine.Entry{
				TraceEntry: engine.TraceEntry{At: rec.At, What: what}, Run: r, Effect: effect,
			})
		}
		known := false
		for _, e := range c.Entries() {
			known = known || e.Run == r && e.Begins()
		}
		if r.New && !known && r.State == engine.RunHoldout {
			enter(engine.ReasonHoldout, "")
		} else if r.New && !known {
			enter(engine.ReasonEntered, "")
		}
		for i := range c.Coupons {
			if c.Coupons[i].Run == r.ID {
				enter("coupon", c.Coupons[i].Code)
			}
		}
		for i := range c.Deliveries {
			if c.Deliveries[i].Run == r.ID {
				enter("message", c.Deliveries[i].Key)
			}
		}
		if r.New && !known && r.State != engine.RunWaiting {
			if r.State != engine.RunHoldout {
				enter(string(r.State), "")
			}
			rec.Whole = []*engine.Run{r}
		}
		if len(rec.Entries) > 0 {
			c.Records = append(c.Records, rec)
		}
	}
	return c
}

// steps returns the record of what happened to a run.
func steps(r *engine.Run, entries ...engine.TraceEntry) engine.Record {
	rec := engine.Record{Member: r.Member, At: entries[0].At, Input: "in"}
	for _, e := range entries {
		rec.Entries = append(rec.Entries, engine.Entry{TraceEntry: e, Run: r})
	}
	return rec
}

// refusal returns the record of a decision that did not enter.
func refusal(d engine.Decision) engine.Record {
	return engine.Record{Member: d.Member, At: d.At, Input: d.Input, Entries: []engine.Entry{{
		TraceEntry: engine.TraceEntry{At: d.At, What: engine.WhatRefused, Reason: d.Reason, Detail: d.Seen},
		Playbook:   d.Playbook, Input: d.Input,
	}}}
}

// timed returns an id of a run that begins at an instant.
func timed(at time.Time, name string) string { return naming.TimedID(at, []byte(name)) }

// waiting returns a new open run that is due at an instant.
func waiting(id, member string, due time.Time) *engine.Run {
	return &engine.Run{
		ID: id, Playbook: "welcome", Revision: "r1", Member: member, State: engine.RunWaiting, StartedAt: now(), DueAt: due,
		PC:  1,
		New: true, Changed: true,
	}
}

func delivery(key, run string, notBefore time.Time) engine.Delivery {
	return engine.Delivery{
		Key: key, Member: "m-0", Playbook: "welcome", Run: run, Step: "hello", Channel: "wecom", NotBefore: notBefore,
		At: notBefore, ReleasedAt: notBefore,
		Message: engine.Message{Text: "hello", Class: "promotional"},
	}
}

func ids(inputs []engine.Input) []string {
	list := []string{}
	for _, in := range inputs {
		list = append(list, in.ID)
	}
	return list
}
