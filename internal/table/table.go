// Package table lays out rows of cells in columns, measured as a terminal shows them: a Chinese
// character takes two places.
package table

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Table is rows of cells. Its String aligns the columns, two places apart.
type Table struct {
	Rows  [][]string
	Width int   // of the terminal; 0: as wide as the cells are
	Fixed []int // columns that are never cut, such as ids that are to be copied
	// the last column goes on below where it does not fit; otherwise it is cut
	Wrap  bool
	Style func(row, column int, cell string) string // colours a cell that is cut already; nil: none
}

const (
	gap       = 2
	leastCut  = 6  // places that a column keeps when it is cut
	leastWrap = 24 // places that the last column keeps when it is wrapped
)

// String returns the table as lines without trailing blanks.
func (t *Table) String() string {
	widths := t.widths()
	var b strings.Builder
	for i, row := range t.Rows {
		t.row(&b, widths, i, row)
	}
	return b.String()
}

// widths returns the places of each column, cut down to the table's width.
func (t *Table) widths() []int {
	var widths []int
	for _, row := range t.Rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], ansi.StringWidth(cell))
		}
	}
	over := -t.Width
	for i, w := range widths {
		if over += w; i > 0 {
			over += gap
		}
	}
	if t.Width <= 0 || over <= 0 {
		return widths
	}
	last := len(widths) - 1
	if t.Wrap {
		by := min(over, max(0, widths[last]-leastWrap))
		widths[last], over = widths[last]-by, over-by
	}
	for ; over > 0; over-- {
		widest := -1
		for i, w := range widths {
			if w > leastCut && !t.fixed(i) && (widest < 0 || w > widths[widest]) && (i < last || !t.Wrap) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
	}
	return widths
}

func (t *Table) fixed(column int) bool {
	for _, c := range t.Fixed {
		if c == column {
			return true
		}
	}
	return false
}

func (t *Table) row(b *strings.Builder, widths []int, n int, row []string) {
	var line strings.Builder
	var more []string // lines of the last column that go below
	start := 0        // where the last column begins
	for i, cell := range row {
		if i < len(row)-1 {
			start += widths[i] + gap
		}
		if t.Width > 0 && ansi.StringWidth(cell) > widths[i] {
			if t.Wrap && i == len(widths)-1 {
				lines := wrapped(cell, widths[i])
				cell, more = lines[0], lines[1:]
			} else if !t.fixed(i) {
				cell = ansi.Truncate(cell, widths[i], "…")
			}
		}
		pad := strings.Repeat(" ", max(0, widths[i]-ansi.StringWidth(cell)+gap))
		if i == len(row)-1 {
			pad = ""
		}
		line.WriteString(t.styled(n, i, cell) + pad)
	}
	b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	for _, rest := range more {
		rest = t.styled(n, len(row)-1, strings.TrimSpace(rest))
		b.WriteString(strings.Repeat(" ", start) + rest + "\n")
	}
}

// Wrap splits a text at its blanks into lines of a width, as the last column of a table is.
func Wrap(text string, width int) []string { return wrapped(text, width) }

// Natural returns the places that the table takes when nothing is cut.
func (t *Table) Natural() int {
	natural := Table{Rows: t.Rows}
	total := 0
	for i, w := range natural.widths() {
		if total += w; i > 0 {
			total += gap
		}
	}
	return total
}

// wrapped splits a text at its blanks into lines of a width. A hyphen is no place to split at:
// dates, ids and codes have them.
func wrapped(text string, width int) []string {
	const whole = "\uE000" // of private use, one place wide
	text = ansi.Wrap(strings.ReplaceAll(text, "-", whole), width, "")
	return strings.Split(strings.ReplaceAll(text, whole, "-"), "\n")
}

func (t *Table) styled(row, column int, cell string) string {
	if t.Style == nil || cell == "" {
		return cell
	}
	return t.Style(row, column, cell)
}
