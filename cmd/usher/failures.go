package main

import (
	"fmt"
	"net/url"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"
)

// shownFailures is a page of what was set aside or given up on.
type shownFailures struct {
	Failures []struct {
		ID, What, Key, Member, Error string
		At                           time.Time
	}
	Next string
}

func (c *cli) failuresCommand() *cobra.Command {
	var cursor string
	var limit int
	cmd := &cobra.Command{
		Use: "failures", Short: "List what failed, was set aside or given up on, newest first", Args: cobra.NoArgs,
		Long: "Lists runs that failed, inputs and waits that could not be decided and were set aside, and messages and webhooks that were\n" +
			"given up on, each with its member and its reason. `usher run` takes the id of a run that is listed here.",
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
			p.printf("nothing failed, was set aside or given up on\n")
			return
		}
		p.zoned()
		p.failures(l)
		if l.Next != "" {
			p.printf("\nmore: --cursor %s\n", l.Next)
		}
	})
}

// mostKey is how many places an event's id gets on a narrow terminal.
const mostKey = 16

// failures adds a table of failures. On a narrow terminal the ids of runs are cut to what `usher run` can tell apart.
func (p *page) failures(l *shownFailures) {
	rows := [][]string{{"AT", "WHAT", "MEMBER", "KEY", "ERROR"}}
	for _, f := range l.Failures {
		at, key := p.clock(f.At), f.Key
		if p.width > 0 && p.width < roomy {
			at = f.At.In(p.zone).Format("2006-01-02 15:04")
			switch f.What {
			case "run", "wait", "delivery":
				key = key[:min(leastID, len(key))]
			default: // what a client chose
				key = ansi.Truncate(key, mostKey, "…")
			}
		}
		rows = append(rows, []string{at, f.What, f.Member, key, f.Error})
	}
	p.table(rows, layout{head: true, wrap: true, fixed: []int{0, 1, 3}})
}
