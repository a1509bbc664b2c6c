package worker_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
)

// said is a message of a member in a group.
func said(id, member, group string) engine.Input {
	return engine.Input{
		Kind: engine.InputEvent, ID: id, Member: member, Name: "group.said",
		Payload: &engine.Payload{Properties: map[string]any{"group": group}, Objects: []string{naming.ObjectID("group", group)}},
	}
}

func declareGroups(t *testing.T) {
	declare(t, "  member.left: {}\n", "  member.left: {}\n  group.said: {group: ref group}\n  group.counted: {group: ref group}\n")
	declare(t, "segments:\n", "objects:\n  group: {size: {type: int, default: 0}, heard: string}\nsegments:\n"+
		"  loud: {for: group, if: 'len(distinct(events(\"group.said\", \"1d\"), .member)) > 2'}\n"+
		"  quiet: {for: group, if: days_since(group.last_seen_at) > 2}\n")
}

const (
	groupCounts = `id: counts
for: group
stage: retention
trigger: {event: group.said}
mode: parallel
actions:
  - set: {size: = group.size + 1}
  - emit: {event: group.counted, properties: {group: = group.id}}
  - if: trigger.member != nil
    emit: {event: order.paid, properties: {amount: = group.size + 0.5}, member: = trigger.member}
`
	groupIsLoud = `id: is-loud
for: group
stage: retention
trigger: {segment_enter: loud}
reentry: never
actions:
  - message: {channel: shop, text: "{{ group.id }} is loud", class: transactional}
  - wait: 30d
`
	groupWeekly = `id: weekly
for: group
stage: retention
trigger: {http: {params: {hall: string}}}
mode: parallel
actions:
  - tag: = trigger.hall
`
	memberSaid = `id: said
stage: retention
trigger: {event: group.said}
mode: parallel
actions:
  - points: 1
`
)

// An event belongs to its member and to the group that it names: each line decides it once, on however many lanes, and
// decides the same again.
func TestEventsBelongToObjectsToo(t *testing.T) { laned(t, testEventsBelongToObjectsToo) }

func testEventsBelongToObjectsToo(t *testing.T, lanes int) {
	declareGroups(t)
	w := newLanedWorld(t, lanes, embedded(t))
	w.activate(groupCounts, groupIsLoud, memberSaid)
	wk := w.run()
	const members, groups = 12, 3
	decided := func() bool {
		owed, _, err := w.Owed(w.ctx, w.now())
		return err == nil && len(owed) == 0
	}
	first := said("e0-0", "m0", "g0")
	w.accept(first)
	wk.Wake(first.Subjects()...)
	w.until("the segment is watched", decided)
	for i := range members {
		for g := range groups {
			in := said(fmt.Sprintf("e%d-%d", i, g), fmt.Sprint("m", i), fmt.Sprint("g", g))
			w.accept(in, in) // an id is accepted once
			wk.Wake(in.Subjects()...)
		}
	}
	w.until("all is decided", decided)
	if n := w.state("counts", engine.RunDone); n != members*groups {
		t.Fatalf("%d runs of groups, want %d", n, members*groups)
	}
	for g := range groups {
		m, err := w.Member(w.ctx, naming.ObjectID("group", fmt.Sprint("g", g)))
		if err != nil || fmt.Sprint(m.Attributes["size"]) != fmt.Sprint(members) || m.LastSeenAt.IsZero() {
			t.Fatalf("group %d: %+v, %v", g, m, err)
		}
	}
	for i := range members {
		m, err := w.Member(w.ctx, fmt.Sprint("m", i))
		if err != nil || m.Points != groups {
			t.Fatalf("member %d: %+v, %v", i, m, err)
		}
	}
	if n := w.state("is-loud", engine.RunWaiting); n != groups {
		t.Fatalf("%d groups are loud, want %d", n, groups)
	}
	if differences := w.replayed(""); len(differences) > 0 {
		t.Fatalf("decided again:\n%s", differences)
	}
	list, err := w.SubjectsAfter(w.ctx, store.Members, "", 100)
	if err != nil || len(list) != members {
		t.Fatalf("%d members, %v", len(list), err)
	}
}

// A call for a segment of groups reaches these alone, whatever members there are.
func TestJobsReachObjects(t *testing.T) {
	declareGroups(t)
	w := newWorld(t, embedded(t))
	w.activate(groupWeekly, memberSaid)
	wk := w.run()
	for i := range 4 {
		w.accept(said(fmt.Sprint("e", i), fmt.Sprint("m", i), "g1"), said(fmt.Sprint("f", i), "m0", "g2"))
	}
	wk.Wake("m0")
	w.until("all is decided", func() bool {
		owed, _, err := w.Owed(w.ctx, w.now())
		return err == nil && len(owed) == 0
	})
	_, _, err := w.AddJob(w.ctx, store.Job{
		Name: "trigger:weekly", Kind: store.JobTrigger, Playbook: "weekly", Segment: "loud", At: w.now(), By: "a test",
		Data: []byte(`{"p":{"hall":"north"}}`), State: store.JobOpen,
	})
	if err != nil {
		t.Fatal(err)
	}
	wk.WakeJobs()
	w.until("the loud one is reached", func() bool { return w.state("weekly", engine.RunDone) == 1 })
	j, _, err := w.Jobs(w.ctx, store.JobFilter{Limit: 10})
	if err != nil || !slices.ContainsFunc(j, func(j store.Job) bool { return j.Playbook == "weekly" && j.Reached == 1 && j.LookedAt == 2 }) {
		t.Fatalf("jobs %+v, %v", j, err)
	}
}

// An object that is deleted ends its runs and begins anew, and what was decided is decided the same again.
func TestDeletedObjectsBeginAnew(t *testing.T) {
	declareGroups(t)
	w := newWorld(t, embedded(t))
	w.activate(groupCounts, groupIsLoud)
	wk := w.run()
	g := naming.ObjectID("group", "g1")
	decided := func() {
		t.Helper()
		wk.Wake(g)
		w.until("all is decided", func() bool {
			owed, _, err := w.Owed(w.ctx, w.now())
			return err == nil && len(owed) == 0
		})
	}
	w.accept(said("e0", "m0", "g1"))
	decided() // the segment is watched from here on
	for i := 1; i < 3; i++ {
		w.accept(said(fmt.Sprint("e", i), fmt.Sprint("m", i), "g1"))
	}
	decided()
	w.accept(engine.Input{Kind: engine.InputDeletion, ID: "gone", Member: g, Payload: &engine.Payload{}})
	decided()
	if _, err := w.Member(w.ctx, g); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("the group is still there: %v", err)
	}
	runs, _, err := w.Runs(w.ctx, store.RunFilter{Playbook: "is-loud", Limit: 10})
	if err != nil || len(runs) != 1 || runs[0].State != engine.RunExited || runs[0].Reason != engine.ReasonDeleted {
		t.Fatalf("runs %+v, %v", runs, err)
	}
	w.advance(time.Minute)
	for i := range 3 {
		w.accept(said(fmt.Sprint("f", i), fmt.Sprint("m", i/2), "g1"))
	}
	decided()
	m, err := w.Member(w.ctx, g)
	if err != nil || fmt.Sprint(m.Attributes["size"]) != "3" || m.LastSeenAt.Before(m.CreatedAt) {
		t.Fatalf("the new group: %+v, %v", m, err)
	}
	if n := w.state("is-loud", engine.RunWaiting); n != 0 {
		t.Fatal("what was said in the group that was deleted counts for the new one")
	}
	if differences := w.replayed(""); len(differences) > 0 {
		t.Fatalf("decided again:\n%s", differences)
	}
}
