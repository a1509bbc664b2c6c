package sqlite

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store"
)

const insertInput = `INSERT INTO inbox (shard, seq, kind, id, member, name, time, at, data)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`

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
	if err := d.settle(ctx, anyShard, absorbRows); err != nil {
		return nil, fmt.Errorf("put what was taken into the inbox: %w", err)
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
		if data[i], err = json.Marshal(in.Payload); err != nil {
			return nil, fmt.Errorf("encode input %s: %w", in.ID, err)
		}
	}
	return data, nil
}

// accept stores one input and gives it its Seq and instant.
func (t *tx) accept(in *engine.Input, data []byte) (store.Receipt, error) {
	if err := t.raise(t.now().UnixMilli()); err != nil {
		return store.Receipt{}, err
	}
	if in.Kind != engine.InputSchedule {
		in.At = instant(t.clock.at)
	}
	in.At = in.At.UTC().Truncate(time.Millisecond)
	if in.Time.IsZero() || in.Time.After(in.At) {
		in.Time = in.At
	}
	in.Time = in.Time.UTC().Truncate(time.Millisecond)
	return t.insertInput(in, data)
}

// insertInput stores an input that has its instant, and gives it its Seq.
func (t *tx) insertInput(in *engine.Input, data []byte) (store.Receipt, error) {
	in.Seq = t.clock.seq + 1
	n, err := t.exec(insertInput, store.ShardOf(in.Member), in.Seq, string(in.Kind), in.ID, in.Member, in.Name,
		millis(in.Time), millis(in.At), data)
	if err != nil {
		return store.Receipt{}, err
	}
	if n == 1 {
		t.clock.seq, t.dirty = in.Seq, true
		return store.Receipt{Seq: in.Seq}, nil
	}
	_, err = t.one("SELECT seq, time, at FROM inbox WHERE id = ?", []any{in.ID}, func(r row) error {
		in.Seq, in.Time, in.At = r.int(0), instant(r.int(1)), instant(r.int(2))
		return nil
	})
	return store.Receipt{Seq: in.Seq, Duplicate: true}, err
}

// millis is how an instant is stored: 0 is none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func instant(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

const inputColumns = `i.seq, i.kind, i.id, i.member, i.name, i.time, i.at, i.data, i.cause`

func inputOf(r row) engine.Input {
	in := engine.Input{
		Seq: r.int(0), Kind: engine.InputKind(r.str(1)), ID: r.str(2), Member: r.str(3), Name: r.str(4),
		Time: instant(r.int(5)), At: instant(r.int(6)), Data: r.bytes(7), Cause: r.int(8),
	}
	if in.Kind == kindCascaded {
		in.Kind = engine.InputEvent
	}
	return in
}
