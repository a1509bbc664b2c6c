package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/internal/page"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/check"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/folder"
	"github.com/usher-run/usher/playbooks/loader"
)

// workspaceDir returns the folder named by the arguments, else the current one.
func workspaceDir(args []string) string {
	if len(args) > 0 {
		return args[0]
	}
	return "."
}

// load reads and checks a workspace. The error is about the folder, not about what is in it.
func load(dir string) (*playbooks.Workspace, []diag.Diagnostic, error) {
	files, err := folder.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	ws, diags := loader.Load(files, actions.Registry())
	return ws, diags, files.Close()
}

// loadFiles reads and checks a workspace that is no folder.
func loadFiles(files folder.Files) (*playbooks.Workspace, []diag.Diagnostic) {
	return loader.Load(files.FS(), actions.Registry())
}

// loadGood reads a workspace that is to be used: mistakes are printed and end the command, warnings
// are not shown.
func (c *cli) loadGood(command, dir string) (*playbooks.Workspace, error) {
	ws, diags, err := load(dir)
	if err != nil {
		return nil, suggestWorkspace(command, dir, err)
	}
	if !mistaken(diags, false) {
		return ws, c.nameUnread(diags, ws)
	}
	if err := diag.Render(c.stderr, "text", diags, ws.Files); err != nil {
		return nil, err
	}
	c.noteNearestWorkspace(command, dir, diags)
	return nil, errMistakes
}

// noteNearestWorkspace says where there is a workspace when this folder is none.
func (c *cli) noteNearestWorkspace(command, dir string, diags []diag.Diagnostic) {
	if note := nearestWorkspace(command, dir, diags); note != "" {
		fmt.Fprintf(c.stderr, "usher: %s\n", note)
	}
}

// nameUnread names the files that look like the workspace's and are not read: who uses it believes
// that they count.
func (c *cli) nameUnread(diags []diag.Diagnostic, ws *playbooks.Workspace) error {
	unread := slices.DeleteFunc(slices.Clone(diags), func(d diag.Diagnostic) bool { return d.Code != "unread-file" })
	if len(unread) == 0 {
		return nil
	}
	return diag.Render(c.stderr, "text", unread, ws.Files)
}

func mistaken(diags []diag.Diagnostic, strict bool) bool {
	for _, d := range diags {
		if strict || d.Severity == diag.Error {
			return true
		}
	}
	return false
}

func (c *cli) checkCommand() *cobra.Command {
	var format string
	var strict, fix, verbose bool
	cmd := &cobra.Command{
		Use: "check [WORKSPACE]", Short: "Find every mistake of a workspace",
		Long: "Finds every mistake of a workspace in one pass. With --fix it first makes the changes that are beyond doubt, such as a\n" +
			"misspelt name that only one other is near to, and says what it changed; what is left is yours to decide.",
		Example: "  usher check\n  usher check shop --strict\n  usher check --fix\n  usher check --format github",
		Args:    cobra.MaximumNArgs(1), ValidArgsFunction: completeWorkspace,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := oneOf("format", format, diag.Formats...); err != nil {
				return err
			}
			dir := workspaceDir(args)
			ws, diags, err := load(dir)
			if err != nil {
				return suggestWorkspace("check", dir, err)
			}
			if fix {
				if ws, diags, err = c.fix(dir, ws, format); err != nil {
					return err
				}
			}
			if strict {
				diags = append(diags, check.Untested(ws)...)
			}
			if format == "github" || format == "sarif" { // these are read beside the repository, not beside the workspace
				diags = diag.Under(folder.InRepository(dir), diags)
			}
			if err := diag.Render(c.stdout, format, diags, ws.Files); err != nil {
				return err
			}
			if format == "text" {
				fmt.Fprintf(c.stdout, "read: %s\n", check.Contents(ws))
			}
			if verbose || format == "text" {
				c.noteSchedules(ws, verbose)
			}
			c.noteUnset(ws)
			c.noteNearestWorkspace("check", dir, diags)
			if mistaken(diags, strict) {
				return errMistakes
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text, json, sarif or github")
	completeFlag(cmd, "format", diag.Formats...)
	cmd.Flags().BoolVar(&fix, "fix", false, "make the changes that are beyond doubt")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "also say when schedules come next")
	cmd.Flags().BoolVar(&strict, "strict", false, "count warnings as mistakes, and ask for tests")
	return cmd
}

// noteUnset warns of what `serve` would refuse here. It is about this machine and not about the
// workspace, so it is no diagnostic: where changes are checked, the secrets are seldom at hand.
func (c *cli) noteUnset(ws *playbooks.Workspace) {
	for i := range ws.Schema.Channels {
		ch := &ws.Schema.Channels[i]
		for _, name := range ch.EnvNames() {
			if v, ok := c.env(name); !ok || v == "" {
				fmt.Fprintf(c.stderr, "usher: warning: channel %s needs ${%s}, which the environment here does not have; serve would refuse\n", ch.Name, name)
			}
		}
	}
}

func (c *cli) explainCommand() *cobra.Command {
	return &cobra.Command{
		Use: "explain [CODE]", Short: "Explain a diagnostic on one page, or list them all",
		Example: "  usher explain unknown-field\n  usher explain", Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return codeNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.listCodes()
			}
			name := strings.Trim(args[0], "[]")
			code := diag.CodeByName(name)
			if code == nil {
				hint := diag.DidYouMean(name, codeNames())
				return fmt.Errorf("there is no diagnostic %q; %s", args[0],
					cmp.Or(hint, "`usher check` prints the code in brackets, `usher explain` lists all"))
			}
			var b strings.Builder
			text := strings.TrimSpace(code.Doc)
			if width := c.screenOf(c.stdout).Width; width > 0 {
				text = rewrapped(text, width)
			}
			fmt.Fprintf(&b, "%s: %s\n\n%s\n", code.Name, code.Title, text)
			if code.Bad != "" {
				fmt.Fprintf(&b, "\nWrong:\n\n%s\n", indent(code.Bad))
			}
			if code.Good != "" {
				fmt.Fprintf(&b, "\nRight:\n\n%s\n", indent(code.Good))
			}
			_, err := fmt.Fprint(c.stdout, b.String())
			return err
		},
	}
}

func codeNames() (names []string) {
	for _, code := range diag.Codes {
		names = append(names, code.Name)
	}
	return names
}

func (c *cli) listCodes() error {
	var rows [][]string
	for _, code := range diag.Codes {
		rows = append(rows, []string{code.Name, code.Title})
	}
	p := &printout{page.Page{Screen: c.screenOf(c.stdout)}}
	p.Table(rows, page.Layout{Wrap: true, Fixed: []int{0}})
	_, err := fmt.Fprint(c.stdout, p.String())
	return err
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n    ")
}

// shownDir names a folder in a command that is to be copied.
func shownDir(dir string) string {
	clean := filepath.Clean(dir)
	if clean == "." {
		return ""
	}
	return shellWord(clean)
}

// shellWord writes a word of a command that is to be copied, after a blank.
func shellWord(clean string) string {
	switch {
	case clean == "":
		return " ''"
	case strings.ContainsAny(clean, " \t\n'\"\\$`&|;<>()*?[]{}#~!"):
		return " '" + strings.ReplaceAll(clean, "'", `'\''`) + "'"
	}
	return " " + clean
}
