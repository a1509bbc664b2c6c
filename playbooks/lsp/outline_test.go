package lsp

import (
	"fmt"
	"strings"
	"testing"
)

// shown writes an outline in one line.
func shown(n *node) string {
	switch {
	case n == nil:
		return "-"
	case n.kind == mapping:
		var parts []string
		for _, e := range n.entries {
			parts = append(parts, e.key+": "+shown(e.value))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case n.kind == list:
		var parts []string
		for _, item := range n.items {
			parts = append(parts, shown(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprintf("%q", n.text)
}

func TestOutline(t *testing.T) {
	cases := map[string]string{
		"a: 1\nb:\n  c: x # y\n":                          `{a: "1", b: {c: "x"}}`,
		"a:\n- x\n- y: 1\n  z: 2\n":                       `{a: ["x", {y: "1", z: "2"}]}`,
		"a:\n  - - x\n":                                   `{a: [["x"]]}`,
		"a: {b: 1, c: [x, 'y, z'], d: \"q\"}":             `{a: {b: "1", c: ["x", "y, z"], d: "q"}}`,
		"a: {b: 1, c\nd: 2":                               `{a: {b: "1", c: -}, d: "2"}`,
		"a: {b: \nd: 2":                                   `{a: {b: ""}, d: "2"}`,
		"a: [x, \nd: 2":                                   `{a: ["x"], d: "2"}`,
		"a: \"open\nd: 2":                                 `{a: "open", d: "2"}`,
		"a: |\n  one\n   two\n\n  three\nb: 1":            `{a: "one\n two\n\nthree\n", b: "1"}`,
		"a: one\n  two\nb: 1":                             `{a: "one two", b: "1"}`,
		"a: 1\ncon\nb: 2":                                 `{a: "1", con: -, b: "2"}`,
		"actions:\n  - id: x\n    wait: 1d\n  - tag: y\n": `{actions: [{id: "x", wait: "1d"}, {tag: "y"}]}`,
		"a:\n  - x: 1\n  " + mark + "\nb: 1":              `{a: [{x: "1"}, "` + `\ue000` + `"], b: "1"}`,
		"a:\n  b:\n    " + mark + "\n":                    `{a: {b: "` + `\ue000` + `"}}`,
		"\"k\": 1\n'l': 2":                                `{k: "1", l: "2"}`,
		"exit: [event: a, {event: b}]":                    `{exit: [{event: "a"}, {event: "b"}]}`,
		"":                                                `""`,
		"a:\r\n  b: 1\r\n":                                `{a: {b: "1"}}`,
	}
	for text, want := range cases {
		if got := shown(outline(text)); got != want {
			t.Errorf("%q\n got %s\nwant %s", text, got, want)
		}
	}
}

func FuzzOutline(f *testing.F) {
	f.Add("a: {b: [c, \"d")
	f.Add("- - - {[,:}]#\n  x")
	f.Fuzz(func(t *testing.T, text string) {
		n := outline(text)
		var walk func(*node)
		walk = func(n *node) {
			if n == nil {
				return
			}
			if n.from < 0 || n.to > len(text) || n.from > n.to {
				t.Fatalf("%q: %d to %d of %d", text, n.from, n.to, len(text))
			}
			for _, e := range n.entries {
				if e.from < 0 || e.to > len(text) || e.from > e.to {
					t.Fatalf("%q: the key %q from %d to %d", text, e.key, e.from, e.to)
				}
				walk(e.value)
			}
			for _, i := range n.items {
				walk(i)
			}
		}
		walk(n)
		var b strings.Builder
		n.yaml(&b, "")
	})
}
