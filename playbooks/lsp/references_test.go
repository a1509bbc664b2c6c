package lsp

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/playbooks/diag"
)

// shop is a workspace in which every kind of name is used more than once.
var shop = map[string]string{
	schemaFile: `usher: 1
timezone: Asia/Shanghai
member: {nickname: string, level: {enum: [silver, gold], default: silver}, newsletter: bool, birthday: date, vip: = in_segment("rich")}
events:
  order.paid: {order_id: string, amount: number, 备注: optional string}
  member.left: {}
  came: {invited_by: optional ref member}
segments: {rich: member.level == "gold", calm: not in_segment("rich")}
channels: {out: {type: log}, other: {type: log}}
coupons: {ten: {prefix: T, budget: 5}}
raffles: {spring: {prizes: {one: {odds: 1/2}}}}
frequency_caps: [{channels: [out], max: 2, per: 1d}]
consent: member.newsletter
referral: came.invited_by
`,
	"playbooks/a.yaml": `id: first
name: 你好👋
stage: activation
owner: growth
trigger: {event: order.paid, if: event.amount > 3 and event.备注 != nil}
condition: in_segment("rich") and sum(events("order.paid", "7d"), .amount) > 3
exit: [{event: member.left}]
actions:
  - id: gift
    coupon: {pool: ten}
  - message: {channel: out, template: greet/hello}
  - tag: {add: [老客], remove: [新客]}
  - if: member.level == "gold" and "老客" in member.tags
    then:
      - set: {level: = member.level}
    else: [{exit: bored}]
  - choose:
      - {if: actions.gift.issued, then: [{wait: {event: order.paid, if: event.amount > trigger.amount, timeout: 1d}}]}
      - else: []
`,
	"playbooks/b.yaml": `id: second
stage: retention
owner: growth
trigger: {date: member.birthday, every: year}
actions:
  - message: {channel: out, text: "{{ member.nickname }}{% if member.tags contains '老客' %}{{ member.level }}{% endif %}"}
  - emit: {event: order.paid, properties: {order_id: x, amount: 3}}
`,
	"playbooks/a_test.yaml": `playbook: first
with: [second]
tests:
  - name: x
    member: {id: m, level: gold, tags: [老客]}
    force: {pools: {ten: 0}}
    script:
      - {event: order.paid, properties: {order_id: a, amount: 3}}
      - expect: {run: exited, reason: bored}
`,
	"snippets/bonus.yaml":       "params: {times: {type: int, default: 1}, say: optional text}\nactions:\n  - id: got\n    points: = params.times\n",
	"templates/greet/hello.txt": "{{ member.nickname }} {{ trigger.amount }} {{ actions.gift.code }}{{ member.level }}\n",
}

func shopServer(t *testing.T) *Server {
	t.Helper()
	s, _ := sample(t)
	files := fstest.MapFS{}
	for name, text := range shop {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	s.Disk = memory{files}
	s.client = client{createsFiles: true, renamesFiles: true, snippets: true}
	w := s.workspaceOf("/w/" + schemaFile)
	s.refresh(w)
	for _, d := range w.diags {
		if d.Severity == diag.Error {
			t.Fatalf("the workspace is not sound: %+v", d)
		}
	}
	return s
}

// at returns the place of the first name in a file behind what leads to it: `event: |order.paid`.
func at(t *testing.T, file, place string) positionParams {
	t.Helper()
	lead, name, _ := strings.Cut(place, "|")
	i := strings.Index(shop[file], lead+name)
	if i < 0 {
		t.Fatalf("%s has no %q", file, lead+name)
	}
	return positionParams{textDocument{URI: "file:///w/" + file}, newText(shop[file]).position(i + len(lead))}
}

var symbols = []struct {
	name string
	from [][2]string // file and place: asked from each, the answer is the same
	uses map[string]int
}{
	{
		"event",
		[][2]string{
			{schemaFile, "|order.paid"},
			{"playbooks/a.yaml", "event: |order.paid"},
			{"playbooks/a.yaml", `events("|order.paid`},
			{"playbooks/a_test.yaml", "event: |order.paid"},
		},
		map[string]int{schemaFile: 1, "playbooks/a.yaml": 3, "playbooks/b.yaml": 1, "playbooks/a_test.yaml": 1},
	},
	{
		"property",
		[][2]string{
			{schemaFile, "|amount"},
			{"playbooks/a.yaml", "event.|amount"},
			{"playbooks/a.yaml", ".|amount) > 3"},
			{"playbooks/a.yaml", "trigger.|amount"},
			{"templates/greet/hello.txt", "trigger.|amount"},
			{"playbooks/b.yaml", "|amount"},
			{"playbooks/a_test.yaml", "|amount"},
		},
		map[string]int{
			schemaFile: 1, "playbooks/a.yaml": 4, "playbooks/b.yaml": 1, "playbooks/a_test.yaml": 1,
			"templates/greet/hello.txt": 1,
		},
	},
	{
		"property in Chinese",
		[][2]string{{schemaFile, "|备注"}, {"playbooks/a.yaml", "event.|备注"}},
		map[string]int{schemaFile: 1, "playbooks/a.yaml": 1},
	},
	{
		"attribute",
		[][2]string{
			{schemaFile, "|level: {enum"},
			{"playbooks/a.yaml", "member.|level"},
			{"playbooks/a.yaml", "set: {|level"},
			{"playbooks/b.yaml", "{{ member.|level"},
			{"templates/greet/hello.txt", "member.|level"},
			{"playbooks/a_test.yaml", "|level"},
		},
		map[string]int{
			schemaFile: 2, "playbooks/a.yaml": 3, "playbooks/b.yaml": 1, "playbooks/a_test.yaml": 1,
			"templates/greet/hello.txt": 1,
		},
	},
	{
		"consent",
		[][2]string{{schemaFile, "|newsletter: bool"}, {schemaFile, "consent: member.|newsletter"}},
		map[string]int{schemaFile: 2},
	},
	{
		"referral's property",
		[][2]string{{schemaFile, "{|invited_by"}, {schemaFile, "came.|invited_by"}},
		map[string]int{schemaFile: 2},
	},
	{
		"referral's event",
		[][2]string{{schemaFile, "|came: {"}, {schemaFile, "referral: |came"}},
		map[string]int{schemaFile: 2},
	},
	{
		"date",
		[][2]string{{schemaFile, "|birthday"}, {"playbooks/b.yaml", "member.|birthday"}},
		map[string]int{schemaFile: 1, "playbooks/b.yaml": 1},
	},
	{
		"segment",
		[][2]string{
			{schemaFile, "segments: {|rich"},
			{schemaFile, `in_segment("|rich`},
			{"playbooks/a.yaml", `in_segment("|rich`},
		},
		map[string]int{schemaFile: 3, "playbooks/a.yaml": 1},
	},
	{
		"channel",
		[][2]string{{schemaFile, "channels: {|out"}, {schemaFile, "channels: [|out"}, {"playbooks/b.yaml", "channel: |out"}},
		map[string]int{schemaFile: 2, "playbooks/a.yaml": 1, "playbooks/b.yaml": 1},
	},
	{
		"pool",
		[][2]string{
			{schemaFile, "coupons: {|ten"},
			{"playbooks/a.yaml", "pool: |ten"},
			{"playbooks/a_test.yaml", "pools: {|ten"},
		},
		map[string]int{schemaFile: 1, "playbooks/a.yaml": 1, "playbooks/a_test.yaml": 1},
	},
	{
		"playbook",
		[][2]string{{"playbooks/b.yaml", "id: |second"}, {"playbooks/a_test.yaml", "with: [|second"}},
		map[string]int{"playbooks/b.yaml": 1, "playbooks/a_test.yaml": 1},
	},
	{
		"action",
		[][2]string{
			{"playbooks/a.yaml", "id: |gift"},
			{"playbooks/a.yaml", "actions.|gift"},
			{"templates/greet/hello.txt", "actions.|gift"},
		},
		map[string]int{"playbooks/a.yaml": 2, "templates/greet/hello.txt": 1},
	},
	{
		"tag",
		[][2]string{
			{"playbooks/a.yaml", "add: [|老客"},
			{"playbooks/a.yaml", `"|老客" in`},
			{"playbooks/b.yaml", "'|老客"},
			{"playbooks/a_test.yaml", "[|老客"},
		},
		map[string]int{"playbooks/a.yaml": 2, "playbooks/b.yaml": 1, "playbooks/a_test.yaml": 1},
	},
	{
		"owner",
		[][2]string{{"playbooks/a.yaml", "owner: |growth"}},
		map[string]int{"playbooks/a.yaml": 1, "playbooks/b.yaml": 1},
	},
	{
		"reason",
		[][2]string{{"playbooks/a.yaml", "exit: |bored"}, {"playbooks/a_test.yaml", "reason: |bored"}},
		map[string]int{"playbooks/a.yaml": 1, "playbooks/a_test.yaml": 1},
	},
	{"template", [][2]string{{"playbooks/a.yaml", "template: |greet/hello"}}, map[string]int{"playbooks/a.yaml": 1}},
}

func sum(uses map[string]int) int {
	n := 0
	for _, v := range uses {
		n += v
	}
	return n
}

func TestReferencesAreTheSameFromEveryUse(t *testing.T) {
	s := shopServer(t)
	for _, c := range symbols {
		for _, from := range c.from {
			t.Run(c.name+" from "+from[0]+" "+from[1], func(t *testing.T) {
				p := referenceParams{positionParams: at(t, from[0], from[1])}
				p.Context.IncludeDeclaration = true
				got := map[string]int{}
				for _, l := range s.ask(t, "textDocument/references", p).([]location) {
					if name := strings.TrimPrefix(l.URI, "file:///w/"); c.name != "template" || name != "templates/greet/hello.txt" {
						got[name]++
					}
				}
				if fmt.Sprint(got) != fmt.Sprint(c.uses) {
					t.Errorf("got %v, want %v", got, c.uses)
				}
				p.Context.IncludeDeclaration = false
				without := len(s.ask(t, "textDocument/references", p).([]location))
				declared := 1
				if slices.Contains([]string{"tag", "owner", "reason", "template"}, c.name) {
					declared = 0
				}
				if want := sum(c.uses) - declared; without != want {
					t.Errorf("%d uses without the declaration, want %d", without, want)
				}
			})
		}
	}
}

// TestRenameKeepsTheMeaning renames everything from every place: the workspace is sound afterwards,
// and every use has changed.
func TestRenameKeepsTheMeaning(t *testing.T) {
	for _, c := range symbols {
		for _, from := range c.from {
			t.Run(c.name+" from "+from[0]+" "+from[1], func(t *testing.T) {
				s := shopServer(t)
				w := s.workspaceOf("/w/" + schemaFile)
				p := renameParams{at(t, from[0], from[1]), "fresh"}
				if _, ok := s.ask(t, "textDocument/prepareRename", p.positionParams).(map[string]any); !ok {
					t.Fatal("it cannot be renamed")
				}
				count := carryOut(w, s.ask(t, "textDocument/rename", p).(workspaceEdit))
				if want := sum(c.uses); count != want {
					t.Errorf("%d edits, want %d", count, want)
				}
				s.Disk = memory{filesOf(w.files)}
				w.stale = true
				s.refresh(w)
				for _, d := range w.diags {
					if d.Severity == diag.Error || d.Code == "misspelt" {
						t.Errorf("afterwards: %s:%d %s", d.File, d.Line, d.Message)
					}
				}
			})
		}
	}
}

// A template is renamed with its variants for locales.
func TestRenameMovesVariants(t *testing.T) {
	s := shopServer(t)
	w := s.workspaceOf("/w/" + schemaFile)
	s.refresh(w)
	w.files["templates/greet/hello.zh-CN.txt"] = []byte("你好\n")
	w.files["templates/greet/hello.en.html"] = []byte("Hello\n")
	s.Disk = memory{filesOf(w.files)}
	w.stale = true
	p := renameParams{at(t, "playbooks/a.yaml", "template: |greet/hello"), "fresh"}
	carryOut(w, s.ask(t, "textDocument/rename", p).(workspaceEdit))
	var got []string
	for name := range w.files {
		if strings.HasPrefix(name, "templates/") {
			got = append(got, name)
		}
	}
	slices.Sort(got)
	want := []string{"templates/fresh.en.html", "templates/fresh.txt", "templates/fresh.zh-CN.txt"}
	if !slices.Equal(got, want) {
		t.Errorf("the templates are %q, want %q", got, want)
	}
}

// filesOf returns a disk with the files.
func filesOf(files map[string][]byte) fstest.MapFS {
	out := fstest.MapFS{}
	for name, data := range files {
		out[name] = &fstest.MapFile{Data: data}
	}
	return out
}

// carryOut does to the workspace's files what an editor does with an edit, and returns how many
// texts it changed.
func carryOut(w *workspace, edit workspaceEdit) int {
	count := 0
	change := func(uri string, list []textEdit) {
		name := strings.TrimPrefix(uri, "file:///w/")
		w.files[name] = []byte(applied(w.text(name), list))
		count += len(list)
	}
	for uri, list := range edit.Changes {
		change(uri, list)
	}
	for _, d := range edit.Documents {
		switch d := d.(type) {
		case documentEdit:
			change(d.TextDocument.URI, d.Edits)
		case fileCreate:
			w.files[strings.TrimPrefix(d.URI, "file:///w/")] = []byte{}
		case fileRename:
			from, to := strings.TrimPrefix(d.OldURI, "file:///w/"), strings.TrimPrefix(d.NewURI, "file:///w/")
			w.files[to] = w.files[from]
			delete(w.files, from)
		}
	}
	return count
}

func TestRenameIsRefused(t *testing.T) {
	for _, c := range []struct{ file, place, to, want string }{
		{schemaFile, "|order.paid", "member.left", "member.left"},
		{"playbooks/b.yaml", "id: |second", "first", "first"},
		{"playbooks/b.yaml", "id: |second", "Not Kebab", "kebab"},
		{"playbooks/a.yaml", "add: [|老客", "新客", "already"},
		{"playbooks/a.yaml", "member.|level", "le vel", "not expected"},
		{schemaFile, "segments: {|rich", " ", "empty"},
		{schemaFile, "|timezone", "zone", "no name here"},
		{"playbooks/a.yaml", "condition: |in_segment", "x", "no name here"},
		{"playbooks/a.yaml", "template: |greet/hello", "../hello", "template"},
	} {
		t.Run(c.place, func(t *testing.T) {
			s := shopServer(t)
			raw, err := json.Marshal(renameParams{at(t, c.file, c.place), c.to})
			if err != nil {
				t.Fatal(err)
			}
			_, rpcErr := s.dispatch(&message{Method: "textDocument/rename", Params: raw})
			if rpcErr == nil || rpcErr.Code != requestFailed || !strings.Contains(rpcErr.Message, c.want) {
				t.Errorf("got %+v, want %q", rpcErr, c.want)
			}
		})
	}
}

func TestNamedFilesAreLinked(t *testing.T) {
	s := shopServer(t)
	for file, want := range map[string][]string{
		"playbooks/a.yaml":      {"greet/hello → templates/greet/hello.txt"},
		"playbooks/a_test.yaml": {"first → playbooks/a.yaml", "second → playbooks/b.yaml"},
		schemaFile:              nil,
	} {
		var got []string
		doc := newText(shop[file])
		for _, l := range s.ask(t, "textDocument/documentLink", documentParams{textDocument{URI: "file:///w/" + file}}).([]documentLink) {
			got = append(got, doc.s[doc.offset(l.Range.Start):doc.offset(l.Range.End)]+" → "+
				strings.TrimPrefix(l.Target, "file:///w/"))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", file, got, want)
		}
	}
}
