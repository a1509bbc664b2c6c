package engine_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-run/usher/engine"
)

// What runs remember in the property test below: every type, from a trigger, an event that was
// waited for, results that come later.
const (
	memoryUsher = `usher: 1
timezone: Asia/Shanghai
member: {note: %[1]s, x: %[2]s, y: %[2]s, z: %[1]s, born: date}
events:
  visit: {since: date, stay: {days: [date], nights: int}}
  profile: {born: date, at: datetime, nights: int, price: %[2]s}
channels: {out: {type: log}}
`
	memoryBook = `id: a
stage: activation
trigger: {event: visit}
mode: parallel
actions:
  - id: hello
    message: {channel: out, text: "{{ trigger.since }}", class: transactional}
  - id: bonus
    points: 3
  - id: w
    wait: {event: profile, if: event.nights > 0, timeout: 2d}
  - wait: 1h
  - if: not actions.w.timed_out
    then:
      - set:
          z: '= (actions.w.event.born < today() ? "old" : "new") + (actions.w.event.at < now() ? "past" : "to come")'
          x: = actions.w.event.price
          y: '= sum(events("profile", "3d"), .price)'
          note: '= string(trigger.stay.nights + (actions.bonus.balance ?? 0)) + (hours_since(actions.hello.delivered_at ?? now()) > 1 ? "late" : "")'
      - webhook: {url: "https://a.test/", body: {since: = trigger.since, event: = actions.w.event.at, price: = actions.w.event.price}}
`
)

// memoryEngines returns the engine of a workspace, and one of a later version of it that declares
// other types and knows the first's runs.
func memoryEngines(t testing.TB) (before, after *engine.Engine) {
	ws := load(t, map[string]string{
		"usher.yaml":       fmt.Sprintf(memoryUsher, "string", "number"),
		"playbooks/a.yaml": memoryBook,
	})
	other := load(t, map[string]string{
		"usher.yaml":       fmt.Sprintf(memoryUsher, "string", "string"),
		"playbooks/b.yaml": pinnedOther,
	})
	return newEngine(ws), newEngine(other).WithRevision(ws, ws.Playbook("a"))
}

// drawMemory draws the next input, for a member with these runs: an event, a move, or a result of
// one of the runs.
func drawMemory(t *rapid.T, seq int, at time.Time, runs []string) engine.Input {
	in := engine.Input{
		Seq: int64(seq), Kind: engine.InputEvent, ID: fmt.Sprint("e", seq), Member: "m", Time: at, At: at,
		Payload: &engine.Payload{},
	}
	date := rapid.SampledFrom([]string{"1890-05-01", "1990-12-31", "2026-03-06", "2030-02-28"})
	switch kind := rapid.IntRange(0, 5).Draw(t, "kind"); {
	case kind < 2:
		in.Name, in.Properties = "visit", map[string]any{
			"since": date.Draw(t, "since"), "stay": map[string]any{
				"days":   []any{date.Draw(t, "day")},
				"nights": float64(rapid.IntRange(-2, 3).Draw(t, "nights")),
			},
		}
	case kind < 4:
		in.Name, in.Properties = "profile", map[string]any{
			"born": date.Draw(t, "born"), "at": date.Draw(t, "at") + "T10:00:00.5Z",
			"nights": float64(rapid.IntRange(0, 2).Draw(t, "nights")),
			"price": rapid.SampledFrom([]float64{0, 0.1, -39.9, 1e15, 9007199254740991, 1e308, -1e308, 5e-324}).
				Draw(t, "price"),
		}
	case kind < 5 && len(runs) > 0:
		in.Kind, in.Name = engine.InputResult, rapid.SampledFrom(runs).Draw(t, "run")
		in.Properties = map[string]any{"step": "hello", "status": "sent", "delivered_at": at.Format(time.RFC3339Nano)}
	default:
		in.Kind = engine.InputUpdate
		in.Attributes = map[string]any{"timezone": rapid.SampledFrom([]string{"America/New_York", "Asia/Shanghai", "UTC"}).
			Draw(t, "zone")}
	}
	return in
}

// Whatever a run remembers, whenever results come, members move, the server is down or another
// version takes over: one batch decides as many do, all of it can be stored, and the same inputs
// come to the same each time.
func TestRunsRememberAlike(t *testing.T) {
	before, after := memoryEngines(t)
	rapid.Check(t, func(rt *rapid.T) {
		var inputs []engine.Input
		single := newShell(t, before)
		at, upgrade := start, rapid.IntRange(0, 12).Draw(rt, "upgrade")
		for i := range rapid.IntRange(1, 12).Draw(rt, "inputs") {
			at = at.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 61, 600, 3000}).Draw(rt, "gap")) * time.Minute)
			if i == upgrade {
				single.e = after
			}
			in := drawMemory(rt, i+1, at, single.order)
			if i >= upgrade && in.Name == "profile" { // typed otherwise by now
				in.Properties["price"] = "dear"
			}
			inputs = append(inputs, in)
			single.decide([]engine.Input{in}, at)
		}
		end := at.Add(10 * 24 * time.Hour)
		single.decide(nil, end)
		whole := func(left int) int { return left }
		drawn := func(left int) int { return rapid.IntRange(1, left).Draw(rt, "batch") }
		for _, size := range []func(int) int{whole, drawn, drawn} {
			s := newShell(t, before)
			for i := 0; i < len(inputs); {
				if i >= upgrade {
					s.e = after
				}
				n := size(len(inputs) - i)
				if i < upgrade {
					n = min(n, upgrade-i)
				}
				s.decide(slices.Clone(inputs[i:i+n]), inputs[i+n-1].At)
				i += n
			}
			s.decide(nil, end)
			if a, b := s.outcome(), single.outcome(); a != b {
				rt.Fatalf("in batches:\n%s\none by one:\n%s", a, b)
			}
		}
	})
}
