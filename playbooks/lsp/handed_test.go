package lsp

import (
	"slices"
	"testing"
	"testing/fstest"
)

// A text for an object sees that and what is carried over to it, and nothing else of the run.
func TestCompletesATextForAnObject(t *testing.T) {
	declares := "usher: 1\nmember: {nickname: string}\nobjects: {group: {title: string}}\nevents: {said: {group: ref group}}\nchannels: {out: {type: log}}\n"
	s, _ := sample(t)
	s.Disk = memory{fstest.MapFS{"usher.yaml": &fstest.MapFile{Data: []byte(declares)}}}
	head := "id: x\nstage: conversion\ntrigger: {event: said}\nactions:\n  - message:\n      channel: out\n"
	to := "      to: {group: = trigger.group}\n      with: {who: = member.nickname}\n"
	for _, c := range []struct {
		text      string
		want, not []string
	}{
		{head + "      to: {group: = trigger.‸}\n      text: hi\n", []string{"group"}, nil},
		{head + to + "      text: \"{{ ‸ }}\"\n", []string{"group", "with", "now"}, []string{"member", "trigger", "actions"}},
		{head + to + "      text: \"{{ group.‸ }}\"\n", []string{"title", "id"}, []string{"nickname"}},
		{head + to + "      text: \"{{ with.‸ }}\"\n", []string{"who"}, nil},
		{head + "      ‸\n", []string{"to", "with", "text"}, nil},
		{head + "      text: \"{{ ‸ }}\"\n", []string{"member", "trigger"}, []string{"with"}},
	} {
		got := labelsOf(complete(t, s, "playbooks/x.yaml", c.text))
		for _, w := range c.want {
			if !slices.Contains(got, w) {
				t.Errorf("%s\n%s is not offered, but %v", c.text, w, got)
			}
		}
		for _, w := range c.not {
			if slices.Contains(got, w) {
				t.Errorf("%s\n%s is offered", c.text, w)
			}
		}
	}
}
