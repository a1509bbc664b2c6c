package sim

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/usher-run/usher/engine/tally"
	"github.com/usher-run/usher/internal/table"
)

// overview prints what each playbook did in one table, or in two where a terminal is too narrow:
// how its runs ended, and what they sent, gave and tagged.
func (p *printer) overview(res *Result, ids []string) {
	head := []string{"playbook", "entered", "holdout", "waiting", "done", "exited", "failed", "converted"}
	ended := [][]string{head}
	all := [][]string{append(slices.Clip(head), "messages", "coupons", "tags")}
	effects := [][]string{{"playbook", "messages, coupons and tags"}}
	for _, id := range ids {
		s := res.Playbooks[id]
		row := []string{
			id, num(s.Entered), num(s.Holdout), num(s.Waiting), num(s.Done), num(s.Exited), num(s.Failed),
			num(s.Converted),
		}
		ended = append(ended, row)
		did := []string{counts(s.Messages), counts(s.Coupons), tagCounts(s.Tags)}
		all = append(all, append(slices.Clip(row), did...))
		if did = slices.DeleteFunc(slices.Clone(did), func(d string) bool { return d == "-" }); len(did) > 0 {
			effects = append(effects, []string{id, strings.Join(did, ", ")})
		}
	}
	defer p.inShadow(res, ids)
	if whole := (&table.Table{Rows: all}); p.width <= 0 || whole.Natural() <= p.width {
		p.table(all)
		return
	}
	p.numbers(ended)
	if len(effects) > 1 {
		p.printf("\n")
		p.table(effects)
	}
}

// inShadow prints what the runs of playbooks in shadow came to, of which nothing left.
func (p *printer) inShadow(res *Result, ids []string) {
	rows := [][]string{{"playbook in shadow", "what would have been done"}}
	for _, id := range ids {
		if s := res.Playbooks[id]; len(s.Shadow) > 0 {
			rows = append(rows, []string{id, counts(s.Shadow)})
		}
	}
	if len(rows) > 1 {
		p.printf("\n")
		p.table(rows)
	}
}

func num(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func counts(m map[string]int) string {
	if len(m) == 0 {
		return "-"
	}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, fmt.Sprintf("%s %d", k, m[k]))
	}
	return strings.Join(parts, ", ")
}

func tagCounts(t tally.TagStats) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(t.Added)) {
		parts = append(parts, fmt.Sprintf("+%s %d", k, t.Added[k]))
	}
	for _, k := range slices.Sorted(maps.Keys(t.Removed)) {
		parts = append(parts, fmt.Sprintf("-%s %d", k, t.Removed[k]))
	}
	if parts == nil {
		return "-"
	}
	return strings.Join(parts, ", ")
}

// printer writes until the first error, which it keeps.
type printer struct {
	out   io.Writer
	width int
	err   error
}

func (p *printer) printf(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.out, format, args...)
	}
}

// table aligns columns by the width that a terminal shows.
func (p *printer) table(rows [][]string) {
	t := table.Table{Rows: rows, Width: p.width, Wrap: true}
	p.printf("%s", t.String())
}

// numbers prints a table whose first column names what the others count. Where it does not fit the
// name is cut, no number.
func (p *printer) numbers(rows [][]string) {
	t := table.Table{Rows: rows, Width: p.width}
	for i := 1; i < len(rows[0]); i++ {
		t.Fixed = append(t.Fixed, i)
	}
	p.printf("%s", t.String())
}

// leastHung is how many places a line keeps on the narrowest terminal.
const leastHung = 20

// hang prints a line behind a margin. What does not fit goes on below it, a little further in.
func (p *printer) hang(margin, line string) {
	text := strings.TrimLeft(line, " ")
	margin += strings.Repeat(" ", len(line)-len(text))
	parts := []string{text}
	if p.width > 0 {
		parts = table.Wrap(text, max(p.width-len(margin)-2, leastHung))
	}
	for i, part := range parts {
		if i > 0 {
			part = "  " + strings.TrimSpace(part)
		}
		p.printf("%s\n", margin+part)
	}
}

// paragraph prints lines below an empty one.
func (p *printer) paragraph(lines []string) {
	p.printf("\n")
	for _, l := range lines {
		p.hang("", l)
	}
}

// plural writes "1 event", "2 events".
func plural(n int, word string) string {
	if n == 1 || n == -1 {
		return fmt.Sprintf("%d %s", n, word)
	}
	return fmt.Sprintf("%d %ss", n, word)
}
