package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/playbooks/folder"
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
			s := &lsp.Server{Registry: actions.Registry(), Disk: disk{}, Version: version, Now: time.Now, Log: c.stderr}
			return s.Serve(c.stdin, c.stdout)
		},
	}
	cmd.Flags().Bool("stdio", true, "standard input and output, the only way there is; many editors add this flag")
	return cmd
}

// disk is the machine's file system, for the language server.
type disk struct{}

// Workspace climbs from a file to the nearest folder with a usher.yaml.
func (disk) Workspace(path string) (string, bool) {
	for dir := filepath.Dir(filepath.FromSlash(path)); ; dir = filepath.Dir(dir) {
		if info, err := os.Lstat(filepath.Join(dir, "usher.yaml")); err == nil && info.Mode().IsRegular() {
			return filepath.ToSlash(dir), true
		}
		if dir == filepath.Dir(dir) {
			return "", false
		}
	}
}

func (disk) Read(dir string, read func(fs.FS)) error {
	files, err := folder.Open(filepath.FromSlash(dir))
	if err != nil {
		return err
	}
	read(files)
	return files.Close()
}
