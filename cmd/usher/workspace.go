package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/cmd/usher/internal/workspaces"
	"github.com/usher-run/usher/internal/page"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/check"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/folder"
)

func (c *cli) checkCommand() *cobra.Command {
	var format string
	var strict, fix, verbose bool
	cmd := &cobra.Command{
		Use: "check [WORKSPACE]", Short: "Find every mistake of a workspace",
		Long: "Finds every mistake of a workspace in one pass. With --fix it first makes the changes that are beyond doubt, such as a\n" +
			"misspelt name that only one other is near to, and says what it changed; what is left is yours to decide.",
		Example: "  usher check\n  usher check shop --strict\n  usher check --fix\n  usher check --format github",
		Args:    cobra.MaximumNArgs(1), ValidArgsFunction: command.CompleteWorkspace,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := command.OneOf("format", format, diag.Formats...); err != nil {
				return err
			}
			dir := workspaces.Dir(args)
			ws, diags, err := workspaces.Load(dir)
			if err != nil {
				return workspaces.Suggest("check", dir, err)
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
			if err := diag.Render(c.Stdout, format, diags, ws.Files); err != nil {
				return err
			}
			if format == "text" {
				fmt.Fprintf(c.Stdout, "read: %s\n", check.Contents(ws))
			}
			if verbose || format == "text" {
				c.noteSchedules(ws, verbose)
			}
			c.noteUnset(ws)
			workspaces.NoteNearest(c.Line, "check", dir, diags)
			if workspaces.Mistaken(diags, strict) {
				return command.ErrMistakes
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", "text", "text, json, sarif or github")
	command.CompleteFlag(cmd, "format", diag.Formats...)
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
			if v, ok := c.Env(name); !ok || v == "" {
				fmt.Fprintf(c.Stderr, "usher: warning: channel %s needs ${%s}, which the environment here does not have; serve would refuse\n", ch.Name, name)
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
			if width := c.ScreenOf(c.Stdout).Width; width > 0 {
				text = rewrapped(text, width)
			}
			fmt.Fprintf(&b, "%s: %s\n\n%s\n", code.Name, code.Title, text)
			if code.Bad != "" {
				fmt.Fprintf(&b, "\nWrong:\n\n%s\n", indent(code.Bad))
			}
			if code.Good != "" {
				fmt.Fprintf(&b, "\nRight:\n\n%s\n", indent(code.Good))
			}
			_, err := fmt.Fprint(c.Stdout, b.String())
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
	p := &page.Page{Screen: c.ScreenOf(c.Stdout)}
	p.Table(rows, page.Layout{Wrap: true, Fixed: []int{0}})
	_, err := fmt.Fprint(c.Stdout, p.String())
	return err
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n    ")
}
