package lsp

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const leveled = "usher: 1\nmember: {level: {enum: [none, silver, gold], default: none}, nickname: string, vip: '= member.points > 3'}\nevents: {go: {}}\n"

// leveledServer knows a workspace in which an attribute follows a number.
func leveledServer(t *testing.T) *Server {
	t.Helper()
	s, _ := sample(t)
	s.Disk = memory{fstest.MapFS{
		schemaFile:              &fstest.MapFile{Data: []byte(leveled + "levels: {attribute: level, by: member.points, steps: {silver: 600, gold: 2000}}\n")},
		"playbooks/a.yaml":      &fstest.MapFile{Data: []byte("id: a\nstage: conversion\ntrigger: {event: go}\nactions:\n  - points: 1\n")},
		"playbooks/a_test.yaml": &fstest.MapFile{Data: []byte("playbook: a\ntests: []\n")},
	}}
	return s
}

// Levels are completed: which attribute may follow a number, which number, which levels have steps. Where attributes are
// written the one that follows a number is not offered, but where a test expects what was written.
func TestLevelsAreCompleted(t *testing.T) {
	for _, c := range []struct {
		name, file, text string
		want, not        []string
	}{
		{"the attribute", schemaFile, leveled + "levels:\n  attribute: ‸\n", []string{"level"}, []string{"nickname", "vip", "points"}},
		{"the number", schemaFile, leveled + "levels:\n  attribute: level\n  by: member.‸\n", []string{"points"}, nil},
		{"the steps", schemaFile, leveled + "levels:\n  attribute: level\n  steps:\n    silver: 600\n    ‸\n", []string{"gold"}, []string{"silver", "none"}},
		{"the keys", schemaFile, leveled + "levels:\n  attribute: level\n  ‸\n", []string{"by", "steps", "grace"}, []string{"attribute"}},
		{"set", "playbooks/x.yaml", shopHead + "actions:\n  - set: {‸}\n", []string{"nickname"}, []string{"level"}},
		{"a member of a test", "playbooks/a_test.yaml", "playbook: a\ntests:\n  - name: x\n    member: {id: m1, ‸}\n", []string{"nickname"}, []string{"level"}},
		{
			"what was set", "playbooks/a_test.yaml", "playbook: a\ntests:\n  - name: x\n    script: [{expect: {set: {‸}}}]\n",
			[]string{"nickname", "level"},
			nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := labelsOf(complete(t, leveledServer(t), c.file, c.text))
			for _, w := range c.want {
				if !slices.Contains(got, w) {
					t.Errorf("%s is not offered, but %v", w, got)
				}
			}
			for _, n := range c.not {
				if slices.Contains(got, n) {
					t.Errorf("%s is offered", n)
				}
			}
		})
	}
}

// What stands in levels is described, and leads to the attribute.
func TestLevelsAreDescribed(t *testing.T) {
	s := leveledServer(t)
	text := leveled + "levels: {attribute: level, by: member.points, steps: {silver: 600, gold: 2000}}\n"
	place := func(mark string) positionParams {
		lead, name, _ := strings.Cut(mark, "|")
		return positionParams{textDocument{URI: "file:///w/" + schemaFile}, newText(text).position(strings.Index(text, lead+name) + len(lead))}
	}
	for mark, want := range map[string]string{
		"attribute: |level": "enum of none, silver, gold", "steps: {|silver": "silver: number",
		"|steps: {": "From which number on", "by: member.|points": "points: int",
	} {
		got, ok := s.ask(t, "textDocument/hover", place(mark)).(hover)
		if !ok || !strings.Contains(got.Contents.Value, want) {
			t.Errorf("%s: %q is not in %q", mark, want, got.Contents.Value)
		}
	}
	at, ok := s.ask(t, "textDocument/definition", place("attribute: |level")).(location)
	if !ok || at.Range.Start.Line != 1 {
		t.Errorf("the attribute leads to %+v", at)
	}
	p := referenceParams{positionParams: place("member: {|level")}
	p.Context.IncludeDeclaration = true
	if uses := s.ask(t, "textDocument/references", p).([]location); len(uses) != 2 || uses[1].Range.Start.Line != 3 {
		t.Errorf("the attribute is used in %+v", uses)
	}
}
