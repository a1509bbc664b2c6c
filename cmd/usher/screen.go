package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"charm.land/lipgloss/v2"
	"golang.org/x/term"

	"github.com/usher-run/usher/internal/table"
)

// screen is what text output is laid out for.
type screen struct {
	width  int // in columns; 0: no terminal, so that nothing is cut
	colour bool
}

// usualWidth is that of a terminal that does not tell its own.
const usualWidth = 80

// screenOf looks at where text goes. In a file or a pipe nothing is cut and nothing is coloured.
func (c *cli) screenOf(w io.Writer) screen {
	set := func(name string) bool { v, _ := c.env(name); return v != "" }
	var s screen
	if isTerminal(w) {
		s.width = usualWidth
		if columns, _ := c.env("COLUMNS"); columns != "" {
			if n, err := strconv.Atoi(columns); err == nil && n > 0 {
				s.width = n
			}
		}
		if n, _, err := term.GetSize(int(w.(*os.File).Fd())); err == nil && n > 0 {
			s.width = n
		}
		name, _ := c.env("TERM")
		s.colour = name != "dumb"
	}
	if force, _ := c.env("CLICOLOR_FORCE"); force != "" && force != "0" {
		s.colour = true
	}
	if set("NO_COLOR") {
		s.colour = false
	}
	return s
}

// isTerminal reports whether w is a screen, where a progress bar helps; in a file it would be
// noise.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// The colours are those of the terminal's own palette, so that they suit its background.
var (
	headStyle = lipgloss.NewStyle().Bold(true)
	dimStyle  = lipgloss.NewStyle().Faint(true)
	stateTint = map[string]lipgloss.Style{
		"failed": lipgloss.NewStyle().Foreground(lipgloss.Red), "archived": lipgloss.NewStyle().Foreground(lipgloss.Red),
		"waiting":  lipgloss.NewStyle().Foreground(lipgloss.Yellow),
		"deferred": lipgloss.NewStyle().Foreground(lipgloss.Yellow),
		"pending":  lipgloss.NewStyle().Foreground(lipgloss.Yellow),
		"done":     lipgloss.NewStyle().Foreground(lipgloss.Green), "sent": lipgloss.NewStyle().Foreground(lipgloss.Green),
	}
)

// page is text for people, with times in one zone.
type page struct {
	screen
	b    strings.Builder
	zone *time.Location
}

// printf adds text. What members sent in it cannot move the cursor.
func (p *page) printf(format string, args ...any) {
	p.b.WriteString(printable(fmt.Sprintf(format, args...)))
}

// zoned says once which zone the page's times are in.
func (p *page) zoned() { p.b.WriteString(p.dim("times are in "+p.zone.String()) + "\n") }

func (p *page) dim(s string) string {
	if !p.colour {
		return s
	}
	return dimStyle.Render(s)
}

// clock writes an instant for people, to the second.
func (p *page) clock(t time.Time) string { return t.In(p.zone).Format(time.DateTime) }

// layout is how a table is shown.
type layout struct {
	head  bool  // the first row names the columns
	wrap  bool  // the last column goes on below instead of being cut
	fixed []int // columns that are never cut
}

var oneLine = strings.NewReplacer("\n", " ", "\t", " ")

func (p *page) table(rows [][]string, l layout) {
	clean := make([][]string, len(rows))
	for i, row := range rows {
		for _, cell := range row {
			clean[i] = append(clean[i], oneLine.Replace(printable(cell)))
		}
	}
	t := table.Table{Rows: clean, Width: p.width, Wrap: l.wrap, Fixed: l.fixed}
	if p.colour {
		t.Style = func(row, _ int, cell string) string {
			if style, ok := stateTint[cell]; ok {
				return style.Render(cell)
			}
			if l.head && row == 0 {
				return headStyle.Render(cell)
			}
			return cell
		}
	}
	p.b.WriteString(t.String())
}

// printable keeps what members sent from moving the cursor or changing the colours of the terminal
// it is shown on.
func printable(s string) string {
	if !slices.ContainsFunc([]rune(s), unicode.IsControl) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return '\uFFFD'
		}
		return r
	}, s)
}
