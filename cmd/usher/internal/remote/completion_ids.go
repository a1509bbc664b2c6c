package remote

import (
	"context"
	"encoding/json"
	"net/url"

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
		if id := l.Runs[i].Member; id != "" && !seen[id] {
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
