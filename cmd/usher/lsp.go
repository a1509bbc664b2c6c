package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/cmd/usher/internal/workspaces"
	"github.com/usher-run/usher/playbooks/lsp"
)

func (c *cli) lspCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "lsp", Short: "Serve editors over the Language Server Protocol",
		Long: "Speaks the Language Server Protocol on standard input and output: mistakes while you type, completion, descriptions,\n" +
			"definitions and quick fixes. Editors start it themselves: docs/editors.md says how.",
		Example: "  usher lsp",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			s := &lsp.Server{
				Registry: actions.Registry(), Disk: workspaces.Disk{}, Version: version, Now: time.Now, Log: c.Stderr,
			}
			return s.Serve(c.Stdin, c.Stdout)
		},
	}
	cmd.Flags().Bool("stdio", true, "standard input and output, the only way there is; many editors add this flag")
	return cmd
}
