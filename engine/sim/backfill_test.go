package sim_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/sim"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
	"pgregory.net/rapid"
)

const backfillSchema = `usher: 1
timezone: Asia/Shanghai
member: {email: {type: string, normalize: lower}, phone: {type: string, normalize: phone}, level: string, birthday: date}
events: {order.paid: {amount: number}, joined: {}}
segments:
  buyers: len(events("order.paid", "90d")) >= 2
  quiet: days_since(member.last_seen_at) > 30
channels: {app: {type: log}}
`

// Everything that an event may start, and one that tells what history there is.
const backfillBooks = `id: thanks
stage: retention
trigger: {event: order.paid}
actions:
  - message: {channel: app, text: "order {{ trigger.amount }}"}
---
id: came
stage: retention
trigger: {segment_enter: buyers}
actions:
  - message: {channel: app, text: came}
---
id: went
stage: retention
trigger: {segment_exit: quiet}
actions:
  - message: {channel: app, text: went}
---
id: hush
stage: retention
trigger: {segment_enter: quiet}
actions:
  - message: {channel: app, text: hush}
---
id: asked
stage: activation
trigger: {event: joined}
goal: {event: order.paid, within: 7d}
exit: [{event: order.paid, if: event.amount > 100}]
actions:
  - id: paid
    wait: {event: order.paid, timeout: 2d}
  - message: {channel: app, text: "waited {{ actions.paid.timed_out }}"}
  - set: {phone: 138 0013 8001}
  - set: {level: "= string(len(events(\"order.paid\"))) + \" orders, the first of \" + string(events(\"order.paid\")[0]?.amount ?? 0)"}
`

func backfillWorkspace(t interface{ Fatal(...any) }) *playbooks.Workspace {
	files := fstest.MapFS{"usher.yaml": {Data: []byte(backfillSchema)}}
	for _, text := range strings.Split(backfillBooks, "---\n") {
		id, _, _ := strings.Cut(strings.TrimPrefix(text, "id: "), "\n")
		files["playbooks/"+id+".yaml"] = &fstest.MapFile{Data: []byte(text)}
	}
	ws, diags := loader.Load(files, actions.Registry())
	for _, d := range diags {
		if d.Severity == diag.Error {
			t.Fatal(fmt.Sprintf("%s:%d: %s", d.File, d.Line, d.Message))
		}
	}
	return ws
}

// world is a world whose effects are written down.
type world struct {
	*sim.World
	texts  []string
	member *engine.Member
	runs   map[string]string
}

func newWorld(t interface{ Fatal(...any) }, at time.Time) *world {
	w := &world{runs: map[string]string{}}
	e := engine.New(backfillWorkspace(t), engine.Options{
		Secret: []byte("s"), Registry: actions.Registry(),
		Effects: actions.Effects(),
	})
	w.World = sim.NewWorld(e, at, func(c *engine.Changes) {
		for _, d := range c.Deliveries {
			w.texts = append(w.texts, d.Message.Text)
		}
		for _, m := range c.Members {
			w.member = m
		}
		for _, r := range c.Runs {
			w.runs[r.Playbook] = string(r.State)
			if !r.ConvertedAt.IsZero() {
				w.runs[r.Playbook] += ", converted"
			}
		}
	})
	return w
}

var monday = time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)

func ordered(id string, at, accepted time.Time, amount float64, backfill bool) engine.Input {
	return engine.Input{
		Kind: engine.InputEvent, ID: id, Member: "m", Name: "order.paid", Time: at, At: accepted,
		Payload: &engine.Payload{Properties: map[string]any{"amount": amount}, Backfill: backfill},
	}
}

func TestBackfillStartsNothing(t *testing.T) {
	w := newWorld(t, monday)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(w.Input(engine.Input{
		Kind: engine.InputEvent, ID: "j", Member: "m", Name: "joined", Time: monday, At: monday,
		Payload: &engine.Payload{},
	}))
	for i := range 3 { // a trigger, a wait, an exit, a goal and a segment would see these
		at := monday.AddDate(0, 0, -i-1)
		must(w.Input(ordered(fmt.Sprint("old", i), at, monday.Add(time.Hour), 500+float64(i), true)))
	}
	if len(w.texts) > 0 || w.runs["asked"] != "waiting" || len(w.runs) != 1 {
		t.Errorf("sent %q, runs %v", w.texts, w.runs)
	}
	if want := monday.AddDate(0, 0, -3); !w.member.CreatedAt.Equal(want) || !w.member.LastSeenAt.Equal(monday) {
		t.Errorf("created at %s, seen at %s", w.member.CreatedAt, w.member.LastSeenAt)
	}
	if !w.member.Segments["buyers"].In {
		t.Error("it is not noted that the member is in the segment")
	}
	// All of it counts: the wait's timeout reads the history, in the order of time.
	must(w.AdvanceTo(monday.AddDate(0, 0, 2)))
	if got := w.member.Attributes["level"]; got != "3 orders, the first of 502" {
		t.Errorf("level = %v", got)
	}
	// What comes now is as ever, and being a buyer is no news.
	must(w.Input(ordered("new", monday.AddDate(0, 0, 2), monday.AddDate(0, 0, 2), 7, false)))
	if got := fmt.Sprint(w.texts); got != "[waited true order 7]" {
		t.Errorf("sent %s", got)
	}
}

// What time alone had done to a member before a backfill still fires.
func TestBackfillSwallowsNoCrossing(t *testing.T) {
	w := newWorld(t, monday)
	for _, in := range []engine.Input{
		ordered("a", monday, monday, 1, false),
		ordered("old", monday.AddDate(0, 0, 39), monday.AddDate(0, 0, 40), 1, true),
	} {
		if err := w.Input(in); err != nil {
			t.Fatal(err)
		}
	}
	if w.member.Segments["quiet"].In || !w.member.LastSeenAt.Equal(monday.AddDate(0, 0, 39)) {
		t.Errorf("segments %v, seen at %s", w.member.Segments, w.member.LastSeenAt)
	}
	if got := fmt.Sprint(w.texts); got != "[order 1 hush]" { // that the member leaves quiet by the backfill starts nothing
		t.Errorf("sent %s", got)
	}
}

func TestBackfilledAttributes(t *testing.T) {
	hour := func(n int) time.Time { return monday.Add(time.Duration(n) * time.Hour) }
	type write struct {
		at       int // hours
		backfill bool
		value    any
	}
	tests := []struct {
		name   string
		writes []write
		want   any
	}{
		{"a member without one gets it", []write{{-10, true, "a"}}, "a"},
		{"the newest of history, in order", []write{{-10, true, "a"}, {-5, true, "b"}}, "b"},
		{"the newest of history, in any order", []write{{-5, true, "b"}, {-10, true, "a"}}, "b"},
		{"what was written stays", []write{{1, false, "now"}, {-5, true, "a"}}, "now"},
		{"what is written comes over history", []write{{-5, true, "a"}, {1, false, "now"}, {-2, true, "b"}}, "now"},
		{"what was removed stays away", []write{{1, false, "now"}, {2, false, nil}, {-5, true, "a"}}, nil},
		{"also when there was none", []write{{2, false, nil}, {-5, true, "a"}}, nil},
		{"a removal in history", []write{{-10, true, "a"}, {-5, true, nil}, {-7, true, "b"}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, monday)
			for i, x := range tt.writes {
				in := engine.Input{
					Kind: engine.InputEvent, ID: fmt.Sprint(i), Member: "m", Name: "seen", Time: hour(x.at), At: hour(10 + i),
					Payload: &engine.Payload{Attributes: map[string]any{"email": x.value}, Backfill: x.backfill},
				}
				if err := w.Input(in); err != nil {
					t.Fatal(err)
				}
			}
			if got := w.member.Attributes["email"]; got != tt.want {
				t.Errorf("email = %v, want %v", got, tt.want)
			}
		})
	}
}

// History may come in any order and in any mixture: the member ends up the same, and nothing is
// ever sent.
func TestBackfillInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type past struct {
			hour  int
			level string
		}
		history := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) past {
			return past{rapid.IntRange(1, 2000).Draw(t, "hour"), rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, "level")}
		}), 1, 8, func(p past) int { return p.hour }).Draw(t, "history")
		end := func(list []past) string {
			w := newWorld(t, monday)
			for i, p := range list {
				in := ordered(fmt.Sprint(i), monday.Add(-time.Duration(p.hour)*time.Hour),
					monday.Add(time.Duration(i)*time.Second), float64(p.hour), true)
				if p.level != "" {
					in.Attributes = map[string]any{"level": p.level}
				}
				if err := w.Input(in); err != nil {
					t.Fatal(err)
				}
			}
			if len(w.texts)+len(w.runs) > 0 {
				t.Fatalf("sent %v, runs %v", w.texts, w.runs)
			}
			w.member.ReevaluatedAt = time.Time{}
			text, err := json.Marshal(w.member)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		one, other := end(history), end(rapid.Permutation(history).Draw(t, "order"))
		if one != other {
			t.Fatalf("%s\n%s", one, other)
		}
	})
}

// An attribute is normalized wherever it comes from: an event, an update, history, an action.
func TestAttributesAreNormalized(t *testing.T) {
	for name, in := range map[string]engine.Input{
		"event":    {Kind: engine.InputEvent, Name: "seen", Payload: &engine.Payload{}},
		"update":   {Kind: engine.InputUpdate, Payload: &engine.Payload{}},
		"backfill": {Kind: engine.InputEvent, Name: "seen", Payload: &engine.Payload{Backfill: true}},
	} {
		w := newWorld(t, monday)
		in.ID, in.Member, in.Time, in.At = "i", "m", monday, monday
		in.Attributes = map[string]any{"email": " A@B.test ", "phone": "138-0013-8000"}
		if err := w.Input(in); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(w.member.Attributes); got != "map[email:a@b.test phone:+8613800138000]" {
			t.Errorf("%s: %s", name, got)
		}
	}
	w := newWorld(t, monday)
	joined := engine.Input{
		Kind: engine.InputEvent, ID: "j", Member: "m", Name: "joined", Time: monday, At: monday,
		Payload: &engine.Payload{},
	}
	if err := w.Input(joined); err != nil {
		t.Fatal(err)
	}
	if err := w.AdvanceTo(monday.AddDate(0, 0, 2)); err != nil {
		t.Fatal(err)
	}
	if got := w.member.Attributes["phone"]; got != "+8613800138001" {
		t.Errorf("set: %v", got)
	}
}
