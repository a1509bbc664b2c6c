package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

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
	s := &sending{client: newClient(r.URL, r.Key.Secret, "")}
	if err := s.file(ctx, eventfile.Open(bytes.NewReader(d.events), eventfile.Options{})); err != nil {
		if !errors.Is(err, context.Canceled) {
			d.log.Error("send the demo events", "error", err)
		}
		return
	}
	for _, b := range s.bad.Reasons() {
		d.log.Warn("a demo event was rejected", "why", b)
	}
	fmt.Fprintf(c.stdout, "demo: %s taken in, %d known already\n%s", plural(s.accepted, "event"), s.duplicate,
		nextCommands(d.dir, r, firstMember(d.events)))
}

// nextCommands returns three commands to copy. They find server and key by themselves when both are
// where they usually are.
func nextCommands(dir string, r server.Ready, member string) string {
	self := ownName()
	rest := ""
	if r.URL != settings.Server.Default {
		rest += " --server " + r.URL
	}
	if r.Key.Path != filepath.Join(statedir.Name, statedir.KeyFile) {
		rest += " --key-file" + shownDir(r.Key.Path)
	}
	return fmt.Sprintf("try next, in another terminal:\n  %s runs%s\n  %s member %s%s\n  %s test%s\n",
		self, rest, self, member, rest, self, shownDir(dir))
}

// ownName is how this program was called, so that commands to copy work as they stand.
func ownName() string {
	if len(os.Args) > 0 && filepath.Base(os.Args[0]) == "usher" {
		return strings.TrimPrefix(shownDir(os.Args[0]), " ")
	}
	return "usher"
}

// firstMember returns a member of the events, for an example.
func firstMember(events []byte) string {
	rec, err := eventfile.Open(bytes.NewReader(events), eventfile.Options{}).Next()
	if err != nil {
		return "ID"
	}
	return rec.Input.Member
}
