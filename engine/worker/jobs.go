package worker

import (
	"context"
	"errors"
	"math"
	"strconv"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/playbooks"
)

const (
	// jobPage is how many members one step of a job looks at: few, because what comes of them is stored
	// in one commit, for which others wait.
	jobPage = 100
	// jobTurn is how long steps follow each other before the depth is looked at again.
	jobTurn = 50 * time.Millisecond
	// jobPoll is how long what jobs brought in is given to be decided.
	jobPoll = 5 * time.Millisecond
)

// jobs is what this process knows of the jobs that it carries out, all of them in one line.
type jobs struct {
	pace  pace
	last  int64              // the job that moved last
	lists map[int64][]string // the members of those that have a list
	draws map[int64]*drawn   // what tickets drew
	waits map[int64]string   // the members whose history is added up before those go on that wait for it
}

// WakeJobs tells that there is a new job.
func (w *Worker) WakeJobs() { put(w.newJob) }

// carryOut carries jobs out while there are any.
func (w *Worker) carryOut(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-w.newJob:
		}
		wait := sweepEvery
		switch open, err := w.CarryOut(ctx); {
		case err != nil && ctx.Err() == nil:
			w.Log.Error("carry out jobs", "error", err)
		case open:
			wait = jobPoll
		}
		timer.Reset(wait)
	}
}

// CarryOut moves the open jobs on, in turns, as far as their quota goes. It reports whether there is
// more to do at once: a job may wait until a history is added up. It is called by one goroutine at a
// time; of two processes that do, one is behind.
func (w *Worker) CarryOut(ctx context.Context) (open bool, err error) {
	a := w.active.Load()
	if a == nil {
		return false, nil
	}
	list, err := w.Store.OpenJobs(ctx)
	if err != nil || len(list) == 0 {
		clear(w.jobs.lists)
		clear(w.jobs.waits)
		return false, err
	}
	depths, err := w.Store.Depths(ctx)
	if err != nil {
		return true, err
	}
	var all store.Depth
	for _, d := range depths {
		all.Inputs, all.Jobs = all.Inputs+d.Inputs, all.Jobs+d.Jobs
	}
	begun := time.Now()
	room := w.jobs.pace.room(all, begun)
	for room > 0 && len(list) > 0 && time.Since(begun) < jobTurn && ctx.Err() == nil {
		i := w.jobs.next(list)
		if m, waits := w.jobs.waits[list[i].N]; waits && w.builds.has(m) && !w.builds.fails(m) {
			list = append(list[:i], list[i+1:]...)
			continue
		}
		n, err := w.step(ctx, a, &list[i], min(room, jobPage))
		if errors.Is(err, store.ErrStale) { // it was cancelled, or another process has moved it
			return true, nil
		}
		if err != nil {
			return true, err
		}
		room -= n
		w.jobs.pace.added(n)
		if list[i].State != store.JobOpen {
			list = append(list[:i], list[i+1:]...)
		}
	}
	return len(list) > 0, ctx.Err()
}

// next returns the place of the job whose turn it is: the one after that which moved last.
func (j *jobs) next(list []store.Job) int {
	turn := 0
	for i := range list {
		if list[i].N > j.last {
			turn = i
			break
		}
	}
	j.last = list[turn].N
	return turn
}

// step moves a job on by a page of members, and returns how many inputs it has brought in.
func (w *Worker) step(ctx context.Context, a *active, j *store.Job, most int) (brought int, err error) {
	if j.Kind == store.JobReevaluation && !a.Watches(j.At) { // a newer workspace is being loaded
		if err := w.Refresh(ctx); err != nil {
			return 0, err
		}
		a = w.active.Load()
	}
	s := &step{w: w, a: a, job: j, Progress: store.Progress{Job: j.N, From: j.Cursor, To: j.Cursor, At: w.now()}}
	if s.Reason = s.pointless(); s.Reason != "" {
		s.End = store.JobCancelled
	} else if err := s.page(ctx, most); err != nil {
		return 0, err
	}
	delete(w.jobs.waits, j.N)
	if s.waits != "" {
		w.jobs.waits[j.N] = s.waits
		if s.LookedAt == 0 {
			return 0, nil
		}
	}
	moved, err := w.Store.Advance(ctx, s.Progress)
	if err != nil {
		return 0, err
	}
	*j = moved
	members := make([]string, len(s.Inputs))
	for i := range s.Inputs {
		members[i] = s.Inputs[i].Member
	}
	w.Wake(members...)
	if j.State != store.JobOpen {
		delete(w.jobs.lists, j.N)
		w.Log.Info("a job has ended", "job", j.N, "kind", j.Kind, "playbook", j.Playbook, "state", j.State, "reason", j.Reason,
			"reached", j.Reached, "passed_over", j.PassedOver)
	}
	return len(s.Inputs), nil
}

// step is one page of a job.
type step struct {
	w   *Worker
	a   *active
	job *store.Job
	store.Progress
	waits string // the member whose history is added up before the job goes on; empty: it does
}

// pointless returns why the job has nobody to reach any more; empty when it has.
func (s *step) pointless() string {
	if s.job.Kind == store.JobRaffle {
		if !s.a.Workspace().Schema.MakesEvent(playbooks.RaffleDrawn) {
			return "the workspace has no such event any more"
		}
		return ""
	}
	if s.job.Kind == store.JobReevaluation {
		if !s.a.Watches(s.job.At) {
			return "the workspace watches other segments since"
		}
		return ""
	}
	ws := s.a.Workspace()
	p := ws.Playbook(s.job.Playbook)
	switch {
	case p == nil || s.job.Kind == store.JobSchedule && p.Trigger.Item(playbooks.TriggerSchedule, &s.job.Via) == nil ||
		s.job.Kind == store.JobTrigger && p.Trigger.HTTP() == nil:
		return "the workspace has no such playbook any more"
	case s.job.Kind == store.JobSchedule && !s.w.moves(s.a, p):
		return skippedPaused
	case s.job.Kind == store.JobSchedule && !p.Active.Holds(s.job.At):
		return skippedOutside
	case s.job.Kind == store.JobTrigger && s.job.Segment != "" && ws.Of(p.For).Schema.Segment(s.job.Segment) == nil:
		return "the workspace has no such segment any more"
	}
	return ""
}

// page looks at the next members.
func (s *step) page(ctx context.Context, most int) error {
	if s.job.Kind == store.JobRaffle {
		return s.tickets(ctx, most)
	}
	if s.job.Kind == store.JobTrigger && s.job.Segment == "" {
		return s.listed(ctx, most)
	}
	page, err := s.w.Store.SubjectsAfter(ctx, s.subjects(), s.job.Cursor, most)
	if err != nil {
		return err
	}
	if s.LookedAt = len(page); s.LookedAt > 0 {
		s.To = page[s.LookedAt-1].ID
	}
	if s.LookedAt < most {
		s.End = store.JobDone
	}
	if s.job.Kind == store.JobReevaluation {
		s.unrecorded(page)
		return nil
	}
	return s.audience(ctx, page)
}

// subjects returns whom the job looks at: those that its playbook is for, or whom a segment may be about.
func (s *step) subjects() string {
	if s.job.Kind == store.JobReevaluation {
		whose, _ := s.a.Watched(s.job.At)
		return whose
	}
	return s.a.Workspace().Playbook(s.job.Playbook).For
}

// listed takes the next members of a list. The cursor counts them.
func (s *step) listed(ctx context.Context, most int) error {
	lists := s.w.jobs.lists
	list, known := lists[s.job.N]
	if !known {
		whole, err := s.w.Store.Job(ctx, s.job.N)
		if err != nil {
			return err
		}
		list = whole.Members
		lists[s.job.N] = list
	}
	from, _ := strconv.Atoi(s.job.Cursor) // empty at the beginning
	to := min(len(list), from+most)
	for _, id := range list[from:to] {
		s.reach(id)
	}
	s.LookedAt, s.To = to-from, strconv.Itoa(to)
	if to == len(list) {
		s.End = store.JobDone
	}
	return nil
}

// reach makes the input of a member.
func (s *step) reach(member string) {
	in := engine.Input{Member: member, Name: s.job.Playbook, Data: s.job.Data}
	switch s.job.Kind {
	case store.JobTrigger:
		in.Kind, in.ID = engine.InputTrigger, naming.JobInputID(s.job.Name, member)
	case store.JobReevaluation:
		in.Name = engine.SegmentReevaluation
		fallthrough
	default:
		in.Kind, in.ID = engine.InputSchedule, naming.OccurrenceID(naming.StartOf(in.Name, s.job.Via), s.job.At, member)
		in.Time, in.At = s.job.At, s.job.At
	}
	s.Inputs = append(s.Inputs, in)
}

// passOver notes that nobody can tell whether a member is meant: that is no reason to leave all
// others out.
func (s *step) passOver(member, why string) {
	s.PassedOver++
	s.w.Log.Error("a job passes a member over", "job", s.job.N, "kind", s.job.Kind, "playbook", s.job.Playbook, "member",
		member, "error", why)
}

// unrecorded reaches those of whom it is not known yet whether they were in the segments when these
// began to be watched.
func (s *step) unrecorded(page []store.ListedMember) {
	for _, m := range page {
		switch {
		case m.Unreadable != "":
			s.passOver(m.ID, m.Unreadable)
		case !s.a.Unrecorded(m.Member).IsZero():
			s.reach(m.ID)
		}
	}
}

// audience reaches those who are in the segment: at the occurrence of a schedule, else now. It ends
// before the first of whom it cannot be told until their history is added up.
func (s *step) audience(ctx context.Context, page []store.ListedMember) error {
	at := s.job.At
	if s.job.Kind == store.JobTrigger {
		at = s.At
	}
	states := make(map[string]*engine.State, len(page))
	ids := make([]string, 0, len(page))
	for _, m := range page {
		if m.Unreadable != "" {
			continue
		}
		states[m.ID] = &engine.State{Member: m.Member}
		ids = append(ids, m.ID)
	}
	segment := s.job.Segment
	if s.job.Kind == store.JobSchedule { // as the playbook says now
		segment = s.a.Workspace().Playbook(s.job.Playbook).Trigger.Item(playbooks.TriggerSchedule, &s.job.Via).Segment
	}
	var queries []store.HistoryQuery
	for _, n := range s.a.SegmentNeeds(segment) {
		q := store.HistoryQuery{Event: n.Event}
		if !n.Window.IsZero() {
			q.Since = at.Add(-n.Window.Longest())
		}
		queries = append(queries, q)
	}
	if err := s.w.loadHistory(ctx, ids, states, queries, math.MaxInt64); err != nil {
		return err
	}
	for i, m := range page {
		if m.Unreadable != "" {
			s.passOver(m.ID, m.Unreadable)
			continue
		}
		in, err := s.a.InSegment(segment, states[m.ID], at)
		var lack *engine.NotBuilt
		var unavailable *engine.Unavailable
		switch {
		case errors.As(err, &lack):
			why, err := s.w.buildForJob(ctx, m.ID, lack)
			if err != nil {
				return err
			}
			if why == "" {
				s.waitBefore(page, i)
				return nil
			}
			s.passOver(m.ID, why)
		case errors.As(err, &unavailable):
			return err
		case err != nil:
			s.passOver(m.ID, err.Error())
		case in:
			s.reach(m.ID)
		}
	}
	return nil
}

// waitBefore ends the step before a member of the page.
func (s *step) waitBefore(page []store.ListedMember, i int) {
	s.waits, s.LookedAt, s.To, s.End = page[i].ID, i, s.From, ""
	if i > 0 {
		s.To = page[i-1].ID
	}
}
