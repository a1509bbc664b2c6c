package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/mattn/go-runewidth"
	"github.com/spf13/cobra"

	"github.com/usher-run/usher/engine"
)

// shownRun is what these commands read of a run.
type shownRun struct {
	ID, Playbook, Member, State, Reason string
	StartedAt                           time.Time  `json:"started_at"`
	EndedAt                             *time.Time `json:"ended_at"`
	ConvertedAt                         *time.Time `json:"converted_at"`
	DueAt                               *time.Time `json:"due_at"`
	Trace                               []struct {
		At                 time.Time
		What, Step, Reason string
		Detail             map[string]any
	}
	Deliveries []struct {
		Channel, Step, State, Error, To, Text string
		Attempts                              int
		NotBefore                             *time.Time `json:"not_before"`
	}
	Coupons []shownCoupon
}

type shownCoupon struct {
	Code, Pool string
	ExpiresAt  *time.Time `json:"expires_at"`
	RedeemedAt *time.Time `json:"redeemed_at"`
}

// showCommand is a command that asks the server once and prints the answer as text or as the JSON that came.
func showCommand[T any](c *cli, cmd *cobra.Command, path func(args []string) string, write func(b *strings.Builder, v T)) *cobra.Command {
	serverFlags(cmd)
	format := cmd.Flags().String("format", "text", "text or json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := oneOf("format", *format, "text", "json"); err != nil {
			return err
		}
		cl, err := c.client(cmd)
		if err != nil {
			return err
		}
		var v T
		text, err := cl.get(cmd.Context(), path(args), &v)
		if err != nil {
			return err
		}
		if *format == "json" {
			_, err = fmt.Fprintf(c.stdout, "%s\n", strings.TrimSpace(string(text)))
			return err
		}
		var b strings.Builder
		write(&b, v)
		_, err = fmt.Fprint(c.stdout, printable(b.String()))
		return err
	}
	return cmd
}

func (c *cli) runsCommand() *cobra.Command {
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
	type page struct {
		Runs []shownRun
		Next string
	}
	return showCommand(c, cmd, path, func(b *strings.Builder, p page) {
		if len(p.Runs) == 0 {
			b.WriteString("no runs\n")
			return
		}
		writeRuns(b, p.Runs)
		if p.Next != "" {
			fmt.Fprintf(b, "\nmore: --cursor %s\n", p.Next)
		}
	})
}

func writeRuns(b *strings.Builder, runs []shownRun) {
	rows := [][]string{{"STARTED", "RUN", "PLAYBOOK", "MEMBER", "STATE", ""}}
	for _, r := range runs {
		rows = append(rows, []string{clock(r.StartedAt), r.ID, r.Playbook, r.Member, r.State, r.note()})
	}
	writeTable(b, rows)
}

// note says beside the state why, or what next.
func (r *shownRun) note() string {
	var notes []string
	if r.Reason != "" {
		notes = append(notes, r.Reason)
	}
	if r.DueAt != nil {
		notes = append(notes, "until "+clock(*r.DueAt))
	}
	if r.ConvertedAt != nil {
		notes = append(notes, "converted "+clock(*r.ConvertedAt))
	}
	return strings.Join(notes, ", ")
}

func (c *cli) runCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "run ID", Short: "Show a run: every decision and effect with time and reason", Args: cobra.ExactArgs(1),
		Example: "  usher run 01hx4vz7 --format json",
	}
	path := func(args []string) string { return "/v1/runs/" + url.PathEscape(args[0]) }
	return showCommand(c, cmd, path, func(b *strings.Builder, r shownRun) {
		fmt.Fprintf(b, "run %s of playbook %s for member %s: %s", r.ID, r.Playbook, r.Member, r.State)
		if note := r.note(); note != "" {
			fmt.Fprintf(b, " (%s)", note)
		}
		b.WriteString("\n\n")
		var rows [][]string
		for _, t := range r.Trace {
			rows = append(rows, []string{clock(t.At), t.What, t.Step, strings.TrimSpace(t.Reason + " " + details(t.Detail))})
		}
		writeTable(b, rows)
		for _, d := range r.Deliveries {
			what := fmt.Sprintf("message %s over %s", d.Step, d.Channel)
			if d.Channel == engine.KeyWebhook {
				what = "webhook " + d.Step
			}
			fmt.Fprintf(b, "\n%s: %s after %s", what, d.State, plural(d.Attempts, "attempt"))
			if d.State == "pending" && d.NotBefore != nil {
				fmt.Fprintf(b, ", not before %s", clock(*d.NotBefore))
			}
			if d.Error != "" {
				fmt.Fprintf(b, "; last error: %s", d.Error)
			}
			fmt.Fprintf(b, "\n    %s\n", strings.ReplaceAll(strings.TrimSpace(d.Text), "\n", "\n    "))
		}
		writeCoupons(b, r.Coupons)
	})
}

func writeCoupons(b *strings.Builder, coupons []shownCoupon) {
	if len(coupons) > 0 {
		b.WriteByte('\n')
	}
	for _, k := range coupons {
		fmt.Fprintf(b, "coupon %s of pool %s", k.Code, k.Pool)
		if k.RedeemedAt != nil {
			fmt.Fprintf(b, ", redeemed %s", clock(*k.RedeemedAt))
		} else if k.ExpiresAt != nil {
			fmt.Fprintf(b, ", expires %s", clock(*k.ExpiresAt))
		}
		b.WriteByte('\n')
	}
}

// writeRefused answers "why did she not get this?": the newest refusal of each playbook.
func writeRefused(b *strings.Builder, refused []engine.Decision) {
	rows := [][]string{{"DID NOT ENTER", "PLAYBOOK", "REASON", "SAW"}}
	seen := map[string]bool{}
	for _, d := range refused {
		if seen[d.Playbook] {
			continue
		}
		seen[d.Playbook] = true
		var saw []string
		for _, name := range slices.Sorted(maps.Keys(d.Seen)) {
			saw = append(saw, name+"="+plain(d.Seen[name]))
		}
		rows = append(rows, []string{clock(d.At), d.Playbook, d.Reason, strings.Join(saw, " ")})
	}
	if len(rows) > 1 {
		b.WriteByte('\n')
		writeTable(b, rows)
	}
}

func (c *cli) memberCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "member ID", Short: "Show a member: attributes, tags, points, coupons and runs", Args: cobra.ExactArgs(1),
		Example: "  usher member m1",
	}
	type member struct {
		ID         string
		Attributes map[string]any
		Tags       []string
		Points     int
		Segments   []string
		CreatedAt  time.Time  `json:"created_at"`
		LastSeenAt *time.Time `json:"last_seen_at"`
		Coupons    []shownCoupon
		Runs       []shownRun
		Refused    []engine.Decision
	}
	path := func(args []string) string { return "/v1/members/" + url.PathEscape(args[0]) }
	return showCommand(c, cmd, path, func(b *strings.Builder, m member) {
		rows := [][]string{{"member", m.ID}, {"since", clock(m.CreatedAt)}}
		if m.LastSeenAt != nil {
			rows = append(rows, []string{"last seen", clock(*m.LastSeenAt)})
		}
		for _, name := range slices.Sorted(maps.Keys(m.Attributes)) {
			rows = append(rows, []string{name, plain(m.Attributes[name])})
		}
		rows = append(rows, []string{"tags", strings.Join(m.Tags, ", ")}, []string{"points", fmt.Sprint(m.Points)})
		if len(m.Segments) > 0 {
			rows = append(rows, []string{"segments", strings.Join(m.Segments, ", ")})
		}
		writeTable(b, rows)
		writeCoupons(b, m.Coupons)
		if len(m.Runs) > 0 {
			b.WriteByte('\n')
			writeRuns(b, m.Runs)
		}
		writeRefused(b, m.Refused)
	})
}

// printable keeps what members sent from moving the cursor or changing the colours of the terminal it is shown on.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return '\uFFFD'
		}
		return r
	}, s)
}

// clock writes an instant for people: in the machine's zone, to the second.
func clock(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

func plain(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	out, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(out)
}

func details(m map[string]any) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, k+"="+plain(m[k]))
	}
	return strings.Join(parts, " ")
}

// writeTable aligns columns by the width they have on a screen: a Chinese character takes two places.
func writeTable(b *strings.Builder, rows [][]string) {
	width := &runewidth.Condition{} // the same on every machine, whatever its locale
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], width.StringWidth(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			line.WriteString(strings.Repeat(" ", widths[i]-width.StringWidth(cell)+2))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}
