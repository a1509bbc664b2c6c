package lsp

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/actions"
)

// memory is a disk with one workspace.
type memory struct{ files fstest.MapFS }

func (memory) Workspace(path string) (string, bool) { return "/w", strings.HasPrefix(path, "/w/") }

func (m memory) Read(_ string, read func(fs.FS)) error {
	read(m.files)
	return nil
}

const sampleSchema = `usher: 1
member: {nickname: string, level: {enum: [silver, gold], default: silver}, birthday: date}
events: {order.paid: {order_id: string, amount: number}}
segments: {rich: member.level == "gold"}
channels: {out: {type: log}}
coupons: {ten: {prefix: T}}
`

const samplePlaybook = `id: a
name: 你好👋
stage: activation
trigger: {event: order.paid, if: event.amount > 3}
condition: in_segment("rich") and sum(events("order.paid", "7d"), .amount) > 3
actions:
  - id: gift
    coupon: {pool: ten}
  - message: {channel: out, text: "你{{ member.nickname | default: 'x' }}{% if actions.gift.issued %}!{% endif %}"}
  - if: member.level == "gold"
    then:
      - set: {nickname: = member.level}
    else: [{exit: "no"}]
  - choose:
      - {if: actions.gift.issued, then: [{wait: {event: order.paid, timeout: 1d}}]}
      - else: []
`

// sample is a server with a sound workspace in it.
func sample(t *testing.T) (*Server, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	s := &Server{
		Registry: actions.Registry(), Log: &log, initialized: true, docs: map[string]*document{},
		workspaces: map[string]*workspace{},
		Disk: memory{fstest.MapFS{
			schemaFile:         {Data: []byte(sampleSchema)},
			"playbooks/a.yaml": {Data: []byte(samplePlaybook)},
		}},
	}
	s.out.out = new(bytes.Buffer)
	return s, &log
}

func (s *Server) ask(t *testing.T, method string, params any) any {
	t.Helper()
	raw, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	result, rpcErr := s.dispatch(&message{Method: method, Params: raw})
	if rpcErr != nil {
		t.Fatalf("%s: %s", method, rpcErr.Message)
	}
	return result
}

// TestAnyCursorIsAnswered asks about every place of a playbook, whole and cut off there, as it is
// while it is typed.
func TestAnyCursorIsAnswered(t *testing.T) {
	for _, name := range []string{"playbooks/a.yaml", schemaFile, "playbooks/a_test.yaml"} {
		whole := map[string]string{
			schemaFile: sampleSchema, "playbooks/a.yaml": samplePlaybook,
			"playbooks/a_test.yaml": "playbook: a\ntests:\n  - name: x\n    member: {id: m, level: gold}\n    script:\n      - {event: order.paid, properties: {amount: 3}}\n      - expect: {run: done}\n",
		}[name]
		s, log := sample(t)
		uri := "file:///w/" + name
		s.ask(t, "textDocument/didOpen", documentParams{textDocument{URI: uri, Text: whole}})
		answered := 0
		for off := range whole {
			for _, text := range []string{whole, whole[:off]} {
				if text != whole && off%3 != 0 {
					continue
				}
				s.ask(t, "textDocument/didChange", changeParams{textDocument{URI: uri}, []contentChange{{Text: text}}})
				at := positionParams{textDocument{URI: uri}, newText(text).position(off)}
				if list, ok := s.ask(t, "textDocument/completion", at).(completionList); ok && len(list.Items) > 0 {
					answered++
				}
				if text == whole {
					s.ask(t, "textDocument/hover", at)
					s.ask(t, "textDocument/definition", at)
					s.ask(t, "textDocument/references", referenceParams{positionParams: at})
					s.ask(t, "textDocument/prepareRename", at)
				}
				if off%7 == 0 {
					s.ask(t, "textDocument/codeAction",
						codeActionParams{TextDocument: textDocument{URI: uri}, Range: textRange{at.Position, at.Position}})
				}
			}
		}
		s.ask(t, "textDocument/documentSymbol", documentParams{textDocument{URI: uri}})
		s.ask(t, "textDocument/documentLink", documentParams{textDocument{URI: uri}})
		if log.Len() > 0 {
			t.Errorf("%s: %s", name, log.String())
		}
		if answered < len(whole)/4 {
			t.Errorf("%s: only %d of %d places have something to offer", name, answered, len(whole))
		}
	}
}

// TestChangesAreAppliedInUTF16 types behind characters of two units.
func TestChangesAreAppliedInUTF16(t *testing.T) {
	s, _ := sample(t)
	uri := "file:///w/playbooks/a.yaml"
	s.ask(t, "textDocument/didOpen", documentParams{textDocument{URI: uri, Text: "name: 你👋x\r\nid: a\n"}})
	s.ask(t, "textDocument/didChange", changeParams{textDocument{URI: uri}, []contentChange{
		{Range: &textRange{position{0, 9}, position{0, 10}}, Text: "好"},
		{Range: &textRange{position{1, 4}, position{1, 5}}, Text: "b"},
	}})
	if got, want := s.docs["/w/playbooks/a.yaml"].text, "name: 你👋好\r\nid: b\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestAFaultEndsTheRequestAlone lets the registry break: the editor hears of it, and the session
// goes on.
func TestAFaultEndsTheRequestAlone(t *testing.T) {
	s, log := sample(t)
	s.Disk = nil
	_, rpcErr := s.dispatch(&message{
		Method: "textDocument/hover",
		Params: json.RawMessage(`{"textDocument":{"uri":"file:///w/a.yaml"}}`),
	})
	if rpcErr == nil || rpcErr.Code != internalError || log.Len() == 0 {
		t.Errorf("got %v, log %q", rpcErr, log)
	}
	if result, rpcErr := s.dispatch(&message{Method: "shutdown"}); rpcErr != nil || result == nil {
		t.Errorf("the session is over: %v", rpcErr)
	}
}
