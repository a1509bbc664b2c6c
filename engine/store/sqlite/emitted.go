package sqlite

import (
	"fmt"

	"github.com/usher-run/usher/engine"
)

// storeEmitted puts what runs emitted to their own members into the history, and what they emitted
// to others into the inbox.
func (b *batch) storeEmitted(t *tx) error {
	for i := range b.Cascaded {
		if err := t.insertCascaded(b.Cascaded[i], b.cascaded[i]); err != nil {
			return fmt.Errorf("store emitted event %s: %w", b.Cascaded[i].ID, err)
		}
	}
	for i := range b.Emitted {
		in := b.Emitted[i]
		if _, err := t.accept(&in, b.emitted[i]); err != nil {
			return fmt.Errorf("accept emitted event %s: %w", in.ID, err)
		}
	}
	if len(b.Cascaded) == 0 {
		return nil
	}
	// With nothing undecided before them the watermark passes them, or the search for what is owed
	// would walk over them for ever.
	const pass = `UPDATE lanes SET watermark = ? WHERE lane = ? AND NOT EXISTS (
		SELECT 1 FROM inbox i WHERE i.lane = lanes.lane AND i.seq > lanes.watermark AND i.kind <> 'cascaded')`
	_, err := t.exec(pass, t.clock.seq, b.lane)
	return err
}

func (t *tx) insertCascaded(in engine.Input, data []byte) error {
	if err := t.load(); err != nil {
		return err
	}
	in.Seq = t.clock.seq + 1
	return t.insert(&in, kindCascaded, data)
}
