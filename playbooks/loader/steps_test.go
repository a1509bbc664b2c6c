package loader

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
)

// loadOne loads a workspace of one playbook on the base schema.
func loadOne(t testing.TB, text string, more map[string]string) (*playbooks.Playbook, []diag.Diagnostic) {
	t.Helper()
	base, err := os.ReadFile(baseSchema)
	if err != nil {
		t.Fatal(err)
	}
	fsys := fstest.MapFS{playbooks.SchemaFile: {Data: base}, "playbooks/p.yaml": {Data: []byte(text)}}
	for name, data := range more {
		fsys[name] = &fstest.MapFile{Data: []byte(data)}
	}
	ws, diags := Load(fsys, testRegistry())
	var errs []diag.Diagnostic
	for _, d := range diags {
		if d.Severity == diag.Error {
			errs = append(errs, d)
		}
	}
	if len(ws.Playbooks) == 0 {
		return nil, errs
	}
	return ws.Playbooks[0], errs
}

func sound(t testing.TB, text string, more map[string]string) *playbooks.Playbook {
	t.Helper()
	p, errs := loadOne(t, text, more)
	if len(errs) > 0 || p == nil {
		t.Fatalf("mistakes: %+v", errs)
	}
	return p
}

const head = "id: p\nstage: retention\ntrigger: {event: cart.updated}\n"

// describeSteps writes steps such that jumps can be read: "0 if !3; 1 tag; 2 jump 4".
func describeSteps(steps []playbooks.Step) string {
	var out []string
	for i, s := range steps {
		text := fmt.Sprintf("%d %s", i, s.Key)
		switch {
		case s.Key == "jump":
			text += fmt.Sprintf(" %d", s.Jump)
		case s.Key == "if":
			text += fmt.Sprintf(" !%d", s.Jump)
		case s.Guard != nil:
			text += "?"
		}
		out = append(out, text+" "+s.Path)
	}
	return strings.Join(out, "; ")
}

func TestStepsAreFlattened(t *testing.T) {
	p := sound(t, head+`actions:
  - wait: 4h
  - if: member.level == "gold"
    then:
      - tag: a
      - if: member.points > 3
        then: [{tag: b}]
    else:
      - tag: c
      - exit: enough
  - if: member.points > 5
    tag: d
`, nil)
	want := "0 wait actions[0]; 1 if !6 actions[1]; 2 tag actions[1].then[0]; 3 if !5 actions[1].then[1]; " +
		"4 tag actions[1].then[1].then[0]; 5 jump 8 actions[1].end; 6 tag actions[1].else[0]; 7 exit actions[1].else[1]; 8 tag? actions[2]"
	if got := describeSteps(p.Steps); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if p.Steps[0].Wait == nil || p.Steps[0].Wait.For.String() != "4h" {
		t.Errorf("wait: %+v", p.Steps[0].Wait)
	}
	if p.Steps[7].Args["reason"].Literal != "enough" {
		t.Errorf("exit: %+v", p.Steps[7].Args)
	}
}

func TestBranchesAreFlattened(t *testing.T) {
	p := sound(t, head+`actions:
  - if: member.points > 3
    choose:
      - {if: member.points > 9, then: [{tag: a}]}
      - {if: member.points > 6, then: []}
  - split:
      - {name: x, weight: 50, then: [{tag: b}]}
      - {name: y, weight: 50, then: [{tag: c}, {exit: enough}]}
  - id: last
    choose:
      - else: [{tag: d}]
`, nil)
	want := "0 choose? actions[0]; 1 tag actions[0].choose[0].then[0]; 2 jump 4 actions[0].end; 3 jump 4 actions[0].end; " +
		"4 split actions[1]; 5 tag actions[1].split[0].then[0]; 6 jump 10 actions[1].end; 7 tag actions[1].split[1].then[0]; " +
		"8 exit actions[1].split[1].then[1]; 9 jump 10 actions[1].end; 10 choose actions[2]; 11 tag actions[2].choose[0].else[0]; 12 jump 13 actions[2].end"
	if got := describeSteps(p.Steps); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	var ways []string
	for _, s := range p.Steps {
		for _, w := range s.Branches {
			ways = append(ways, fmt.Sprintf("%s %s %d %d:%d", w.Path, w.Name, w.Start, w.Pos.Line, w.Pos.Column))
		}
	}
	wantWays := []string{
		"actions[0].choose[0] way 1 1 7:10", "actions[0].choose[1] way 2 3 8:10", "actions[0] none 4 6:5",
		"actions[1].split[0] x 5 10:16", "actions[1].split[1] y 7 11:16", "actions[2].choose[0] else 11 14:9",
	}
	if !slices.Equal(ways, wantWays) {
		t.Errorf("got  %q\nwant %q", ways, wantWays)
	}
	if p.Steps[0].Jump != 4 || p.Steps[4].Salt != "#1" {
		t.Errorf("jump %d, salt %q", p.Steps[0].Jump, p.Steps[4].Salt)
	}
}

// Behind a way that ends the run it is known that it was not taken.
func TestBehindAnExit(t *testing.T) {
	wait := "  - id: paid\n    wait: {event: order.paid, timeout: 2d}\n"
	use := "  - tag: = string(actions.paid.event.amount)\n"
	for name, c := range map[string]struct {
		actions string
		known   bool
	}{
		"nothing":             {"", false},
		"then":                {"  - if: actions.paid.timed_out\n    then: [{tag: x}, {exit: late}]\n", true},
		"then, which goes on": {"  - if: actions.paid.timed_out\n    then: [{tag: x}]\n", false},
		"the other question":  {"  - if: not actions.paid.timed_out\n    then: [{exit: paid}]\n", false},
		"else": {
			"  - if: not actions.paid.timed_out\n    then: [{tag: x}]\n    else: [{exit: late}]\n",
			true,
		},
		"then with an else": {
			"  - if: actions.paid.timed_out\n    then: [{exit: late}]\n    else: [{tag: x}]\n",
			true,
		},
		"a guarded exit":           {"  - if: actions.paid.timed_out\n    exit: late\n", true},
		"the first way":            {"  - choose:\n      - {if: actions.paid.timed_out, then: [{exit: late}]}\n      - {if: member.points > 3, then: [{tag: x}]}\n", true},
		"a second way":             {"  - choose:\n      - {if: member.points > 3, then: [{exit: rich}]}\n      - {if: actions.paid.timed_out, then: [{exit: late}]}\n", true},
		"behind one that does not": {"  - choose:\n      - {if: member.points > 3, then: [{tag: x}]}\n      - {if: actions.paid.timed_out, then: [{exit: late}]}\n", false},
		"a guarded choose":         {"  - if: member.points > 3\n    choose:\n      - {if: actions.paid.timed_out, then: [{exit: late}]}\n", false},
		"inside a branch only": {
			"  - if: member.points > 3\n    then:\n      - if: actions.paid.timed_out\n        exit: late\n      - tag: x\n",
			false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, errs := loadOne(t, head+"actions:\n"+wait+c.actions+use, nil)
			switch {
			case c.known && len(errs) > 0, !c.known && (len(errs) != 1 || errs[0].Code != "unguarded-optional"):
				t.Errorf("known: %v, but got %+v", c.known, errs)
			}
		})
	}
}

// A coupon that was issued has its code.
func TestIssuedTellsOfTheCode(t *testing.T) {
	gift := "  - id: gift\n    coupon: {pool: newcomer-10}\n"
	maybe := "  - id: gift\n    if: member.points > 3\n    coupon: {pool: newcomer-10}\n"
	for actions, known := range map[string]bool{
		gift + "  - if: actions.gift.issued\n    tag: = lower(actions.gift.code)\n":                                             true,
		gift + "  - if: not actions.gift.issued\n    exit: none\n  - tag: = lower(actions.gift.code)\n":                         true,
		maybe + "  - if: actions.gift.issued ?? false\n    tag: = lower(actions.gift.code)\n":                                   true,
		maybe + "  - if: (actions.gift.issued ?? false) and member.points > 4\n    then: [{tag: = lower(actions.gift.code)}]\n": true,
		gift + "  - tag: = lower(actions.gift.code)\n":                                                                          false,
		gift + "  - if: not actions.gift.issued\n    tag: = lower(actions.gift.code)\n":                                         false,
		maybe + "  - if: actions.gift.issued ?? true\n    tag: = lower(actions.gift.code)\n":                                    false,
		gift + "  - if: actions.gift.issued or member.points > 4\n    tag: = lower(actions.gift.code)\n":                        false,
		gift + "  - if: actions.gift.issued\n    tag: = string(days_since(actions.gift.expires_at))\n":                          false,
	} {
		_, errs := loadOne(t, head+"actions:\n"+actions, nil)
		if known && len(errs) > 0 || !known && (len(errs) != 1 || errs[0].Code != "unguarded-optional") {
			t.Errorf("known: %v, but of\n%s got %+v", known, actions, errs)
		}
	}
}

func TestResultsInScope(t *testing.T) {
	gift := "  - id: gift\n    coupon: {pool: newcomer-10}\n"
	inside := "  - if: member.level == \"gold\"\n    then:\n      - id: gift\n        coupon: {pool: newcomer-10}\n"
	for name, c := range map[string]struct{ actions, code string }{
		"before, on the same way":        {gift + "  - if: actions.gift.issued\n    tag: x\n", ""},
		"later":                          {"  - if: actions.gift.issued\n    tag: x\n" + gift, "action-not-run-yet"},
		"in the same branch":             {inside + "      - if: actions.gift.issued\n        tag: x\n", ""},
		"in a branch, seen from outside": {inside + "  - if: actions.gift.issued\n    tag: x\n", "unguarded-optional"},
		"the same, guarded":              {inside + "  - if: actions.gift != nil and actions.gift.issued\n    tag: x\n", ""},
		"on the other way": {
			inside + "    else:\n      - if: actions.gift.issued\n        tag: x\n",
			"action-not-run-yet",
		},
		"under a guard": {
			"  - id: gift\n    if: member.points > 3\n    coupon: {pool: newcomer-10}\n  - if: actions.gift.issued\n    tag: x\n", "unguarded-optional",
		},
		"in its own guard": {
			"  - id: gift\n    if: actions.gift.issued\n    coupon: {pool: newcomer-10}\n",
			"action-not-run-yet",
		},
		"in a text": {gift + "  - message: {channel: wecom, text: \"{{ actions.gift.code }}\"}\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, errs := loadOne(t, head+"actions:\n"+c.actions, nil)
			got := ""
			if len(errs) > 0 {
				got = errs[0].Code
			}
			if got != c.code || len(errs) > 1 {
				t.Errorf("got %+v, want %q", errs, c.code)
			}
		})
	}
}

func TestArguments(t *testing.T) {
	p := sound(t, head+`actions:
  - tag: vip
  - tag: {add: [a, = member.id]}
  - message: {channel: wecom, text: "你好 {{ member.nickname }}"}
  - set: {level: gold, vip: true, birthday: 1990-05-01, nickname: null}
  - message: {channel: wecom, template: mail/hi, class: transactional}
`, map[string]string{"templates/mail/hi.md": "hi"})
	if l := p.Steps[0].Args["add"].List; len(l) != 1 || l[0].Literal != "vip" {
		t.Errorf("a single tag: %+v", l)
	}
	if l := p.Steps[1].Args["add"].List; len(l) != 2 || l[1].Expr == nil || l[1].Expr.Text != "member.id" {
		t.Errorf("a computed tag: %+v", l)
	}
	m := p.Steps[2].Args
	if m["text"].Text == nil || m["class"].Literal != "promotional" || m["channel"].Literal != "wecom" {
		t.Errorf("message: %+v", m)
	}
	set := p.Steps[3].Args["attributes"].Map
	if set["level"].Literal != "gold" || set["vip"].Literal != true || set["nickname"].Literal != nil || len(set) != 4 {
		t.Errorf("set: %+v", set)
	}
	if p.Steps[4].Args["template"].Text.Name != "mail/hi" || p.Steps[4].Args["class"].Literal != "transactional" {
		t.Errorf("template: %+v", p.Steps[4].Args)
	}
}

func TestSlotsOfAPlaybook(t *testing.T) {
	p := sound(t, head+"condition: in_segment(\"loyal\")\nactions:\n  - if: len(events(\"cart.updated\", \"2d\")) > 1\n    tag: x\n", nil)
	if got := fmt.Sprint(p.Slots); got != "[{order.paid 90d false} {cart.updated 2d false}]" {
		t.Errorf("got %s", got)
	}
	p = sound(t, head+"actions:\n  - message: {channel: wecom, text: \"{{ member.orders_90d }}\"}\n", nil)
	if got := fmt.Sprint(p.Slots); got != "[{order.paid 90d false}]" {
		t.Errorf("of a text: got %s", got)
	}
}

func TestRevision(t *testing.T) {
	text := head + "status: live\ncondition: in_segment(\"loyal\")\nactions:\n  - message: {channel: wecom, template: hi}\n"
	hi := map[string]string{"templates/hi.txt": "hi"}
	rev := sound(t, text, hi).Revision
	if len(rev) != 12 {
		t.Errorf("revision %q", rev)
	}
	base, err := os.ReadFile(baseSchema)
	if err != nil {
		t.Fatal(err)
	}
	schemaWith := func(old, with string) map[string]string {
		if !strings.Contains(string(base), old) {
			t.Fatalf("the base schema has no %q", old)
		}
		return map[string]string{"templates/hi.txt": "hi", playbooks.SchemaFile: strings.Replace(string(base), old, with, 1)}
	}
	for name, c := range map[string]struct {
		text string
		more map[string]string
		same bool
	}{
		"status":             {strings.Replace(text, "live", "draft", 1), hi, true},
		"comment and quotes": {strings.Replace(text, "stage: retention", "# why\nstage: 'retention'  # x", 1), hi, true},
		"order of keys": {
			"stage: retention\nid: p\n" + strings.TrimPrefix(text, "id: p\nstage: retention\n"), hi,
			true,
		},
		"condition":            {strings.Replace(text, "in_segment(\"loyal\")", "member.points > 1", 1), hi, false},
		"template":             {text, map[string]string{"templates/hi.txt": "hello"}, false},
		"segment":              {text, schemaWith("member.orders_90d >= 5", "member.orders_90d >= 6"), false},
		"computed attribute":   {text, schemaWith("\"90d\"", "\"91d\""), false},
		"event of the window":  {text, schemaWith("amount: number", "amount: int"), false},
		"event of the trigger": {text, schemaWith("total: number", "total: int"), false},
		"another event":        {text, schemaWith("member.left: {}", "member.left: {why: string}"), true},
		"pool":                 {text, schemaWith("budget: 10000", "budget: 1"), true},
	} {
		if got := sound(t, c.text, c.more).Revision; (got == rev) != c.same {
			t.Errorf("%s: %s against %s, want the same: %v", name, got, rev, c.same)
		}
	}
}

// A run keeps the rows of the tables that it began with, and the zone of the times that it names.
func TestRevisionHasTablesAndZone(t *testing.T) {
	with := func(points, zone string) map[string]string {
		return map[string]string{playbooks.SchemaFile: "usher: 1\ntimezone: " + zone + `
events: {cart.updated: {total: number}}
tables: {gifts: {milk: {points: ` + points + `}}, others: {milk: {points: ` + points + `}}}
`}
	}
	for condition, pins := range map[string][2]bool{ // the table, the zone
		`table("gifts", member.id) != nil`:         {true, false},
		`now() > datetime("2026-11-11 10:00")`:     {false, true},
		`now() > datetime("2026-11-11T10:00:00Z")`: {false, false},
		`today() > date("2026-11-11")`:             {false, false},
	} {
		revision := func(points, zone string) string {
			text := "id: p\nstage: retention\ntrigger: {event: cart.updated}\ncondition: '" + condition + "'\nactions: [{tag: x}]\n"
			return sound(t, text, with(points, zone)).Revision
		}
		rev := revision("1", "Asia/Tokyo")
		if got := [2]bool{revision("2", "Asia/Tokyo") != rev, revision("1", "Asia/Seoul") != rev}; got != pins {
			t.Errorf("%s: another table and another zone are others: %v, want %v", condition, got, pins)
		}
	}
}

// A run keeps the attributes of the objects that it is for, vars, and each variant of a text. Quotas and priorities are
// today's, and so are raffles.
func TestRevisionHasObjectsVarsAndVariants(t *testing.T) {
	const schema = `usher: 1
locale: zh-CN
objects: {group: {size: {type: int, default: 0}, twice: = group.size * 2, title: string}}
events: {said: {group: ref group}}
channels: {wecom: {type: log}}
raffles: {spring: {prizes: {one: {count: 1}}, draw: 2026-11-11 20:00}}
`
	const group = head + `for: group
vars: {room: = 100 - group.twice}
condition: vars.room > 3
quota: {max: 1}
actions:
  - message: {channel: wecom, template: hi}
`
	const member = head + "actions: [{raffle: {enter: spring}}]\n"
	for name, c := range map[string]struct {
		text, old, with string
		same            bool
	}{
		"a stored attribute":    {group, "default: 0", "default: 1", false},
		"a computed attribute":  {group, "* 2", "* 3", false},
		"an unused attribute":   {group, "title: string", "title: int", true},
		"vars":                  {group, "100 -", "101 -", false},
		"quota":                 {group, "max: 1", "max: 2", true},
		"no quota":              {group, "quota: {max: 1}\n", "", true},
		"priority":              {group, "quota:", "priority: 3\nquota:", true},
		"a variant of the text": {group, "你好", "您好", false},
		"a raffle":              {member, "count: 1", "count: 2", true},
	} {
		revision := func(edit func(string) string) string {
			said := strings.Replace(c.text, "cart.updated", "said", 1)
			return sound(t, edit(said), map[string]string{
				playbooks.SchemaFile: edit(schema), "templates/hi.txt": "hi", "templates/hi.zh.txt": edit("你好"),
			}).Revision
		}
		was := revision(func(s string) string { return s })
		is := revision(func(s string) string { return strings.Replace(s, c.old, c.with, 1) })
		if (was == is) != c.same {
			t.Errorf("%s: %s against %s, want the same: %v", name, was, is, c.same)
		}
	}
}

// A run keeps the snippets that it began with, also those that they use, and no others.
func TestRevisionHasSnippets(t *testing.T) {
	const text = head + "actions: [{use: outer}]\n"
	files := map[string]string{
		"snippets/outer.yaml": "actions: [{use: inner}, {tag: x}]\n", "snippets/inner.yaml": "actions: [{tag: y}]\n",
		"snippets/other.yaml": "actions: [{tag: z}]\n",
	}
	rev := sound(t, text, files).Revision
	for name, pinned := range map[string]bool{"outer": true, "inner": true, "other": false} {
		file := "snippets/" + name + ".yaml"
		before := files[file]
		files[file] += "  # a comment\n"
		if sound(t, text, files).Revision != rev {
			t.Errorf("a comment in %s makes another revision", name)
		}
		files[file] = strings.Replace(before, "{tag:", "{wait: 1d}, {tag:", 1)
		if got := sound(t, text, files).Revision != rev; got != pinned {
			t.Errorf("another %s is another revision: %v, want %v", name, got, pinned)
		}
		files[file] = before
	}
}

// Actions of snippets count where they are put in.
func TestActionsOfSnippetsAreBounded(t *testing.T) {
	for uses, want := range map[int]int{100: 0, 101: 1} { // each is five with its `use`
		_, diags := Load(fstest.MapFS{
			playbooks.SchemaFile: {Data: []byte("usher: 1\nevents: {cart.updated: {}}\n")},
			"snippets/a.yaml":    {Data: []byte("actions: [{tag: a}, {tag: b}, {tag: c}, {tag: d}]\n")},
			"playbooks/p.yaml":   {Data: []byte(head + "actions:\n" + strings.Repeat("  - use: a\n", uses))},
		}, testRegistry())
		if len(diags) != want || want > 0 && diags[0].Code != "too-many-actions" {
			t.Errorf("%d uses: %.500v", uses, diags)
		}
	}
}

// mostActions is how many actions a playbook may have.
const mostActions = 500

// manyActions is a workspace with a playbook of n actions: coupons, and between them tags that ask
// what the coupon before left.
func manyActions(n int) fstest.MapFS {
	var b strings.Builder
	b.WriteString("id: p\nstage: retention\ntrigger: {event: e}\nactions:\n")
	for i := range n {
		if i%2 == 0 {
			fmt.Fprintf(&b, "  - id: a%d\n    coupon: {pool: ten}\n", i)
		} else {
			fmt.Fprintf(&b, "  - if: actions.a%d.issued\n    tag: x\n", i-1)
		}
	}
	return fstest.MapFS{
		playbooks.SchemaFile: {Data: []byte("usher: 1\nevents: {e: {}}\ncoupons: {ten: {prefix: T}}\n")},
		"playbooks/p.yaml":   {Data: []byte(b.String())},
	}
}

func TestActionsAreAtMost500(t *testing.T) {
	if ws, diags := Load(manyActions(mostActions), testRegistry()); diag.HasError(diags) || ws.Playbook("p") == nil {
		t.Errorf("%d actions: %.500v", mostActions, diags)
	}
	_, diags := Load(manyActions(mostActions+3), testRegistry())
	if len(diags) != 1 || diags[0].Code != "too-many-actions" || !strings.Contains(diags[0].Message, "500") {
		t.Errorf("%d actions: %.500v", mostActions+3, diags)
	}
	branches := "id: p\nstage: retention\ntrigger: {event: e}\nactions:\n" +
		strings.Repeat("  - choose:\n      - {if: member.points > 3, then: [{tag: a}, {tag: b}]}\n      - {else: [{tag: c}]}\n", mostActions/4+1)
	_, diags = Load(fstest.MapFS{
		playbooks.SchemaFile: {Data: []byte("usher: 1\nevents: {e: {}}\n")},
		"playbooks/p.yaml":   {Data: []byte(branches)},
	}, testRegistry())
	if len(diags) != 1 || diags[0].Code != "too-many-actions" {
		t.Errorf("actions of branches: %.500v", diags)
	}
}

// TestExpressionsReadOnlyTheResultsTheyName holds that an expression costs the same however many
// actions come before it: its environment has the results that it names.
func TestExpressionsReadOnlyTheResultsTheyName(t *testing.T) {
	ws, diags := Load(manyActions(50), testRegistry())
	if diag.HasError(diags) {
		t.Fatal(diags)
	}
	for _, s := range ws.Playbook("p").Steps {
		if s.Guard == nil {
			continue
		}
		if got := len(s.Guard.Reads); got != 1 {
			t.Errorf("%s reads %d values, want 1", s.Name(), got)
		}
	}
}
