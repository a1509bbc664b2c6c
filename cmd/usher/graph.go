package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/cmd/usher/internal/workspaces"
	"github.com/usher-run/usher/playbooks"
)

func (c *cli) graphCommand() *cobra.Command {
	var markdown bool
	cmd := &cobra.Command{
		Use: "graph PLAYBOOK [WORKSPACE]", Short: "Draw a playbook as a Mermaid flowchart",
		Long: "Prints a playbook as a Mermaid flowchart: its trigger, condition, actions, ways, exits and goal. GitHub, GitLab and others\n" +
			"show it in a mermaid block of Markdown. PLAYBOOK is an id, or the path of its file.",
		Example:           "  usher graph cart-rescue\n  usher graph playbooks/conversion/cart-rescue.yaml --markdown > cart-rescue.md",
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: command.Completion(playbooksHere),
		RunE: func(_ *cobra.Command, args []string) error {
			dir, id := workspaces.Dir(args[1:]), args[0]
			if len(args) == 1 && strings.HasSuffix(id, ".yaml") {
				if found, ok := (workspaces.Disk{}).Workspace(workspaces.Absolute(id)); ok {
					dir = found
				}
			}
			ws, err := workspaces.LoadGood(c.Line, "graph", dir)
			if err != nil {
				return err
			}
			p := playbookNamed(ws, dir, id)
			if p == nil {
				return fmt.Errorf("there is no playbook %s in this workspace; there is %s", id, listed(ws))
			}
			text := playbooks.Graph(p, actions.Registry())
			if markdown {
				text = "```mermaid\n" + text + "```\n"
			}
			_, err = fmt.Fprint(c.Stdout, text)
			return err
		},
	}
	cmd.Flags().BoolVar(&markdown, "markdown", false, "as a block of Markdown")
	return cmd
}

// playbookNamed finds a playbook by its id or file.
func playbookNamed(ws *playbooks.Workspace, dir, name string) *playbooks.Playbook {
	if p := ws.Playbook(name); p != nil {
		return p
	}
	want, err := os.Stat(name)
	if err != nil {
		return nil
	}
	for _, p := range ws.Playbooks {
		if got, err := os.Stat(filepath.Join(dir, filepath.FromSlash(p.File))); err == nil && os.SameFile(want, got) {
			return p
		}
	}
	return nil
}

func listed(ws *playbooks.Workspace) string {
	var ids []string
	for _, p := range ws.Playbooks {
		ids = append(ids, p.ID)
	}
	if len(ids) == 0 {
		return "none"
	}
	slices.Sort(ids)
	if len(ids) > 10 {
		ids = append(ids[:10], "…")
	}
	return strings.Join(ids, ", ")
}

// playbooksHere completes a playbook of the workspace in this folder, and then leaves the folder to the
// shell.
func playbooksHere(_ *cobra.Command, args []string, _ string) (names []string) {
	ws := workspaces.Here()
	if ws == nil || len(args) > 0 {
		return nil
	}
	for _, p := range ws.Playbooks {
		names = append(names, p.ID)
	}
	return names
}
