package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/internal/apiclient"
	"github.com/usher-run/usher/internal/page"
	"github.com/usher-run/usher/playbooks/decimal"
)

func (c *asking) runCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "run ID", Short: "Show a run: every decision and effect with time and reason", Args: cobra.ExactArgs(1),
		Long: "Shows a run: every decision and effect, with time and reason. The id may be cut short, as long as no other begins like it;\n" +
			"`usher runs` and `usher member` list the ids.",
		Example:           "  usher runs\n  usher run 1m8d4x2k69ce41\n  usher run 1m8d4x2k69ce41 --format json",
		ValidArgsFunction: c.complete(runCandidates),
	}
	return c.askCommand(cmd, func(ctx context.Context, cl *client, args []string) ([]byte, func(p *printout), error) {
		text, r, err := cl.run(ctx, args[0])
		return text, func(p *printout) { p.run(r) }, err
	})
}

// mostCandidates is how many runs are named when a prefix fits several.
const mostCandidates = 10

// run returns a run by its id or by a prefix of it that no other run's id has.
func (cl *client) run(ctx context.Context, id string) ([]byte, *shownRun, error) {
	r := new(shownRun)
	text, err := cl.Get(ctx, "/v1/runs/"+url.PathEscape(id), r)
	var said *apiclient.Error
	if !errors.As(err, &said) || said.Status != http.StatusNotFound {
		return text, r, err
	}
	var l runList
	q := url.Values{"id": {strings.ToLower(id)}, "limit": {fmt.Sprint(mostCandidates + 1)}}
	for more := true; more && len(l.Runs) <= mostCandidates; { // a page may be short
		var some runList
		if _, listErr := cl.Get(ctx, "/v1/runs?"+q.Encode(), &some); listErr != nil {
			return nil, nil, listErr
		}
		l.Runs = append(l.Runs, some.Runs...)
		q.Set("cursor", some.Next)
		more = some.Next != ""
	}
	switch len(l.Runs) {
	case 0:
		return nil, nil, err
	case 1:
		text, err = cl.Get(ctx, "/v1/runs/"+url.PathEscape(l.Runs[0].ID), r)
		return text, r, err
	}
	var names []string
	for i := range l.Runs[:min(mostCandidates, len(l.Runs))] {
		names = append(names, fmt.Sprintf("  %s  %s, %s", l.Runs[i].ID, l.Runs[i].Playbook, l.Runs[i].of("member ")))
	}
	many := fmt.Sprint(len(l.Runs))
	if len(l.Runs) > mostCandidates {
		many = fmt.Sprintf("more than %d", mostCandidates)
		names = append(names, "  …")
	}
	return nil, nil, fmt.Errorf("%s runs begin with %s: write more of the id\n%s", many, id,
		page.Printable(strings.Join(names, "\n")))
}

func (p *printout) run(r *shownRun) {
	p.Printf("run %s of playbook %s for %s: %s", r.ID, r.Playbook, r.of("member "), r.state())
	if note := r.note(p); note != "" {
		p.Printf(" (%s)", note)
	}
	p.Printf("\n")
	p.Zoned()
	p.Printf("\n")
	var rows [][]string
	for _, t := range r.Trace {
		rows = append(rows, []string{p.Clock(t.At), t.What, t.Step, strings.TrimSpace(t.Reason + " " + p.details(t.Detail))})
	}
	p.Table(rows, page.Layout{Wrap: true, Fixed: []int{0}})
	for i := range r.Deliveries {
		p.delivery(&r.Deliveries[i])
	}
	p.coupons(r.Coupons)
}

func (p *printout) delivery(d *shownDelivery) {
	p.Printf("\n%s: %s after %s", d.name(), d.State, command.Plural(d.Attempts, "attempt"))
	if d.OutOfTurn {
		p.Printf(", out of turn: messages that were decided later may have gone out before")
	}
	if (d.State == "pending" || d.State == "deferred") && d.NotBefore != nil {
		p.Printf(", not before %s", p.Clock(*d.NotBefore))
	}
	if d.ProviderID != "" {
		p.Printf(", known to the receiver as %s", d.ProviderID)
	}
	if d.Error != "" {
		p.Printf("; last error: %s", d.Error)
	}
	p.Printf("\n    %s\n", strings.ReplaceAll(strings.TrimSpace(d.Text), "\n", "\n    "))
}

func (d *shownDelivery) name() string {
	if d.Channel == engine.KeyWebhook {
		return "webhook " + d.Step
	}
	return fmt.Sprintf("message %s over %s", d.Step, d.Channel)
}

func (p *printout) coupons(coupons []shownCoupon) {
	if len(coupons) > 0 {
		p.Printf("\n")
	}
	for i := range coupons {
		p.Printf("%s\n", coupons[i].line(p.Clock))
	}
}

func (k *shownCoupon) line(clock func(time.Time) string) string {
	text := fmt.Sprintf("coupon %s of pool %s", k.Code, k.Pool)
	if k.RedeemedAt != nil {
		text += ", redeemed " + clock(*k.RedeemedAt)
	} else if k.ExpiresAt != nil {
		text += ", expires " + clock(*k.ExpiresAt)
	}
	return text
}

// plain writes a value for people; a time that JSON holds as text is shown in the page's zone.
func (p *printout) plain(v any) string {
	if s, ok := v.(string); ok {
		if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
			return p.Clock(t)
		}
		return s
	}
	if n, ok := v.(float64); ok {
		return decimal.Format(n)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(out)
}

func (p *printout) details(m map[string]any) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, k+"="+p.plain(m[k]))
	}
	return strings.Join(parts, " ")
}
