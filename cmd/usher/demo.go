package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/usher-run/usher/engine/sim/eventfile"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/folder"
)

const demoEvents = "demo/events.jsonl"

// loadDemo gives the workspace's demo events; where it has none they are made up of what it declares.
func loadDemo(dir string, s *playbooks.Schema) ([]byte, error) {
	files, err := folder.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("open the demo events: %w", err)
	}
	defer func() { _ = files.Close() }() // it is only read
	text, err := fs.ReadFile(files, demoEvents)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = madeUp(s, time.Now())
	}
	if err != nil {
		return nil, fmt.Errorf("read the demo events: %w", err)
	}
	return text, nil
}

// demo feeds demo events through the HTTP interface, as `usher send` does, and says what to try next.
func (c *cli) demo(ctx context.Context, o serveOptions, l net.Listener, key adminKey) {
	if key.secret == "" {
		o.log.Error("the demo needs the key that is made without USHER_API_KEYS")
		return
	}
	s := &sending{client: &client{base: baseURL(l), key: key.secret, http: &http.Client{Timeout: time.Minute}}}
	if err := s.file(ctx, eventfile.Open(bytes.NewReader(o.events), eventfile.Options{})); err != nil {
		if !errors.Is(err, context.Canceled) {
			o.log.Error("send the demo events", "error", err)
		}
		return
	}
	for _, b := range s.bad.first {
		o.log.Warn("a demo event was rejected", "why", b.text)
	}
	fmt.Fprintf(c.stdout, "demo: %s taken in, %d known already\n%s", plural(s.accepted, "event"), s.duplicate, nextCommands(o, l, key, firstMember(o.events)))
}

// nextCommands gives three commands to copy. They find server and key by themselves when both are where they usually are.
func nextCommands(o serveOptions, l net.Listener, key adminKey, member string) string {
	self := ownName()
	rest := ""
	if base := baseURL(l); base != defaultServer {
		rest += " --server " + base
	}
	if key.path != filepath.Join(stateDir, keyFile) {
		rest += " --key-file" + shownDir(key.path)
	}
	return fmt.Sprintf("try next, in another terminal:\n  %s runs%s\n  %s member %s%s\n  %s test%s\n",
		self, rest, self, member, rest, self, shownDir(o.dir))
}

// ownName is how this program was called, so that commands to copy work as they stand.
func ownName() string {
	if len(os.Args) > 0 && filepath.Base(os.Args[0]) == "usher" {
		return strings.TrimPrefix(shownDir(os.Args[0]), " ")
	}
	return "usher"
}

// firstMember gives a member of the events, for an example.
func firstMember(events []byte) string {
	rec, err := eventfile.Open(bytes.NewReader(events), eventfile.Options{}).Next()
	if err != nil {
		return "ID"
	}
	return rec.Input.Member
}
