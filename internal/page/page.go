// Package page lays out what commands print for people: text and tables, by the width and the
// colours of where it goes.
package page

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
	"github.com/usher-run/usher/internal/table"
	"golang.org/x/term"
)

// Screen is what text output is laid out for.
type Screen struct {
	Width  int // in columns; 0: no terminal, so that nothing is cut
	Colour bool
}

// usualWidth is that of a terminal that does not tell its own.
const usualWidth = 80

// ScreenOf looks at where text goes. In a file or a pipe nothing is cut and nothing is coloured. env
// looks up a variable of the environment.
func ScreenOf(w io.Writer, env func(name string) (string, bool)) Screen {
	set := func(name string) bool { v, _ := env(name); return v != "" }
	var s Screen
	if IsTerminal(w) {
		s.Width = usualWidth
		if columns, _ := env("COLUMNS"); columns != "" {
			if n, err := strconv.Atoi(columns); err == nil && n > 0 {
				s.Width = n
			}
		}
		if n, _, err := term.GetSize(int(w.(*os.File).Fd())); err == nil && n > 0 {
			s.Width = n
		}
		name, _ := env("TERM")
		s.Colour = name != "dumb"
	}
	if force, _ := env("CLICOLOR_FORCE"); force != "" && force != "0" {
		s.Colour = true
	}
	if set("NO_COLOR") {
		s.Colour = false
	}
	return s
}

// IsTerminal reports whether w is a screen, where a progress bar helps; in a file it would be
// noise.
func IsTerminal(w io.Writer) bool {
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

// Page is text for people, with times in one zone.
type Page struct {
	Screen
	Zone *time.Location
	b    strings.Builder
}

// String returns what was added.
func (p *Page) String() string { return p.b.String() }

// WriteString adds text of ours as it is.
func (p *Page) WriteString(s string) { p.b.WriteString(s) }

// Printf adds text. What members sent in it cannot move the cursor.
func (p *Page) Printf(format string, args ...any) {
	p.b.WriteString(Printable(fmt.Sprintf(format, args...)))
}

// Zoned says once which zone the page's times are in.
func (p *Page) Zoned() { p.b.WriteString(p.Dim("times are in "+p.Zone.String()) + "\n") }

// Dim makes text faint on a screen with colours.
func (p *Page) Dim(s string) string {
	if !p.Colour {
		return s
	}
	return dimStyle.Render(s)
}

// Clock writes an instant for people, to the second.
func (p *Page) Clock(t time.Time) string { return t.In(p.Zone).Format(time.DateTime) }

// Layout is how a table is shown.
type Layout struct {
	Head  bool  // the first row names the columns
	Wrap  bool  // the last column goes on below instead of being cut
	Fixed []int // columns that are never cut
}

// oneLine makes a cell one line.
var oneLine = strings.NewReplacer("\n", " ", "\t", " ")

// Table adds a table.
func (p *Page) Table(rows [][]string, l Layout) {
	clean := make([][]string, len(rows))
	for i, row := range rows {
		for _, cell := range row {
			clean[i] = append(clean[i], oneLine.Replace(Printable(cell)))
		}
	}
	t := table.Table{Rows: clean, Width: p.Width, Wrap: l.Wrap, Fixed: l.Fixed}
	if p.Colour {
		t.Style = func(row, _ int, cell string) string {
			if style, ok := stateTint[cell]; ok {
				return style.Render(cell)
			}
			if l.Head && row == 0 {
				return headStyle.Render(cell)
			}
			return cell
		}
	}
	p.b.WriteString(t.String())
}

// Printable keeps what members sent from moving the cursor or changing the colours of the terminal
// it is shown on.
func Printable(s string) string {
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
