package diag

import (
	"cmp"
	"slices"
)

// Collector gathers diagnostics.
type Collector struct {
	Diags []Diagnostic
}

func (c *Collector) add(sev Severity, code string, p Pos, message string) Report {
	c.Diags = append(c.Diags, Diagnostic{Severity: sev, Code: code, Message: message, Pos: p})
	return c.Last()
}

func (c *Collector) Error(code string, p Pos, message string) Report {
	return c.add(Error, code, p, message)
}

// Warn adds a warning and returns it for additions.
func (c *Collector) Warn(code string, p Pos, message string) Report {
	return c.add(Warning, code, p, message)
}

// Last returns the newest report, for additions.
func (c *Collector) Last() Report { return c.Report(len(c.Diags) - 1) }

// Report returns the report with the index, for additions.
func (c *Collector) Report(i int) Report { return Report{c, i} }

// Report is a diagnostic under construction. The zero index of a report that was not wanted is
// never reached.
type Report struct {
	c *Collector
	I int
}

// Label sets what stands right of the caret.
func (r Report) Label(s string) Report {
	r.c.Diags[r.I].Label = s
	return r
}

// Related adds a second place that matters.
func (r Report) Related(message string, p Pos) Report {
	d := &r.c.Diags[r.I]
	d.Related = append(d.Related, Related{Message: message, Pos: p})
	return r
}

// Edit adds a change of the files that would mend the mistake.
func (r Report) Edit(p Pos, text string) Report {
	d := &r.c.Diags[r.I]
	d.Edits = append(d.Edits, Edit{Pos: p, Text: text})
	return r
}

// UnsureUnless says that the edit may not be what was meant.
func (r Report) UnsureUnless(unless bool) Report {
	markUnsure(r.c.Diags[r.I].Edits, unless)
	return r
}

func markUnsure(edits []Edit, unless bool) {
	for i := range edits {
		edits[i].Unsure = edits[i].Unsure || !unless
	}
}

// Diagnostic is what the report is about.
func (r Report) Diagnostic() *Diagnostic { return &r.c.Diags[r.I] }

// AssumeName says that the edits hold only if the declared name is the right one.
func (r Report) AssumeName(declared string) Report {
	r.Diagnostic().AssumeName(declared)
	return r
}

// HasError reports whether one of the diagnostics is of severity [Error].
func HasError(diags []Diagnostic) bool {
	return slices.ContainsFunc(diags, func(d Diagnostic) bool { return d.Severity == Error })
}

// Sorted returns the diagnostics by place, each once.
func Sorted(diags []Diagnostic) []Diagnostic {
	slices.SortStableFunc(diags, func(a, b Diagnostic) int {
		return cmp.Or(ComparePos(a.Pos, b.Pos), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return slices.CompactFunc(diags, func(a, b Diagnostic) bool {
		return a.Code == b.Code && a.Pos == b.Pos && a.Message == b.Message
	})
}
