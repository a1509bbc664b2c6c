package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/cmd/usher/internal/remote"
	"github.com/usher-run/usher/engine/sim/eventfile"
	"github.com/usher-run/usher/internal/server"
	"github.com/usher-run/usher/internal/settings"
	"github.com/usher-run/usher/internal/statedir"
)

// demonstration is what `serve --demo` feeds in.
type demonstration struct {
	dir    string // of the workspace
	events []byte // JSON lines
	log    *slog.Logger
}

// demo feeds demo events through the HTTP interface, as `usher send` does, and says what to try
// next.
func (c *cli) demo(ctx context.Context, d *demonstration, r server.Ready) {
	if r.Key.Secret == "" {
		d.log.Error("the demo needs the key that is made without USHER_API_KEYS")
		return
	}
	fed, err := remote.Feed(ctx, r.URL, r.Key.Secret, d.events)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			d.log.Error("send the demo events", "error", err)
		}
		return
	}
	for _, b := range fed.Rejected {
		d.log.Warn("a demo event was rejected", "why", b)
	}
	fmt.Fprintf(c.Stdout, "demo: %s taken in, %d known already\n%s", command.Plural(fed.Accepted, "event"), fed.Duplicate,
		nextCommands(d.dir, r, firstMember(d.events)))
}

// nextCommands returns three commands to copy. They find server and key by themselves when both are
// where they usually are.
func nextCommands(dir string, r server.Ready, member string) string {
	self := command.OwnName()
	rest := ""
	if r.URL != settings.Server.Default {
		rest += " --server " + r.URL
	}
	if r.Key.Path != filepath.Join(statedir.Name, statedir.KeyFile) {
		rest += " --key-file" + command.ShownDir(r.Key.Path)
	}
	return fmt.Sprintf("try next, in another terminal:\n  %s runs%s\n  %s member %s%s\n  %s test%s\n",
		self, rest, self, member, rest, self, command.ShownDir(dir))
}

// firstMember returns a member of the events, for an example.
func firstMember(events []byte) string {
	rec, err := eventfile.Open(bytes.NewReader(events), eventfile.Options{}).Next()
	if err != nil {
		return "ID"
	}
	return rec.Input.Member
}
