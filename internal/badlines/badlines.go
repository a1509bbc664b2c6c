// Package badlines collects what is wrong with the lines of a file, so that lines that are bad for
// one reason are told once.
package badlines

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// mostBad is how many reasons of bad lines are printed, and for each how many of its lines.
const mostBad, mostLike = 20, 10

// Lines counts the bad lines of a file and keeps the first reasons.
type Lines struct {
	count   int
	reasons []reason // by their first lines
}

// reason is what is wrong with some lines.
type reason struct {
	text  string
	count int
	lines []int // the first of them, in order
}

// Add notes a bad line. Its text may begin with the number of the line.
func (b *Lines) Add(line int, text string) {
	b.count++
	text = strings.TrimPrefix(text, fmt.Sprintf("line %d: ", line))
	i := slices.IndexFunc(b.reasons, func(r reason) bool { return r.text == text })
	if i < 0 {
		b.reasons = append(b.reasons, reason{text: text})
		i = len(b.reasons) - 1
	}
	r := &b.reasons[i]
	r.count++
	at, _ := slices.BinarySearch(r.lines, line)
	r.lines = slices.Insert(r.lines, at, line)
	r.lines = r.lines[:min(len(r.lines), mostLike+1)]
	if at == 0 { // lines come from several streams
		slices.SortStableFunc(b.reasons, func(x, y reason) int { return x.lines[0] - y.lines[0] })
		b.reasons = b.reasons[:min(len(b.reasons), mostBad)]
	}
}

// String words a reason with its lines: the first, and which are like it.
func (r *reason) String() string {
	text := fmt.Sprintf("line %d: %s", r.lines[0], r.text)
	if r.count == 1 {
		return text
	}
	var others []string
	for _, line := range r.lines[1:] {
		others = append(others, strconv.Itoa(line))
	}
	if r.count > len(r.lines) {
		others = append(others, "…")
	}
	return fmt.Sprintf("%s\n  and %s like this: %s", text, more(r.count-1), strings.Join(others, ", "))
}

// more counts further lines.
func more(n int) string {
	if n == 1 {
		return "1 more line"
	}
	return fmt.Sprintf("%d more lines", n)
}

// Count returns how many lines are bad.
func (b *Lines) Count() int { return b.count }

// Reasons returns what is wrong with the first of them.
func (b *Lines) Reasons() (texts []string) {
	for i := range b.reasons {
		texts = append(texts, b.reasons[i].text)
	}
	return texts
}

// Write prints the reasons with their lines, and how many lines were left out; nothing when none was.
func (b *Lines) Write(w io.Writer) {
	if b.count == 0 {
		return
	}
	others := b.count
	for i := range b.reasons {
		fmt.Fprintln(w, b.reasons[i].String())
		others -= b.reasons[i].count
	}
	if others > 0 {
		fmt.Fprintf(w, "… and %d more\n", others)
	}
	lines := "lines were"
	if b.count == 1 {
		lines = "line was"
	}
	fmt.Fprintf(w, "usher: %d bad %s left out\n", b.count, lines)
}
