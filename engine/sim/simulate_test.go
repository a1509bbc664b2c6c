package sim_test

import (
	"errors"
	"testing"
	"testing/fstest"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/sim"
	"github.com/usher-run/usher/playbooks/loader"
)

// The clock has gone on to a rejected input, too: what is older than that one is out of order.
func TestOrderAfterARejectedInput(t *testing.T) {
	ws, diags := loader.Load(fstest.MapFS{
		"usher.yaml": {Data: []byte("usher: 1\nevents: {named: {best: ref member}}\n")},
	}, actions.Registry())
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	begin := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	named := func(id, best string, hours int) engine.Input {
		at := begin.Add(time.Duration(hours) * time.Hour)
		return engine.Input{
			Kind: engine.InputEvent, ID: id, Member: "m1", Name: "named", Time: at, At: at,
			Payload: &engine.Payload{Properties: map[string]any{"best": best}},
		}
	}
	inputs := []engine.Input{named("a", "m1", 0), named("b", "m1", 1), named("c", "nobody", 3), named("d", "m1", 2)}
	rejected := ""
	_, err := sim.SimulateStream(ws, func(yield func(engine.Input, error) bool) {
		for _, in := range inputs {
			if !yield(in, nil) {
				return
			}
		}
	}, sim.SimulateOptions{
		Registry: actions.Registry(), Effects: actions.Effects(),
		Rejected: func(in *engine.Input, _ error) { rejected += in.ID },
	})
	if !errors.Is(err, sim.ErrOrder) || rejected == "" {
		t.Errorf("%v, rejected %s", err, rejected)
	}
}
