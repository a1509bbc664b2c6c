// Package watch tells when the files of a workspace have changed.
package watch

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/usher-run/usher/playbooks/folder"
)

// Every is how often `--watch` looks at the files.
const Every = 300 * time.Millisecond

// Run runs once, and again whenever the files of a workspace have changed, until it is told to
// end. Files are looked at on each tick: what changes between two is one change.
func Run(ctx context.Context, ticks <-chan time.Time, look func() string, run func() error) error {
	seen := look()
	if err := run(); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks:
		}
		if now := look(); now != seen {
			seen = now
			if err := run(); err != nil {
				return err
			}
		}
	}
}

// Fingerprint returns a text that changes with the files of a workspace: names, sizes and times of
// change.
func Fingerprint(dir string) string {
	files, err := folder.Open(dir)
	if err != nil {
		return ""
	}
	defer func() { _ = files.Close() }() // it was only read
	var b strings.Builder
	for _, root := range []string{"usher.yaml", "playbooks", "templates"} {
		_ = fs.WalkDir(files, root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil //nolint:nilerr // what cannot be seen does not change
			}
			if strings.HasPrefix(d.Name(), ".") && d.IsDir() {
				return fs.SkipDir
			}
			if info, err := d.Info(); err == nil && !d.IsDir() {
				fmt.Fprintf(&b, "%s %d %d\n", path, info.Size(), info.ModTime().UnixNano())
			}
			return nil
		})
	}
	return b.String()
}
