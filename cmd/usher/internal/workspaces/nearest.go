package workspaces

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/playbooks/diag"
)

// Suggest adds to the error that a folder cannot be read which workspace was probably meant. cmd is the
// command that was given, as in test; "": it names no folder.
func Suggest(cmd, dir string, err error) error {
	info, statErr := os.Stat(dir)
	switch {
	case cmd == "":
	case statErr == nil && !info.IsDir():
		found, ok := (Disk{}).Workspace(Absolute(dir))
		if !ok {
			return err
		}
		near := relativePath(found)
		if id := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(dir), ".yaml"), "_test"); cmd == "test" &&
			id != filepath.Base(dir) {
			return fmt.Errorf("%s is a file: write `usher test%s --run '^%s/'` for its tests", dir, command.ShownDir(near), id)
		}
		return fmt.Errorf("%s is a file: write `usher %s%s`, which reads the whole workspace", dir, cmd, command.ShownDir(near))
	case errors.Is(statErr, os.ErrNotExist):
		if ws, _, loadErr := Load("."); loadErr == nil && ws.Playbook(dir) != nil && cmd == "test" {
			return fmt.Errorf("%w; `usher test --run '^%s/'` runs the tests of that playbook", err, dir)
		}
		if hint := diag.DidYouMean(dir, workspacesIn(".")); hint != "" {
			return fmt.Errorf("%w; %s", err, hint)
		}
	}
	return err
}

// relativePath names a folder from the current one.
func relativePath(dir string) string {
	if rel, err := filepath.Rel(Absolute("."), filepath.FromSlash(dir)); err == nil {
		return rel
	}
	return dir
}

// workspacesIn returns the folders in a folder that hold a usher.yaml.
func workspacesIn(dir string) (names []string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		if info, err := os.Lstat(filepath.Join(dir, e.Name(), "usher.yaml")); err == nil && info.Mode().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names
}

// nearest returns where there is a workspace when a folder is none: above it, or in it; "" when there is
// none, or more than one.
func nearest(cmd, dir string, diags []diag.Diagnostic) string {
	if cmd == "" || !slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return d.Code == "no-workspace" }) {
		return ""
	}
	if found, ok := (Disk{}).Workspace(Absolute(dir)); ok {
		return fmt.Sprintf("the workspace begins in %s: write `usher %s%s`", relativePath(found), cmd,
			command.ShownDir(relativePath(found)))
	}
	if in := workspacesIn(dir); len(in) == 1 {
		path := filepath.Join(dir, in[0])
		return fmt.Sprintf("there is a workspace in %s: write `usher %s%s`", path, cmd, command.ShownDir(path))
	}
	return ""
}
