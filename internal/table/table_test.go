package table

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"
)

func TestColumnsAreAlignedByDecimals(t *testing.T) {
	tab := Table{Rows: [][]string{{"MEMBER", "STATE"}, {"小满", "done"}, {"m1", ""}}}
	const want = "MEMBER  STATE\n小满    done\nm1\n"
	if got := tab.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestWideColumnsAreCutAndFixedOnesAreNot(t *testing.T) {
	tab := Table{Width: 30, Fixed: []int{0}, Rows: [][]string{
		{"0123456789ab", "山雀书店的老朋友和新朋友", "waiting"},
	}}
	const want = "0123456789ab  山雀书…  waiting\n"
	if got := tab.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheLastColumnIsWrapped(t *testing.T) {
	tab := Table{Width: 43, Wrap: true, Rows: [][]string{
		{"10:00:00", "tag", "one two three four five six seven eight"},
		{"10:00:01", "message", "a date: 2026-11-11 10:00:00"},
		{"10:00:01", "message", "你好你好你好你好你好你好你好你好你好"},
	}}
	const want = `10:00:00  tag      one two three four five
                   six seven eight
10:00:01  message  a date: 2026-11-11
                   10:00:00
10:00:01  message  你好你好你好你好你好你好
                   你好你好你好
`
	if got := tab.String(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// Whatever the cells: a table fits its width when its columns can be cut so far, and wrapping loses
// nothing.
func TestTablesKeepToTheirWidth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.StringMatching(`[a-z小满春 -]{0,40}`)
		columns := rapid.IntRange(1, 5).Draw(t, "columns")
		tab := Table{
			Width: rapid.IntRange(columns*(leastCut+gap)+leastWrap, 120).Draw(t, "width"),
			Wrap:  rapid.Bool().Draw(t, "wrap"),
			Rows:  rapid.SliceOfN(rapid.SliceOfN(cell, columns, columns), 1, 5).Draw(t, "rows"),
		}
		out := tab.String()
		for line := range strings.Lines(out) {
			if w := ansi.StringWidth(strings.TrimSuffix(line, "\n")); w > tab.Width {
				t.Fatalf("a line has %d places of %d:\n%s", w, tab.Width, out)
			}
		}
		if !tab.Wrap || columns > 1 {
			return
		}
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		var all string
		for _, r := range tab.Rows {
			all += r[0]
		}
		if squeeze(out) != squeeze(all) {
			t.Fatalf("wrapping lost something of %q:\n%s", all, out)
		}
	})
}
