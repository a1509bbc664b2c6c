package remote

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/internal/page"
)

// shownMember is what `usher member` reads of a member.
type shownMember struct {
	Kind       string // of an object; empty: it is a member
	ID         string
	Attributes map[string]any
	Defaults   map[string]any
	Computed   map[string]any
	Failed     map[string]string
	Held       string
	Tags       []string
	TagEnds    map[string]time.Time `json:"tag_ends"`
	Kept       map[string]time.Time `json:"kept_until"` // of attributes
	Points     int
	Segments   []string
	CreatedAt  time.Time  `json:"created_at"`
	LastSeenAt *time.Time `json:"last_seen_at"`
	Coupons    []shownCoupon
	Runs       []shownRun
	Pending    []shownDelivery
	Refused    []engine.Decision
}

func (c *asking) memberCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "member ID", Short: "Show a member: attributes, tags, segments, coupons and runs", Args: cobra.ExactArgs(1),
		Long: "Shows a member as the workspace sees them now: attributes that are stored, by default or computed, tags, segments, points,\n" +
			"messages that wait, coupons and runs, and which playbooks they did not enter, and why.",
		ValidArgsFunction: c.complete(memberCandidates),
		Example:           "  usher member m1\n  usher member m1 --utc --format json",
	}
	path := func(args []string) string { return "/v1/members/" + url.PathEscape(args[0]) }
	return showCommand(c, cmd, path, func(p *printout, m *shownMember) { p.member(m) })
}

func (p *printout) member(m *shownMember) {
	p.Zoned()
	rows := [][]string{{cmp.Or(m.Kind, "member"), m.ID}, {"since", p.Clock(m.CreatedAt)}}
	if m.LastSeenAt != nil {
		rows = append(rows, []string{"last seen", p.Clock(*m.LastSeenAt)})
	}
	if m.Held != "" {
		rows = append(rows, []string{"held", "nothing is decided for now: " + m.Held})
	}
	add := func(values map[string]any, note string) {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			text := "-" // there is no value
			if values[name] != nil {
				text = p.plain(values[name])
			}
			if end, ok := m.Kept[name]; ok {
				text += " (until " + p.Clock(end) + ")"
			}
			rows = append(rows, []string{name, text + note})
		}
	}
	add(m.Attributes, "")
	add(m.Defaults, " (default)")
	add(m.Computed, " (computed)")
	for _, name := range slices.Sorted(maps.Keys(m.Failed)) {
		rows = append(rows, []string{name, "cannot be evaluated: " + m.Failed[name]})
	}
	tags := slices.Clone(m.Tags)
	for i, t := range tags {
		if end, ok := m.TagEnds[t]; ok {
			tags[i] += " (until " + p.Clock(end) + ")"
		}
	}
	rows = append(rows, []string{"tags", strings.Join(tags, ", ")})
	if m.Kind == "" {
		rows = append(rows, []string{"points", fmt.Sprint(m.Points)})
	}
	rows = append(rows, []string{"segments", strings.Join(m.Segments, ", ")})
	p.Table(rows, page.Layout{Wrap: true, Fixed: []int{0}})
	p.pending(m.Pending)
	p.coupons(m.Coupons)
	if len(m.Runs) > 0 {
		p.Printf("\n")
		p.runs(m.Runs)
	}
	p.refused(m.Refused)
}

// pending lists messages and webhooks that wait, with the beginning of their text.
func (p *printout) pending(list []shownDelivery) {
	rows := [][]string{{"NOT BEFORE", "WAITS", "TEXT"}}
	for i := range list {
		d := &list[i]
		when := "now"
		if d.NotBefore != nil {
			when = p.Clock(*d.NotBefore)
		}
		rows = append(rows, []string{when, d.name(), strings.TrimSpace(d.Text)})
	}
	if len(rows) > 1 {
		p.Printf("\n")
		p.Table(rows, page.Layout{Head: true, Fixed: []int{0}})
	}
}

// refused answers "why did she not get this?": the newest refusal of each playbook.
func (p *printout) refused(refused []engine.Decision) {
	rows := [][]string{{"DID NOT ENTER", "PLAYBOOK", "REASON", "SAW"}}
	seen := map[string]bool{}
	for _, d := range refused {
		if seen[d.Playbook] {
			continue
		}
		seen[d.Playbook] = true
		var saw []string
		for _, name := range slices.Sorted(maps.Keys(d.Seen)) {
			saw = append(saw, name+"="+p.plain(d.Seen[name]))
		}
		rows = append(rows, []string{p.Clock(d.At), d.Playbook, d.Reason, strings.Join(saw, " ")})
	}
	if len(rows) > 1 {
		p.Printf("\n")
		p.Table(rows, page.Layout{Head: true, Wrap: true, Fixed: []int{0}})
	}
}
