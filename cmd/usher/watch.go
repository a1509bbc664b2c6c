package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// watchEvery is how often `--watch` looks at the files.
const watchEvery = 300 * time.Millisecond

// watch runs once, and again whenever the files of a workspace have changed, until it is told to end. Files are looked at on each
// tick: what changes between two is one change.
func watch(ctx context.Context, ticks <-chan time.Time, look func() string, run func() error) error {
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

// fingerprint gives a text that changes with the files of a workspace: names, sizes and times of change.
func fingerprint(dir string) string {
	var b strings.Builder
	add := func(path string, info fs.FileInfo) {
		fmt.Fprintf(&b, "%s %d %d\n", path, info.Size(), info.ModTime().UnixNano())
	}
	if info, err := os.Stat(filepath.Join(dir, "usher.yaml")); err == nil {
		add("usher.yaml", info)
	}
	for _, sub := range []string{"playbooks", "templates"} {
		_ = filepath.WalkDir(filepath.Join(dir, sub), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return nil //nolint:nilerr // what cannot be seen does not change
			}
			if info, err := d.Info(); err == nil && !d.IsDir() {
				add(path, info)
			}
			return nil
		})
	}
	return b.String()
}
