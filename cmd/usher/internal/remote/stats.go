package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"

	"github.com/spf13/cobra"

	"github.com/usher-run/usher/engine/tally"
	"github.com/usher-run/usher/internal/page"
)

// shownStats is a playbook with what it did.
type shownStats struct {
	Playbook string `json:"playbook"`
	Paused   bool   `json:"paused,omitempty"`
	*tally.Stats
}

func (c *asking) statsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "stats [PLAYBOOK]", Short: "Say what playbooks have done so far: all, or one in full",
		Args:              cobra.MaximumNArgs(1),
		Example:           "  usher stats\n  usher stats welcome --format json",
		ValidArgsFunction: c.complete(playbookCandidates),
	}
	return c.askCommand(cmd, func(ctx context.Context, cl *client, args []string) ([]byte, func(p *printout), error) {
		if len(args) == 0 {
			return allStats(ctx, cl)
		}
		s := tally.NewStats()
		text, err := cl.Get(ctx, "/v1/playbooks/"+url.PathEscape(args[0])+"/stats", s)
		if err != nil {
			return nil, nil, err
		}
		var served servedPlaybook
		_, err = cl.Get(ctx, "/v1/playbooks/"+url.PathEscape(args[0]), &served)
		return text, func(p *printout) { p.stats(&served, s) }, err
	})
}

func allStats(ctx context.Context, cl *client) (text []byte, write func(p *printout), err error) {
	var served servedNames
	if _, err := cl.Get(ctx, "/v1/playbooks", &served); err != nil {
		return nil, nil, err
	}
	all := []shownStats{}
	for _, p := range served.Playbooks {
		s := tally.NewStats()
		if _, err := cl.Get(ctx, "/v1/playbooks/"+url.PathEscape(p.ID)+"/stats", s); err != nil {
			return nil, nil, err
		}
		all = append(all, shownStats{p.ID, p.Paused, s})
	}
	text, err = json.Marshal(all)
	return text, func(p *printout) {
		rows := [][]string{{"PLAYBOOK", "ENTERED", "HOLDOUT", "WAITING", "DONE", "EXITED", "FAILED", "CONVERTED"}}
		for i := range all {
			s := all[i]
			row := []string{s.Playbook}
			for _, n := range []int{s.Entered, s.Holdout, s.Waiting, s.Done, s.Exited, s.Failed, s.Converted} {
				row = append(row, fmt.Sprint(n))
			}
			rows = append(rows, row)
		}
		p.Table(rows, page.Layout{Head: true, Fixed: []int{1, 2, 3, 4, 5, 6, 7}})
		for i := range served.Playbooks {
			if held := served.Playbooks[i].held(); held != "" {
				p.Printf("%s is %s\n", served.Playbooks[i].ID, held)
			}
		}
	}, err
}

// stats adds all that a playbook did.
func (p *printout) stats(served *servedPlaybook, s *tally.Stats) {
	rows := [][]string{{"playbook", served.ID}}
	if held := served.held(); held != "" {
		rows = append(rows, []string{"status", held})
	}
	add := func(name string, n int) { rows = append(rows, []string{name, fmt.Sprint(n)}) }
	add("entered", s.Entered)
	add("holdout", s.Holdout)
	add("waiting", s.Waiting)
	add("done", s.Done)
	add("exited", s.Exited)
	add("failed", s.Failed)
	add("converted", s.Converted)
	add("holdout converted", s.HoldoutConverted)
	add("points", s.Points)
	for _, m := range []struct {
		name   string
		counts map[string]int
	}{
		{"message", s.Messages},
		{"coupon", s.Coupons},
		{"tagged", s.Tags.Added},
		{"in shadow", s.Shadow},
		{"untagged", s.Tags.Removed},
		{"did not act:", s.Skipped},
	} {
		for _, key := range sortedNames(m.counts) {
			add(m.name+" "+key, m.counts[key])
		}
	}
	p.Table(rows, page.Layout{Fixed: []int{1}})
}

func sortedNames(m map[string]int) (names []string) {
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
