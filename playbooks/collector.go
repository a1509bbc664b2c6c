package playbooks

import (
	"cmp"
	"slices"
)

// collector gathers diagnostics.
type collector struct {
	diags []Diagnostic
}

func (c *collector) add(sev Severity, code string, p Pos, message string) report {
	c.diags = append(c.diags, Diagnostic{Severity: sev, Code: code, Message: message, Pos: p})
	return c.last()
}

func (c *collector) error(code string, p Pos, message string) report {
	return c.add(Error, code, p, message)
}

func (c *collector) warn(code string, p Pos, message string) report {
	return c.add(Warning, code, p, message)
}

// last returns the newest report, for additions.
func (c *collector) last() report { return c.report(len(c.diags) - 1) }

// report returns the report with the index, for additions.
func (c *collector) report(i int) report { return report{c, i} }

// report is a diagnostic under construction. The zero index of a report that was not wanted is never reached.
type report struct {
	c *collector
	i int
}

// label sets what stands right of the caret.
func (r report) label(s string) report {
	r.c.diags[r.i].Label = s
	return r
}

func (r report) related(message string, p Pos) report {
	d := &r.c.diags[r.i]
	d.Related = append(d.Related, Related{Message: message, Pos: p})
	return r
}

func (r report) edit(p Pos, text string) report {
	d := &r.c.diags[r.i]
	d.Edits = append(d.Edits, Edit{Pos: p, Text: text})
	return r
}

// doubt says that the edit may not be what was meant.
func (r report) doubt(unless bool) report {
	doubtful(r.c.diags[r.i].Edits, unless)
	return r
}

func doubtful(edits []Edit, unless bool) {
	for i := range edits {
		edits[i].Doubt = edits[i].Doubt || !unless
	}
}

// diagnostic is what the report is about.
func (r report) diagnostic() *Diagnostic { return &r.c.diags[r.i] }

func (r report) trust(declared string) report {
	r.diagnostic().trust(declared)
	return r
}

// sorted gives the diagnostics by place, each once.
func sorted(diags []Diagnostic) []Diagnostic {
	slices.SortStableFunc(diags, func(a, b Diagnostic) int {
		return cmp.Or(ComparePos(a.Pos, b.Pos), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(diags, func(a, b Diagnostic) bool {
		return a.Code == b.Code && a.Pos == b.Pos && a.Message == b.Message
	})
}
