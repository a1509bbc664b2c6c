package loader

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
)

// TestFixReachesAnEnd fixes every golden case: what it changed is better, and fixing again changes
// nothing.
func TestFixReachesAnEnd(t *testing.T) {
	fixed := 0
	for _, g := range mistakes(t) {
		t.Run(g.name, func(t *testing.T) {
			fsys := g.fs(t)
			ws, before := Load(fsys, testRegistry())
			got := Fix(ws.Files, testRegistry())
			if len(got.Of) == 0 && len(got.Files) == 0 {
				return
			}
			fixed++
			after := fstest.MapFS{}
			for name, f := range fsys {
				after[name] = f
			}
			for name, data := range got.Files {
				after[name] = &fstest.MapFile{Data: data}
			}
			ws, diags := Load(after, testRegistry())
			for _, d := range got.Of {
				same := func(o diag.Diagnostic) bool { return o.Code == d.Code && o.File == d.File && o.Message == d.Message }
				if count(diags, same) > 0 && count(diags, same) > count(before, same)-count(got.Of, same) {
					t.Errorf("said to be fixed, but it is there: %s", d.Message)
				}
			}
			if again := Fix(ws.Files, testRegistry()); len(again.Files) > 0 || len(again.Of) > 0 {
				t.Errorf("fixing again changes %v", again.Edits)
			}
		})
	}
	if fixed < 30 {
		t.Errorf("only %d cases were fixed", fixed)
	}
}

func count(diags []diag.Diagnostic, is func(diag.Diagnostic) bool) (n int) {
	for _, d := range diags {
		if is(d) {
			n++
		}
	}
	return n
}

func TestFix(t *testing.T) {
	head := "id: a\nstage: retention\ntrigger: {event: cart.updated}\n"
	cases := []struct{ name, before, after string }{
		{
			"one candidate", "condition: member.levle == \"gold\"\nactions: [{tag: x}]\n",
			"condition: member.level == \"gold\"\nactions: [{tag: x}]\n",
		},
		{
			"a quoting slip, and what it hid", "condition: \"gold\" == member.levle\nactions: [{tag: x}]\n",
			"condition: '\"gold\" == member.level'\nactions: [{tag: x}]\n",
		},
		{"a duration", "actions:\n  - wait: 2 day\n", "actions:\n  - wait: 2d\n"},
		{"a number may belong to another key", "holdout: 10\nactions: [{tag: x}]\n", ""},
		{"a number in an expression's place", "vars: {n: 7}\nactions: [{tag: x}]\n", ""},
		{"a number in a text's place", "name: 11\nactions: [{tag: x}]\n", ""},
		{"two mistakes in the same words", "actions:\n  - wait: 2 day\n  - message: {channel: wecom, text: 你好}\n  - wait: 2 day\n", "actions:\n  - wait: 2d\n  - message: {channel: wecom, text: 你好}\n  - wait: 2d\n"},
		{"Chinese text before it", "name: 购物车，挽回\nactions:\n  - mesage: {channel: wecom, text: \"你好，{{ member.nicknme }}\"}\n", "name: 购物车，挽回\nactions:\n  - message: {channel: wecom, text: \"你好，{{ member.nickname }}\"}\n"},
		{"windows line ends", "reentry: 2 days\r\nactions:\r\n  - tag: x\r\n", "reentry: 2d\r\nactions:\r\n  - tag: x\r\n"},
		{"a default is a choice", "condition: member.nickname contains \"x\"\nactions: [{tag: x}]\n", ""},
		{"two words are as near", "actions:\n  - coupon: {pool: newcomer-1x}\n", ""},
		{"a digit is no slip of a name", "condition: member.orders_30d > 0\nactions:\n  - coupon: {pool: newcomer-20}\n", ""},
		{
			"a short word", "condition: member.vpi ?? false\nactions: [{tag: x}]\n",
			"condition: member.vip ?? false\nactions: [{tag: x}]\n",
		},
		{
			"curly quotes in a plain value", "condition: member.level == “gold”\nactions: [{tag: x}]\n",
			"condition: member.level == \"gold\"\nactions: [{tag: x}]\n",
		},
		{
			"curly quotes at its beginning", "condition: ‘gold’ == member.level\nactions: [{tag: x}]\n",
			"condition: \"'gold' == member.level\"\nactions: [{tag: x}]\n",
		},
		{
			"curly quotes in single quotes", "condition: '“gold” == member.level'\nactions: [{tag: x}]\n",
			"condition: '\"gold\" == member.level'\nactions: [{tag: x}]\n",
		},
		{
			"curly quotes in double quotes", "condition: \"“gold” == member.level\"\nactions: [{tag: x}]\n",
			"condition: \"\\\"gold\\\" == member.level\"\nactions: [{tag: x}]\n",
		},
		{
			"curly quotes in braces", "actions:\n  - {if: member.level in [“gold”， “silver”], tag: x}\n",
			"actions:\n  - {if: 'member.level in [\"gold\", \"silver\"]', tag: x}\n",
		},
		{"a curly quote that stays open", "condition: member.level == “gold\nactions: [{tag: x}]\n", ""},
		{
			"full-width text in a text", "condition: member.nickname == “你，（好）”\nactions: [{tag: x}]\n",
			"condition: member.nickname == \"你，（好）\"\nactions: [{tag: x}]\n",
		},
		{
			"full-width braces", "actions:\n  - message: ｛channel：wecom，text：你好｝\n",
			"actions:\n  - message: {channel: wecom, text: 你好}\n",
		},
		{"full-width brackets", "actions:\n  - tag: {add: ［a, b］}\n", "actions:\n  - tag: {add: [a, b]}\n"},
		{"a semicolon may be text", "actions:\n  - message: {channel: wecom; text: 你好}\n", ""},
		{"a wide space before an item", "actions:\n　- wait: 3d\n  - tag: x\n", "actions:\n  - wait: 3d\n  - tag: x\n"},
		{"a wide space that could be either", "actions:\n  - if: member.vip ?? false\n    then:\n      - tag: x\n　　- tag: y\n", ""},
		{
			"a tab under a key", "actions:\n  - message:\n\t  channel: wecom\n\t  text: 你好\n  - tag: x\n",
			"actions:\n  - message:\n      channel: wecom\n      text: 你好\n  - tag: x\n",
		},
		{
			"tabs alone", "actions:\n\t- message:\n\t\t\tchannel: wecom\n\t\t\ttext: 你好\n\t- tag: x\n",
			"actions:\n  - message:\n      channel: wecom\n      text: 你好\n  - tag: x\n",
		},
		{"a name that others may use", "actions:\n  - {id: Gift Card, tag: x}\n", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			fsys := example(t, "")
			schema := strings.Replace(string(fsys[playbooks.SchemaFile].Data), "coupons:\n", "coupons:\n  newcomer-11: {}\n", 1)
			ws, _ := Load(fstest.MapFS{
				playbooks.SchemaFile: {Data: []byte(schema)},
				"playbooks/a.yaml":   {Data: []byte(head + c.before)},
			}, testRegistry())
			want := head + c.after
			if c.after == "" {
				want = head + c.before
			}
			got := string(ws.Files["playbooks/a.yaml"])
			fixed := Fix(ws.Files, testRegistry())
			if data, ok := fixed.Files["playbooks/a.yaml"]; ok {
				got = string(data)
			}
			if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// A param that no place names as it is declared may have the slip itself: all uses of it are left as they are.
func TestFixLeavesTheUsesOfAMisspeltParam(t *testing.T) {
	const uses = `actions:
  - message: {channel: wecom, text: = params.text}
  - message: {channel: wecom, text: "{{ params.amends }} left"}
`
	files := map[string][]byte{
		playbooks.SchemaFile: example(t, "")[playbooks.SchemaFile].Data,
		"snippets/a.yaml":    []byte("params: {ameds: int, tet: text}\n" + uses),
		"playbooks/a.yaml": []byte("id: a\nstage: retention\ntrigger: {event: cart.updated}\nactions:\n" +
			"  - use: a\n    with: {amends: 3, text: hi}\n"),
	}
	if fixed := Fix(files, testRegistry()); len(fixed.Edits) > 0 {
		t.Errorf("these were changed: %v to %v", fixed.Old, fixed.Edits)
	}
	files["snippets/a.yaml"] = []byte("params: {amends: int, text: text}\n" + strings.Replace(uses, "params.amends", "params.ameds", 1))
	if fixed := Fix(files, testRegistry()); !slices.Equal(fixed.Old, []string{"ameds"}) {
		t.Errorf("only the slip of a use is mended, here %v", fixed.Old)
	}
}

// TestFixPutsInWhatIsForgotten: a key with one answer.
// A word that a workspace declares and many use may be misspelt where it is declared: then the uses are right.
func TestFixLeavesTheUsesOfAMisspeltDeclaration(t *testing.T) {
	const schema = `usher: 1
member: {level: {enum: [seed, leaf, bloom], default: seed}, spent: = len(events("go"))}
levels: {attribute: level, by: member.spent, steps: {leaf: 5, bloom: 20}}
events: {go: {gift: string}}
tables: {gifts: {serum: {points: 8}, mask: {points: 2}}}
raffles: {spring: {prizes: {first: {count: 1}, second: {count: 2}}, draw: 2026-01-11 20:00}}
`
	const playbook = `id: p
stage: activation
trigger: {changed: member.level, if: trigger.after == "bloom" or trigger.before == "bloom"}
actions:
  - raffle: spring
  - points: = table("gifts", "serum").points + table("gifts", "serum").points
`
	const tests = `playbook: p
tests:
  - name: a
    member: {id: m}
    force: {raffles: {spring: second}}
    script:
      - {event: go, properties: {gift: a}}
      - expect: {run: none}
  - name: b
    member: {id: m}
    force: {raffles: {spring: second}}
    script:
      - {event: go, properties: {gift: a}}
      - expect: {run: none}
`
	for was, slip := range map[string]string{"leaf, bloom]": "leaf, blom]", "{serum: {": "{serom: {", "second: {count": "secnod: {count"} {
		files := map[string][]byte{
			"usher.yaml": []byte(strings.Replace(schema, was, slip, 1)), "playbooks/p.yaml": []byte(playbook),
			"playbooks/p_test.yaml": []byte(tests),
		}
		if fixed := Fix(files, testRegistry()); len(fixed.Edits) > 0 {
			t.Errorf("%s: %q became %v", slip, fixed.Old, fixed.Edits)
		}
	}
}

func TestFixPutsInWhatIsForgotten(t *testing.T) {
	files := map[string][]byte{
		playbooks.SchemaFile:         []byte("# 商店\nevents: {go: {}}\n"),
		"playbooks/cart-rescue.yaml": []byte("name: 挽回\r\nstage: retention\r\ntrigger: {event: go}\r\nactions: [{tag: x}]\r\n"),
		"playbooks/a/twin.yaml":      []byte("stage: retention\ntrigger: {event: go}\nactions: [{tag: x}]\n"),
		"playbooks/b/twin.yaml":      []byte("stage: retention\ntrigger: {event: go}\nactions: [{tag: x}]\n"),
		"playbooks/No_Id.yaml":       []byte("stage: retention\ntrigger: {event: go}\nactions: [{tag: x}]\n"),
	}
	got := Fix(files, testRegistry())
	want := map[string]string{
		playbooks.SchemaFile:         "# 商店\nusher: 1\nevents: {go: {}}\n",
		"playbooks/cart-rescue.yaml": "id: cart-rescue\r\nname: 挽回\r\nstage: retention\r\ntrigger: {event: go}\r\nactions: [{tag: x}]\r\n",
	}
	for name, text := range want {
		if string(got.Files[name]) != text {
			t.Errorf("%s is now %q, want %q", name, got.Files[name], text)
		}
	}
	if len(got.Files) != len(want) {
		t.Errorf("%d files changed, want %d", len(got.Files), len(want))
	}
}

// applyEdits makes the offered changes, the last of a file first.
func applyEdits(fsys fstest.MapFS, diags []diag.Diagnostic) int {
	var edits []diag.Edit
	for _, d := range diags {
		if d.Severity == diag.Error {
			edits = append(edits, d.Edits...)
		}
	}
	slices.SortFunc(edits, func(a, b diag.Edit) int {
		return -cmp.Or(diag.ComparePos(a.Pos, b.Pos), cmp.Compare(a.EndColumn, b.EndColumn))
	})
	for _, e := range edits {
		f := diag.NewFile(e.File, fsys[e.File].Data)
		from, to := f.Offset(e.Line, e.Column), f.Offset(e.EndLine, e.EndColumn)
		fsys[e.File] = &fstest.MapFile{Data: []byte(f.Text[:from] + e.Text + f.Text[to:])}
	}
	return len(edits)
}

// TestEditsMend applies the edits offered for each golden case: the mistakes that had one must be
// gone.
func TestEditsMend(t *testing.T) {
	for _, g := range mistakes(t) {
		t.Run(g.name, func(t *testing.T) {
			fsys := g.fs(t)
			_, diags := Load(fsys, testRegistry())
			if applyEdits(fsys, diags) == 0 {
				t.Skip("no edit is offered")
			}
			_, after := Load(fsys, testRegistry())
			for _, d := range diags {
				if len(d.Edits) == 0 {
					continue
				}
				for _, a := range after {
					if a.Code == d.Code && a.Message == d.Message {
						t.Errorf("the edit %+v did not mend: %s", d.Edits, d.Message)
					}
				}
			}
			if slices.Contains(codesOf(after), "yaml-syntax") {
				t.Errorf("the edits broke the file: %v", after)
			}
		})
	}
}
