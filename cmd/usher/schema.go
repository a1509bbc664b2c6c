package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/cmd/usher/internal/workspaces"
	"github.com/usher-run/usher/internal/statedir"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/shapes"
)

// schemaNames are the files that `usher schema --write` makes.
func schemaName(kind string) string { return kind + ".schema.json" }

func (c *cli) schemaCommand() *cobra.Command {
	var kind, dir string
	cmd := &cobra.Command{
		Use: "schema [WORKSPACE]", Short: "Print the JSON Schema of a workspace's files, for editors",
		Long: "Prints the JSON Schema (draft 7) of playbooks, of their tests, of snippets or of usher.yaml, with the names that the workspace\n" +
			"declares: events, segments, channels, coupon pools, templates. yaml-language-server and other editors validate and\n" +
			"complete by it. What goes beyond one file, and expressions, are for `usher check` and `usher lsp`.",
		Example: "  usher schema > playbook.schema.json\n  usher schema shop --for test\n  usher schema --write .usher/schema",
		Args:    cobra.MaximumNArgs(1), ValidArgsFunction: command.CompleteWorkspace,
		RunE: func(_ *cobra.Command, args []string) error {
			if err := command.OneOf("for", kind, shapes.SchemaFiles...); err != nil {
				return err
			}
			ws, diags, err := workspaces.Load(workspaces.Dir(args))
			if err != nil {
				return err
			}
			for _, d := range diags {
				// A playbook with a mistake is no hindrance, an editor is where it is mended.
				if d.Severity == diag.Error && d.File == "usher.yaml" {
					return fmt.Errorf("usher.yaml has mistakes, so that what it declares is unknown: run usher check%s",
						command.ShownDir(workspaces.Dir(args)))
				}
			}
			if dir != "" {
				paths, err := writeSchemas(ws, dir)
				for _, path := range paths {
					fmt.Fprintf(c.Stdout, "wrote %s\n", path)
				}
				return err
			}
			text, err := shapes.JSONSchema(ws, actions.Registry(), kind)
			if err != nil {
				return err
			}
			_, err = c.Stdout.Write(text)
			return err
		},
	}
	cmd.Flags().StringVar(&kind, "for", "playbook", "playbook, snippet, test or workspace (usher.yaml)")
	command.CompleteFlag(cmd, "for", shapes.SchemaFiles...)
	cmd.Flags().StringVar(&dir, "write", "", "write all of them into this folder instead")
	command.CompleteFolder(cmd, "write")
	return cmd
}

// writeSchemas writes the schemas of a workspace's files into a folder and returns their paths.
func writeSchemas(ws *playbooks.Workspace, dir string) (paths []string, err error) {
	if err := statedir.Make(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder %s: %w", dir, err)
	}
	for _, kind := range shapes.SchemaFiles {
		text, err := shapes.JSONSchema(ws, actions.Registry(), kind)
		if err != nil {
			return nil, err
		}
		path := filepath.Join(dir, schemaName(kind))
		if err := writeWhole(path, text); err != nil {
			return nil, fmt.Errorf("write the schema: %w", err)
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// writeWhole replaces a file at once: whoever reads it sees the old text or the new one, never a
// part. An existing file keeps its permissions; a link is followed, so that the file it names is
// the one that changes.
func writeWhole(path string, text []byte) (err error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	mode := os.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(text)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}
