package lsp

import (
	"slices"
	"strings"
	"testing"
)

// complete asks what is offered at ‸ in a file of the shop.
func complete(t *testing.T, s *Server, file, marked string) []completionItem {
	t.Helper()
	before, after, ok := strings.Cut(marked, "‸")
	if !ok {
		t.Fatalf("no cursor in %q", marked)
	}
	uri := "file:///w/" + file
	s.ask(t, "textDocument/didOpen", documentParams{textDocument{URI: uri, Text: before + after}})
	list, ok := s.ask(t, "textDocument/completion",
		positionParams{textDocument{URI: uri}, newText(before + after).position(len(before))}).(completionList)
	if !ok {
		t.Fatal("there is no answer")
	}
	return list.Items
}

func labelsOf(items []completionItem) []string {
	var out []string
	for _, i := range items {
		out = append(out, i.Label)
	}
	return out
}

const shopHead = "id: x\nstage: conversion\ntrigger: {event: order.paid}\n"

func TestCompletesWhatIsHalfWritten(t *testing.T) {
	gift := shopHead + "actions:\n  - {id: gift, coupon: {pool: ten}}\n"
	for _, c := range []struct {
		name, file, text string
		want             []string
		not              []string
	}{
		{"a guard alone", "playbooks/x.yaml", gift + "  - if: member.‸", []string{"level", "nickname"}, nil},
		{"a guard alone, more below", "playbooks/x.yaml", gift + "  - if: member.‸\n  - tag: x\n", []string{"level"}, nil},
		{"a guard alone names what is above", "playbooks/x.yaml", gift + "  - if: actions.‸\n", []string{"gift"}, nil},
		{
			"a guard alone names results", "playbooks/x.yaml", gift + "  - if: actions.gift.‸\n",
			[]string{"issued", "code"},
			nil,
		},
		{
			"several triggers", "playbooks/x.yaml", "id: x\nstage: retention\ntrigger:\n  any:\n    - {id: a, event: order.paid}\n" +
				"    - {id: b, http: {params: {total: int}}}\nactions:\n  - if: trigger.‸\n    tag: x\n", []string{"via", "amount", "total", "time"}, nil,
		},
		{
			"a change", "playbooks/x.yaml", "id: x\nstage: retention\ntrigger: {changed: member.level, if: trigger.‸}\n",
			[]string{"before", "after", "time"},
			nil,
		},
		{
			"what changes", "playbooks/x.yaml", "id: x\nstage: retention\ntrigger: {changed: ‸}\n",
			[]string{"member.level", "member.tags", "member.points"},
			[]string{"member.last_seen_at"},
		},
		{
			"a trigger among several", "playbooks/x.yaml", "id: x\nstage: retention\ntrigger:\n  any:\n    - {id: a, ‸}\n",
			[]string{"event", "segment_enter"},
			[]string{"any", "id"},
		},
		{"an empty guard", "playbooks/x.yaml", gift + "  - if: ‸\n", []string{"member", "actions", "trigger"}, nil},
		{"a guard in brackets", "playbooks/x.yaml", gift + "  - {if: member.‸\n", []string{"level"}, nil},
		{"a way of a choice", "playbooks/x.yaml", gift + "  - choose:\n      - if: member.‸\n", []string{"level"}, nil},
		{"an inner guard", "playbooks/x.yaml", gift +
			"  - if: member.level == \"gold\"\n    then:\n      - if: actions.gift.‸\n", []string{"issued"}, nil},
		{
			"a wait's if without its timeout", "playbooks/x.yaml", gift + "  - wait: {event: order.paid, if: event.‸\n",
			[]string{"amount"},
			nil,
		},
		{"a wait's until", "playbooks/x.yaml", gift + "  - wait: {until: = member.‸\n", []string{"birthday"}, nil},
		{
			"a message without channel", "playbooks/x.yaml", gift + "  - message: {text: \"{{ actions.gift.‸\n",
			[]string{"code"},
			nil,
		},
		{"a set", "playbooks/x.yaml", gift + "  - set: {nickname: = member.‸", []string{"level"}, nil},
		{
			"a webhook without url", "playbooks/x.yaml", gift + "  - webhook: {body: {a: = trigger.‸}}",
			[]string{"amount"},
			nil,
		},
		{"an emit's property", "playbooks/x.yaml", gift +
			"  - emit: {event: order.paid, properties: {amount: = trigger.‸}}", []string{"amount"}, nil},
		{"a snippet", "playbooks/x.yaml", gift + "  - use: ‸\n", []string{"bonus"}, nil},
		{
			"what a snippet takes", "playbooks/x.yaml", gift + "  - use: bonus\n    with:\n      ‸\n",
			[]string{"times", "say"},
			[]string{"amount"},
		},
		{"beside a use", "playbooks/x.yaml", gift + "  - use: bonus\n    ‸\n", []string{"with", "id", "if"}, []string{"then"}},
		{
			"what a snippet leaves", "playbooks/x.yaml", gift + "  - id: more\n    use: bonus\n  - if: actions.more.‸\n",
			[]string{"got"},
			nil,
		},
		{"in a snippet", "snippets/x.yaml", "actions:\n  - ‸\n", []string{"coupon", "use"}, []string{"trigger"}},
		{"the params of a snippet", "snippets/bonus.yaml", "params: {times: int}\nactions:\n  - points: = params.‸\n", []string{"times"}, nil},
		{
			"a value of the playbook", "playbooks/x.yaml", shopHead + "vars: {gap: = 2000 - member.points}\ncondition: vars.‸",
			[]string{"gap"},
			nil,
		},
		{
			"a value that names one above", "playbooks/x.yaml", shopHead + "vars:\n  gap: = 2000 - member.points\n  half: = vars.‸",
			[]string{"gap"},
			nil,
		},
		{"a playbook with nothing but a condition", "playbooks/x.yaml", "condition: member.‸", []string{"level"}, nil},
		{
			"a trigger's if before its event", "playbooks/x.yaml", "trigger: {if: member.‸, event: order.paid}",
			[]string{"level"},
			nil,
		},
		{
			"a goal's if without within", "playbooks/x.yaml", shopHead + "goal: {event: order.paid, if: event.‸",
			[]string{"amount"},
			nil,
		},
		{
			"an exit's if", "playbooks/x.yaml", shopHead + "exit:\n  - event: order.paid\n    if: event.‸",
			[]string{"amount"},
			nil,
		},
		{
			"a split's way", "playbooks/x.yaml", gift + "  - split:\n      - {name: a, weight: 50, then: [{if: actions.gift.‸",
			[]string{"code"},
			nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := labelsOf(complete(t, shopServer(t), c.file, c.text))
			for _, w := range c.want {
				if !slices.Contains(got, w) {
					t.Errorf("%s is not offered, but %v", w, got)
				}
			}
		})
	}
}

// TestCompletesWhatNothingDeclares offers the tags, owners and reasons that the workspace has, and
// the values of an enum in texts.
func TestCompletesWhatNothingDeclares(t *testing.T) {
	for _, c := range []struct {
		name, file, text string
		want, not        []string
	}{
		{"a tag", "playbooks/x.yaml", shopHead + "actions: [{tag: ‸}]\n", []string{"老客", "新客"}, []string{"growth"}},
		{"a tag to add", "playbooks/x.yaml", shopHead + "actions:\n  - tag:\n      add: [老‸]\n", []string{"老客"}, nil},
		{"a tag to remove", "playbooks/x.yaml", shopHead + "actions: [{tag: {remove: [老客, ‸]}}]\n", []string{"新客"}, nil},
		{
			"a tag in an expression", "playbooks/x.yaml", shopHead + "condition: '\"‸\" in member.tags'\nactions: []\n",
			[]string{"老客"},
			[]string{"member"},
		},
		{"a tag that an expression excludes", "playbooks/x.yaml", shopHead +
			"condition: \"'‸' not in member.tags\"\nactions: []\n", []string{"老客"}, nil},
		{
			"a tag in a text", "playbooks/x.yaml", shopHead +
				"actions: [{message: {channel: out, text: \"{% if member.tags contains '‸' %}x{% endif %}\"}}]\n",
			[]string{"老客"},
			nil,
		},
		{"a tag in a template", "templates/x.txt", "{% if member.tags contains '‸' %}", []string{"老客"}, nil},
		{
			"a member's tags in a test", "playbooks/x_test.yaml",
			"playbook: first\ntests:\n  - name: x\n    member: {id: m, tags: [‸]}\n",
			[]string{"老客"},
			nil,
		},
		{
			"expected tags", "playbooks/x_test.yaml",
			"playbook: first\ntests:\n  - name: x\n    script: [{expect: {tags: {added: [‸]}}}]\n",
			[]string{"老客"},
			nil,
		},
		{"an owner", "playbooks/x.yaml", "id: x\nowner: ‸\n", []string{"growth"}, []string{"老客"}},
		{"a reason", "playbooks/x.yaml", shopHead + "actions: [{exit: ‸}]\n", []string{"bored"}, []string{"growth"}},
		{
			"an expected reason", "playbooks/x_test.yaml",
			"playbook: first\ntests:\n  - name: x\n    script: [{expect: {reason: ‸}}]\n",
			[]string{"bored", "condition", "reentry"},
			nil,
		},
		{
			"an enum in a text", "playbooks/x.yaml", shopHead +
				"actions: [{message: {channel: out, text: \"{% if member.level == '‸' %}x{% endif %}\"}}]\n",
			[]string{"silver", "gold"},
			[]string{"member"},
		},
		{"now in a text", "templates/x.txt", "{{ n‸ }}", []string{"now", "member"}, nil},
		{"now in an expression", "playbooks/x.yaml", shopHead + "condition: n‸\n", []string{"now"}, nil},
		{"an enum in a template", "templates/x.txt", "{{ member.nickname }}{% if member.level == \"‸", []string{"gold"}, nil},
		{
			"an enum in a case", "templates/x.txt", "{% case member.level %}{% when '‸' %}a{% endcase %}",
			[]string{"gold"},
			nil,
		},
		{
			"consent", schemaFile, strings.Replace(shop[schemaFile], "consent: member.newsletter", "consent: ‸", 1),
			[]string{"member.newsletter"},
			[]string{"member.nickname"},
		},
		{
			"referral", schemaFile, strings.Replace(shop[schemaFile], "referral: came.invited_by", "referral: ‸", 1),
			[]string{"came.invited_by"},
			[]string{"order.paid.amount", "came"},
		},
		{
			"a type", schemaFile, strings.Replace(shop[schemaFile], "nickname: string", "nickname: ‸", 1),
			[]string{"string", "ref member"},
			nil,
		},
		{"a built-in code", "templates/x.txt", "{{ member.‸ }}", []string{"referral_code", "coupons"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := labelsOf(complete(t, shopServer(t), c.file, c.text))
			for _, w := range c.want {
				if !slices.Contains(got, w) {
					t.Errorf("%s is not offered, but %v", w, got)
				}
			}
			for _, w := range c.not {
				if slices.Contains(got, w) {
					t.Errorf("%s is offered", w)
				}
			}
		})
	}
}
