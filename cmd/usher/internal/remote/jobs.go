package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/internal/page"
	"github.com/usher-run/usher/playbooks"
)

// shownJob is work over many members.
type shownJob struct {
	ID, Kind, Playbook, Segment, By, State, Reason string

	At         time.Time
	LookedAt   int `json:"looked_at"`
	Reached    int
	PassedOver int `json:"passed_over"`
}

// shownJobs is a page of them.
type shownJobs struct {
	Jobs []shownJob
	Next string
}

// jobStates are the values of --state.
var jobStates = []string{"open", "done", "cancelled", "skipped"}

// jobsCommand lists jobs, with a word or without.
func (c *asking) jobsCommand() *cobra.Command {
	cmd := c.listJobs("jobs")
	cmd.Example = "  usher jobs\n  usher jobs --state open --playbook hall-closed\n  usher jobs cancel 17"
	list := c.listJobs("list")
	list.Example = "  usher jobs list --state cancelled"
	cmd.AddCommand(list, c.cancelJobs())
	run := cmd.RunE
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return command.Usagef("there is no command `%s %s`; there is list, cancel", cmd.CommandPath(), args[0])
		}
		return run(cmd, args)
	}
	for _, sub := range cmd.Commands() {
		sub.Args = command.WrapArgs(sub.Args)
	}
	return cmd
}

func (c *asking) listJobs(name string) *cobra.Command {
	var state, playbook, cursor string
	var limit int
	cmd := &cobra.Command{
		Use: name, Short: "List what is done for many members, newest first", Args: cobra.NoArgs,
		Long: "Lists jobs: occurrences of schedules, triggers for a segment or for many members, and first looks at segments that begin to be\n" +
			"watched. Each says how many members it has looked at and reached. One that is open goes on in portions, behind what comes in live.",
	}
	cmd.Flags().StringVar(&state, "state", "", "only in this state: open, done, cancelled, skipped")
	cmd.Flags().StringVar(&playbook, "playbook", "", "only of this playbook")
	cmd.Flags().StringVar(&cursor, "cursor", "", "go on where the page before ended")
	cmd.Flags().IntVar(&limit, "limit", 50, "jobs of one page, to 1000")
	command.CompleteFlag(cmd, "state", jobStates...)
	completeFlagFrom(c, cmd, "playbook", playbookCandidates)
	path := func([]string) string {
		q := url.Values{"limit": {strconv.Itoa(limit)}}
		for name, value := range map[string]string{"state": state, "playbook": playbook, "cursor": cursor} {
			if value != "" {
				q.Set(name, value)
			}
		}
		return "/v1/jobs?" + q.Encode()
	}
	cmd = showCommand(c, cmd, path, func(p *printout, l *shownJobs) {
		p.list(len(l.Jobs), "there is no such job", l.Next, func() { p.jobs(l.Jobs) })
	})
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if state != "" {
			if err := command.OneOf("state", state, jobStates...); err != nil {
				return err
			}
		}
		return run(cmd, args)
	}
	return cmd
}

// jobs adds a table of jobs.
func (p *printout) jobs(list []shownJob) {
	rows := [][]string{{"ID", "AT", "KIND", "PLAYBOOK", "STATE", "LOOKED AT", "REACHED", "PASSED OVER", "BY", "WHY"}}
	for i := range list {
		j := &list[i]
		rows = append(rows, []string{
			j.ID, p.Clock(j.At), j.Kind, j.Playbook, j.State, strconv.Itoa(j.LookedAt), strconv.Itoa(j.Reached),
			strconv.Itoa(j.PassedOver), j.By, j.Reason,
		})
	}
	p.Table(rows, page.Layout{Head: true, Wrap: true, Fixed: []int{0, 1, 4}})
}

func (c *asking) cancelJobs() *cobra.Command {
	cmd := &cobra.Command{
		Use: "cancel ID…", Short: "Let jobs reach nobody more", Args: cobra.MinimumNArgs(1),
		ValidArgsFunction: c.complete(jobCandidates), Example: "  usher jobs cancel 17",
		Long: "Ends jobs that are open, by the ids that `usher jobs` lists. Whom they have reached is decided all the same.",
	}
	serverFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		cl, err := c.client(cmd)
		if err != nil {
			return err
		}
		var errs []error // one that has ended keeps none of the others
		for _, id := range args {
			text, err := cl.Post(cmd.Context(), "/v1/jobs/"+url.PathEscape(id)+"/cancel", "", nil)
			var j shownJob
			if err == nil {
				err = json.Unmarshal(text, &j)
			}
			if err != nil {
				errs = append(errs, err)
				continue
			}
			fmt.Fprintf(c.Stdout, "cancelled %s: it had reached %s\n", j.ID, command.Plural(j.Reached, "member"))
		}
		return errors.Join(errs...)
	}
	return cmd
}

// jobCandidates completes the id of a job that is open.
func jobCandidates(ctx context.Context, _ *playbooks.Workspace, cl *client, args []string, _ string) (ids []string) {
	var l shownJobs
	if cl == nil {
		return nil
	}
	if _, err := cl.Get(ctx, "/v1/jobs?limit=1000&state=open", &l); err != nil {
		return nil
	}
	for i := range l.Jobs {
		if id := l.Jobs[i].ID; !slices.Contains(args, id) {
			ids = append(ids, id)
		}
	}
	return ids
}
