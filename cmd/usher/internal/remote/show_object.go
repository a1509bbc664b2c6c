package remote

import (
	"context"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/usher-run/usher/playbooks"
)

// whose says whose something is, as a server answers it: a member's, or an object's.
type whose struct {
	Member string
	Object map[string]string
}

// of returns whose it is: of a member the id behind a word, of an object its kind and id.
func (w whose) of(word string) string {
	for kind, id := range w.Object {
		return kind + " " + id
	}
	return word + w.Member
}

// heading is what a column of whose things are is called: the member's, unless there are objects among them.
func heading[T any](list []T, of func(*T) *whose) string {
	for i := range list {
		if len(of(&list[i]).Object) > 0 {
			return "WHO"
		}
	}
	return "MEMBER"
}

func (c *asking) objectCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "object KIND ID", Short: "Show an object: attributes, tags, segments and runs", Args: cobra.ExactArgs(2),
		Long: "Shows an object, as a group or a store, as the workspace sees it now: attributes that are stored, by default or computed, tags, segments,\n" +
			"messages that wait and runs, and which playbooks it did not enter, and why.",
		ValidArgsFunction: c.complete(kindCandidates),
		Example:           "  usher object group g1\n  usher object store s1 --format json",
	}
	path := func(args []string) string {
		return "/v1/objects/" + url.PathEscape(args[0]) + "/" + url.PathEscape(args[1])
	}
	return showCommand(c, cmd, path, func(p *printout, m *shownMember) { p.member(m) })
}

// kindCandidates completes a kind of objects, then the id of one.
func kindCandidates(
	ctx context.Context, ws *playbooks.Workspace, cl *client, args []string, _ string,
) (names []string) {
	switch {
	case len(args) == 0 && ws != nil:
		return ws.Schema.ObjectNames()
	case len(args) != 1 || cl == nil:
		return nil
	}
	var l struct{ Objects []struct{ ID string } }
	if _, err := cl.Get(ctx, "/v1/objects/"+url.PathEscape(args[0]), &l); err != nil {
		return nil
	}
	for _, o := range l.Objects {
		names = append(names, o.ID)
	}
	return names
}

// objectFlagCandidates completes the id of an object that a playbook may be started for.
func objectFlagCandidates(ctx context.Context, ws *playbooks.Workspace, cl *client, args []string, _ string) []string {
	if ws == nil || len(args) == 0 {
		return nil
	}
	if p := ws.Playbook(args[0]); p != nil && p.For != "" {
		return kindCandidates(ctx, ws, cl, []string{p.For}, "")
	}
	return nil
}
