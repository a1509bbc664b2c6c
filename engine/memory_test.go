package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
)

var memoryStart = time.Date(2026, 3, 6, 2, 0, 0, 0, time.UTC)

func happened(seq int64, name string, after time.Duration, p engine.Payload) engine.Input {
	at := memoryStart.Add(after)
	return engine.Input{
		Seq: seq, Kind: engine.InputEvent, ID: fmt.Sprint(name, seq), Member: "m", Name: name, Time: at,
		At: at, Payload: &p,
	}
}

// What a run remembers is of the same type whatever came in between: a result of another action, a
// member who moves, a store.
func TestRunsRememberTypedValues(t *testing.T) {
	e := newEngine(load(t, map[string]string{
		"usher.yaml": `usher: 1
timezone: Asia/Shanghai
member: {note: string}
events:
  visit: {since: date, stay: {days: [date], nights: int}}
  profile.set: {born: date, at: datetime, nights: int, price: number}
channels: {out: {type: log}}
`,
		"playbooks/a.yaml": `id: a
stage: activation
trigger: {event: visit}
actions:
  - id: hello
    message: {channel: out, text: hi, class: transactional}
  - id: bonus
    points: 3
  - id: w
    wait: {event: profile.set, timeout: 10d}
  - wait: 1h
  - if: not actions.w.timed_out
    then:
      - set:
          note: '= (actions.w.event.born < today() and actions.w.event.at < now() and trigger.since == today() ? "1" : "0") +
            ((trigger.stay.days[0] ?? now()) < now() and actions.hello.delivered_at != nil and actions.hello.delivered_at < now() ? "1" : "0") +
            string(actions.w.event.nights + 1) + string(actions.w.event.price * 2) + string(trigger.stay.nights * 2) +
            string((actions.bonus.balance ?? 0) + 1)'
`,
	}))
	visit := happened(1, "visit", 0, engine.Payload{Properties: map[string]any{
		"since": "2026-03-06", "stay": map[string]any{"days": []any{"2026-03-05"}, "nights": 2.0},
	}})
	run := func(batched bool, zone string) *shell {
		s := newShell(t, e)
		s.decide([]engine.Input{visit}, visit.At)
		set := happened(2, "profile.set", time.Minute, engine.Payload{Properties: map[string]any{
			"born": "1890-05-01", "at": "1890-05-01T10:00:00Z", "nights": 3.0, "price": 2.0,
		}})
		result := engine.Input{
			Seq: 3, Kind: engine.InputResult, ID: "result:x", Member: "m", Name: s.order[0],
			At: memoryStart.Add(2 * time.Minute), Payload: &engine.Payload{
				Properties: map[string]any{"step": "hello", "status": "sent", "delivered_at": memoryStart.Format(time.RFC3339Nano)},
			},
		}
		moves := engine.Input{
			Seq: 4, Kind: engine.InputUpdate, ID: "u", Member: "m", At: memoryStart.Add(3 * time.Minute),
			Payload: &engine.Payload{Attributes: map[string]any{"timezone": zone}},
		}
		if inputs := []engine.Input{set, result, moves}; batched {
			s.decide(inputs, moves.At)
		} else {
			for _, in := range inputs {
				s.decide([]engine.Input{in}, in.At)
			}
		}
		s.decide(nil, memoryStart.Add(3*time.Hour))
		return s
	}
	for _, zone := range []string{"Asia/Shanghai", "Asia/Tokyo"} {
		one, many := run(true, zone), run(false, zone)
		if a, b := one.outcome(), many.outcome(); a != b {
			t.Errorf("in a batch:\n%s\none by one:\n%s", a, b)
		}
		if want := `"note":"114444"`; !strings.Contains(string(one.member), want) {
			t.Errorf("%s is not in %s\n%s", want, one.member, one.outcome())
		}
	}
}

// The params of a start over HTTP are typed before the run is stored as they are afterwards.
func TestParamsAreLocalAtOnce(t *testing.T) {
	e := newEngine(load(t, map[string]string{
		"usher.yaml": "usher: 1\ntimezone: Asia/Shanghai\nmember: {first: bool, second: bool}\nchannels: {out: {type: log}}\n",
		"playbooks/a.yaml": `id: a
stage: activation
trigger: {http: {params: {day: date}}}
actions: [{set: {first: = trigger.day == today()}}, {wait: 1h}, {set: {second: = trigger.day == today()}}]
`,
	}))
	s := newShell(t, e)
	s.decide([]engine.Input{{
		Seq: 1, Kind: engine.InputTrigger, ID: "t", Member: "m", Name: "a", At: memoryStart,
		Payload: &engine.Payload{Properties: map[string]any{"day": "2026-03-06"}},
	}}, memoryStart)
	s.decide(nil, memoryStart.Add(2*time.Hour))
	if want := `"attributes":{"first":true,"second":true}`; !strings.Contains(string(s.member), want) {
		t.Errorf("%s is not in %s", want, s.member)
	}
}

// pinned returns an engine of a workspace, and one of another that also knows the first one's
// playbook a.
func pinned(t *testing.T, before, after map[string]string) (first, second *engine.Engine) {
	t.Helper()
	ws := load(t, before)
	return newEngine(ws), newEngine(load(t, after)).WithRevision(ws, ws.Playbook("a"))
}

const pinnedOther = "id: b\nstage: activation\ntrigger: {event: visit}\nactions: [{tag: x}]\n"

// A run reads what is stored by the types of its own revision, also when today's schema says
// something else.
func TestPinnedRunReadsByItsOwnTypes(t *testing.T) {
	declare := func(typ string) string {
		return "usher: 1\ntimezone: UTC\nmember: {a: " + typ + "}\nevents: {visit: {}, buy: {n: " + typ +
			"}}\nchannels: {out: {type: log}}\n"
	}
	book := `id: a
stage: activation
trigger: {event: visit}
actions:
  - wait: 1h
  - if: (member.a ?? 0) > 3 and sum(events("buy"), .n) == 5 and all(events("buy", "1d"), .n > 1)
    then: [{tag: rich}]
    else: [{tag: poor}]
`
	for name, today := range map[string]string{
		"same": declare("int"), "text": declare("string"),
		"gone": "usher: 1\ntimezone: UTC\nevents: {visit: {}}\n",
	} {
		first, second := pinned(t, map[string]string{"usher.yaml": declare("int"), "playbooks/a.yaml": book},
			map[string]string{"usher.yaml": today, "playbooks/b.yaml": pinnedOther})
		s := newShell(t, first)
		s.decide([]engine.Input{
			happened(1, "buy", 0, engine.Payload{Properties: map[string]any{"n": 5.0}, Attributes: map[string]any{"a": 7.0}}),
			happened(2, "visit", time.Minute, engine.Payload{}),
		}, memoryStart.Add(time.Minute))
		s.e = second
		// What comes after the types have changed does not fit the run's: an event is left out.
		s.decide([]engine.Input{happened(3, "buy", 2*time.Minute, engine.Payload{Properties: map[string]any{"n": "many"}})},
			memoryStart.Add(2*time.Hour))
		if !strings.Contains(string(s.member), `"tags":["rich"]`) {
			t.Errorf("%s: %s\n%s", name, s.member, s.outcome())
		}
	}
}

// An action that fails midway leaves nothing of itself, and always for the same reason: its fields
// are taken in the order in which they are written.
func TestFailedActionLeavesNothing(t *testing.T) {
	declare := func(b, c string) string {
		return fmt.Sprintf(`usher: 1
timezone: UTC
member: {a: int, b: %s, c: %s}
events: {visit: {n: int}, other: {z: int, y: %s, x: int}}
channels: {out: {type: log}}
`, b, c, b)
	}
	for action, reason := range map[string]string{
		"set: {c: = trigger.n, a: = trigger.n, b: = trigger.n}":                                                                                 "set c: value must be a string, got the number 7",
		"set: {a: = trigger.n, b: = trigger.n, c: = trigger.n}":                                                                                 "set b: value must be a string, got the number 7",
		"emit: {event: other, properties: {z: = trigger.n, y: = trigger.n, x: = trigger.n}}":                                                    "event other: properties.y",
		`tag: {add: [good, '= trigger.n > 3 ? "" : "b"'], remove: [y]}`:                                                                         `tag ""`,
		`webhook: {url: "https://a.test/", body: {z: 1, y: '= add_days(now(), trigger.n * 10000)', x: '= add_days(now(), trigger.n * 20000)'}}`: "body: y: evaluate",
	} {
		first, second := pinned(t,
			map[string]string{
				"usher.yaml":       declare("int", "int"),
				"playbooks/a.yaml": "id: a\nstage: activation\ntrigger: {event: visit}\nactions:\n  - tag: y\n  - wait: 1h\n  - " + action + "\n",
			},
			map[string]string{"usher.yaml": declare("string", "string"), "playbooks/b.yaml": pinnedOther})
		for range 20 {
			s := newShell(t, first)
			s.decide([]engine.Input{happened(1, "visit", 0, engine.Payload{Properties: map[string]any{"n": 7.0}})}, memoryStart)
			before := string(s.member)
			s.e = second
			s.decide(nil, memoryStart.Add(2*time.Hour))
			run := s.runs[s.order[0]]
			trace := s.traces[run.ID]
			got := trace[max(0, len(trace)-2)].Reason
			if run.State != engine.RunFailed || !strings.Contains(got, reason) {
				t.Fatalf("%s: the run is %s, %q, want %q", action, run.State, got, reason)
			}
			if string(s.member) != before || len(s.deliver)+len(s.coupons)+len(s.echoes) > 0 {
				t.Fatalf("%s left something: %s\n%s", action, s.member, s.outcome())
			}
		}
	}
}

// An answer that comes while a run is parked is kept until the run can read it.
func TestParkedRunKeepsTheAnswer(t *testing.T) {
	before := load(t, map[string]string{
		"usher.yaml": "usher: 1\ntimezone: UTC\nmember: {note: string}\nevents: {visit: {}}\nchannels: {out: {type: log}}\n",
		"playbooks/a.yaml": `id: a
stage: activation
trigger: {event: visit}
actions:
  - id: crm
    webhook: {url: "https://a.test/", returns: {score: int, born: date}}
  - set: {note: '= string(actions.crm.status) + " " + string(actions.crm.body?.score ?? 0) + ((actions.crm.body?.born ?? now()) < today() ? " born" : "")'}
`,
	})
	first := newEngine(before)
	today := newEngine(load(t, map[string]string{
		"usher.yaml": "usher: 1\ntimezone: UTC\nevents: {visit: {}}\n", "playbooks/b.yaml": pinnedOther,
	}))
	s := newShell(t, first)
	s.decide([]engine.Input{happened(1, "visit", 0, engine.Payload{})}, memoryStart)
	id := s.order[0]
	s.e = today.WithoutRevision(before.Playbook("a").Revision, "there is a new rule")
	at := memoryStart.Add(time.Minute)
	s.decide([]engine.Input{{
		Seq: 2, Kind: engine.InputResult, ID: "r", Member: "m", Name: id, At: at, Payload: &engine.Payload{
			Properties: map[string]any{
				"step": "crm", "status": 200.0,
				"body": map[string]any{"score": 7.0, "born": "1990-05-01"},
			},
		},
	}}, at)
	s.decide(nil, at.Add(90*time.Minute))
	if r := s.runs[id]; r.State != engine.RunWaiting || !strings.Contains(r.Reason, "there is a new rule") ||
		!r.DueAt.Equal(at.Add(2*time.Hour)) {
		t.Fatalf("%+v", r)
	}
	s.e = today.WithRevision(before, before.Playbook("a"))
	s.decide(nil, at.Add(3*time.Hour))
	if r := s.runs[id]; r.State != engine.RunDone || r.Reason != "" ||
		!strings.Contains(string(s.member), `"note":"200 7 born"`) {
		t.Fatalf("%+v\n%s\n%s", r, s.member, s.outcome())
	}
}
