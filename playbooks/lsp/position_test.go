package lsp

import (
	"testing"

	"github.com/usher-run/usher/playbooks/diag"
)

func TestPositionsCountUTF16(t *testing.T) {
	doc := newText("name: 小王 👋 x\r\nb: 1\n")
	cases := []struct {
		at  position
		off int
	}{
		{position{0, 0}, 0},
		{position{0, 6}, 6},
		{position{0, 8}, 12},  // after 小王
		{position{0, 9}, 13},  // before the hand, which is two units
		{position{0, 11}, 17}, // after it
		{position{0, 13}, 19},
		{position{1, 3}, 24},
		{position{2, 0}, 26},
	}
	for _, c := range cases {
		if got := doc.offset(c.at); got != c.off {
			t.Errorf("offset of %v is %d, want %d", c.at, got, c.off)
		}
		if got := doc.position(c.off); got != c.at {
			t.Errorf("position of %d is %v, want %v", c.off, got, c.at)
		}
	}
	if got := doc.offset(position{0, 99}); got != 19 {
		t.Errorf("a position behind a line's end is at %d", got)
	}
	if got := doc.offset(position{99, 0}); got != len(doc.s) {
		t.Errorf("a position behind the file's end is at %d", got)
	}
	// The checker counts characters: the hand is one.
	got := doc.span(diag.Pos{Line: 1, Column: 10, EndLine: 1, EndColumn: 11})
	if want := (textRange{position{0, 9}, position{0, 11}}); got != want {
		t.Errorf("the hand is at %v, want %v", got, want)
	}
}

func TestURIs(t *testing.T) {
	for path, uri := range map[string]string{
		"/shop/玩 法/a#b.yaml": "file:///shop/%E7%8E%A9%20%E6%B3%95/a%23b.yaml",
		"C:/shop/a.yaml":     "file:///C:/shop/a.yaml",
	} {
		if got := uriOf(path); got != uri {
			t.Errorf("%s is %s, want %s", path, got, uri)
		}
		if got, ok := pathOf(uri); !ok || got != path {
			t.Errorf("%s is %s, want %s", uri, got, path)
		}
	}
	if got, ok := pathOf("file:///c%3A/shop"); !ok || got != "c:/shop" {
		t.Errorf("an encoded drive gives %s", got)
	}
	if _, ok := pathOf("untitled:Untitled-1"); ok {
		t.Error("an unsaved file has no path")
	}
}
