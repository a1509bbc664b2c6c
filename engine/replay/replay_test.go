package replay_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/replay"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// past is a lane whose members have an input each, and no record. It notes what is read of it.
type past struct {
	replay.Source
	inputs  []engine.Input
	passes  int
	read    int
	records int // that were read when the last input was
}

func (p *past) Secret(context.Context) ([]byte, error) { return []byte("s"), nil }

func (p *past) Lanes() store.Lanes { return store.SplitLanes(1) }

func (p *past) Extent(context.Context) (int64, error) { return int64(2 * len(p.inputs)), nil }

func (p *past) Spans(context.Context, int) ([]store.Span, error) {
	return []store.Span{{Epoch: 1}}, nil
}

func (p *past) Epoch(context.Context, int64) (store.Epoch, error) { return store.Epoch{}, nil }

func (p *past) Bundle(context.Context, string) (store.Bundle, error) { return store.Bundle{}, nil }

func (p *past) Decided(context.Context, int, string) iter.Seq2[engine.Input, error] {
	return func(yield func(engine.Input, error) bool) {
		p.passes++
		for _, in := range p.inputs {
			p.read++
			if !yield(in, nil) {
				return
			}
		}
	}
}

// Records has one of each member, which somebody made by hand.
func (p *past) Records(context.Context, int, string) iter.Seq2[store.Recorded, error] {
	return func(yield func(store.Recorded, error) bool) {
		for _, in := range p.inputs {
			if p.read < len(p.inputs) {
				p.records++
			}
			r := store.Recorded{Record: engine.Record{Member: in.Member, At: in.At, Input: records.ByHand}}
			r.Seq = in.Seq
			if !yield(r, nil) {
				return
			}
		}
	}
}

// A lane is gone through once, whatever the number of parts that are in memory one after the other.
func TestALaneIsReadOnce(t *testing.T) {
	src := &past{}
	for i := range 1000 {
		src.inputs = append(src.inputs, engine.Input{
			Seq: int64(i + 1), Kind: engine.InputEvent, ID: fmt.Sprint("e", i), Member: fmt.Sprint("m", i), Name: "x",
			At: time.Unix(int64(i), 0).UTC(), Time: time.Unix(int64(i), 0).UTC(), Data: []byte(`{}`),
		})
	}
	slices.SortFunc(src.inputs, func(x, y engine.Input) int {
		return int(store.HashOf(store.SubjectMember, x.Member) - store.HashOf(store.SubjectMember, y.Member))
	})
	sum, err := replay.Run(t.Context(), src, replay.Options{
		AtOnce: 20, Registry: &schema.Registry{},
		Load: func(store.Bundle) (*playbooks.Workspace, error) {
			return &playbooks.Workspace{Schema: &playbooks.Schema{Timezone: time.UTC}}, nil
		},
		Differs: func(d replay.Difference) { t.Errorf("%+v", d) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if sum.Members != 1000 || sum.Inputs != 1000 || sum.Records != 1000 {
		t.Errorf("replayed %+v", sum)
	}
	if src.passes != 1 || src.read != 1000 {
		t.Errorf("%d inputs are read in %d passes", src.read, src.passes)
	}
	if src.records < 900 {
		t.Errorf("all inputs are read when %d members are replayed", src.records)
	}
}
