package workspaces

import (
	"fmt"
	"slices"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/folder"
	"github.com/usher-run/usher/playbooks/loader"
)

// Load reads and checks a workspace. The error is about the folder, not about what is in it.
func Load(dir string) (*playbooks.Workspace, []diag.Diagnostic, error) {
	files, err := folder.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	ws, diags := loader.Load(files, actions.Registry())
	return ws, diags, files.Close()
}

// LoadFiles reads and checks a workspace that is no folder.
func LoadFiles(files folder.Files) (*playbooks.Workspace, []diag.Diagnostic) {
	return loader.Load(files.FS(), actions.Registry())
}

// LoadGood reads a workspace that is to be used: mistakes are printed and end the command, warnings
// are not shown. cmd is the command that was given; "": it names no folder.
func LoadGood(c *command.Line, cmd, dir string) (*playbooks.Workspace, error) {
	ws, diags, err := Load(dir)
	if err != nil {
		return nil, Suggest(cmd, dir, err)
	}
	if !Mistaken(diags, false) {
		return ws, nameUnread(c, diags, ws)
	}
	if err := diag.Render(c.Stderr, "text", diags, ws.Files); err != nil {
		return nil, err
	}
	NoteNearest(c, cmd, dir, diags)
	return nil, command.ErrMistakes
}

// NoteNearest says where there is a workspace when this folder is none.
func NoteNearest(c *command.Line, cmd, dir string, diags []diag.Diagnostic) {
	if note := nearest(cmd, dir, diags); note != "" {
		fmt.Fprintf(c.Stderr, "usher: %s\n", note)
	}
}

// nameUnread names the files that look like the workspace's and are not read: who uses it believes
// that they count.
func nameUnread(c *command.Line, diags []diag.Diagnostic, ws *playbooks.Workspace) error {
	unread := slices.DeleteFunc(slices.Clone(diags), func(d diag.Diagnostic) bool { return d.Code != "unread-file" })
	if len(unread) == 0 {
		return nil
	}
	return diag.Render(c.Stderr, "text", unread, ws.Files)
}

// Mistaken reports whether one of the diagnostics is an error; with strict, any of them is.
func Mistaken(diags []diag.Diagnostic, strict bool) bool {
	for _, d := range diags {
		if strict || d.Severity == diag.Error {
			return true
		}
	}
	return false
}

// Dir returns the folder named by the arguments, else the current one.
func Dir(args []string) string {
	if len(args) > 0 {
		return args[0]
	}
	return "."
}

// Here returns the workspace in the current folder, as far as it can be read; nil when there is none.
func Here() *playbooks.Workspace {
	ws, _, err := Load(".")
	if err != nil || ws.Schema == nil {
		return nil
	}
	return ws
}
