package lsp

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/playbooks/diag"
)

// actionsAt asks for the code actions at the first place of a text in a file.
func actionsAt(t *testing.T, s *Server, file, place string) []codeAction {
	t.Helper()
	w := s.workspaceOf("/w/" + file)
	s.refresh(w)
	doc := w.text(file)
	i := strings.Index(doc.s, place)
	if i < 0 {
		t.Fatalf("%s has no %q", file, place)
	}
	p := codeActionParams{TextDocument: textDocument{URI: "file:///w/" + file}, Range: doc.rangeOf(i+1, i+1)}
	return s.ask(t, "textDocument/codeAction", p).([]codeAction)
}

func serverOf(t *testing.T, files map[string]string) (*Server, *workspace) {
	t.Helper()
	s, _ := sample(t)
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	s.Disk, s.client = memory{fsys}, client{createsFiles: true, renamesFiles: true}
	w := s.workspaceOf("/w/" + schemaFile)
	s.refresh(w)
	return s, w
}

// TestWhatIsMissingIsDeclared lets every action be carried out: the mistake is gone then, and no
// other has come.
func TestWhatIsMissingIsDeclared(t *testing.T) {
	schemas := map[string]string{
		"block":    "usher: 1\nmember:\n    nickname: string # who\nevents:\n  order.paid:\n    amount: number\n\n# more\nsegments:\n  a: member.points > 3\nchannels:\n  out: {type: log}\ncoupons:\n  b: {prefix: B}\n",
		"brackets": "usher: 1\nmember: {nickname: string}\nevents: {order.paid: {amount: number}}\nsegments: {a: member.points > 3}\nchannels: {out: {type: log}}\ncoupons: {b: {prefix: B}}\n",
		"empty":    "usher: 1\nmember: {}\nevents: {order.paid: {amount: number}}\nsegments:\nchannels: {out: {type: log}}\ncoupons: {}",
		"bare":     "usher: 1\nevents: {order.paid: {amount: number}}\nchannels: {out: {type: log}}",
	}
	const head = "id: x\nstage: conversion\ntrigger: {event: order.paid}\n"
	for _, c := range []struct{ name, file, text, place, title, want string }{
		{
			"an event", "playbooks/x.yaml", "id: x\nstage: conversion\ntrigger: {event: trial.booked}\nactions: [{tag: t}]\n",
			"trial.booked", "Declare the event `trial.booked` in usher.yaml", "trial.booked: {}",
		},
		{
			"an event of events()", "playbooks/x.yaml", head +
				"condition: len(events(\"trial.booked\")) > 2\nactions: [{tag: t}]\n", "trial.booked",
			"Declare the event `trial.booked` in usher.yaml", "trial.booked: {}",
		},
		{
			"an event in Chinese", "playbooks/x.yaml", "id: x\nstage: conversion\ntrigger: {event: 试用}\nactions: [{tag: t}]\n",
			"试用", "Declare the event `试用` in usher.yaml", "试用: {}",
		},
		{
			"an attribute", "playbooks/x.yaml", head + "condition: member.city == \"上海\"\nactions: [{tag: t}]\n", "city",
			"Declare the attribute `city` in usher.yaml", "city: string",
		},
		{
			"an attribute that is set", "playbooks/x.yaml", head + "actions: [{set: {visits: 3}}]\n", "visits",
			"Declare the attribute `visits` in usher.yaml", "visits: int",
		},
		{
			"an attribute in a text", "playbooks/x.yaml", head +
				"actions: [{message: {channel: out, text: \"你好 {{ member.city }}\"}}]\n", "city",
			"Declare the attribute `city` in usher.yaml", "city: string",
		},
		{
			"a segment", "playbooks/x.yaml", "id: x\nstage: conversion\ntrigger: {segment_enter: vip}\nactions: [{tag: t}]\n",
			"vip", "Declare the segment `vip` in usher.yaml", "vip: '\"vip\" in member.tags'",
		},
		{
			"a segment in an expression", "playbooks/x.yaml", head + "condition: in_segment(\"vip\")\nactions: [{tag: t}]\n",
			"vip", "Declare the segment `vip` in usher.yaml", "vip: ",
		},
		{
			"a pool", "playbooks/x.yaml", head + "actions: [{coupon: {pool: newcomer-10}}]\n", "newcomer",
			"Declare the coupon pool `newcomer-10` in usher.yaml", "newcomer-10: {prefix: NEWCOMER}",
		},
		{
			"a channel", "playbooks/x.yaml", head + "actions: [{message: {channel: wecom, text: 你好}}]\n", "wecom",
			"Declare the channel `wecom` in usher.yaml", "wecom: {type: log}",
		},
		{
			"a template", "playbooks/x.yaml", head + "actions: [{message: {channel: out, template: a/hello}}]\n", "a/hello",
			"Create templates/a/hello.txt", "",
		},
	} {
		for style, schema := range schemas {
			t.Run(c.name+" in "+style, func(t *testing.T) {
				s, w := serverOf(t, map[string]string{schemaFile: schema, c.file: c.text})
				all := actionsAt(t, s, c.file, c.place)
				i := slices.IndexFunc(all, func(a codeAction) bool { return a.Title == c.title })
				if i < 0 {
					t.Fatalf("not offered: %q, but %+v", c.title, all)
				}
				carryOut(w, all[i].Edit)
				s.Disk, w.stale = memory{filesOf(w.files)}, true
				s.refresh(w)
				for _, d := range w.diags {
					if d.Severity == diag.Error {
						t.Errorf("afterwards: %s:%d %s\n%s", d.File, d.Line, d.Message, w.files[d.File])
					}
				}
				if text := string(w.files[schemaFile]); !strings.Contains(text, c.want) {
					t.Errorf("%q is not in\n%s", c.want, text)
				}
			})
		}
	}
}

// TestNothingIsDeclaredThatIsNone offers no declaration where the name could not be declared, or is
// of something else.
func TestNothingIsDeclaredThatIsNone(t *testing.T) {
	const head = "id: x\nstage: conversion\ntrigger: {event: order.paid}\n"
	for _, c := range []struct{ name, text, place string }{
		{"a property", head + "condition: trigger.totl > 3\nactions: [{tag: t}]\n", "totl"},
		{
			"an action's result", head + "actions: [{id: a, coupon: {pool: b}}, {if: actions.a.cod == \"x\", tag: t}]\n",
			"cod =",
		},
		{
			"a name that is none", "id: x\nstage: conversion\ntrigger: {segment_enter: Not A Name}\nactions: [{tag: t}]\n",
			"Not A Name",
		},
		{"a template outside", head + "actions: [{message: {channel: out, template: ../hello}}]\n", "../hello"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, _ := serverOf(t, map[string]string{
				schemaFile:         "usher: 1\nevents: {order.paid: {amount: number}}\nchannels: {out: {type: log}}\ncoupons: {b: {prefix: B}}\n",
				"playbooks/x.yaml": c.text,
			})
			for _, a := range actionsAt(t, s, "playbooks/x.yaml", c.place) {
				if strings.HasPrefix(a.Title, "Declare") || strings.HasPrefix(a.Title, "Create") {
					t.Errorf("offered: %s", a.Title)
				}
			}
		})
	}
	t.Run("an editor that creates no files", func(t *testing.T) {
		s, _ := serverOf(t, map[string]string{schemaFile: "usher: 1\nevents: {order.paid: {amount: number}}\nchannels: {out: {type: log}}\n", "playbooks/x.yaml": head + "actions: [{message: {channel: out, template: hello}}]\n"})
		s.client = client{}
		if all := actionsAt(t, s, "playbooks/x.yaml", "hello"); len(all) > 0 {
			t.Errorf("offered: %+v", all)
		}
	})
}

// TestTheFirstTestIsCreated writes a test for every kind of trigger, which passes the checker.
func TestTheFirstTestIsCreated(t *testing.T) {
	const schema = "usher: 1\nmember: {birthday: date}\nevents: {order.paid: {amount: number, n: int, ok: bool, d: date, t: datetime, k: {enum: [大, 小]}, o: {a: string}, l: [string], free: optional string}}\nsegments: {a: member.points > 3}\n"
	for _, trigger := range []string{
		"{event: order.paid}", "{schedule: \"0 10 * * 1\"}", "{segment_enter: a}", "{date: member.birthday, every: year}",
		"{http: {}}",
	} {
		t.Run(trigger, func(t *testing.T) {
			s, w := serverOf(t, map[string]string{
				schemaFile:           schema,
				"playbooks/a/x.yaml": "id: x-y\nstage: conversion\ntrigger: " + trigger + "\nactions: [{tag: t}]\n",
			})
			all := actionsAt(t, s, "playbooks/a/x.yaml", "x-y")
			if len(all) != 1 || all[0].Title != "Create a test: playbooks/a/x_test.yaml" {
				t.Fatalf("got %+v", all)
			}
			carryOut(w, all[0].Edit)
			s.Disk, w.stale = memory{filesOf(w.files)}, true
			s.refresh(w)
			for _, d := range w.diags {
				if d.Severity == diag.Error {
					t.Errorf("afterwards: %s:%d %s\n%s", d.File, d.Line, d.Message, w.files[d.File])
				}
			}
			if again := actionsAt(t, s, "playbooks/a/x.yaml", "x-y"); len(again) > 0 {
				t.Errorf("offered again: %+v", again)
			}
		})
	}
}
