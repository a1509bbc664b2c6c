package main

import (
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/cobra"
)

// shownFailures is a page of what was set aside or given up on.
type shownFailures struct {
	Failures []struct {
		ID, What, Key, Error string
		At                   time.Time
	}
	Next string
}

func (c *cli) failuresCommand() *cobra.Command {
	var cursor string
	var limit int
	cmd := &cobra.Command{
		Use: "failures", Short: "List what was set aside or given up on, newest first", Args: cobra.NoArgs,
		Long: "Lists inputs and waits that could not be decided and were set aside, and messages and webhooks that were given up on,\n" +
			"each with its reason. `usher run` takes the id of a run that is listed here.",
		Example: "  usher failures\n  usher failures --limit 200 --format json",
	}
	cmd.Flags().StringVar(&cursor, "cursor", "", "go on where the page before ended")
	cmd.Flags().IntVar(&limit, "limit", 50, "failures of one page, to 1000")
	path := func([]string) string {
		q := url.Values{"limit": {fmt.Sprint(limit)}}
		if cursor != "" {
			q.Set("cursor", cursor)
		}
		return "/v1/failures?" + q.Encode()
	}
	return showCommand(c, cmd, path, func(p *page, l *shownFailures) {
		if len(l.Failures) == 0 {
			p.printf("nothing was set aside or given up on\n")
			return
		}
		p.zoned()
		rows := [][]string{{"AT", "WHAT", "KEY", "ERROR"}}
		for _, f := range l.Failures {
			rows = append(rows, []string{p.clock(f.At), f.What, f.Key, f.Error})
		}
		p.table(rows, layout{head: true, wrap: true, fixed: []int{0, 2}})
		if l.Next != "" {
			p.printf("\nmore: --cursor %s\n", l.Next)
		}
	})
}
