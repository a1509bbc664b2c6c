package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/usher-run/usher/engine/sim/eventfile"
	"github.com/usher-run/usher/playbooks/folder"
)

const demoEvents = "demo/events.jsonl"

// demo feeds the workspace's demo events through the HTTP interface, as `usher send` does, and says what to try next.
func (c *cli) demo(ctx context.Context, o serveOptions, l net.Listener, key adminKey) {
	path := filepath.Join(o.dir, "demo", "events.jsonl")
	files, err := folder.Open(o.dir)
	if err != nil {
		o.log.Error("open the demo events", "error", err)
		return
	}
	defer func() { _ = files.Close() }() // it is only read
	f, err := files.Open(demoEvents)
	if err != nil {
		o.log.Error("open the demo events", "error", err)
		return
	}
	defer func() { _ = f.Close() }() // it is only read
	if key.secret == "" {
		o.log.Error("the demo needs the key that is made without USHER_API_KEYS")
		return
	}
	s := &sending{client: &client{base: baseURL(l), key: key.secret, http: &http.Client{Timeout: time.Minute}}}
	if err := s.file(ctx, eventfile.Open(f, eventfile.Options{})); err != nil {
		if !errors.Is(err, context.Canceled) {
			o.log.Error("send the demo events", "error", err)
		}
		return
	}
	for _, b := range s.bad.first {
		o.log.Warn("a demo event was rejected", "file", path, "why", b.text)
	}
	fmt.Fprintf(c.stdout, "demo: %s taken in, %d known already\n%s", plural(s.accepted, "event"), s.duplicate, nextCommands(o, l, key, firstMember(files)))
}

// nextCommands gives three commands to copy. They find server and key by themselves when both are where they usually are.
func nextCommands(o serveOptions, l net.Listener, key adminKey, member string) string {
	self := "usher"
	if len(os.Args) > 0 && filepath.Base(os.Args[0]) == "usher" {
		self = os.Args[0]
	}
	rest := ""
	if base := baseURL(l); base != defaultServer {
		rest += " --server " + base
	}
	if key.path != filepath.Join(stateDir, keyFile) {
		rest += " --key-file " + key.path
	}
	return fmt.Sprintf("try next, in another terminal:\n  %s runs%s\n  %s member %s%s\n  %s test%s\n",
		self, rest, self, member, rest, self, shownDir(o.dir))
}

// firstMember gives a member of the file, for an example.
func firstMember(files fs.FS) string {
	f, err := files.Open(demoEvents)
	if err != nil {
		return "ID"
	}
	defer f.Close()
	rec, err := eventfile.Open(f, eventfile.Options{}).Next()
	if err != nil {
		return "ID"
	}
	return rec.Input.Member
}
