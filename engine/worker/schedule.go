package worker

import (
	"context"
	"errors"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/playbooks"
)

const (
	missedAfter = 5 * time.Minute // an occurrence that is later than this is missed
)

// schedule makes a job of each occurrence as it comes.
func (w *Worker) schedule(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := w.Tick(ctx, w.now()); err != nil && ctx.Err() == nil {
			w.Log.Error("look after the schedules", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Tick makes a job of each occurrence of a schedule since the last, and of each draw of a raffle, at an instant. It may
// be called by several processes: of an occurrence there is one job.
func (w *Worker) Tick(ctx context.Context, now time.Time) error {
	a := w.active.Load()
	if a == nil {
		return nil
	}
	if err := w.raffles(ctx, a, now); err != nil {
		return err
	}
	for _, p := range a.Workspace().Playbooks {
		for _, t := range p.Trigger.Items() {
			if t.Kind != playbooks.TriggerSchedule {
				continue
			}
			if err := w.occurrences(ctx, p, t, now, w.moves(a, p)); err != nil {
				return err
			}
		}
	}
	return nil
}

// moves reports whether the playbook takes new runs. An occurrence while it does not is over.
func (w *Worker) moves(a *active, p *playbooks.Playbook) bool {
	return p.Status.Enters() && !a.paused[p.ID]
}

// Why an occurrence is carried out for nobody.
const (
	skippedFirst   = "the schedule is new: what came before it is nobody's"
	skippedMissed  = "it was missed, with those before it"
	skippedPaused  = "the playbook took no new runs"
	skippedOutside = "the playbook was not active then"
)

// occurrences makes a job of each occurrence since the last that there is one of. The first sight
// of a playbook is one too: what a later downtime misses is known by it. While it is not active there is none.
func (w *Worker) occurrences(
	ctx context.Context, p *playbooks.Playbook, t *playbooks.Trigger, now time.Time, moves bool,
) error {
	last, err := w.Store.LastOccurrence(ctx, p.ID, t.Via)
	if errors.Is(err, store.ErrNotFound) {
		_, err = w.occur(ctx, p, t, now, skippedFirst)
		return err
	}
	if err != nil {
		return err
	}
	skipped := ""
	if !moves {
		skipped = skippedPaused
	}
	var missed, outside time.Time
	for at := t.Schedule.Next(last.At); !at.IsZero() && !at.After(now); at = t.Schedule.Next(at) {
		if !p.Active.Holds(at) {
			outside = at
			continue
		}
		outside = time.Time{}
		if now.Sub(at) > missedAfter {
			missed = at
			continue
		}
		if err := w.occurMissed(ctx, p, t, &missed, skipped); err != nil {
			return err
		}
		if _, err := w.occur(ctx, p, t, at, skipped); err != nil {
			return err
		}
	}
	if err := w.occurMissed(ctx, p, t, &missed, skipped); err != nil || outside.IsZero() {
		return err
	}
	_, err = w.occur(ctx, p, t, outside, skippedOutside)
	return err
}

// occurMissed makes a job of the latest of the missed occurrences, which stands for all of them.
func (w *Worker) occurMissed(
	ctx context.Context, p *playbooks.Playbook, t *playbooks.Trigger, missed *time.Time, skipped string,
) error {
	if missed.IsZero() {
		return nil
	}
	if !t.RunOnce {
		skipped = skippedMissed
	}
	at := *missed
	*missed = time.Time{}
	first, err := w.occur(ctx, p, t, at, skipped)
	if first && skipped != "" {
		w.Log.Warn("occurrences of a schedule were missed", "playbook", p.ID, "latest", at)
	}
	return err
}

// occur makes a job of an occurrence; of one that is skipped, for the reason given, one that has
// ended.
func (w *Worker) occur(
	ctx context.Context, p *playbooks.Playbook, t *playbooks.Trigger, at time.Time, skipped string,
) (first bool, err error) {
	j := store.Job{
		Name: naming.OccurrenceName(naming.StartOf(p.ID, t.Via), at), Kind: store.JobSchedule, Playbook: p.ID, Via: t.Via,
		Segment: t.Segment, At: at, By: "the schedule", State: store.JobOpen,
	}
	if t.Via != "" {
		if j.Data, err = (&engine.Payload{Via: t.Via}).Encode(); err != nil {
			return false, err
		}
	}
	if skipped != "" {
		j.State, j.Reason, j.EndedAt = store.JobSkipped, skipped, w.now()
	}
	_, first, err = w.Store.AddJob(ctx, j)
	if first && skipped == "" {
		w.WakeJobs()
	}
	return first, err
}
