package worker_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/worker"
)

const called = `id: called
stage: retention
trigger: {http: {params: {hall: string}}}
mode: parallel
actions:
  - message: {channel: shop, text: "{{ trigger.hall }}", class: transactional}
`

// people stores members with the ids m00000 and so on; every second one is gold.
func (w *world) people(n int) (gold []string) {
	w.Helper()
	changes := make([]engine.Changes, len(w.Lanes()))
	for i := range n {
		m := &engine.Member{ID: fmt.Sprintf("m%05d", i), CreatedAt: morning}
		if i%2 == 0 {
			m.Attributes = map[string]any{"level": "gold"}
			gold = append(gold, m.ID)
		}
		c := &changes[w.Lanes().OfMember(m.ID)]
		c.Members = append(c.Members, m)
	}
	for lane := range changes {
		fence, err := w.Claim(w.ctx, lane)
		if err == nil {
			err = w.Commit(w.ctx, lane, fence, 0, &changes[lane])
		}
		if err != nil {
			w.Fatal(err)
		}
	}
	return gold
}

// call adds a job that starts the playbook, for the members of a segment or for those of a list.
func (w *world) call(segment string, members ...string) store.Job {
	w.Helper()
	data, err := json.Marshal(engine.Payload{Properties: map[string]any{"hall": "north"}})
	if err != nil {
		w.Fatal(err)
	}
	j, _, err := w.AddJob(w.ctx, store.Job{
		Name: "trigger:called:" + segment, Kind: store.JobTrigger, Playbook: "called", Segment: segment, Members: members,
		At: w.now(), By: "a test", Data: data, State: store.JobOpen,
	})
	if err != nil {
		w.Fatal(err)
	}
	return j
}

func (w *world) job(j store.Job) store.Job {
	w.Helper()
	j, err := w.Job(w.ctx, j.N)
	if err != nil {
		w.Fatal(err)
	}
	return j
}

// brought returns how many inputs of jobs are undecided.
func (w *world) brought() (n int) {
	w.Helper()
	depths, err := w.Depths(w.ctx)
	if err != nil {
		w.Fatal(err)
	}
	for _, d := range depths {
		n += d.Jobs
	}
	return n
}

// members returns for whom the playbook has runs.
func (w *world) membersOf(playbook string) (ids []string) {
	w.Helper()
	for f := (store.RunFilter{Playbook: playbook, Limit: 1000}); ; {
		runs, next, err := w.Runs(w.ctx, f)
		if err != nil {
			w.Fatal(err)
		}
		for i := range runs {
			ids = append(ids, runs[i].Member)
		}
		if f.Cursor = next; next == "" {
			slices.Sort(ids)
			return ids
		}
	}
}

// A call for a segment reaches each of its members once, and a call for a list each on it, in turns
// with each other.
func TestCallsReachTheirMembers(t *testing.T) { laned(t, testCallsReachTheirMembers) }

func testCallsReachTheirMembers(t *testing.T, lanes int) {
	w := newLanedWorld(t, lanes, embedded(t))
	w.activate(called)
	gold := w.people(700)
	segment := w.call("gold")
	list := w.call("", "m00001", "m00003", "stranger")
	wk := w.run()
	wk.WakeJobs()
	w.until("the jobs", func() bool {
		return w.job(segment).State == store.JobDone && w.job(list).State == store.JobDone
	})
	want := append(slices.Clone(gold), "m00001", "m00003", "stranger")
	slices.Sort(want)
	w.until("the runs", func() bool { return w.state("called", engine.RunDone) == len(want) })
	if got := w.membersOf("called"); !slices.Equal(got, want) {
		t.Errorf("reached %d members, not the %d", len(got), len(want))
	}
	if j := w.job(segment); j.LookedAt < 700 || j.Reached != len(gold) || j.PassedOver != 0 || j.EndedAt.IsZero() {
		t.Errorf("the job says %+v", j)
	}
	if n, _ := w.sent.keys(); n != len(want) {
		w.until("the messages", func() bool { n, _ := w.sent.keys(); return n == len(want) })
	}
}

// While a job reaches thousands, no more of what it brings than the quota lies before a live event,
// which is decided long before the job ends.
func TestLiveEventsGoBeforeJobs(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(called, thanks)
	gold := w.people(6000)
	j := w.call("gold")
	w.run().WakeJobs()
	const most = 500
	live, during := 0, 0
	for n := 0; w.job(j).State == store.JobOpen; n++ {
		if b := w.brought(); b > most {
			t.Fatalf("%d inputs of a job are undecided", b)
		}
		if during == live { // the one before is decided
			w.accept(order(fmt.Sprint("live", live), fmt.Sprint("someone", live)))
			live++
		}
		during = w.state("thanks", engine.RunDone)
	}
	if j := w.job(j); j.State != store.JobDone || j.Reached != len(gold) {
		t.Fatalf("the job says %+v", j)
	}
	if during < 5 {
		t.Errorf("%d live events were decided while the job ran", during)
	}
	w.until("the runs", func() bool { return w.state("called", engine.RunDone) == len(gold) })
}

// Nothing more is brought in while nothing is decided; and jobs take turns, so that one for many
// holds up none for a few.
func TestJobsTakeTurnsWithinTheirQuota(t *testing.T) { laned(t, testJobsTakeTurnsWithinTheirQuota) }

func testJobsTakeTurnsWithinTheirQuota(t *testing.T, lanes int) {
	w := newLanedWorld(t, lanes, embedded(t))
	w.activate(called)
	w.people(3000)
	large, small := w.call("gold"), w.call("", "m00001")
	wk := w.worker() // it does not run: nothing is decided
	if err := wk.Refresh(w.ctx); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if open, err := wk.CarryOut(w.ctx); err != nil || !open {
			t.Fatalf("open: %v, %v", open, err)
		}
	}
	if n := w.brought(); n == 0 || n > 50 {
		t.Errorf("%d inputs wait where none is decided", n)
	}
	if a, b := w.job(large), w.job(small); a.State != store.JobOpen || b.State != store.JobDone {
		t.Errorf("the large one is %s, the small one %s", a.State, b.State)
	}
}

// Several processes that carry out one job reach each member once.
func TestJobOfSeveralProcesses(t *testing.T) { laned(t, testJobOfSeveralProcesses) }

func testJobOfSeveralProcesses(t *testing.T, lanes int) {
	w := newLanedWorld(t, lanes, embedded(t))
	w.activate(called)
	gold := w.people(800)
	j := w.call("gold")
	var all []*worker.Worker
	w.run()
	for range 3 {
		wk := w.worker()
		if err := wk.Refresh(w.ctx); err != nil {
			t.Fatal(err)
		}
		all = append(all, wk)
	}
	done := make(chan error, len(all))
	for _, wk := range all {
		go func() {
			open, err := wk.CarryOut(w.ctx)
			for open && err == nil {
				open, err = wk.CarryOut(w.ctx)
			}
			done <- err
		}()
	}
	for range all {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	w.until("the runs", func() bool { return w.state("called", engine.RunDone) == len(gold) })
	if j = w.job(j); j.Reached != len(gold) || j.LookedAt != 800 {
		t.Errorf("the job says %+v", j)
	}
}

// A job that is cancelled reaches nobody more, and one whose playbook or segment is gone ends by
// itself.
func TestJobsEndEarly(t *testing.T) {
	w := newWorld(t, embedded(t))
	daily := strings.ReplaceAll(strings.ReplaceAll(weekly, "MISSED", "skip"), "segment: buyers, ", "")
	w.activate(called, daily)
	w.people(3000)
	byHand := w.call("gold")
	wk := w.worker()
	carry := func() {
		t.Helper()
		if err := wk.Refresh(w.ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := wk.CarryOut(w.ctx); err != nil {
			t.Fatal(err)
		}
	}
	carry()
	before := w.job(byHand).Reached
	if _, err := w.CancelJob(w.ctx, byHand.N, "enough", w.now()); err != nil {
		t.Fatal(err)
	}
	carry()
	if j := w.job(byHand); before == 0 || j.Reached != before || j.State != store.JobCancelled {
		t.Errorf("before %d, then %+v", before, j)
	}
	for lane := range w.Lanes() { // makes room
		b, err := w.Pending(w.ctx, lane, w.now(), 1000)
		if err != nil || len(b.Inputs) == 0 {
			continue
		}
		last := b.Inputs[len(b.Inputs)-1].Seq
		if err := w.Commit(w.ctx, lane, b.Fence, last, &engine.Changes{}); err != nil {
			t.Fatal(err)
		}
	}
	for _, at := range []time.Time{morning.Add(-time.Minute), morning} {
		if err := wk.Tick(w.ctx, at); err != nil {
			t.Fatal(err)
		}
	}
	scheduled, err := w.LastOccurrence(w.ctx, "weekly", "")
	if err != nil || scheduled.State != store.JobOpen {
		t.Fatalf("%+v, %v", scheduled, err)
	}
	if err := w.SetPaused(w.ctx, "weekly", true, w.now()); err != nil {
		t.Fatal(err)
	}
	carry()
	if j := w.job(scheduled); j.State != store.JobCancelled || !strings.Contains(j.Reason, "no new runs") {
		t.Errorf("of a playbook that is paused: %+v", j)
	}
	gone := w.call("buyers")
	w.activate(thanks)
	carry()
	if j := w.job(gone); j.State != store.JobCancelled || !strings.Contains(j.Reason, "no such playbook") {
		t.Errorf("of a playbook that is gone: %+v", j)
	}
}

// The first look at a segment waits for the workspace that watches it: whoever decides by the one
// before would note nothing. One that is watched otherwise by then is looked at by another job.
func TestFirstLookWaitsForItsWorkspace(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(thanks)
	w.people(3)
	wk := w.worker()
	if err := wk.Refresh(w.ctx); err != nil {
		t.Fatal(err)
	}
	_, err := w.WatchSegments(w.ctx, map[string]string{"gold": "as another version wrote it"}, morning)
	if err != nil {
		t.Fatal(err)
	}
	w.activate(crossing("enter", "gold"))
	for open := []store.Job{{}}; len(open) > 0; { // nothing has told it of the new workspace
		if _, err := wk.CarryOut(w.ctx); err != nil {
			t.Fatal(err)
		}
		if open, err = w.OpenJobs(w.ctx); err != nil {
			t.Fatal(err)
		}
	}
	jobs, _, err := w.Jobs(w.ctx, store.JobFilter{Limit: 10})
	if err != nil || len(jobs) < 2 {
		t.Fatalf("jobs %+v, %v", jobs, err)
	}
	if last, first := jobs[0], jobs[len(jobs)-1]; last.Reached != 3 || last.State != store.JobDone ||
		first.Reached != 0 || first.State != store.JobCancelled {
		t.Errorf("the first look %+v, the last %+v", first, last)
	}
	w.run()
	w.until("it is noted", func() bool { return w.reevaluated("m00001", "gold") })
}

// One of whom nothing can be read is passed over and counted; all others are reached.
func TestJobPassesOverWhoCannotBeRead(t *testing.T) {
	w := newWorld(t, embedded(t))
	w.activate(called)
	gold := w.people(20)
	w.damage("subjects", "state", "id = '"+gold[3]+"'", "x'7b'")
	j := w.call("gold")
	w.run().WakeJobs()
	w.until("the job", func() bool { return w.job(j).State == store.JobDone })
	if j := w.job(j); j.LookedAt != 20 || j.Reached != len(gold)-1 || j.PassedOver != 1 {
		t.Errorf("the job says %+v", j)
	}
}

// A job of whose audience a long history is to be added up waits for it, and no other job does: nor does
// anybody's decision but that member's, whose inputs are kept. One for whom that fails is passed over.
func TestAJobWaitsForALongHistory(t *testing.T) {
	for _, fails := range []bool{false, true} {
		t.Run(map[bool]string{false: "is added up", true: "fails"}[fails], func(t *testing.T) {
			w := newWorld(t, embedded(t))
			hot := longHistories(w, 3)
			slices.Sort(hot)
			g := &gated{Store: w.Store, begun: make(chan struct{}, 1), goOn: make(chan struct{})}
			u := &unbuildable{Store: w.Store, member: hot[1]}
			w.edit = func(c *worker.Config) {
				if c.Store = g; fails {
					c.Store = u
				}
			}
			wk := w.run()
			w.idle()
			w.activate(called, thanks)
			if err := wk.Refresh(w.ctx); err != nil {
				t.Fatal(err)
			}
			segment := w.call("buyers")
			wk.WakeJobs()
			if !fails {
				w.until("the first is held", func() bool {
					held, err := w.Held(w.ctx)
					return err == nil && len(held) == 1 && held[0].Member == hot[0] && held[0].Building
				})
				<-g.begun
				list := w.call("", hot[2])
				wk.WakeJobs()
				w.until("another job goes on", func() bool { return w.job(list).State == store.JobDone })
				w.accept(order("kept", hot[0]), order("mine", hot[1]))
				wk.Wake(hot...)
				w.until("another member goes on", func() bool { return w.counts("thanks").Entered == 1 })
				if j := w.job(segment); j.State != store.JobOpen || j.LookedAt != 0 {
					t.Errorf("meanwhile %+v", j)
				}
				close(g.goOn)
			}
			w.until("the job ends", func() bool { return w.job(segment).State == store.JobDone })
			want := store.Job{LookedAt: 3, Reached: 3}
			if fails {
				want.Reached, want.PassedOver = 2, 1
			}
			if j := w.job(segment); j.LookedAt != want.LookedAt || j.Reached != want.Reached || j.PassedOver != want.PassedOver {
				t.Errorf("the job is %+v", j)
			}
			u.mended.Store(true)
			w.until("nobody is held", func() bool {
				held, err := w.Held(w.ctx)
				return err == nil && len(held) == 0
			})
			if !fails {
				w.until("what was kept is decided", func() bool { return w.counts("thanks").Entered == 2 })
			}
			w.idle()
			if differences := w.replayed(""); len(differences) > 0 {
				t.Errorf("decided again: %v", differences)
			}
		})
	}
}
