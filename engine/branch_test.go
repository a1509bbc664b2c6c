package engine_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/usher-run/usher/engine"
)

// The dice of a split fall by its weights, and have nothing to do with those of another split, the
// holdout or bucket().
func TestSplitsFollowTheirWeights(t *testing.T) {
	e := newEngine(load(t, map[string]string{
		"usher.yaml": "usher: 1\nevents: {go: {}}\n",
		"playbooks/p.yaml": `id: p
stage: activation
trigger: {event: go}
holdout: 20%
actions:
  - id: a
    split: [{name: x, weight: 62.5, then: []}, {name: y, weight: 37.5, then: []}]
  - id: b
    split: [{name: x, weight: 50, then: []}, {name: y, weight: 50, then: []}]
  - if: bucket(2) == 0
    tag: even
`,
	}))
	const members = 20_000
	count := map[string]float64{}
	for i := range members {
		c, st := new(engine.Changes), new(engine.State)
		id := fmt.Sprintf("m%d", i)
		in := engine.Input{
			Kind: engine.InputEvent, ID: "e" + id, Member: id, Name: "go", Time: start, At: start,
			Payload: &engine.Payload{},
		}
		if err := e.Decide(id, st, []engine.Input{in}, start, nil, c); err != nil {
			t.Fatal(err)
		}
		r := c.Runs[0]
		if r.State == engine.RunHoldout {
			count["holdout"]++
			continue
		}
		key := fmt.Sprintf("%s%s", r.Actions["a"]["name"], r.Actions["b"]["name"])
		count[key]++
		if len(st.Member.Tags) > 0 {
			count[key+" even"]++
		}
	}
	for key, share := range map[string]float64{
		"holdout": .2, "xx": .8 * .625 * .5, "xy": .8 * .625 * .5, "yx": .8 * .375 * .5, "yy": .8 * .375 * .5,
		"xx even": .8 * .625 * .25, "yy even": .8 * .375 * .25,
	} {
		got, spread := count[key], math.Sqrt(members*share*(1-share))
		if math.Abs(got-members*share) > 4*spread {
			t.Errorf("%s: %.0f of %d members, want about %.0f", key, got, members, members*share)
		}
	}
}
