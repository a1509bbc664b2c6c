package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// editor is a client of the language server: a child process on pipes, as editors start it.
type editor struct {
	t       *testing.T
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	log     bytes.Buffer
	dir     string
	id      int
	version int
	open    map[string]bool
	told    map[string]lspPublished // the last diagnostics of each file
}

type lspPublished struct {
	URI         string          `json:"uri"`
	Version     int             `json:"version"`
	Diagnostics []lspDiagnostic `json:"diagnostics"`
}

type lspDiagnostic struct {
	Range    lspRange `json:"range"`
	Severity int      `json:"severity"`
	Code     string   `json:"code"`
	Message  string   `json:"message"`
}

type lspPosition struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

type lspRange struct {
	Start lspPosition `json:"start"`
	End   lspPosition `json:"end"`
}

type lspMessage struct {
	ID     *int            `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int
		Message string
	} `json:"error"`
}

const lspSchema = `usher: 1
timezone: Asia/Shanghai
member:
  nickname: string
  birthday: date
  level: {enum: [bronze, silver, gold], default: bronze}
  orders: = len(events("order.paid", "90d"))
events:
  cart.updated: {cart_id: string, total: number}
  order.paid: {order_id: string, amount: number, items: {optional: [{sku: string, qty: int}]}}
  member.left: {}
segments:
  loyal: member.orders >= 5
channels:
  wecom: {type: log}
  dev: {type: log}
coupons:
  newcomer-10: {prefix: NEW}
`

const lspPlaybook = `id: cart-rescue
name: 购物车挽回👋
stage: conversion
trigger: {event: cart.updated, if: event.total > 0}
condition: member.level == "gold"
actions:
  - id: gift
    coupon: {pool: newcomer-10}
  - message: {channel: wecom, text: "你好，{{ member.nickname }}，{% if actions.gift.issued %}券码 {{ actions.gift.code }}{% endif %}"}
  - if: actions.gift.issued
    then:
      - tag: lucky
`

func startEditor(t *testing.T) *editor {
	t.Helper()
	e := &editor{t: t, dir: filepath.Join(t.TempDir(), "店 铺"), open: map[string]bool{}, told: map[string]lspPublished{}}
	for name, text := range map[string]string{
		"usher.yaml": lspSchema, "playbooks/cart-rescue.yaml": lspPlaybook,
		"templates/hello.txt": "Hi {{ member.nickname }}\n",
	} {
		path := filepath.Join(e.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	e.cmd = exec.Command(usherBinary(t), "lsp", "--stdio")
	e.cmd.Stderr = &e.log
	var err error
	if e.in, err = e.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := e.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	e.out = bufio.NewReader(out)
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		e.in.Close()
		_ = e.cmd.Process.Kill()
		_ = e.cmd.Wait()
	})
	e.request("initialize", map[string]any{"processId": nil, "rootUri": e.uri(""), "capabilities": map[string]any{}}, nil)
	e.notify("initialized", map[string]any{})
	return e
}

func (e *editor) uri(name string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(e.dir, name))}).String()
}

func (e *editor) send(m map[string]any) {
	e.t.Helper()
	m["jsonrpc"] = "2.0"
	body, err := json.Marshal(m)
	if err != nil {
		e.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(e.in, "Content-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		e.t.Fatalf("%v; the server said: %s", err, e.log.String())
	}
}

func (e *editor) notify(method string, params any) {
	e.t.Helper()
	e.send(map[string]any{"method": method, "params": params})
}

// receive reads one message; diagnostics are kept.
func (e *editor) receive() lspMessage {
	e.t.Helper()
	header, err := textproto.NewReader(e.out).ReadMIMEHeader()
	if err != nil {
		e.t.Fatalf("%v; the server said: %s", err, e.log.String())
	}
	n, err := strconv.Atoi(header.Get("Content-Length"))
	if err != nil {
		e.t.Fatal(err)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(e.out, body); err != nil {
		e.t.Fatal(err)
	}
	var m lspMessage
	if err := json.Unmarshal(body, &m); err != nil {
		e.t.Fatal(err)
	}
	if m.Method == "textDocument/publishDiagnostics" {
		var p lspPublished
		if err := json.Unmarshal(m.Params, &p); err != nil {
			e.t.Fatal(err)
		}
		e.told[p.URI] = p
	}
	return m
}

// request asks and waits for the answer.
func (e *editor) request(method string, params, result any) lspMessage {
	e.t.Helper()
	e.id++
	e.send(map[string]any{"id": e.id, "method": method, "params": params})
	for {
		m := e.receive()
		if m.ID == nil || *m.ID != e.id {
			continue
		}
		if result != nil {
			if m.Error != nil {
				e.t.Fatalf("%s: %s", method, m.Error.Message)
			}
			if err := json.Unmarshal(m.Result, result); err != nil {
				e.t.Fatalf("%s: %v in %s", method, err, m.Result)
			}
		}
		return m
	}
}

// write puts a text into the editor, as if it were typed.
func (e *editor) write(name, text string) {
	e.t.Helper()
	e.version++
	if !e.open[name] {
		e.open[name] = true
		e.notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{
			"uri":        e.uri(name),
			"languageId": "yaml", "version": e.version, "text": text,
		}})
		return
	}
	e.notify("textDocument/didChange", map[string]any{
		"textDocument":   map[string]any{"uri": e.uri(name), "version": e.version},
		"contentChanges": []any{map[string]any{"text": text}},
	})
}

// diagnostics waits until the server has looked at what was written last.
func (e *editor) diagnostics(name string) []lspDiagnostic {
	e.t.Helper()
	for e.told[e.uri(name)].Version != e.version {
		e.receive()
	}
	return e.told[e.uri(name)].Diagnostics
}

// at takes the cursor `|` out of a text and gives where it was, in UTF-16.
func (e *editor) at(name, text string) map[string]any {
	e.t.Helper()
	before, after, ok := strings.Cut(text, "‸")
	if !ok {
		e.t.Fatalf("no cursor in %q", text)
	}
	e.write(name, before+after)
	line := before[strings.LastIndex(before, "\n")+1:]
	units := 0
	for _, r := range line {
		units++
		if r > 0xffff {
			units++
		}
	}
	return map[string]any{
		"textDocument": map[string]any{"uri": e.uri(name)}, "position": lspPosition{strings.Count(before, "\n"), units},
	}
}

const lspFile = "playbooks/cart-rescue.yaml"

func TestEditorSeesMistakesWhileTyping(t *testing.T) {
	e := startEditor(t)
	e.write(lspFile, lspPlaybook)
	for _, d := range e.diagnostics(lspFile) {
		t.Errorf("a sound playbook has %+v", d)
	}
	// Behind Chinese text and a character of two units the place is right.
	e.write(lspFile, strings.Replace(lspPlaybook, "member.nickname }}，", "member.nicknme }}，👋{{ member.levl }}，", 1))
	got := e.diagnostics(lspFile)
	if len(got) != 2 || got[0].Code != "unknown-variable" || got[0].Severity != 1 {
		t.Fatalf("got %+v", got)
	}
	line := `  - message: {channel: wecom, text: "你好，{{ member.nicknme }}，👋{{ member.levl }}`
	runes := []rune(line[:strings.Index(line, "levl")])
	if want := (lspRange{lspPosition{8, len(runes) + 1}, lspPosition{8, len(runes) + 5}}); got[1].Range != want {
		t.Errorf("the second is at %+v, want %+v", got[1].Range, want)
	}
	// A change of a part of the text.
	e.version++
	e.notify("textDocument/didChange", map[string]any{
		"textDocument":   map[string]any{"uri": e.uri(lspFile), "version": e.version},
		"contentChanges": []any{map[string]any{"range": got[1].Range, "text": "level"}},
	})
	if got = e.diagnostics(lspFile); len(got) != 1 || !strings.Contains(got[0].Message, "nicknme") {
		t.Errorf("after a change of a part: %+v", got)
	}
	// What another file declares counts as it stands in the editor, not on the disk.
	e.write(lspFile, lspPlaybook)
	e.write("usher.yaml", strings.Replace(lspSchema, "  newcomer-10: {prefix: NEW}", "  other: {}", 1))
	e.diagnostics("usher.yaml")
	if got = e.told[e.uri(lspFile)].Diagnostics; len(got) != 1 || got[0].Code != "unknown-pool" {
		t.Errorf("without the pool: %+v", got)
	}
	e.notify("textDocument/didClose", map[string]any{"textDocument": map[string]any{"uri": e.uri("usher.yaml")}})
	e.open["usher.yaml"] = false
	e.write(lspFile, lspPlaybook+"# \n")
	if got = e.diagnostics(lspFile); len(got) != 0 {
		t.Errorf("after closing usher.yaml unsaved: %+v", got)
	}
	e.request("shutdown", nil, nil)
	e.notify("exit", nil)
	if err := e.cmd.Wait(); err != nil {
		t.Errorf("the server ended with %v: %s", err, e.log.String())
	}
}

type lspItem struct {
	Label    string `json:"label"`
	Detail   string `json:"detail"`
	TextEdit struct {
		Range   lspRange `json:"range"`
		NewText string   `json:"newText"`
	} `json:"textEdit"`
}

func TestEditorCompletes(t *testing.T) {
	e := startEditor(t)
	head := "id: a\nstage: conversion\ntrigger: {event: order.paid}\n"
	cases := []struct {
		name, file, text string
		want             []string // among the labels
		not              []string // not among them
		insert           string   // the new text of the first of want
	}{
		{
			"keys of a playbook", lspFile, "id: a\ncon‸",
			[]string{"condition", "trigger", "actions"},
			[]string{"id", "event"},
			"condition: ",
		},
		{
			"keys on an empty line", lspFile, head + "‸\nactions: []\n",
			[]string{"goal", "holdout"},
			[]string{"trigger", "actions"},
			"goal:\n  ",
		},
		{"enum", lspFile, "stage: ‸\n", []string{"acquisition", "conversion"}, nil, "acquisition"},
		{
			"trigger kinds", lspFile, "id: a\ntrigger: {‸\nactions: []\n",
			[]string{"event", "schedule", "http"},
			[]string{"if2"},
			"event: ",
		},
		{
			"keys beside a schedule", lspFile, "trigger:\n  schedule: \"0 10 * * 1\"\n  ‸\n",
			[]string{"segment", "timezone", "missed"},
			[]string{"event", "if", "http"},
			"segment: ",
		},
		{
			"event names", lspFile, "trigger: {event: ‸\nactions: []\n",
			[]string{"cart.updated", "order.paid", "member.left"},
			nil, "cart.updated",
		},
		{"half an event name", lspFile, "trigger: {event: order.‸}\n", []string{"order.paid"}, nil, "order.paid"},
		{
			"dates of the member", lspFile, "trigger: {date: ‸}\n",
			[]string{"member.birthday", "member.created_at"},
			[]string{"member.nickname"},
			"member.birthday",
		},
		{
			"keys beside a date", lspFile, "trigger:\n  date: member.birthday\n  ‸\n",
			[]string{"every", "offset", "at"},
			[]string{"segment", "event"},
			"every: ",
		},
		{"segments that are entered", lspFile, "trigger: {segment_enter: ‸}\n", []string{"loyal"}, nil, "loyal"},
		{
			"what a wait for an event leaves", lspFile, head +
				"actions:\n  - id: paid\n    wait: {event: order.paid, timeout: 2d}\n  - if: actions.paid.‸\n    then: []\n",
			[]string{"timed_out", "event"},
			nil, "",
		},
		{
			"the event that a wait met", lspFile, head +
				"actions:\n  - id: paid\n    wait: {event: order.paid, timeout: 2d}\n  - if: actions.paid.event.‸\n    then: []\n",
			[]string{"amount"},
			nil, "",
		},
		{
			"ways of a choice", lspFile, head + "actions:\n  - choose:\n      - ‸\n",
			[]string{"if", "else"},
			[]string{"message"},
			"",
		},
		{"what a webhook takes", lspFile, head + "actions:\n  - webhook: {‸}\n", []string{"url", "body", "returns"}, nil, ""},
		{"an emitted event", lspFile, head + "actions:\n  - emit: {event: ‸}\n", []string{"cart.updated"}, nil, ""},
		{"segments", lspFile, "trigger: {schedule: \"0 10 * * 1\", segment: ‸}\n", []string{"loyal"}, nil, ""},
		{
			"actions", lspFile, head + "actions:\n  - ‸\n",
			[]string{"message", "tag", "coupon", "wait", "exit", "if", "id", "choose"},
			[]string{"channel"},
			"",
		},
		{
			"actions, still without a dash", lspFile, head + "actions:\n  - tag: x\n  ‸\n",
			[]string{"message"},
			nil,
			"- message:\n      ",
		},
		{"beside an id", lspFile, head + "actions:\n  - id: x\n    ‸\n", []string{"message", "wait"}, []string{"id"}, ""},
		{
			"beside an action", lspFile, head + "actions:\n  - tag: x\n    ‸\n",
			[]string{"id", "if"},
			[]string{"message", "tag", "then"},
			"",
		},
		{
			"fields of an action", lspFile, head + "actions:\n  - message: {channel: wecom, ‸}\n",
			[]string{"template", "text", "class"},
			[]string{"channel"},
			"template: ",
		},
		{
			"what excludes another", lspFile, head + "actions:\n  - message: {text: x, ‸}\n",
			[]string{"channel"},
			[]string{"template"},
			"",
		},
		{
			"channels", lspFile, head + "actions:\n  - message:\n      channel: ‸\n      text: x\n",
			[]string{"wecom", "dev"},
			nil, "wecom",
		},
		{"templates", lspFile, head + "actions:\n  - message: {channel: wecom, template: ‸", []string{"hello"}, nil, "hello"},
		{"pools", lspFile, head + "actions:\n  - coupon: ‸\n", []string{"newcomer-10"}, nil, "newcomer-10"},
		{
			"attributes to set", lspFile, head + "actions:\n  - set: {‸}\n",
			[]string{"nickname", "level"},
			[]string{"orders", "points"},
			"nickname: ",
		},
		{
			"a value of an attribute", lspFile, head + "actions:\n  - set: {level: ‸}\n",
			[]string{"bronze", "gold"},
			nil,
			"bronze",
		},
		{
			"names of an expression", lspFile, head + "condition: ‸\nactions: []\n",
			[]string{"member", "trigger", "events", "days_since", "in_segment"},
			[]string{"event", "actions"},
			"",
		},
		{
			"attributes", lspFile, head + "condition: member.‸\nactions: []\n",
			[]string{"nickname", "level", "orders", "tags", "id"},
			nil, "nickname",
		},
		{
			"half an attribute, in brackets that are not closed", lspFile,
			"id: a\ntrigger: {event: order.paid, if: event.am‸\nactions: []\n",
			[]string{"amount", "order_id", "time"},
			[]string{"total"},
			"amount",
		},
		{
			"after Chinese text", lspFile, head + "actions:\n  - message: {channel: wecom, text: \"你好👋，{{ member.ni‸ }}\"}\n",
			[]string{"nickname"},
			nil, "nickname",
		},
		{
			"properties of the trigger", lspFile, head + "condition: trigger.‸ > 3\nactions: []\n",
			[]string{"amount", "items", "name"},
			nil, "",
		},
		{"an action's id", lspFile, head + "actions:\n  - {id: gift, coupon: newcomer-10}\n  - if: actions.‸\n    then: []\n", []string{"gift"}, nil, "gift"},
		{
			"an action's result", lspFile, head +
				"actions:\n  - {id: gift, coupon: newcomer-10}\n  - if: actions.gift.‸\n    then: []\n",
			[]string{"issued", "code", "expires_at"},
			nil, "",
		},
		{
			"a segment in an expression", lspFile, head + "condition: in_segment(\"‸\")\nactions: []\n",
			[]string{"loyal"},
			[]string{"member"},
			"loyal",
		},
		{
			"an event in an expression", lspFile, head + "condition: len(events(\"‸\nactions: []\n",
			[]string{"order.paid"},
			nil, "order.paid",
		},
		{
			"a value of an enum", lspFile, head + "condition: member.level == \"‸\"\nactions: []\n",
			[]string{"bronze", "silver", "gold"},
			[]string{"member"},
			"bronze",
		},
		{
			"fields of items", lspFile, head + "condition: sum(events(\"order.paid\"), .‸) > 3\nactions: []\n",
			[]string{"amount", "order_id"},
			[]string{"nickname"},
			"amount",
		},
		{
			"an expression among values", lspFile, head + "actions:\n  - set: {nickname: = member.‸}\n",
			[]string{"level"},
			nil, "",
		},
		{
			"filters", lspFile, head + "actions:\n  - message: {channel: wecom, text: \"{{ member.nickname | de‸ }}\"}\n",
			[]string{"default"},
			nil, "default",
		},
		{"tags of Liquid", "templates/hello.txt", "{% ‸ %}", []string{"if", "for"}, nil, ""},
		{
			"the types of usher.yaml", "usher.yaml", lspSchema + "quiet_hours: {timezone: ‸}\n",
			[]string{"member", "Asia/Shanghai"},
			nil, "member",
		},
		{"a type", "usher.yaml", "usher: 1\nmember:\n  age: ‸\n", []string{"int", "string", "date"}, nil, "int"},
		{
			"a segment's expression", "usher.yaml", strings.Replace(lspSchema, "member.orders >= 5", "member.‸", 1),
			[]string{"orders", "level"},
			nil, "",
		},
		{"a channel's type", "usher.yaml", "usher: 1\nchannels:\n  x: {type: ‸}\n", []string{"log", "smtp", "null"}, nil, ""},
		{
			"a channel's fields", "usher.yaml", "usher: 1\nchannels:\n  x: {type: smtp, ‸}\n",
			[]string{"url", "from"},
			[]string{"type"},
			"",
		},
		{"the playbook of a test", "playbooks/a_test.yaml", "playbook: ‸\n", []string{"cart-rescue"}, nil, "cart-rescue"},
		{
			"a step of a script", "playbooks/a_test.yaml",
			"playbook: cart-rescue\ntests:\n  - name: x\n    script:\n      - ‸\n",
			[]string{"event", "advance", "expect"},
			[]string{"properties2"},
			"",
		},
		{
			"properties of a test's event", "playbooks/a_test.yaml",
			"playbook: cart-rescue\ntests:\n  - name: x\n    script:\n      - {event: cart.updated, properties: {‸}}\n",
			[]string{"cart_id", "total"},
			nil, "cart_id: ",
		},
		{
			"what is expected", "playbooks/a_test.yaml",
			"playbook: cart-rescue\ntests:\n  - name: x\n    script:\n      - expect: {run: ‸}\n",
			[]string{"none", "waiting", "done"},
			nil, "none",
		},
		{
			"a member of a test", "playbooks/a_test.yaml",
			"playbook: cart-rescue\ntests:\n  - name: x\n    member: {id: m, ‸}\n",
			[]string{"nickname", "tags", "points"},
			[]string{"orders", "id"},
			"",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got struct{ Items []lspItem }
			e.t = t
			// The schema is sound again, after a case that broke it. Names are offered as of the last check:
			// it is waited for.
			if c.file != "usher.yaml" && e.open["usher.yaml"] {
				e.write("usher.yaml", lspSchema)
				e.diagnostics("usher.yaml")
			}
			if c.file != lspFile {
				e.write(lspFile, lspPlaybook)
				e.diagnostics(lspFile)
			}
			e.request("textDocument/completion", e.at(c.file, c.text), &got)
			var labels []string
			for _, i := range got.Items {
				labels = append(labels, i.Label)
			}
			for _, w := range c.want {
				if !slices.Contains(labels, w) {
					t.Errorf("%s is not offered, but %v", w, labels)
				}
			}
			for _, w := range c.not {
				if slices.Contains(labels, w) {
					t.Errorf("%s is offered", w)
				}
			}
			i := slices.Index(labels, c.want[0])
			if c.insert == "" || i < 0 {
				return
			}
			item := got.Items[i]
			if item.TextEdit.NewText != c.insert {
				t.Errorf("%s inserts %q, want %q", c.want[0], item.TextEdit.NewText, c.insert)
			}
			at := e.at(c.file, c.text)["position"].(lspPosition)
			if r := item.TextEdit.Range; r.Start.Line != at.Line || r.Start.Character > at.Character ||
				r.End.Character < at.Character {
				t.Errorf("it replaces %+v, the cursor is at %+v", r, at)
			}
		})
	}
}

func TestEditorDescribes(t *testing.T) {
	e := startEditor(t)
	swap := func(old, marked string) string { return strings.Replace(lspPlaybook, old, marked, 1) }
	cases := []struct {
		name, file, text string
		want             []string
	}{
		{"a key", lspFile, swap("condition", "cond‸ition"), []string{"**condition**", "an expression"}},
		{"an action", lspFile, swap("coupon:", "cou‸pon:"), []string{"**coupon**", "pool's budget"}},
		{"a field of an action", lspFile, swap("channel: wecom", "chan‸nel: wecom"), []string{"**channel**", "Required"}},
		{
			"an event", lspFile, swap("event: cart.updated", "event: cart.‸updated"),
			[]string{"cart_id: string", "usher.yaml:9"},
		},
		{
			"an attribute", lspFile, swap("member.level", "member.lev‸el"),
			[]string{"member.level: enum of bronze, silver, gold", "usher.yaml:6"},
		},
		{"a property", lspFile, swap("event.total", "event.to‸tal"), []string{"event.total: number"}},
		{
			"a result that may be missing", lspFile, swap("- if: actions.gift.issued", "- if: actions.gift.co‸de != nil"),
			[]string{"optional string", "may be missing"},
		},
		{
			"a name in a text", lspFile, swap("{{ member.nickname", "{{ member.nick‸name"),
			[]string{"member.nickname: optional string"},
		},
		{
			"a function", lspFile, swap(`member.level == "gold"`, `days_‸since(member.created_at) > 3`),
			[]string{"days_since(t)", "calendar days"},
		},
		{
			"a computed attribute", lspFile, swap(`member.level == "gold"`, "member.ord‸ers > 1"),
			[]string{"member.orders: int", "Computed"},
		},
		{"the times of a schedule", lspFile, "id: a\nstage: retention\ntrigger: {schedule: \"0 1‸0 * * 1\"}\nactions: [{tag: x}]\n", []string{"Next times in Asia/Shanghai", "Mon 2"}},
		{"a pool", lspFile, swap("pool: newcomer-10", "pool: newcomer‸-10"), []string{"**newcomer-10**", "coupon pool"}},
		{
			"a file that does not parse", lspFile, "id: a\ntrigger: {event: order.paid, if: event.amo‸unt > \"\nactions: [",
			[]string{"event.amount: number"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			e.t = t
			var got struct {
				Contents struct{ Value string }
			}
			e.request("textDocument/hover", e.at(c.file, c.text), &got)
			for _, w := range c.want {
				if !strings.Contains(got.Contents.Value, w) {
					t.Errorf("%q is not in %q", w, got.Contents.Value)
				}
			}
		})
	}
}

func TestEditorFindsDeclarations(t *testing.T) {
	e := startEditor(t)
	swap := func(old, marked string) string { return strings.Replace(lspPlaybook, old, marked, 1) }
	line := func(text, part string) int { return strings.Count(text[:strings.Index(text, part)], "\n") }
	cases := []struct {
		name, file, text string
		to               string
		line             int
	}{
		{
			"an event", lspFile, swap("event: cart.updated", "event: cart.‸updated"), "usher.yaml",
			line(lspSchema, "cart.updated:"),
		},
		{"an attribute", lspFile, swap("member.level", "member.lev‸el"), "usher.yaml", line(lspSchema, "level:")},
		{"a property", lspFile, swap("event.total", "event.to‸tal"), "usher.yaml", line(lspSchema, "cart.updated:")},
		{"a pool", lspFile, swap("pool: newcomer-10", "pool: newcomer‸-10"), "usher.yaml", line(lspSchema, "newcomer-10")},
		{"a channel", lspFile, swap("channel: wecom", "channel: we‸com"), "usher.yaml", line(lspSchema, "wecom:")},
		{
			"a template", lspFile, swap(`text: "你好，{{ member.nickname }}，{% if actions.gift.issued %}券码 {{ actions.gift.code }}{% endif %}"`, "template: hel‸lo"),
			"templates/hello.txt", 0,
		},
		{"an action's id", lspFile, swap("actions.gift.issued", "actions.gi‸ft.issued"), lspFile, line(lspPlaybook, "gift")},
		{
			"an action's id in a text", lspFile, swap("{{ actions.gift.code", "{{ actions.gi‸ft.code"), lspFile,
			line(lspPlaybook, "gift"),
		},
		{
			"a segment in an expression", lspFile, swap(`member.level == "gold"`, `in_segment("loy‸al")`), "usher.yaml",
			line(lspSchema, "loyal"),
		},
		{
			"an event in an expression", lspFile, swap(`member.level == "gold"`, `len(events("order.‸paid")) > 1`),
			"usher.yaml", line(lspSchema, "order.paid:"),
		},
		{"a playbook", "playbooks/a_test.yaml", "playbook: cart-res‸cue\ntests: []\n", lspFile, 0},
		{
			"a member's attribute in a test", "playbooks/a_test.yaml",
			"playbook: cart-rescue\ntests: [{name: x, member: {id: m, lev‸el: gold}, script: []}]\n", "usher.yaml",
			line(lspSchema, "level:"),
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			e.t = t
			if c.file != lspFile {
				e.write(lspFile, lspPlaybook)
			}
			var got *struct {
				URI   string
				Range lspRange
			}
			e.request("textDocument/definition", e.at(c.file, c.text), &got)
			if got == nil {
				t.Fatal("nothing was found")
			}
			if got.URI != e.uri(c.to) || got.Range.Start.Line != c.line {
				t.Errorf("got %s:%d, want %s:%d", got.URI, got.Range.Start.Line, e.uri(c.to), c.line)
			}
		})
	}
}

func TestEditorFixes(t *testing.T) {
	e := startEditor(t)
	e.write(lspFile, strings.NewReplacer("newcomer-10", "newcommer-10", "member.level ==", "member.levle ==").
		Replace(lspPlaybook))
	found := e.diagnostics(lspFile)
	if len(found) != 2 {
		t.Fatalf("got %+v", found)
	}
	var got []struct {
		Title string
		Kind  string
		Edit  struct {
			Changes map[string][]struct {
				Range   lspRange
				NewText string
			}
		}
	}
	e.request("textDocument/codeAction", map[string]any{
		"textDocument": map[string]any{"uri": e.uri(lspFile)}, "range": found[0].Range,
		"context": map[string]any{"diagnostics": []any{}},
	}, &got)
	if len(got) != 3 || got[0].Title != "Write `level`" || got[0].Kind != "quickfix" || got[2].Kind != "source.fixAll" ||
		got[1].Title != "Declare the attribute `levle` in usher.yaml" || len(got[1].Edit.Changes[e.uri("usher.yaml")]) != 1 {
		t.Fatalf("got %+v", got)
	}
	if edit := got[0].Edit.Changes[e.uri(lspFile)]; len(edit) != 1 || edit[0].Range != found[0].Range ||
		edit[0].NewText != "level" {
		t.Errorf("the fix is %+v, the mistake at %+v", edit, found[0].Range)
	}
	if all := got[2].Edit.Changes[e.uri(lspFile)]; len(all) != 2 {
		t.Errorf("all fixes are %+v", all)
	}
}

func TestEditorOutline(t *testing.T) {
	e := startEditor(t)
	e.write(lspFile, lspPlaybook)
	type symbol struct {
		Name, Detail string
		Children     []struct {
			Name, Detail string
			Children     []struct{ Name string }
		}
	}
	var got []symbol
	e.request("textDocument/documentSymbol", map[string]any{"textDocument": map[string]any{"uri": e.uri(lspFile)}}, &got)
	if len(got) != 6 || got[0].Name != "id" || got[0].Detail != "cart-rescue" || len(got[5].Children) != 3 {
		t.Fatalf("got %+v", got)
	}
	last := got[5].Children[2]
	if last.Name != "if actions.gift.issued" || len(last.Children) != 1 || last.Children[0].Name != "tag" {
		t.Errorf("the branch is %+v", last)
	}
	e.write(lspFile, "id: a\nstage: activation\ntrigger: {event: cart.updated}\nactions:\n  - split:\n      by: = trigger.total\n"+
		"      ways: [{name: l, weight: 50, then: [{tag: x}]}, {name: r, weight: 50, then: []}]\n")
	e.request("textDocument/documentSymbol", map[string]any{"textDocument": map[string]any{"uri": e.uri(lspFile)}}, &got)
	if split := got[3].Children[0]; split.Name != "split" || len(split.Children) != 2 || split.Children[0].Name != "l" {
		t.Errorf("the split by a value is %+v", split)
	}
}

// TestEditorRenames renames an event from a use of it, and asks who uses it before and after.
func TestEditorRenames(t *testing.T) {
	e := startEditor(t)
	var uses []struct{ URI string }
	at := e.at(lspFile, strings.Replace(lspPlaybook, "event: cart.updated", "event: cart.‸updated", 1))
	at["context"] = map[string]any{"includeDeclaration": true}
	e.request("textDocument/references", at, &uses)
	if len(uses) != 2 || uses[0].URI != e.uri(lspFile) || uses[1].URI != e.uri("usher.yaml") {
		t.Fatalf("got %+v", uses)
	}
	var edit struct {
		Changes map[string][]struct{ NewText string }
	}
	at["newName"] = "basket.changed"
	e.request("textDocument/rename", at, &edit)
	for _, name := range []string{lspFile, "usher.yaml"} {
		if got := edit.Changes[e.uri(name)]; len(got) != 1 || got[0].NewText != "basket.changed" {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	at["newName"] = "order.paid"
	if m := e.request("textDocument/rename", at, nil); m.Error == nil || m.Error.Code != -32803 {
		t.Errorf("two events under one name: got %+v", m)
	}
}

func TestEditorIsAnswered(t *testing.T) {
	e := startEditor(t)
	if m := e.request("textDocument/rename2", map[string]any{}, nil); m.Error == nil || m.Error.Code != -32601 {
		t.Errorf("an unknown method gives %+v", m)
	}
	if m := e.request("textDocument/hover", []int{1}, nil); m.Error == nil || m.Error.Code != -32602 {
		t.Errorf("wrong parameters give %+v", m)
	}
	fmt.Fprintf(e.in, "Content-Length: 3\r\n\r\n{x}")
	if m := e.receive(); m.Error == nil || m.Error.Code != -32700 {
		t.Errorf("what is no JSON gives %+v", m)
	}
	// A file outside any workspace has nothing to say.
	m := e.request("textDocument/hover", map[string]any{
		"textDocument": map[string]any{"uri": "file:///nowhere/a.yaml"}, "position": lspPosition{},
	}, nil)
	if string(m.Result) != "null" {
		t.Errorf("got %s", m.Result)
	}
	e.in.Close()
	if err := e.cmd.Wait(); err == nil {
		t.Error("an end without a shutdown is an error")
	}
}
