package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/spf13/cobra"

	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/internal/page"
	"github.com/usher-run/usher/playbooks"
)

// shownFailure is something that was set aside or given up on.
type shownFailure struct {
	whose
	ID, What, Key, Error, Outcome string
	At                            time.Time
}

// shownFailures is a page of them.
type shownFailures struct {
	Failures []shownFailure
	Next     string
}

// failureOutcomes are the values of --outcome.
var failureOutcomes = []string{"open", "retried", "dropped"}

// failuresCommand lists failures, with a word or without.
func (c *asking) failuresCommand() *cobra.Command {
	cmd := c.listFailures("failures")
	cmd.Long += "\nOnce mended, `usher failures retry` puts them back; `usher failures drop` takes them from the list."
	cmd.Example = "  usher failures\n  usher failures --limit 200 --format json\n  usher failures retry 17"
	list := c.listFailures("list")
	list.Example = "  usher failures list --outcome dropped"
	cmd.AddCommand(list, c.settleFailures("retry", "retried"), c.settleFailures("drop", "dropped"))
	run := cmd.RunE
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return command.Usagef("there is no command `%s %s`; there is list, retry, drop", cmd.CommandPath(), args[0])
		}
		return run(cmd, args)
	}
	for _, sub := range cmd.Commands() {
		sub.Args = command.WrapArgs(sub.Args)
	}
	return cmd
}

// settleFailures is the command that retries failures, or drops them.
func (c *asking) settleFailures(do, done string) *cobra.Command {
	var like failuresLike
	var all, yes bool
	cmd := &cobra.Command{Use: do + " ID… | --all", ValidArgsFunction: c.complete(failureCandidates)}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		narrowed := like != failuresLike{} || yes
		switch {
		case all && len(args) > 0:
			return command.Usagef("say ids or --all, not both")
		case narrowed && !all:
			return command.Usagef("--what, --playbook, --since and --yes go with --all")
		case all:
			return nil
		}
		return cobra.MinimumNArgs(1)(cmd, args)
	}
	cmd.Flags().BoolVar(&all, "all", false, "all that is open, or what of it --what, --playbook and --since select; says how many")
	cmd.Flags().BoolVar(&yes, "yes", false, "with --all: do it")
	like.flags(c, cmd)
	switch do {
	case "retry":
		cmd.Short = "Put back what was set aside or given up on"
		cmd.Long = "Puts back what `usher failures` lists, by its id: an event or another input is decided again, as of now; a message or a\n" +
			"webhook is attempted again, under the same key; a member who is held goes on, when all that is stored of them can be read.\n" +
			"What has ended is not begun again: a run that failed is over."
		cmd.Example = "  usher failures retry 17\n  usher failures retry 17 18 21\n" +
			"  usher failures retry --all --what delivery --since 2h --yes"
	default:
		cmd.Short = "Take failures from the list"
		cmd.Long = "Takes what `usher failures` lists from the list, by its id. It is kept: `usher failures --outcome dropped` lists it. A message\n" +
			"or a webhook that was given up on is dropped, and its run says so."
		cmd.Example = "  usher failures drop 17\n  usher failures drop 17 18 21\n  usher failures drop --all --playbook welcome --yes"
	}
	serverFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cl, err := c.client(cmd)
		if err != nil {
			return err
		}
		if all {
			return c.settleAll(cmd.Context(), cl, do, done, &like, yes)
		}
		var errs []error // one that cannot be settled keeps none of the others
		for _, id := range args {
			text, err := cl.Post(cmd.Context(), "/v1/failures/"+url.PathEscape(id)+"/"+do, "", nil)
			var f shownFailure
			if err == nil {
				err = json.Unmarshal(text, &f)
			}
			if err != nil {
				errs = append(errs, err)
				continue
			}
			fmt.Fprintf(c.Stdout, "%s %s: %s %s\n", done, f.ID, f.What, f.Key)
		}
		return errors.Join(errs...)
	}
	return cmd
}

// failureCandidates completes the id of a failure that is open.
func failureCandidates(ctx context.Context, _ *playbooks.Workspace, cl *client, args []string,
	_ string,
) (ids []string) {
	var l shownFailures
	if cl == nil {
		return nil
	}
	if _, err := cl.Get(ctx, "/v1/failures?limit=1000", &l); err != nil {
		return nil
	}
	for i := range l.Failures {
		if id := l.Failures[i].ID; !slices.Contains(args, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (c *asking) listFailures(name string) *cobra.Command {
	var cursor, outcome string
	var limit int
	var like failuresLike
	cmd := &cobra.Command{
		Use: name, Short: "List what failed, was set aside or given up on, newest first", Args: cobra.NoArgs,
		Long: "Lists runs that failed, inputs and waits that could not be decided and were set aside, and messages and webhooks that were\n" +
			"given up on, each with its member and its reason. `usher run` takes the id of a run that is listed here, as KEY.",
	}
	cmd.Flags().StringVar(&outcome, "outcome", "open", "open, retried or dropped")
	command.CompleteFlag(cmd, "outcome", failureOutcomes...)
	like.flags(c, cmd)
	cmd.Flags().StringVar(&cursor, "cursor", "", "go on where the page before ended")
	cmd.Flags().IntVar(&limit, "limit", 50, "failures of one page, to 1000")
	path := func([]string) string {
		q, _ := like.query(time.Now()) // which was asked before
		q.Set("limit", fmt.Sprint(limit))
		q.Set("outcome", outcome)
		if cursor != "" {
			q.Set("cursor", cursor)
		}
		return "/v1/failures?" + q.Encode()
	}
	cmd = showCommand(c, cmd, path, func(p *printout, l *shownFailures) {
		none := "nothing failed, was set aside or given up on"
		if outcome != "open" {
			none = "nothing was " + outcome
		}
		p.list(len(l.Failures), none, l.Next, func() { p.failures(l) })
	})
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := command.OneOf("outcome", outcome, failureOutcomes...); err != nil {
			return err
		}
		if _, err := like.query(time.Now()); err != nil {
			return err
		}
		return run(cmd, args)
	}
	return cmd
}

// mostKey is how many places an event's id gets on a narrow terminal.
const mostKey = 16

// failures adds a table of failures. On a narrow terminal the ids of runs are cut to what `usher
// run` can tell apart.
func (p *printout) failures(l *shownFailures) {
	who := heading(l.Failures, func(f *shownFailure) *whose { return &f.whose })
	rows := [][]string{{"ID", "AT", "WHAT", who, "KEY", "ERROR"}}
	for _, f := range l.Failures {
		at, key := p.Clock(f.At), f.Key
		if p.Width > 0 && p.Width < wideTerminal {
			at = f.At.In(p.Zone).Format("2006-01-02 15:04")
			switch f.What {
			case "run", "wait", "delivery":
				key = key[:min(leastID, len(key))]
			default: // what a client chose
				key = ansi.Truncate(key, mostKey, "…")
			}
		}
		rows = append(rows, []string{f.ID, at, f.What, f.of(""), key, f.Error})
	}
	p.Table(rows, page.Layout{Head: true, Wrap: true, Fixed: []int{0, 1, 2, 4}})
}
