package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/cmd/usher/internal/eventflags"
)

// failureKinds are the values of --what.
var failureKinds = []string{"input", "wait", "reevaluation", "run", "delivery", "member", "counts", "request"}

// failuresLike selects failures.
type failuresLike struct{ what, playbook, since string }

func (f *failuresLike) flags(c *asking, cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.what, "what", "", "only of this kind: input, wait, reevaluation, run, delivery, member, counts or request")
	cmd.Flags().StringVar(&f.playbook, "playbook", "", "only runs of this playbook and their deliveries")
	cmd.Flags().StringVar(&f.since, "since", "", "only from this time on, or from so long ago, as in 2h")
	command.CompleteFlag(cmd, "what", failureKinds...)
	command.CompleteFlag(cmd, "since", "1h", "24h")
	completeFlagFrom(c, cmd, "playbook", playbookCandidates)
}

// query returns the parameters of a request.
func (f *failuresLike) query(now time.Time) (url.Values, error) {
	q := url.Values{}
	if f.what != "" {
		if err := command.OneOf("what", f.what, failureKinds...); err != nil {
			return nil, err
		}
		q.Set("what", f.what)
	}
	if f.playbook != "" {
		q.Set("playbook", f.playbook)
	}
	if f.since == "" {
		return q, nil
	}
	ago, err := time.ParseDuration(f.since)
	at := now.Add(-ago)
	if err != nil {
		if at, err = eventflags.Instant("since", f.since, time.Local); err != nil {
			return nil, err
		}
	}
	q.Set("since", at.UTC().Format(time.RFC3339))
	return q, nil
}

// settleAll retries all failures that are selected, or drops them: in groups, oldest first. Without
// yes it only counts them.
func (c *asking) settleAll(ctx context.Context, cl *client, do, done string, like *failuresLike, yes bool) error {
	q, err := like.query(time.Now())
	if err != nil {
		return err
	}
	if !yes {
		return c.countFailures(ctx, cl, q, done)
	}
	settled, reasons := 0, map[string]int{}
	for {
		var group struct {
			Settled int
			Kept    []struct{ Reason string }
			Next    string
		}
		text, err := cl.Post(ctx, "/v1/failures/"+do+"?"+q.Encode(), "", nil)
		if err == nil {
			err = json.Unmarshal(text, &group)
		}
		if err != nil {
			return fmt.Errorf("%d were %s before: %w", settled, done, err)
		}
		settled += group.Settled
		for _, k := range group.Kept {
			reasons[k.Reason]++
		}
		if q.Set("cursor", group.Next); group.Next == "" {
			break
		}
	}
	fmt.Fprintf(c.Stdout, "%s %s\n", done, command.Plural(settled, "failure"))
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		fmt.Fprintf(c.Stdout, "%d stay as they are: %s\n", reasons[reason], reason)
	}
	return nil
}

// countFailures says how many failures would be settled.
func (c *asking) countFailures(ctx context.Context, cl *client, q url.Values, done string) error {
	kinds, all, list := map[string]int{}, 0, maps.Clone(q)
	list.Set("limit", "1000")
	for {
		var l shownFailures
		if _, err := cl.Get(ctx, "/v1/failures?"+list.Encode(), &l); err != nil {
			return err
		}
		for i := range l.Failures {
			kinds[l.Failures[i].What]++
			all++
		}
		if list.Set("cursor", l.Next); l.Next == "" {
			break
		}
	}
	if all == 0 {
		fmt.Fprintln(c.Stdout, "nothing is selected")
		return nil
	}
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		parts = append(parts, fmt.Sprintf("%d %s", kinds[kind], kind))
	}
	fmt.Fprintf(c.Stdout, "%s would be %s: %s. Nothing was done; add --yes to do it\n", command.Plural(all, "failure"), done,
		strings.Join(parts, ", "))
	return nil
}
