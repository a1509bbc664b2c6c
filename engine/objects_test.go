package engine_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
)

// Of whom is decided together needs their own history alone: a group's is long.
func TestHistoryThatIsNeededIsThatOfTheKind(t *testing.T) {
	e := newEngine(load(t, map[string]string{
		"usher.yaml": `usher: 1
timezone: UTC
objects: {group: {title: string}, store: {title: string}}
events: {said: {group: ref group}, bought: {n: int}}
`,
		"playbooks/loud.yaml": `id: loud
for: group
stage: activation
trigger: {event: said}
condition: len(events("said", "7d")) > 5
actions: [{tag: loud}]
`,
		"playbooks/regular.yaml": `id: regular
stage: retention
trigger: {event: said}
condition: len(events("bought", "30d")) > 2
actions: [{tag: regular}]
`,
	}))
	g, at := naming.ObjectID("group", "g"), time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	inputs := []engine.Input{
		{Seq: 1, Kind: engine.InputEvent, ID: "1", Member: "m", Name: "said", Time: at, At: at},
		{Seq: 2, Kind: engine.InputEvent, ID: "2", Member: g, Name: "said", Time: at, At: at},
	}
	for what, c := range map[string]struct {
		of   []string
		want []string
	}{
		"all":     {[]string{"n", "m", g}, []string{"bought [m n]", "said [" + g + "]"}},
		"members": {[]string{"m"}, []string{"bought []"}},
		"a group": {[]string{g}, []string{"said [" + g + "]"}},
	} {
		states := map[string]*engine.State{}
		for _, subject := range c.of {
			states[subject] = &engine.State{}
		}
		list := slices.DeleteFunc(slices.Clone(inputs), func(in engine.Input) bool { return states[in.Member] == nil })
		var got []string
		for _, need := range e.NeedsOf(list, states).History {
			got = append(got, fmt.Sprint(need.Event, " ", need.Subjects))
		}
		slices.Sort(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}
