package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usher-run/usher/internal/table"
)

// wrapHelp makes what --help prints fit the terminal, but for examples, which are to be copied as
// they stand.
func (c *cli) wrapHelp(root *cobra.Command) {
	width := c.ScreenOf(c.Stdout).Width
	if width <= 0 {
		return
	}
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "FlagUsages ",
		fmt.Sprintf("FlagUsagesWrapped %d ", width)))
	var fit func(cmd *cobra.Command)
	fit = func(cmd *cobra.Command) {
		cmd.Long = rewrapped(cmd.Long, width)
		for _, sub := range cmd.Commands() {
			fit(sub)
		}
	}
	fit(root)
}

// rewrapped breaks the lines of prose anew. Lines that are set in are left as they are.
func rewrapped(text string, width int) string {
	var out []string
	open := false // the last line is prose that goes on
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		prose := line != "" && !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t")
		if prose && open {
			out[len(out)-1] += " " + line
		} else {
			out = append(out, line)
		}
		open = prose
	}
	for i, line := range out {
		if line != "" && !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "\t") {
			out[i] = strings.Join(table.Wrap(line, width), "\n")
		}
	}
	return strings.Join(out, "\n")
}
