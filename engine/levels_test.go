package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
)

const (
	levelsUsher = "usher: 1\ntimezone: Asia/Shanghai\nmember: {level: {enum: [none, silver, gold], default: none}}\n" +
		"events: {earn: {n: int}}\nsegments: {golden: member.level == \"gold\"}\nLEVELS\n"
	levelsEarn   = "id: earns\nstage: activation\nmode: parallel\ntrigger: {event: earn}\nactions:\n  - points: {add: = trigger.n}\n"
	levelsTold   = "id: told\nstage: activation\nmode: parallel\ntrigger: {changed: member.level}\nactions:\n  - tag: '= trigger.before + \" to \" + trigger.after'\n"
	levelsGolden = "id: golden\nstage: activation\nmode: parallel\ntrigger: {any: [{id: in, segment_enter: golden}, {id: out, segment_exit: golden}]}\nactions:\n  - tag: = trigger.via\n"
	byPoints     = "levels: {attribute: level, by: member.points, steps: {silver: 600, gold: 2000}, grace: 30d}"
)

// levelsEngine decides by levels, which began to be as they are at an instant; "": there are none.
func levelsEngine(t *testing.T, levels string, since time.Time) *engine.Engine {
	t.Helper()
	watched := map[string]time.Time{}
	if levels != "" {
		watched[":levels"] = since
	}
	return engine.New(load(t, map[string]string{
		"usher.yaml":       strings.Replace(levelsUsher, "LEVELS", levels, 1),
		"playbooks/a.yaml": levelsEarn, "playbooks/b.yaml": levelsTold, "playbooks/c.yaml": levelsGolden,
	}), engine.Options{Secret: []byte("s"), Registry: actions.Registry(), Effects: actions.Effects(), Watched: watched})
}

// level returns the member's level, and their tags, which say what was told of it.
func (s *shell) level() string {
	m := s.state().Member
	return fmt.Sprint(m.Attributes["level"], " ", m.Tags)
}

// lookAt is the input that has a member looked at because something is watched from then on.
func lookAt(seq int64, at time.Time) engine.Input {
	return engine.Input{
		Seq: seq, Kind: engine.InputSchedule, ID: fmt.Sprint("look", seq), Member: "m", Name: engine.SegmentReevaluation, Time: at, At: at,
	}
}

// An edit gives members the level that their number has by it: without grace, and neither a change nor a segment by it
// is told of. What time does afterwards is.
func TestEditOfLevelsIsSilent(t *testing.T) {
	day := 24 * time.Hour
	s := newShell(t, levelsEngine(t, "", time.Time{}))
	s.decide([]engine.Input{earn(1, 2000, 0)}, memoryStart)
	s.e = levelsEngine(t, byPoints, memoryStart.Add(day))
	if since := s.e.Unrecorded(s.state().Member); !since.Equal(memoryStart.Add(day)) || !s.e.Watches(since) {
		t.Errorf("the member is to be looked at for levels since %s", since)
	}
	s.decide([]engine.Input{lookAt(2, memoryStart.Add(day))}, memoryStart.Add(day))
	if got := s.level(); got != "gold []" || !s.e.Unrecorded(s.state().Member).IsZero() {
		t.Errorf("declared: the member is %s", got)
	}
	s.decide([]engine.Input{earn(3, -1500, 2*day)}, memoryStart.Add(3*day))
	if got := s.level(); got != "gold []" {
		t.Errorf("in grace: the member is %s", got)
	}
	s.e = levelsEngine(t, strings.Replace(byPoints, "silver: 600", "silver: 500", 1), memoryStart.Add(4*day))
	s.decide([]engine.Input{earn(4, -1, 5*day)}, memoryStart.Add(5*day)) // nobody looked before
	if got := s.level(); got != "silver []" {
		t.Errorf("edited: the member is %s", got)
	}
	s.decide(nil, memoryStart.Add(40*day))
	if got := s.level(); got != "<nil> [silver to none]" {
		t.Errorf("after the grace: the member is %s", got)
	}
}

// Another grace is no edit of the levels: it is that of those who fall from then on.
func TestEditOfGraceTakesNoLevel(t *testing.T) {
	s := newShell(t, levelsEngine(t, byPoints, time.Time{}))
	s.decide([]engine.Input{earn(1, 600, 0), earn(2, -1, time.Hour)}, memoryStart.Add(time.Hour))
	s.e = levelsEngine(t, strings.Replace(byPoints, ", grace: 30d", "", 1), time.Time{})
	s.decide([]engine.Input{earn(3, -1, 2*time.Hour)}, memoryStart.Add(48*time.Hour))
	if got := s.level(); got != "silver [none to silver]" {
		t.Errorf("in the grace from before: the member is %s", got)
	}
	s.decide([]engine.Input{earn(4, 2, 50*time.Hour), earn(5, -1, 51*time.Hour)}, memoryStart.Add(51*time.Hour))
	if got := s.level(); got != "<nil> [none to silver silver to none]" {
		t.Errorf("without grace: the member is %s", got)
	}
}

// Where no attribute follows a number any more it stays as it was, and nothing is due.
func TestLevelsThatAreGone(t *testing.T) {
	s := newShell(t, levelsEngine(t, byPoints, time.Time{}))
	s.decide([]engine.Input{earn(1, 600, 0), earn(2, -1, time.Hour)}, memoryStart.Add(time.Hour))
	s.e = levelsEngine(t, "", time.Time{})
	s.decide(nil, memoryStart.AddDate(0, 6, 0))
	if m := s.state().Member; s.level() != "silver [none to silver]" || !m.DueAt().IsZero() || m.Rare.Level != nil {
		t.Errorf("the member is %s, due at %s", s.level(), m.DueAt())
	}
}

// Nothing but the number writes a level: not what was accepted before levels were declared, and no run that began before.
func TestOnlyTheNumberWritesALevel(t *testing.T) {
	const usher = "usher: 1\nmember: {level: {enum: [silver, gold]}, n: int}\nevents: {visit: {}, buy: {}}\n"
	const sets = "id: a\nstage: activation\ntrigger: {event: visit}\nactions:\n  - wait: 1h\n  - set: {level: gold, n: 7}\n"
	levels := "levels: {attribute: level, by: member.points, steps: {silver: 5, gold: 10}}\n"
	before, after := pinned(t, map[string]string{"usher.yaml": usher, "playbooks/a.yaml": sets},
		map[string]string{"usher.yaml": usher + levels, "playbooks/b.yaml": pinnedOther})
	s := newShell(t, before)
	s.decide([]engine.Input{happened(1, "visit", 0, engine.Payload{Attributes: map[string]any{"level": "silver"}})}, memoryStart)
	if got := s.state().Member.Attributes["level"]; got != "silver" {
		t.Errorf("no levels are declared: the level is %v", got)
	}
	s.e = after
	s.decide([]engine.Input{happened(2, "buy", time.Minute, engine.Payload{Attributes: map[string]any{"level": "gold"}})}, memoryStart.Add(2*time.Hour))
	m := s.state().Member
	if level, has := m.Attributes["level"]; has || fmt.Sprint(m.Attributes["n"]) != "7" {
		t.Errorf("the level is %v, n is %v", level, m.Attributes["n"])
	}
	backfilled := wrote(3, map[string]any{"level": "gold"}, true)
	backfilled.At = memoryStart.Add(3 * time.Hour)
	s.decide([]engine.Input{backfilled}, backfilled.At)
	if level, has := s.state().Member.Attributes["level"]; has {
		t.Errorf("the level is %v", level)
	}
}

// The record says why a level is what it is: the number, the step, and to when it is kept.
func TestRecordSaysWhyALevel(t *testing.T) {
	e := levelsEngine(t, byPoints, time.Time{})
	st, c := &engine.State{}, new(engine.Changes)
	inputs := []engine.Input{earn(1, 2100, 0), earn(2, -1400, time.Hour)}
	if err := e.Decide("m", st, inputs, memoryStart.AddDate(0, 0, 31), nil, c); err != nil {
		t.Fatal(err)
	}
	var got []string
	for r, entry := range c.Entries() {
		if entry.What == engine.WhatLevel {
			d := entry.Detail
			until, _ := d["until"].(time.Time)
			got = append(got, fmt.Sprintf("%s %s %v %v %v %s", r.At.Sub(memoryStart), entry.Reason, d["before"], d["after"], d["number"],
				max(0, until.Sub(memoryStart))))
		}
		if entry.Refuses() && entry.Playbook == "" {
			t.Errorf("%s refuses nobody", entry.What)
		}
	}
	want := []string{"0s reached none gold 2100 0s", "1h0m0s grace gold gold 700 721h0m0s", "721h0m0s below gold silver 700 0s"}
	if !slices.Equal(got, want) {
		t.Errorf("the record says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
