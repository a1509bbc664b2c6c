package engine_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/sim"
	"github.com/usher-run/usher/engine/tally"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
	"pgregory.net/rapid"
)

// alikeUsher declares what the random playbooks use. Pools have no budget: what a budget grants
// depends on other members.
const alikeUsher = `usher: 1
timezone: America/New_York
locale: en
member: {level: {enum: {a: 甲, b: 乙}, default: a}, seen: int, born: date, orders: '= len(events("visit"))', rank: {enum: [low, mid, top], default: low}}
objects:
  group: {level: {enum: {a: 甲, b: 乙}, default: a}, seen: int, born: date, orders: '= len(events("visit", "30d"))'}
events:
  buy: {n: int, at: optional datetime, group: optional ref group}
  visit: {group: optional ref group}
  leave: {group: optional ref group}
  echo: {n: int, groups: {optional: [ref group]}}
segments:
  g-buyers: {for: group, if: 'len(distinct(events("buy", "30d"), .member)) > 1'}
  g-spenders: {for: group, if: 'sum(events("buy", "3d"), .n) > 3'}
  g-quiet: {for: group, if: days_since(group.last_seen_at) >= 2}
  g-rich: {for: group, if: '"rich" in group.tags'}
  g-monthly: {for: group, if: 'len(events("buy", "this month")) > len(events("buy", "yesterday"))'}
  g-weekend: {for: group, if: weekday(now()) >= 6}
  g-lucky: {for: group, if: 'is_today(group.born ?? add_days(group.created_at, 3))'}
  g-stale: {for: group, if: 'now() - group.last_seen_at > duration("30h")'}
  buyers: len(events("buy", "30d")) > 0
  spenders: sum(events("buy", "3d"), .n) > 3
  quiet: days_since(member.last_seen_at) >= 2
  rich: member.points > 2 or "rich" in member.tags
  monthly: len(events("buy", "this month")) > len(events("buy", "yesterday"))
  weekend: weekday(now()) >= 6
  lucky: is_today(member.born ?? add_days(member.created_at, 3)) or days_between(member.created_at, now()) == 2
  holder: len(member.coupons) > 1
  ranked: member.rank != "low"
  stale: now() - member.last_seen_at > duration("30h")
tables: {levels: {a: {least: 1, name: first}, c: {least: 3}}}
channels: {out: {type: log}}
points: {expires: 3d}
levels: {attribute: rank, by: 'member.points + sum(events("buy", "2d"), .n) - days_since(member.last_seen_at)', steps: {mid: 2, top: 6}, grace: 30h}
coupons: {one: {prefix: O, per_member: 2, expires: 2d}, all: {active: {to: 2026-03-12}}, few: {quota: {max: 2, per: day}}}
raffles: {instant: {prizes: {big: {count: 2, odds: 1/3}, small: {odds: 1/2}}, per_member: 4}, later: {prizes: {one: {count: 2}, rest: {}}, draw: 2026-03-12}}
frequency_caps: [{max: 2, per: 24h}]
quiet_hours: {from: "22:00", to: "08:00", timezone: member}
`

const alikeSnippet = `params: {n: int, text: text, pool: {type: pool, default: one}, heard: {type: event, default: visit}}
actions:
  - id: gift
    coupon: {pool: = params.pool}
  - id: came
    wait: {event: = params.heard, timeout: 1d}
  - if: actions.gift.issued and not actions.came.timed_out
    points: = params.n % 3
  - split:
      - {name: l, weight: 50, then: [{message: {channel: out, text: = params.text}}]}
      - {name: r, weight: 50, then: [{tag: = "n" + string(params.n)}]}
`

// The parts that random playbooks are made of. %d is a number of their own.
var (
	alikeTriggers = []string{
		"{event: buy}", "{event: buy, if: event.n > 1}", "{event: visit}", "{event: echo, if: event.n > 0}", "{event: leave}", "{event: raffle.drawn, if: event.prize != \"rest\"}",
		`{event: coupon.issued, if: event.pool == "one"}`, `{event: coupon.expired}`, `{event: coupon.redeemed}`,
		`{schedule: "0 10 * * *", segment: buyers}`, `{schedule: "30 2 * * 0"}`,
		`{schedule: "15 2 15,L * 0#1"}`, `{schedule: "2026-03-08 02:30"}`,
		`{any: [{id: one, event: buy, if: event.n > 2}, {id: two, event: buy}, {id: three, segment_exit: rich}]}`,
		`{any: [{id: one, schedule: "0 10 * * *"}, {id: two, schedule: "30 2 * * 0", segment: buyers}, {id: three, event: visit}]}`,
		`{any: [{id: one, date: member.born, every: month}, {id: two, date: member.created_at, every: month, at: "02:30"}, {id: three, segment_enter: quiet}]}`,
		"{changed: member.seen}", "{changed: member.points, if: trigger.after > trigger.before}", `{changed: member.tags, if: '"x" in trigger.after'}`,
		`{any: [{id: one, changed: member.level}, {id: two, changed: member.tags}, {id: three, changed: member.born, if: trigger.after != nil}]}`,
		"{segment_enter: spenders}", "{segment_exit: buyers}", "{segment_enter: quiet}", "{segment_exit: rich}",
		"{segment_exit: quiet}", "{segment_enter: rich}", "{segment_enter: stale}", "{segment_enter: holder}", "{segment_enter: ranked}", "{segment_exit: ranked}", `{changed: member.rank, if: trigger.after != "low"}`, "{changed: member.rank}", "{event: points.expired, if: event.amount > 1}",
		"{segment_enter: weekend}", "{segment_enter: monthly}", "{segment_exit: monthly}", "{segment_exit: weekend}", "{segment_enter: lucky}",
		`{date: member.born, every: year, at: "09:00"}`, `{date: member.born, offset: -1d, at: "02:30"}`,
		"{date: member.created_at, every: year}", `{date: member.born, every: year, calendar: lunar, at: "02:30"}`, `{date: member.born, every: month, offset: -1d, at: "02:30"}`,
	}
	alikeConditions = []string{
		`member.level == "a"`, `member.rank == "mid"`, `len(events("buy")) % 2 == 1`, `in_segment("spenders")`, `not in_segment("quiet")`,
		`"x" not in member.tags and hours_since(member.created_at) < 200`, `len(events("visit", "36h")) > 0`,
		`bucket(10) < 7`, `table("levels", member.level) != nil and member.points >= table("levels", member.level).least`, `(avg(events("buy", "3d"), .n) ?? 0) < 2 or len(distinct(events("buy"), .n)) > 2`,
		`most_common(events("buy"), .n) != 1 and (largest(events("buy"), .at ?? now())?.n ?? 0) < 4`, `sum(events("buy", "this week"), .n) > 3 or len(events("visit", "last week")) > 0`, `now() < datetime("2026-03-09 02:30") or hour(now()) >= 12`,
		`(lunar(today()).day ?? 0) % 2 == 0 and years_between(member.born ?? today(), now()) < 30`,
		`(last(events("buy"))?.n ?? 0) > 1`, `len(events("coupon.issued", "2d")) < 3`,
		`len(filter(member.coupons, .redeemed_at == nil and (.expires_at ?? now()) > now())) < 2`, `member.points < 5`, `points_expiring("2d") < 2`, `member.referral_code < "M"`,
		"vars.left > 0 or vars.first == nil",
	}
	alikeExtras = []string{
		"mode: restart", "mode: parallel", "reentry: 1d", "reentry: never", "holdout: 40%", "goal: {event: buy, within: 3d}",
		"goal: {event: buy, if: event.n > 2, within: 12h}", "exit: [{event: leave}]",
		"exit: [{segment_exit: buyers}, {if: member.points > 6}]", "exit: [{segment_enter: quiet}, {event: leave}, {if: hours_since(member.created_at) > 60}]",
		`exit: [{if: 'len(vars.bought) > 2 or "y" in member.tags'}]`, "goal: {segment_exit: quiet, within: 5d}",
		"goal: [{event: buy, if: event.n > 2, within: 12h}, {if: member.points > 3, within: 3d}, {segment_enter: spenders, within: 2d}]",
		"exit: [{event: buy, if: event.n == 4}, {event: leave}]", "exit: [{event: buy, if: event.n in vars.bought}]",
		`active: {from: 2026-03-07, to: "2026-03-12 02:30", open: exit}`, "active: {to: 2026-03-10, open: exit}",
		"active: {to: 2026-03-15T10:00:00Z}", "priority: 5", "priority: -3", "status: shadow",
		"quota: {max: 3, per: day}", "quota: {max: 4}", "quota: {max: 2, per: hour, by: = member.level}",
		"quota: {max: 1, per: week, by: = member.seen}",
	}
	// alikeVars stand in every playbook that names one.
	alikeVars = "vars: {bought: '= distinct(events(\"buy\", \"3d\"), .n)', left: = 9 - len(vars.bought) - member.points," +
		" first: '= first(events(\"visit\"))?.time'}\n"
	alikeActions = []string{
		"use: pair\n  with: {n: = member.points, text: \"{{ member.seen }} {{ now | date: '%F' }}\"}",
		"use: pair\n  with: {n: 3, text: x, pool: '= member.level == \"a\" ? \"one\" : \"all\"', heard: buy}",
		"tag: {add: [x], remove: [y]}", "tag: {add: [x, rich], for: 1d}", "tag: {add: rich, for: 90m}", "tag: {add: [y], remove: [x]}", "coupon: {pool: one}", "coupon: few", "raffle: instant", "raffle: later", "raffle: {enter: later}",
		`coupon: {pool: '= member.level == "a" ? "one" : "all"'}`, `message: {channel: out, template: '= member.level == "a" ? "hi" : "ho"'}`, "points: 2", "points: -1", "points: {take: 2}", "points: {take: '= member.points'}",
		`set: {seen: '= len(events("visit"))'}`, "wait: 1d", "wait: 36h", `wait: {until: "02:30"}`,
		`wait: {until: {weekday: sun, at: "02:30"}}`, "wait: {until: {day: last}}",
		"wait: {until: '= add_days(now(), 2)'}",
		"wait: {event: buy, if: event.n > 0, timeout: 2d}", "wait: {event: visit, timeout: 12h}",
		"wait: {any: [{id: one, event: buy, if: event.n > 1}, {id: two, event: visit}, {id: three, event: buy}], timeout: 2d}",
		"wait: {until: = member.points >= 4, timeout: 2d}", "wait: {segment_exit: buyers, timeout: 2d}",
		`wait: {if: 'len(events("visit", "12h")) == 0', timeout: 3d}`,
		"wait: {any: [{id: one, event: buy}, {id: two, segment_enter: rich}, {id: three, if: weekday(now()) == 7}], timeout: 2d}",
		"wait: {event: buy, count: 2, since: trigger, timeout: 3d}", "wait: {event: visit, if: member.points < 4, count: 2, timeout: 2d}",
		"wait: {event: echo, since: trigger, timeout: 1d}", "wait: {event: coupon.issued, timeout: 12h}", "wait: 10m",
		`message: {channel: out, text: "{{ member.level }} {{ member.seen }}"}`,
		`message: {channel: out, text: "{{ member.level | label }} {{ now | weekday }} {{ now | date: '%a %d %B' }}"}`,
		"message: {channel: out, class: transactional, text: hi}",
		`message: {channel: out, text: x, attach: [{image: "https://a.test/{{ member.orders }}"}], data: {n: '= len(events("buy", "3d"))'}}`,
		"message: {channel: out, variants: [{name: a, weight: 33.3, text: a}, {name: b, weight: 66.7, template: hi}]}",
		"message: {channel: out, class: transactional, template: hi}", "set: {locale: zh-CN}",
		`emit: {event: echo, properties: {n: '= len(events("echo", "1d"))'}}`, "exit: enough",
		"if: member.points > 1\n  tag: rich", "if: member.rank == \"top\"\n  points: -2", "set: {seen: = vars.left}",
		`message: {channel: out, text: "{{ vars.left }} {{ vars.first | date: '%F %R' }} {{ vars.bought | size }}"}`,
	}
	// alikeNamed are actions that only name objects, or that only objects have.
	alikeNamed = []string{
		`emit: {event: echo, properties: {n: '= len(events("echo", "1d"))', groups: [g1, g2]}}`,
		"emit: {event: echo, properties: {n: 1, groups: [g1]}, member: m1}",
	}
	alikeForks = []string{
		"- if: member.level == \"b\"\n  then:\n%s  else:\n%s",
		"- choose:\n    - if: member.points > 2\n      then:\n%s    - else:\n%s",
		"- split:\n    by: = member.level\n    ways:\n    - name: l\n      weight: 50\n      then:\n%s    - name: r\n      weight: 50\n      then:\n%s",
		"- split:\n    - name: l\n      weight: 50\n      then:\n%s    - name: r\n      weight: 50\n      then:\n%s",
	}
)

// alikeSchema is what their expressions are checked against.
var alikeSchema = sync.OnceValue(func() *playbooks.Schema {
	ws, _ := loader.Load(filesOf(map[string]string{"usher.yaml": alikeUsher}), actions.Registry())
	return ws.Schema
})

func pick(t *rapid.T, what string, from []string) string {
	return rapid.SampledFrom(from).Draw(t, what)
}

var (
	notOfObjects  = regexp.MustCompile(`points|referral|rank|coupon|raffle|use: |vars\.left|few|template|holder`)
	withoutWindow = regexp.MustCompile(`events\("(\w+)"\)`)
	ofSegment     = regexp.MustCompile(`(segment(?:_enter|_exit)?: |in_segment\(")(\w+)`)
)

// forGroup returns a part of a playbook as one for groups has it; false when they have nothing of the kind.
func forGroup(part string) (string, bool) {
	if notOfObjects.MatchString(part) {
		return "", false
	}
	part = strings.ReplaceAll(part, "member.", "group.")
	part = withoutWindow.ReplaceAllString(part, `events("$1", "30d")`)
	return ofSegment.ReplaceAllString(part, "${1}g-$2"), true
}

// ofGroups returns the parts that playbooks for groups have.
func ofGroups(parts []string) (out []string) {
	for _, part := range parts {
		if p, ok := forGroup(part); ok {
			out = append(out, p)
		}
	}
	return out
}

// drawSteps draws a list of actions, with forks up to a depth.
func drawSteps(t *rapid.T, indent string, depth int, group bool) string {
	forks, actions := alikeForks, slices.Concat(alikeActions, alikeNamed)
	if group {
		forks, actions = ofGroups(forks), ofGroups(actions)
	}
	var out strings.Builder
	for range rapid.IntRange(1, 3).Draw(t, "actions") {
		if depth > 0 && rapid.IntRange(0, 3).Draw(t, "fork") == 0 {
			fork := fmt.Sprintf(pick(t, "way", forks), drawSteps(t, "        ", depth-1, group), drawSteps(t, "        ", depth-1, group))
			out.WriteString(indented(fork, indent))
			continue
		}
		action := pick(t, "action", actions)
		if !group && rapid.IntRange(0, 4).Draw(t, "calculates") == 0 {
			action = drawCalculation(t, alikeSchema())
		}
		out.WriteString(indented("- "+action+"\n", indent))
		if text := out.String(); strings.HasSuffix(text, "exit: enough\n") {
			break // nothing may come behind it
		}
	}
	return out.String()
}

func indented(text, by string) string {
	lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	return by + strings.Join(lines, by) + "\n"
}

func drawWorkspace(t *rapid.T, tb testing.TB) (map[string]string, *playbooks.Workspace) {
	files := map[string]string{
		"snippets/pair.yaml": alikeSnippet,
		"usher.yaml":         alikeUsher, "templates/ho.txt": "ho", "templates/hi.txt": "{{ member.seen }}", "templates/hi.zh.txt": "你好 {{ member.level }}",
		"templates/hi.en.txt": "hi {{ member.level }}",
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "playbooks") {
		group := rapid.IntRange(0, 2).Draw(t, "for a group") == 0
		of := func(parts []string) []string {
			if group {
				return ofGroups(parts)
			}
			return parts
		}
		text := fmt.Sprintf("id: p%d\nstage: activation\ntrigger: %s\n", i, pick(t, "trigger", of(alikeTriggers)))
		if group {
			text = "for: group\n" + text
		}
		if rapid.Bool().Draw(t, "conditional") {
			text += "condition: '" + pick(t, "condition", of(alikeConditions)) + "'\n"
		}
		keys := map[string]bool{}
		for range rapid.IntRange(0, 3).Draw(t, "extras") {
			extra := pick(t, "extra", of(alikeExtras))
			if key, _, _ := strings.Cut(extra, ":"); !keys[key] {
				keys[key] = true
				text += extra + "\n"
			}
		}
		if text += "actions:\n" + drawSteps(t, "  ", 2, group); strings.Contains(text, "vars.") {
			vars := alikeVars
			if group {
				vars = strings.ReplaceAll(vars, " left: = 9 - len(vars.bought) - member.points,", "")
				vars, _ = forGroup(vars)
			}
			text = vars + text
		}
		files[fmt.Sprintf("playbooks/p%d.yaml", i)] = text
	}
	_, diags := loader.Load(filesOf(files), actions.Registry())
	for _, d := range diags {
		if d.Code == "unreachable" && d.Severity == diag.Error { // behind a fork of which every way exits
			t.SkipNow()
		}
	}
	return files, load(tb, files)
}

// drawHistories draws the inputs of some members over some weeks, in the order of their instants.
func drawHistories(t *rapid.T) []engine.Input {
	var all []engine.Input
	for m := range rapid.IntRange(1, 5).Draw(t, "members") {
		for _, in := range history(t) {
			in.ID, in.Member = fmt.Sprintf("m%d-%s", m, in.ID), fmt.Sprintf("m%d", m)
			if in.Kind == engine.InputEvent && rapid.Bool().Draw(t, "of a group, too") {
				group := pick(t, "group", []string{"g1", "g2"})
				in.Properties = maps.Clone(in.Properties)
				if in.Properties == nil {
					in.Properties = map[string]any{}
				}
				in.Properties["group"] = group
				if in.Objects = []string{naming.ObjectID("group", group)}; rapid.IntRange(0, 5).Draw(t, "alone") == 0 {
					in.Member, in.Objects = in.Objects[0], nil
				}
			}
			if in.Kind == engine.InputUpdate && rapid.IntRange(0, 4).Draw(t, "of a group") == 0 {
				in.Member = naming.ObjectID("group", pick(t, "group", []string{"g1", "g2"}))
			}
			if in.Kind == engine.InputUpdate {
				switch rapid.IntRange(0, 3).Draw(t, "changes") {
				case 0, 1:
					in.Attributes = map[string]any{"timezone": pick(t, "zone",
						[]string{"Asia/Shanghai", "America/New_York", "Europe/London", "Pacific/Auckland"})}
				case 2:
					in.Attributes = map[string]any{"born": pick(t, "born",
						[]string{"2026-03-09", "1990-03-08", "2000-03-12", "2026-03-20", "1980-02-29"})}
				}
			}
			all = append(all, in)
		}
	}
	slices.SortStableFunc(all, func(a, b engine.Input) int { return a.At.Compare(b.At) })
	return all
}

// among gives the shell of a member what a world granted to them: all that it had of its quotas.
func (s *shell) among(world *shell, e *engine.Engine) {
	s.id, s.e = world.id, e.Alone(func(engine.Ask) int { return 0 })
	for pool, n := range world.taken {
		s.pools[pool] = &engine.PoolState{Free: n, Dry: true}
	}
}

// simulated runs a world over the inputs, and gives each member's outcome and their inputs,
// occurrences of schedules too.
func simulated(t *rapid.T, tb testing.TB, e *engine.Engine, all []engine.Input, end time.Time) (shells map[string]*shell,
	inputs map[string][]engine.Input,
) {
	shells, inputs = map[string]*shell{}, map[string][]engine.Input{}
	of := func(member string) *shell {
		if shells[member] == nil {
			shells[member] = newShell(tb, e)
			shells[member].id = member
		}
		return shells[member]
	}
	w := sim.NewWorld(e, all[0].At.Add(-time.Millisecond), func(c *engine.Changes) {
		for member, part := range byMember(c) {
			of(member).absorb(nil, part)
		}
	})
	w.Record(func(in engine.Input) {
		if in.Payload != nil {
			payload := *in.Payload
			in.Payload = &payload
		}
		of(in.Member).saw(&in)
		in.Seq = int64(len(inputs[in.Member]) + 1)
		inputs[in.Member] = append(inputs[in.Member], in)
	})
	redeemed := map[string]bool{}
	for _, in := range all {
		if err := w.Input(in); err != nil {
			t.Fatal(err)
		}
		given := of(in.Member).coupons
		if len(given) == 0 || rapid.IntRange(0, 3).Draw(t, "redeems") > 0 {
			continue
		}
		if c := rapid.SampledFrom(given).Draw(t, "coupon"); !redeemed[c.Code] {
			redeemed[c.Code] = true
			r := engine.RedemptionOf(&c)
			r.Time, r.At = w.Now(), w.Now()
			if err := w.Input(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.AdvanceTo(end); err != nil {
		t.Fatal(err)
	}
	return shells, inputs
}

// byMember returns the changes that are about each member: in a world they are all about one.
func byMember(c *engine.Changes) map[string]*engine.Changes {
	for _, m := range c.Members {
		return map[string]*engine.Changes{m.ID: c}
	}
	for _, r := range c.Runs {
		return map[string]*engine.Changes{r.Member: c}
	}
	for i := range c.Records {
		return map[string]*engine.Changes{c.Records[i].Member: c}
	}
	return nil
}

// reevaluatedAt is when a member was last held against segments, which a world does less often: it
// asks first who is in an audience.
var reevaluatedAt = regexp.MustCompile(`,\\"reevaluated?_at\\":\\"[^"]*\\"`)

func seenFromOutside(s *shell) string { return reevaluatedAt.ReplaceAllString(s.outcome(), "") }

// One member's line decided in one batch, in many, and in a simulation beside other members leaves
// the same traces, effects, refusals and the same member.
func TestWorkspacesDecideAlike(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		files, ws := drawWorkspace(rt, t)
		e := newEngine(ws)
		all := drawHistories(rt)
		end := all[len(all)-1].At.Add(12 * 24 * time.Hour)
		worlds, decided := simulated(rt, t, e, all, end)
		for _, member := range slices.Sorted(maps.Keys(worlds)) {
			world := worlds[member]
			inputs := decided[member]
			one := newShell(t, e)
			one.among(world, e)
			one.decide(slices.Clone(inputs), end)
			many := newShell(t, e)
			many.among(world, e)
			for i := 0; i < len(inputs); {
				n := rapid.IntRange(1, min(8, len(inputs)-i)).Draw(rt, "batch")
				batch := slices.Clone(inputs[i : i+n])
				i += n
				many.decide(batch, batch[len(batch)-1].At)
			}
			many.decide(nil, end)
			if a, b := one.outcome(), many.outcome(); a != b {
				rt.Fatalf("%s\none batch of %s:\n%s\nmany:\n%s", files, member, a, b)
			}
			if a, b := seenFromOutside(one), seenFromOutside(world); a != b {
				rt.Fatalf("%s\none batch of %s:\n%s\nsimulated:\n%s", files, member, a, b)
			}
		}
	})
}

// A simulation that only counts comes to the same counts as the traces that it does not keep.
func TestBriefSimulationCountsTheSame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		_, ws := drawWorkspace(rt, t)
		all := drawHistories(rt)
		end := all[len(all)-1].At.Add(12 * 24 * time.Hour)
		count := func(brief bool) map[engine.TallyKey]int {
			e := engine.New(ws, engine.Options{
				Secret: []byte("s"), Registry: actions.Registry(), Effects: actions.Effects(),
				Brief: brief,
			})
			n := map[engine.TallyKey]int{}
			w := sim.NewWorld(e, all[0].At.Add(-time.Millisecond), func(c *engine.Changes) {
				tally.Each(c, func(k engine.TallyKey, by int) { n[k] += by })
			})
			for _, in := range all {
				payload := *in.Payload
				in.Payload = &payload
				if err := w.Input(in); err != nil {
					rt.Fatal(err)
				}
			}
			if err := w.AdvanceTo(end); err != nil {
				rt.Fatal(err)
			}
			return n
		}
		if full, brief := fmt.Sprint(count(false)), fmt.Sprint(count(true)); full != brief {
			rt.Fatalf("with traces:\n%s\nbrief:\n%s", full, brief)
		}
	})
}
