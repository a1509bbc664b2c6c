package remote

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/internal/page"
)

// shownRun is what these commands read of a run.
type shownRun struct {
	whose
	ID, Playbook, State, Reason string
	Shadow                      bool
	StartedAt                   time.Time  `json:"started_at"`
	EndedAt                     *time.Time `json:"ended_at"`
	ConvertedAt                 *time.Time `json:"converted_at"`
	DueAt                       *time.Time `json:"due_at"`
	Trace                       []struct {
		At                 time.Time
		What, Step, Reason string
		Detail             map[string]any
	}
	Deliveries []shownDelivery
	Coupons    []shownCoupon
}

type shownDelivery struct {
	Channel, Step, State, Error, To, Text string
	Attempts                              int
	OutOfTurn                             bool       `json:"out_of_turn"`
	ProviderID                            string     `json:"provider_id"`
	NotBefore                             *time.Time `json:"not_before"`
}

type shownCoupon struct {
	Code, Pool, Name, Member, Playbook, Run, Redemption string

	IssuedAt   time.Time  `json:"issued_at"`
	ExpiresAt  *time.Time `json:"expires_at"`
	RedeemedAt *time.Time `json:"redeemed_at"`
}

// asked is how a command asks the server: it returns the answer as it came, and what writes it for
// people.
type asked func(ctx context.Context, cl *client, args []string) (text []byte, write func(p *printout), err error)

// askCommand is a command that asks the server and prints the answer as text or as the JSON that
// came.
func (c *asking) askCommand(cmd *cobra.Command, ask asked) *cobra.Command {
	serverFlags(cmd)
	shown := outputFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := shown.check(); err != nil {
			return err
		}
		cl, err := c.client(cmd)
		if err != nil {
			return err
		}
		text, write, err := ask(cmd.Context(), cl, args)
		if err != nil {
			return err
		}
		return show(cmd.Context(), c, cl, shown, text, write)
	}
	return cmd
}

// showCommand is a command that asks the server once, by GET.
func showCommand[T any](c *asking, cmd *cobra.Command, path func(args []string) string,
	write func(p *printout, v T),
) *cobra.Command {
	return c.askCommand(cmd, func(ctx context.Context, cl *client, args []string) ([]byte, func(p *printout), error) {
		var v T
		text, err := cl.Get(ctx, path(args), &v)
		return text, func(p *printout) { write(p, v) }, err
	})
}

// output is how an answer is printed.
type output struct {
	format string
	utc    bool
}

func outputFlags(cmd *cobra.Command) *output {
	o := new(output)
	cmd.Flags().StringVar(&o.format, "format", "text", "text or json")
	cmd.Flags().BoolVar(&o.utc, "utc", false, "times in UTC instead of the workspace's zone")
	command.CompleteFlag(cmd, "format", "text", "json")
	return o
}

func (o *output) check() error { return command.OneOf("format", o.format, "text", "json") }

// show prints an answer: the JSON as it came, or as text with the times in the workspace's zone.
func show(ctx context.Context, c *asking, cl *client, o *output, text []byte, write func(p *printout)) error {
	if o.format == "json" {
		_, err := fmt.Fprintf(c.Stdout, "%s\n", strings.TrimSpace(string(text)))
		return err
	}
	p := &printout{page.Page{Screen: c.ScreenOf(c.Stdout), Zone: time.UTC}}
	if !o.utc {
		var err error
		if p.Zone, err = cl.Zone(ctx); err != nil {
			return err
		}
	}
	write(p)
	_, err := io.WriteString(c.Stdout, p.String())
	return err
}

// runStates are the states of a run.
var runStates = []string{"waiting", "done", "exited", "failed", "holdout"}

func (c *asking) runsCommand() *cobra.Command {
	var playbook, member, state, cursor string
	var limit int
	cmd := &cobra.Command{
		Use: "runs", Short: "List runs, newest first", Args: cobra.NoArgs,
		Example: "  usher runs\n  usher runs --playbook welcome --state waiting",
	}
	cmd.Flags().StringVar(&playbook, "playbook", "", "only of this playbook")
	cmd.Flags().StringVar(&member, "member", "", "only of this member")
	cmd.Flags().StringVar(&state, "state", "", "only in this state: waiting, done, exited, failed, holdout")
	cmd.Flags().StringVar(&cursor, "cursor", "", "go on where the page before ended")
	command.CompleteFlag(cmd, "state", runStates...)
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if state == "" {
			return nil
		}
		return command.OneOf("state", state, runStates...)
	}
	completeFlagFrom(c, cmd, "playbook", playbookCandidates)
	completeFlagFrom(c, cmd, "member", memberFlagCandidates)
	cmd.Flags().IntVar(&limit, "limit", 50, "runs of one page, to 1000")
	path := func([]string) string {
		q := url.Values{"limit": {fmt.Sprint(limit)}}
		for name, v := range map[string]string{"playbook": playbook, "member": member, "state": state, "cursor": cursor} {
			if v != "" {
				q.Set(name, v)
			}
		}
		return "/v1/runs?" + q.Encode()
	}
	return showCommand(c, cmd, path, func(p *printout, l runList) {
		p.list(len(l.Runs), "no runs", l.Next, func() { p.runs(l.Runs) })
	})
}

// list adds a page of a list: what it shows, or that there is none, and how to go on.
func (p *printout) list(n int, none, next string, show func()) {
	switch {
	case n > 0:
		p.Zoned()
		show()
	case next != "":
		p.Printf("none among the newest\n")
	default:
		p.Printf("%s\n", none)
	}
	if next != "" {
		p.Printf("\nmore: --cursor %s\n", next)
	}
}

// runList is a page of runs.
type runList struct {
	Runs []shownRun
	Next string
}

// runs adds a table of runs. On a terminal their ids are cut to what tells them apart.
func (p *printout) runs(runs []shownRun) {
	width, short := 0, p.Width > 0 && p.Width < wideTerminal
	if p.Width > 0 {
		width = shortID(runs)
	}
	rows := [][]string{{"STARTED", "RUN", "PLAYBOOK", heading(runs, func(r *shownRun) *whose { return &r.whose }), "STATE", ""}}
	for i := range runs {
		r := &runs[i]
		id := r.ID
		if width > 0 {
			id = id[:min(width, len(id))]
		}
		started, note := p.Clock(r.StartedAt), r.note(p)
		if short {
			started, note = r.StartedAt.In(p.Zone).Format("2006-01-02 15:04"), r.shortNote(p)
		}
		rows = append(rows, []string{started, id, r.Playbook, r.of(""), r.state(), note})
	}
	p.Table(rows, page.Layout{Head: true, Fixed: []int{0, 1, 4}})
}

// wideTerminal is the width of a terminal from which on a list has room for whole times.
const wideTerminal = 120

// leastID is how much of a run's id is shown at least: the second of its beginning, and some of the
// rest.
const leastID = 12

// shortID returns the length at which the ids differ.
func shortID(runs []shownRun) int {
	n := leastID
	for seen := map[string]string{}; ; n++ {
		clear(seen)
		same := false
		for i := range runs {
			id := runs[i].ID
			cut := id[:min(n, len(id))]
			if other, ok := seen[cut]; ok && other != id {
				same = true
			}
			seen[cut] = id
		}
		if !same {
			return n
		}
	}
}

// shortNote is note with as little as says the same.
func (r *shownRun) shortNote(p *printout) string {
	var notes []string
	if r.Reason != "" {
		notes = append(notes, r.Reason)
	}
	if r.DueAt != nil {
		form := "01-02 15:04"
		if due := r.DueAt.In(p.Zone); due.Year() != r.StartedAt.In(p.Zone).Year() {
			form = "2006-01-02"
		}
		notes = append(notes, "due "+r.DueAt.In(p.Zone).Format(form))
	}
	if r.ConvertedAt != nil {
		notes = append(notes, "converted")
	}
	return strings.Join(notes, ", ")
}

// state says how the run stands.
func (r *shownRun) state() string {
	if r.Shadow {
		return r.State + " in shadow"
	}
	return r.State
}

// note says beside the state why, or what next.
func (r *shownRun) note(p *printout) string {
	var notes []string
	if r.Reason != "" {
		notes = append(notes, r.Reason)
	}
	if r.DueAt != nil {
		notes = append(notes, "until "+p.Clock(*r.DueAt))
	}
	if r.ConvertedAt != nil {
		notes = append(notes, "converted "+p.Clock(*r.ConvertedAt))
	}
	return strings.Join(notes, ", ")
}
