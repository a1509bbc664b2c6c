package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/cmd/usher/internal/workspaces"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
)

// fix makes the changes that are beyond doubt, says what it changed, and gives the workspace as it
// is afterwards. Each file is written whole or not at all.
func (c *cli) fix(dir string, ws *playbooks.Workspace, format string) (*playbooks.Workspace, []diag.Diagnostic, error) {
	out := c.Stdout
	if format != "text" { // a program reads it
		out = c.Stderr
	}
	fixed := loader.Fix(ws.Files, actions.Registry())
	for name, text := range fixed.Files {
		if err := writeWhole(filepath.Join(dir, filepath.FromSlash(name)), text); err != nil {
			return nil, nil, fmt.Errorf("fix %s: %w", name, err)
		}
	}
	for i, d := range fixed.Of {
		e := fixed.Edits[i]
		fmt.Fprintf(out, "fixed %s:%d:%d: %s (%s)\n", e.File, e.Line, e.Column, changed(fixed.Old[i], e.Text), d.Code)
	}
	if n := len(fixed.Of); n > 0 {
		fmt.Fprintf(out, "%s fixed in %s\n\n", command.Plural(n, "mistake"), command.Plural(len(fixed.Files), "file"))
	}
	return workspaces.Load(dir)
}

// changed returns what an edit did.
func changed(old, text string) string {
	show := func(s string) string {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\t", "⇥"), "\ufeff", "BOM")
		return "`" + s + "`"
	}
	switch {
	case old == "":
		return "put in " + show(text)
	case text == "":
		return "took out " + show(old)
	}
	return show(old) + " is now " + show(text)
}

// noteSchedules says when each schedule comes next: the reader sees whether it means what was
// meant. One that comes on one day of the year is said to come again even when nobody asks: a
// campaign of this year is often written so.
func (c *cli) noteSchedules(ws *playbooks.Workspace, verbose bool) {
	now := time.Now()
	for _, p := range ws.Playbooks {
		for _, t := range p.Trigger.Items() {
			if s := t.Schedule; s != nil && (verbose || s.Yearly() && p.Status.Enters()) {
				writeTimes(c.Stderr, p, t, now)
			}
		}
	}
}

func writeTimes(out io.Writer, p *playbooks.Playbook, t *playbooks.Trigger, now time.Time) {
	s := t.Schedule
	var times []string
	for _, at := range s.Next3(now) {
		times = append(times, at.Format("Mon 2006-01-02 15:04 -0700"))
	}
	comes := "comes next"
	switch {
	case s.Yearly():
		comes = "comes every year:"
	case len(times) == 0:
		comes = "is over"
	case !s.Once.IsZero():
		comes = "comes once:"
	}
	line := fmt.Sprintf("%s: schedule %q %s %s", p.ID, s.Cron, comes, strings.Join(times, ", "))
	fmt.Fprintln(out, strings.TrimRight(line, " "))
}
