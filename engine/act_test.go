package engine_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
)

// A trace says until when a tag is there only where that is its end: not where the member has it for
// ever, or longer.
func TestTracesSayTheEndsThatTagsHave(t *testing.T) {
	s := newShell(t, newEngine(load(t, map[string]string{
		"usher.yaml": boundsUsher,
		"playbooks/a.yaml": `id: a
stage: activation
trigger: {event: view}
actions:
  - if: trigger.n == 0
    tag: vip
  - if: trigger.n > 0
    tag: {add: [keen, vip], for: 2d}
  - if: trigger.n == 2
    tag: {add: [keen, vip], for: 1d}
`,
	})))
	for i := range 3 {
		in := boundsEvent(i, "view", map[string]any{"n": float64(i)})
		s.decide([]engine.Input{in}, in.At)
	}
	var got []string
	for _, id := range s.order {
		for _, e := range s.traces[id] {
			if e.What == "tag" {
				got = append(got, fmt.Sprint(e.Step, " ", e.Detail["until"]))
			}
		}
	}
	want := []string{
		"actions[0] <nil>",
		fmt.Sprint("actions[1] ", start.Add(48*time.Hour+time.Minute).UTC()),
		fmt.Sprint("actions[1] ", start.Add(48*time.Hour+2*time.Minute).UTC()),
		"actions[2] <nil>",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the traces say %q, want %q", got, want)
	}
}
