package remote

import (
	"context"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/cmd/usher/internal/workspaces"
	"github.com/usher-run/usher/playbooks"
)

// completeFor is how long a shell waits for a server when someone presses Tab.
const completeFor = 2 * time.Second

// candidates finds what may stand for a word that is being completed, in a workspace on disk (nil:
// there is none here) and on a server (nil: no key, or no address).
type candidates func(ctx context.Context, ws *playbooks.Workspace, cl *client, args []string, word string) []string

// complete makes a completion of an argument: names of the workspace in this folder and of the
// server. One that cannot be had is left out without a word: a shell has no place for it.
func (c *asking) complete(find candidates) cobra.CompletionFunc {
	return command.Completion(func(cmd *cobra.Command, args []string, word string) []string {
		var cl *client
		if cmd.Flags().Lookup("server") != nil {
			var err error
			if cl, err = c.client(cmd); err != nil {
				cl = nil
			}
		}
		ctx := cmd.Context()
		if ctx == nil {
			ctx = context.Background()
		}
		ctx, cancel := context.WithTimeout(ctx, completeFor)
		defer cancel()
		return find(ctx, workspaces.Here(), cl, args, word)
	})
}

// completeFlagFrom completes the value of a flag by what is in the workspace and on the server.
func completeFlagFrom(c *asking, cmd *cobra.Command, flag string, find candidates) {
	_ = cmd.RegisterFlagCompletionFunc(flag, c.complete(find))
}

func playbookCandidates(ctx context.Context, ws *playbooks.Workspace, cl *client, args []string,
	_ string,
) (names []string) {
	if len(args) > 0 {
		return nil
	}
	if ws != nil {
		for _, p := range ws.Playbooks {
			names = append(names, p.ID)
		}
	}
	if served := cl.served(ctx); served != nil {
		for _, p := range served.Playbooks {
			names = append(names, p.ID)
		}
	}
	return names
}

func segmentCandidates(ctx context.Context, ws *playbooks.Workspace, cl *client, _ []string,
	_ string,
) (names []string) {
	if ws != nil {
		for i := range ws.Schema.Segments {
			names = append(names, ws.Schema.Segments[i].Name)
		}
	}
	if served := cl.served(ctx); served != nil {
		names = append(names, served.Segments...)
	}
	return names
}

// runCandidates completes the beginning of a run's id.
func runCandidates(ctx context.Context, _ *playbooks.Workspace, cl *client, args []string,
	word string,
) (names []string) {
	var l runList
	if cl == nil || len(args) > 0 {
		return nil
	}
	if _, err := cl.Get(ctx, "/v1/runs?"+url.Values{"id": {word}}.Encode(), &l); err != nil {
		return nil
	}
	for i := range l.Runs {
		names = append(names, l.Runs[i].ID)
	}
	return names
}

// servedNames is what a server says of its workspace.
type servedNames struct {
	Playbooks []servedPlaybook
	Segments  []string
}

// servedPlaybook is what a server says of a playbook.
type servedPlaybook struct {
	ID, Name, Trigger, Status string
	Paused                    bool
}

// held returns why a playbook takes no new runs, or none that do anything; "" when it takes them.
func (s *servedPlaybook) held() string {
	switch {
	case s.Paused:
		return "paused; `usher resume " + s.ID + "` lets it take new runs"
	case s.Status == string(playbooks.Paused):
		return "paused in its file: `status: paused`"
	case s.Status == string(playbooks.Shadow):
		return "in shadow: its runs are decided and counted, and nothing of them leaves"
	case s.Status == string(playbooks.Draft):
		return "a draft: nothing moves until its file says `status: live`"
	}
	return ""
}

// served returns the names of the active workspace, nil when they cannot be had.
func (cl *client) served(ctx context.Context) *servedNames {
	if cl == nil {
		return nil
	}
	v := new(servedNames)
	if _, err := cl.Get(ctx, "/v1/playbooks", v); err != nil {
		return nil
	}
	return v
}
