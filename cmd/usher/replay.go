package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/engine/replay"
	"github.com/usher-run/usher/internal/page"
	"github.com/usher-run/usher/internal/server"
	"github.com/usher-run/usher/internal/settings"
)

// replayed is what `usher replay --format json` prints.
type replayed struct {
	replay.Summary
	List []replay.Difference `json:"list"`
}

func (c *cli) replayCommand() *cobra.Command {
	var member, since, format string
	cmd := &cobra.Command{
		Use: "replay", Short: "Decide what a database has decided again, and compare", Args: cobra.NoArgs,
		Long: "Decides all inputs that a database holds again, each under the workspace, the pauses and the version of its time, and compares\n" +
			"what comes out with what was recorded, byte for byte. Prints each decision that differs, and fails when one does; differences\n" +
			"of another version of the engine are listed, and are no failure. No server may have the database open: replay a\n" +
			"copy, as `sqlite3 usher.db \"VACUUM INTO 'copy.db'\"` makes one. A copy of the file alone lacks what is in the files beside it.",
		Example: "  usher replay --db sqlite:copy.db\n  usher replay --db sqlite:copy.db --member 4711 --since 2026-03-01T00:00:00Z",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := command.OneOf("format", format, "text", "json"); err != nil {
				return err
			}
			var from time.Time
			if since != "" {
				var err error
				if from, err = time.Parse(time.RFC3339, since); err != nil {
					return command.Usagef("--since must be a time such as 2026-03-01T00:00:00Z, got %q", since)
				}
			}
			out := replayed{List: []replay.Difference{}}
			var err error
			out.Summary, err = server.Replay(cmd.Context(), c.Setting(cmd, settings.DB), member, from,
				func(d replay.Difference) {
					if out.List = append(out.List, d); format == "text" {
						c.difference(&d)
					}
				})
			if err == nil {
				err = c.replayed(&out, format)
			}
			if err == nil && out.Differences > 0 {
				err = command.ErrMistakes
			}
			return err
		},
	}
	command.Flag(cmd, settings.DB)
	cmd.Flags().StringVar(&member, "member", "", "replay this member alone")
	cmd.Flags().StringVar(&since, "since", "", "compare what was decided at or after this time")
	cmd.Flags().StringVar(&format, "format", "text", "text or json")
	command.CompleteFlag(cmd, "format", "text", "json")
	command.CompleteColumns(cmd, "db", "sqlite:")
	return cmd
}

// replayed prints what a replay came to.
func (c *cli) replayed(r *replayed, format string) error {
	if format == "json" {
		return json.NewEncoder(c.Stdout).Encode(r)
	}
	fmt.Fprintf(c.Stdout, "%s and %s of %s: %s", command.Plural(r.Inputs, "input"), command.Plural(r.Records, "record"),
		command.Plural(r.Members, "member"), command.Plural(r.Differences, "difference"))
	if r.Other > 0 {
		fmt.Fprintf(c.Stdout, ", and %d of another version of the engine", r.Other)
	}
	_, err := fmt.Fprintln(c.Stdout)
	return err
}

// difference prints a decision that comes out otherwise.
func (c *cli) difference(d *replay.Difference) {
	note := ""
	if d.Engine != 0 {
		note = fmt.Sprintf(" (decided by version %d of the engine)", d.Engine)
	}
	fmt.Fprintf(c.Stdout, "%s  member %s, on %s%s\n", d.At.Format(time.RFC3339Nano), d.Member, d.Input, note)
	for _, line := range d.Recorded {
		fmt.Fprintf(c.Stdout, "  - %s\n", page.Printable(line))
	}
	for _, line := range d.Now {
		fmt.Fprintf(c.Stdout, "  + %s\n", page.Printable(line))
	}
}
