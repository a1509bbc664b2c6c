package sqlite

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/blocks"
	"github.com/usher-run/usher/engine/store/sqlite/couponrows"
	"github.com/usher-run/usher/engine/store/sqlite/deliveryrows"
	"github.com/usher-run/usher/engine/store/sqlite/failurerows"
	"github.com/usher-run/usher/engine/store/sqlite/held"
	"github.com/usher-run/usher/engine/store/sqlite/runrows"
)

// Commit stores what a batch did.
func (d *db) Commit(ctx context.Context, lane int, fence, watermark int64, c *engine.Changes) error {
	b, err := newBatch(c)
	if err == nil {
		b.lane, b.fence, b.watermark = lane, fence, watermark
		err = d.writeAgain(ctx, b.rows(), b.store)
	}
	if err != nil {
		return fmt.Errorf("commit a batch of lane %d: %w", lane, err)
	}
	// What is stored is stored. When members were last seen can be noted later: it comes out of the
	// events, and who asks for it meets the same error.
	_ = d.noteStored(ctx, lane, c.Members, watermark)
	if len(b.going) > 0 { // else Release puts the next part back
		_ = d.goOn(ctx, lane, false)
	}
	return nil
}

// batch is a commit with everything encoded that can be, so that little is done while the writer's
// time runs.
type batch struct {
	*engine.Changes
	lane             int
	fence, watermark int64
	before           int64 // the watermark that was
	members          [][]byte
	runs             []runrows.Row
	messages         [][]byte
	records          []encoded
	cascaded         [][]byte
	emitted          [][]byte
	going            []held.Member // of the lane
}

func newBatch(c *engine.Changes) (*batch, error) {
	b := &batch{Changes: c}
	for _, m := range c.Members {
		data, err := m.Encode()
		if err != nil {
			return nil, &store.Unstorable{Member: m.ID, Err: fmt.Errorf("encode member %s: %w", m.ID, err)}
		}
		b.members = append(b.members, data)
	}
	if err := b.encodeRuns(); err != nil {
		return nil, err
	}
	for i := range c.Deliveries {
		data, err := json.Marshal(&c.Deliveries[i].Message)
		if err != nil {
			d := &c.Deliveries[i]
			return nil, &store.Unstorable{Member: d.Member, Err: fmt.Errorf("encode delivery %s: %w", d.Key, err)}
		}
		b.messages = append(b.messages, data)
	}
	if err := b.encodeRecords(); err != nil {
		return nil, err
	}
	var err error
	if b.cascaded, err = payloads(c.Cascaded); err != nil {
		return nil, &store.Unstorable{Err: err}
	}
	if b.emitted, err = payloads(c.Emitted); err != nil {
		return nil, &store.Unstorable{Err: err}
	}
	return b, nil
}

func (b *batch) encodeRuns() error {
	b.runs = make([]runrows.Row, 0, len(b.Runs))
	for _, r := range b.Runs {
		if !r.New && !r.Changed {
			continue
		}
		row := runrows.Row{Run: r}
		if !r.New || r.State == engine.RunWaiting { // others have a row only when they end later than they began
			if err := row.Encode(); err != nil {
				return err
			}
		}
		b.runs = append(b.runs, row)
	}
	return nil
}

// rows estimates what the batch costs.
func (b *batch) rows() int {
	nodes := 0
	for i := range b.Trees {
		nodes += len(b.Trees[i].Nodes)
	}
	return 1 + nodes + len(b.members) + 4*len(b.runs) + 2*len(b.Coupons) + 2*len(b.Tickets) + 2*len(b.Referrals) +
		3*len(b.Deliveries) + 2*len(b.Releases) + 3*len(b.Records) +
		inputRows*(len(b.Cascaded)+len(b.Emitted)) + 2*len(b.Reevaluations)
}

func (b *batch) store(t *tx) error {
	if err := b.check(t); err != nil {
		return err
	}
	if err := t.spanEpoch(b.lane, b.before, b.Epoch); err != nil {
		return fmt.Errorf("note the epoch: %w", err)
	}
	t.tally(b.Tally)
	if err := b.setAside(t); err != nil {
		return err
	}
	if err := b.hold(t); err != nil {
		return err
	}
	if err := b.decided(t); err != nil {
		return err
	}
	return b.put(t)
}

// put stores what was decided.
func (b *batch) put(t *tx) error {
	for i := range b.Deleted {
		if err := t.deleteSubject(&b.Deleted[i]); err != nil {
			return of(b.Deleted[i].Member, fmt.Errorf("delete %q: %w", b.Deleted[i].Member, err))
		}
	}
	for i, m := range b.Members {
		if err := t.putMember(m.ID, b.members[i]); err != nil {
			return of(m.ID, fmt.Errorf("store member %s: %w", m.ID, err))
		}
	}
	if err := b.putReevaluations(t); err != nil {
		return err
	}
	for i := range b.Deliveries {
		if err := t.insertDelivery(&b.Deliveries[i], b.messages[i]); err != nil {
			return of(b.Deliveries[i].Member, fmt.Errorf("store delivery %s: %w", b.Deliveries[i].Key, err))
		}
	}
	for i := range b.Releases {
		if err := deliveryrows.Release(t.Conn, &b.Releases[i]); err != nil {
			return of(b.Releases[i].Member, fmt.Errorf("release delivery %s: %w", b.Releases[i].Key, err))
		}
	}
	if err := b.putRecords(t); err != nil {
		return err
	}
	for r, reason := range records.Failed(b.Changes) {
		err := t.note(failurerows.Failed{
			At: r.EndedAt, What: store.FailedRun, ID: r.ID, Text: reason, Member: r.Member, Playbook: r.Playbook,
		})
		if err != nil {
			return of(r.Member, fmt.Errorf("note that run %s failed: %w", r.ID, err))
		}
	}
	for i := range b.Coupons {
		c := &b.Coupons[i]
		subject, err := t.subject(c.Member)
		if err == nil {
			err = couponrows.Add(t.Conn, c, subject)
		}
		if err != nil {
			return of(c.Member, fmt.Errorf("store coupon %s: %w", c.Code, err))
		}
	}
	if err := b.putReferrals(t); err != nil {
		return err
	}
	if err := b.putTickets(t); err != nil {
		return err
	}
	if err := blocks.Issued(t.Conn, b.Coupons, b.Taken); err != nil {
		return fmt.Errorf("count coupons: %w", err)
	}
	for i := range b.Trees {
		if err := t.putTree(&b.Trees[i]); err != nil {
			return of(b.Trees[i].Member, fmt.Errorf("store a tree over events of member %s: %w", b.Trees[i].Member, err))
		}
	}
	return of("", b.storeEmitted(t))
}

// decided raises the watermark: the events up to it are their members' history.
func (b *batch) decided(t *tx) error {
	_, err := t.exec("UPDATE lanes SET watermark = max(watermark, ?) WHERE lane = ?", b.watermark, b.lane)
	return err
}

// check holds the batch against what it was decided on, before anything is written: a stale batch
// leaves no trace in the transaction that it shares with others.
func (b *batch) check(t *tx) error {
	fresh, err := t.one("SELECT watermark FROM lanes WHERE lane = ? AND fence = ?", []any{b.lane, b.fence},
		func(r row) error {
			b.before = r.int(0)
			return nil
		})
	if err != nil {
		return err
	}
	if fresh {
		if fresh, err = t.isPresent(b.Epoch); err != nil {
			return err
		}
	}
	if fresh {
		if fresh, err = blocks.Holds(t.Conn, b.lane, b.Taken, b.Coupons); err != nil {
			return err
		}
	}
	if !fresh {
		return store.ErrStale
	}
	return blocks.Take(t.Conn, b.lane, b.Taken, b.Coupons)
}

func (t *tx) insertDelivery(d *engine.Delivery, message []byte) error {
	subject, err := t.subject(d.Member)
	if err != nil {
		return err
	}
	n, err := t.number()
	if err != nil {
		return err
	}
	return deliveryrows.Add(t.Conn, n, subject, d, message)
}

// putRecords appends what was decided, and stores what is left of runs beside it.
func (b *batch) putRecords(t *tx) error {
	cs, marks := make(runrows.Chains, len(b.runs)), map[records.Mark]bool{}
	for i := range b.records {
		e := &b.records[i]
		if err := t.putRecord(e, b.before, b.Epoch, cs, marks); err != nil {
			return of(e.Member, fmt.Errorf("store a decision on member %s: %w", e.Member, err))
		}
	}
	for i := range b.runs {
		r := &b.runs[i]
		k, err := cs.Of(t.Conn, r.ID, r.New)
		if err == nil {
			err = t.putRun(r, k, marks)
		}
		if err != nil {
			return of(r.Member, fmt.Errorf("store run %s: %w", r.ID, err))
		}
	}
	if err := t.putMarks(marks); err != nil {
		return fmt.Errorf("mark what decisions are about: %w", err)
	}
	return nil
}
