package sqlite

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/document"
	"github.com/usher-run/usher/engine/store/sqlite/inbox"
	"github.com/usher-run/usher/engine/store/sqlite/journal"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// Kinds of inputs that are the store's own.
const (
	kindPoisoned = inbox.Poisoned
	kindCascaded = inbox.Cascaded
	kindHeld     = inbox.Held
)

// inputRows is what an input costs, counted in rows of a group.
const inputRows = 3

// Accept stores the inputs with all others that wait for the writer.
func (d *db) Accept(ctx context.Context, inputs []engine.Input) ([]store.Receipt, error) {
	if len(inputs) == 0 {
		return nil, nil
	}
	data, err := payloads(inputs)
	if err != nil {
		return nil, err
	}
	// What was taken before comes in before: the transaction itself takes that many of them along.
	if err := d.journal.Settle(ctx, journal.AnyLane, absorbRows); err != nil {
		return nil, fmt.Errorf("put what was taken into the inbox: %w", err)
	}
	if err := d.held(); err != nil {
		return nil, err
	}
	receipts := make([]store.Receipt, len(inputs))
	stored := make([]engine.Input, len(inputs))
	err = d.w.do(ctx, &job{rows: inputRows * len(inputs), run: func(t *tx) error {
		copy(stored, inputs)
		for i := range stored {
			if receipts[i], err = t.accept(&stored[i], data[i]); err != nil {
				return fmt.Errorf("store input %s: %w", stored[i].ID, err)
			}
		}
		return nil
	}}, true)
	if err != nil {
		return nil, fmt.Errorf("accept %d inputs: %w", len(inputs), err)
	}
	copy(inputs, stored)
	return receipts, nil
}

// payloads encodes what has a Payload, before the writer's time is taken for it.
func payloads(inputs []engine.Input) ([][]byte, error) {
	data := make([][]byte, len(inputs))
	for i := range inputs {
		in := &inputs[i]
		data[i] = in.Data
		if in.Payload == nil {
			continue
		}
		var err error
		if data[i], err = in.Payload.Encode(); err != nil {
			return nil, fmt.Errorf("encode input %s: %w", in.ID, err)
		}
	}
	return data, nil
}

// accept stores one input and gives it its Seq and instant.
func (t *tx) accept(in *engine.Input, data []byte) (store.Receipt, error) {
	sent := *in
	sent.Payload, sent.Data = nil, data
	if err := t.tick(); err != nil {
		return store.Receipt{}, err
	}
	at := instant(t.clock.at)
	if in.Kind == engine.InputSchedule {
		at = in.At.UTC().Truncate(time.Millisecond)
	}
	store.AssignInstant(in, at)
	first, err := t.insertInput(in, data)
	switch {
	case err != nil:
		return store.Receipt{}, err
	case first == nil:
		return store.Receipt{Seq: in.Seq}, nil
	}
	in.Seq, in.Time, in.At = first.Seq, first.Time, first.At
	return store.Receipt{Seq: first.Seq, Known: store.KnownAs(first, &sent)}, nil
}

// insertInput stores an input that has its instant, and gives it its Seq. It returns the input that
// was stored before under the same id, if there is one; then nothing is stored.
func (t *tx) insertInput(in *engine.Input, data []byte) (first *engine.Input, err error) {
	in.Seq = t.clock.seq + 1
	if first, err = t.takeID(in); first != nil || err != nil {
		return first, err
	}
	if err := t.insert(in, string(in.Kind), data); err != nil {
		return nil, err
	}
	return nil, t.insertCopies(in, data)
}

// insertCopies stores an event for each object that it belongs to beside its member. It is known by its one id.
func (t *tx) insertCopies(in *engine.Input, data []byte) error {
	sent := *in
	sent.Payload, sent.Data = nil, data
	copies, _ := sent.Copies() // there are none of what cannot be read: its own row says so
	for i := range copies {
		c := &copies[i]
		encoded, err := c.Encode()
		if err != nil {
			return err
		}
		c.Seq = t.clock.seq + 1
		if err := t.insert(c, string(c.Kind), encoded); err != nil {
			return err
		}
	}
	return nil
}

// insert puts an input that has its Seq into the inbox, as of a kind that may be the store's own.
func (t *tx) insert(in *engine.Input, kind string, data []byte) error {
	const insert = `INSERT INTO inbox (lane, seq, kind, id, hash, member, name, time, at, seen, data, cause)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	seen := kind == string(engine.InputEvent) && movesLastSeen(in, data)
	hash := store.HashOf(store.SubjectMember, in.Member)
	_, err := t.exec(insert, t.lanes.Of(hash), in.Seq, kind, in.ID, hash, in.Member, in.Name,
		millis(in.Time), millis(in.At), seen, document.Formatted(data), in.Cause)
	if err == nil {
		t.clock.seq, t.dirty = in.Seq, true
	}
	return err
}

// movesLastSeen reports whether an event is something that its member did just now. What cannot be
// read is decided by nobody.
func movesLastSeen(in *engine.Input, data []byte) bool {
	if in.Payload == nil && !bytes.Contains(data, []byte(`"b":`)) && !bytes.Contains(data, []byte(`"d":`)) {
		return len(data) == 0 || json.Valid(data) // nearly all: it says nothing else, and is not decoded for that
	}
	p, err := (&engine.Input{Payload: in.Payload, Data: data}).Decode()
	return err == nil && p.MovesLastSeen()
}

// millis is how an instant is stored: 0 is none.
func millis(t time.Time) int64 { return sqlconn.Millis(t) }

func instant(ms int64) time.Time { return sqlconn.Instant(ms) }

const inputColumns = inbox.Columns

func storedInput(r row) engine.Input { return inbox.Stored(sqlconn.Row(r)) }

func inputOf(r row) engine.Input { return inbox.Input(sqlconn.Row(r)) }
