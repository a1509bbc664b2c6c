package worker

import (
	"context"
	"errors"
	"slices"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

// answered returns the delivery that the input is the answer of; nil when it is of none.
func (w *Worker) answered(ctx context.Context, in *engine.Input) (*store.Attempted, error) {
	key, ok := engine.AnsweredDelivery(in)
	if !ok {
		return nil, nil
	}
	d, err := w.Store.Delivery(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &d, nil
}

// readdress mends answers of deliveries that do not say, or not rightly, what they are and which
// run they are for: a run would hold for them for ever. The delivery says both. It reports whether
// there were any; the batch is to be loaded anew then.
func (w *Worker) readdress(ctx context.Context, b *batch) (mended bool, err error) {
	for n := range b.Inputs {
		in := &b.Inputs[n]
		if b.Kept[in.Seq] {
			continue
		}
		if in.Kind == engine.InputResult && slices.ContainsFunc(b.states[in.Member].Runs, func(r *engine.Run) bool {
			return r.ID == in.Name
		}) {
			continue
		}
		d, err := w.answered(ctx, in)
		if err != nil {
			return false, err
		}
		if d == nil || w.lanes.OfMember(d.Member) != b.lane ||
			in.Kind == engine.InputResult && in.Member == d.Member && in.Name == d.Run {
			continue
		}
		w.Log.Error("the answer of a delivery is damaged in the inbox; it goes to the run that the delivery names",
			"lane", b.lane, "seq", in.Seq, "delivery", d.Key, "member", d.Member, "run", d.Run,
			"kind was", in.Kind, "member was", in.Member, "run was", in.Name)
		in.Kind, in.Member, in.Name = engine.InputResult, d.Member, d.Run
		mended = true
	}
	if mended {
		suspects := b.suspects
		*b = *newBatch(b.lane, b.Batch)
		b.suspects = suspects
	}
	return mended, nil
}
