package main

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usher-run/usher/playbooks"
)

// What a shell is told of members and coupons is of the newest runs: those that somebody is asking
// about.
const (
	candidateRuns    = "1000"
	candidateMembers = 10 // whose coupons are told
)

// newestMembers returns the members of the newest runs, the newest first.
func (cl *client) newestMembers(ctx context.Context) (ids []string) {
	var l runList
	if cl == nil {
		return nil
	}
	if _, err := cl.Get(ctx, "/v1/runs?limit="+candidateRuns, &l); err != nil {
		return nil
	}
	seen := map[string]bool{}
	for i := range l.Runs {
		if id := l.Runs[i].Member; !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids
}

// memberCandidates completes a member's id.
func memberCandidates(ctx context.Context, _ *playbooks.Workspace, cl *client, args []string, _ string) []string {
	if len(args) > 0 {
		return nil
	}
	return cl.newestMembers(ctx)
}

// memberFlagCandidates is memberCandidates for a flag, which may stand behind arguments.
func memberFlagCandidates(ctx context.Context, ws *playbooks.Workspace, cl *client, _ []string, word string) []string {
	return memberCandidates(ctx, ws, cl, nil, word)
}

// couponCandidates completes a coupon's code.
func couponCandidates(ctx context.Context, _ *playbooks.Workspace, cl *client, args []string,
	_ string,
) (codes []string) {
	if len(args) > 0 {
		return nil
	}
	members := cl.newestMembers(ctx)
	for _, id := range members[:min(candidateMembers, len(members))] {
		var page struct{ Coupons []shownCoupon }
		if _, err := cl.Get(ctx, "/v1/members/"+url.PathEscape(id)+"/coupons", &page); err != nil {
			return codes
		}
		for i := range page.Coupons {
			codes = append(codes, page.Coupons[i].Code)
		}
	}
	return codes
}

// eventNameCandidates completes an event's name as the value of a flag.
func eventNameCandidates(ctx context.Context, ws *playbooks.Workspace, cl *client, _ []string, word string) []string {
	return eventCandidates(ctx, ws, cl, nil, word)
}

// paramCandidates completes the keys of a playbook's parameters.
func paramCandidates(ctx context.Context, _ *playbooks.Workspace, cl *client, args []string,
	_ string,
) (names []string) {
	var v struct{ Params map[string]json.RawMessage }
	if cl == nil || len(args) == 0 {
		return nil
	}
	if _, err := cl.Get(ctx, "/v1/playbooks/"+url.PathEscape(args[0]), &v); err != nil {
		return nil
	}
	for key := range v.Params {
		names = append(names, key+"=")
	}
	return names
}

// graphCandidates completes a playbook of the workspace in this folder, and then leaves the folder
// to the shell.
func graphCandidates(_ context.Context, ws *playbooks.Workspace, _ *client, args []string, _ string) (names []string) {
	if ws == nil || len(args) > 0 {
		return nil
	}
	for _, p := range ws.Playbooks {
		names = append(names, p.ID)
	}
	return names
}

// completeList names the values of a flag that takes several, with commas between them.
func completeList(cmd *cobra.Command, flag string, values ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag,
		func(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
			before := word[:strings.LastIndex(word, ",")+1]
			var out []string
			for _, v := range values {
				if !slices.Contains(strings.Split(before, ","), v) {
					out = append(out, before+v)
				}
			}
			return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		})
}

// completeColumns names what --map gives a column to.
func completeColumns(cmd *cobra.Command, flag string, places ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag,
		cobra.FixedCompletions(places, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace))
}

// completeFolder lets the shell complete folders.
func completeFolder(cmd *cobra.Command, flag string) { _ = cmd.MarkFlagDirname(flag) }

// commonZones are told where a machine has no list of its own.
var commonZones = []string{
	"UTC", "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Macau", "Asia/Taipei", "Asia/Urumqi", "Asia/Singapore",
	"Asia/Kuala_Lumpur", "Asia/Tokyo",
	"Asia/Seoul", "Asia/Bangkok", "Asia/Ho_Chi_Minh", "Asia/Jakarta", "Asia/Manila", "Asia/Kolkata", "Asia/Dubai",
	"Europe/London", "Europe/Paris",
	"Europe/Berlin", "Europe/Madrid", "Europe/Rome", "Europe/Moscow", "America/New_York", "America/Chicago",
	"America/Denver",
	"America/Los_Angeles", "America/Toronto", "America/Vancouver", "America/Mexico_City", "America/Sao_Paulo",
	"Australia/Sydney",
	"Australia/Perth", "Pacific/Auckland", "Africa/Cairo", "Africa/Johannesburg", "Africa/Lagos",
}

// zoneFolder is where most machines keep the IANA database, with a list of its zones.
const zoneFolder = "/usr/share/zoneinfo"

// zoneNames returns the time zones that may be written.
func zoneNames() []string {
	names := slices.Clone(commonZones)
	for _, list := range []string{"zone1970.tab", "zone.tab"} {
		text, err := os.ReadFile(filepath.Join(zoneFolder, list))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(text)) {
			if cells := strings.Split(strings.TrimSpace(line), "\t"); len(cells) > 2 && !strings.HasPrefix(line, "#") {
				names = append(names, cells[2])
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// zoneCandidates completes a zone, whose letters may be small.
func zoneCandidates(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
	var begin []string
	for _, name := range zoneNames() {
		if strings.HasPrefix(strings.ToLower(name), strings.ToLower(word)) {
			begin = append(begin, name)
		}
	}
	return begin, cobra.ShellCompDirectiveNoFileComp
}
