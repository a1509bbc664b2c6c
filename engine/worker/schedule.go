package worker

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/playbooks"
)

const (
	missedAfter = 5 * time.Minute // an occurrence that is later than this is missed
	fanOutPage  = 500
	fanOutLimit = 2000 // undecided inputs of schedules, so that live events never starve behind a large audience
	schedules   = "schedules"
)

// schedule records occurrences as they come, and fans them out.
func (w *Worker) schedule(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	defer w.release(ctx, schedules)
	for {
		if leased, err := w.lease(ctx, schedules); err == nil && leased {
			err = w.Tick(ctx, w.now())
			if err != nil && ctx.Err() == nil {
				w.Log.Error("look after the schedules", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Tick does what the schedules ask for at an instant: it records the occurrences since the last,
// and fans out for a second or so. It may be called by several processes: an occurrence is recorded
// once and an input accepted once.
func (w *Worker) Tick(ctx context.Context, now time.Time) error {
	a := w.active.Load()
	if a == nil {
		return nil
	}
	for _, p := range a.Workspace().Playbooks {
		if p.Trigger.Kind != playbooks.TriggerSchedule {
			continue
		}
		if err := w.occurrences(ctx, p, now, w.moves(a, p)); err != nil {
			return err
		}
	}
	open, err := w.Store.OpenOccurrences(ctx)
	if err != nil {
		return err
	}
	begun := time.Now()
	for _, o := range open {
		for !o.Done && time.Since(begun) < sweepEvery && ctx.Err() == nil {
			more, err := w.fanOut(ctx, a, &o)
			if err != nil {
				return err
			}
			if !more {
				break
			}
		}
	}
	return ctx.Err()
}

// moves reports whether the playbook takes new runs. An occurrence while it does not is over.
func (w *Worker) moves(a *active, p *playbooks.Playbook) bool {
	return p.Status == playbooks.Live && !a.paused[p.ID]
}

// occurrences records what came since the last recorded occurrence. The first sight of a playbook
// is recorded too, as done: what came before it is nobody's, and what a later downtime misses is
// known.
func (w *Worker) occurrences(ctx context.Context, p *playbooks.Playbook, now time.Time, moves bool) error {
	last, err := w.Store.LastOccurrence(ctx, p.ID)
	if errors.Is(err, store.ErrNotFound) {
		_, err = w.Store.RecordOccurrence(ctx, store.Occurrence{Playbook: p.ID, At: now, Done: true})
		return err
	}
	if err != nil {
		return err
	}
	var missed time.Time
	for at := p.Trigger.Schedule.Next(last.At); !at.IsZero() && !at.After(now); at = p.Trigger.Schedule.Next(at) {
		if now.Sub(at) > missedAfter {
			missed = at
			continue
		}
		if err := w.recordMissed(ctx, p, &missed, moves); err != nil {
			return err
		}
		if _, err := w.Store.RecordOccurrence(ctx, store.Occurrence{Playbook: p.ID, At: at, Done: !moves}); err != nil {
			return err
		}
	}
	return w.recordMissed(ctx, p, &missed, moves)
}

// recordMissed records the latest of the missed occurrences, which stands for all of them.
func (w *Worker) recordMissed(ctx context.Context, p *playbooks.Playbook, missed *time.Time, moves bool) error {
	if missed.IsZero() {
		return nil
	}
	o := store.Occurrence{Playbook: p.ID, At: *missed, Done: !p.Trigger.RunOnce || !moves}
	*missed = time.Time{}
	first, err := w.Store.RecordOccurrence(ctx, o)
	if first && o.Done {
		w.Log.Warn("occurrences of a schedule were missed", "playbook", p.ID, "latest", o.At)
	}
	return err
}

// fanOut accepts an input for each member of the audience on the next page; false when it has to
// wait for the backlog.
func (w *Worker) fanOut(ctx context.Context, a *active, o *store.Occurrence) (more bool, err error) {
	n, err := w.Store.Backlog(ctx, engine.InputSchedule)
	if err != nil || n >= fanOutLimit {
		return false, err
	}
	if o.Playbook == engine.SegmentReevaluation {
		return w.fanOutReevaluation(ctx, a, o)
	}
	p := a.Workspace().Playbook(o.Playbook)
	if p == nil || p.Trigger.Kind != playbooks.TriggerSchedule || !w.moves(a, p) {
		o.Done = true
		return false, w.Store.FanOut(ctx, *o, nil)
	}
	page, err := w.Store.MembersAfter(ctx, o.Cursor, fanOutPage)
	if err != nil {
		return false, err
	}
	inputs, err := w.audience(ctx, a, p, o.At, page)
	if err != nil {
		return false, err
	}
	return w.fannedOut(ctx, o, page, inputs)
}

// fannedOut accepts the inputs for a page of members.
func (w *Worker) fannedOut(ctx context.Context, o *store.Occurrence, page []store.ListedMember,
	inputs []engine.Input,
) (more bool, err error) {
	o.Done = len(page) < fanOutPage
	if len(page) > 0 {
		o.Cursor = page[len(page)-1].ID
	}
	if err := w.Store.FanOut(ctx, *o, inputs); err != nil {
		return false, err
	}
	for i := range inputs {
		w.wake(shardKey(store.ShardOf(inputs[i].Member)))
	}
	return !o.Done, nil
}

// fanOutReevaluation lets the next page of members be looked at, of whom it is not known yet
// whether they were in the segments when these began to be watched.
func (w *Worker) fanOutReevaluation(ctx context.Context, a *active, o *store.Occurrence) (more bool, err error) {
	page, err := w.Store.MembersAfter(ctx, o.Cursor, fanOutPage)
	if err != nil {
		return false, err
	}
	var inputs []engine.Input
	known := a.Watches(o.At) // else a newer workspace is being loaded
	for _, m := range page {
		if m.Unreadable != "" {
			w.Log.Error("a member is passed over: what is stored of them cannot be read", "member", m.ID, "error", m.Unreadable)
			continue
		}
		if !known || !a.Unrecorded(m.Member).IsZero() {
			inputs = append(inputs, occurrence(engine.SegmentReevaluation, o.At, m.ID))
		}
	}
	return w.fannedOut(ctx, o, page, inputs)
}

// occurrence returns the input that an occurrence is for a member.
func occurrence(name string, at time.Time, member string) engine.Input {
	return engine.Input{
		Kind: engine.InputSchedule, ID: "schedule:" + name + ":" + at.UTC().Format(time.RFC3339Nano) + ":" + member,
		Member: member, Name: name, Time: at, At: at,
	}
}

// audience returns the inputs of those members who are in the segment at the occurrence.
func (w *Worker) audience(ctx context.Context, a *active, p *playbooks.Playbook, at time.Time,
	page []store.ListedMember,
) ([]engine.Input, error) {
	states := make(map[string]*engine.State, len(page))
	ids := make([]string, 0, len(page))
	for _, m := range page {
		if m.Unreadable != "" {
			w.Log.Error("an occurrence passes a member over: what is stored of them cannot be read", "playbook", p.ID, "at",
				at, "member", m.ID, "error", m.Unreadable)
			continue
		}
		states[m.ID] = &engine.State{Member: m.Member}
		ids = append(ids, m.ID)
	}
	var queries []store.HistoryQuery
	for _, n := range a.SegmentNeeds(p.Trigger.Segment) {
		q := store.HistoryQuery{Event: n.Event}
		if !n.Window.IsZero() {
			q.Since = at.Add(-n.Window.Longest())
		}
		queries = append(queries, q)
	}
	if err := w.loadHistory(ctx, ids, states, queries, math.MaxInt64); err != nil {
		return nil, err
	}
	var inputs []engine.Input
	for _, id := range ids {
		in, err := a.InSegment(p.Trigger.Segment, states[id], at)
		if err != nil {
			w.Log.Warn("tell whether a member is in a segment", "member", id, "segment", p.Trigger.Segment, "error", err)
		}
		if err != nil || !in {
			continue
		}
		inputs = append(inputs, occurrence(p.ID, at, id))
	}
	return inputs, nil
}
