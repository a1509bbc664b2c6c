package main

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/cmd/usher/internal/eventflags"
	"github.com/usher-run/usher/cmd/usher/internal/workspaces"
	"github.com/usher-run/usher/engine/sim/eventfile"
	"github.com/usher-run/usher/internal/badlines"
	"github.com/usher-run/usher/internal/statedir"
)

//go:embed all:scaffold
var scaffold embed.FS

func (c *cli) initCommand() *cobra.Command {
	var from string
	var read eventflags.Flags
	cmd := &cobra.Command{
		Use: "init DIR", Short: "Write a small workspace to start from",
		Long: "Writes a small, commented workspace that passes its checks and tests, with settings for git and editors and events for\n" +
			"`usher serve --demo`. With --from, its schema is inferred from an event file instead, and the playbooks are left to you.",
		Example: "  usher init shop\n  usher init shop --from events.jsonl",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := mustBeEmpty(args[0]); err != nil {
				return err
			}
			if from != "" {
				return c.initFrom(args[0], from, &read, given(cmd, "from"))
			}
			return c.initScaffold(args[0])
		},
	}
	read.Declare(cmd, eventflags.EventsHere)
	cmd.Flags().StringVar(&from, "from", "",
		"infer the schema from this event file (JSON lines or CSV, plain or gzip; - is standard input)")
	return cmd
}

// defaultZone is that of a new workspace.
func defaultZone() *time.Location {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		return time.UTC
	}
	return zone
}

func mustBeEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%s is a file: name a new folder", dir)
	case err != nil:
		return fmt.Errorf("make a workspace in %s: %w", dir, err)
	}
	for _, e := range entries {
		if e.Name() != ".git" { // a repository without a file in it is as good as new
			return fmt.Errorf("the folder %s is not empty: name a new one", dir)
		}
	}
	return nil
}

func (c *cli) initScaffold(dir string) error {
	files, err := fs.Sub(scaffold, "scaffold")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the folder %s: %w", dir, err)
	}
	if err := os.CopyFS(dir, files); err != nil {
		return fmt.Errorf("write the workspace: %w", err)
	}
	if err := surround(dir); err != nil {
		return err
	}
	return c.nextSteps(dir, "a workspace with two playbooks and their tests")
}

// given writes the flags that a command was given, but for one, so that they can be copied.
func given(cmd *cobra.Command, but string) string {
	var b strings.Builder
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if m, ok := f.Value.(*eventflags.Map); ok {
			for _, place := range sortedKeys(*m) {
				b.WriteString(" --" + f.Name + command.ShellWord(place+"="+(*m)[place]))
			}
		} else if f.Name != but {
			b.WriteString(" --" + f.Name + command.ShellWord(f.Value.String()))
		}
	})
	return b.String()
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

func (c *cli) initFrom(dir, from string, read *eventflags.Flags, flags string) error {
	how, err := read.Options(nil)
	if err != nil {
		return err
	}
	if how.Zone == nil {
		how.Zone = defaultZone()
	}
	in, closeFile, err := c.OpenFile(from)
	if err != nil {
		return err
	}
	defer closeFile()
	bad := &badlines.Lines{}
	inferred, err := eventfile.Infer(in, how, func(e *eventfile.LineError) { bad.Add(e.Line, e.Error()) })
	if err != nil {
		return fmt.Errorf("read %s: %w", from, err)
	}
	if inferred.Events == 0 {
		_ = c.ReportBad(bad) // they say why
		return fmt.Errorf("%s has no event to infer a schema from", from)
	}
	if err := os.MkdirAll(filepath.Join(dir, "playbooks"), 0o755); err != nil {
		return fmt.Errorf("make the folder %s: %w", dir, err)
	}
	text := "# Inferred from " + command.Plural(inferred.Events, "event") +
		": read it through, it only knows what it has seen.\n" +
		"# Numbers are declared as number; write int where only whole ones can come.\n" +
		"usher: 1\ntimezone: " + how.Zone.String() + "\n\n" + inferred.YAML() +
		"\n# What messages go over: take the # away with the first playbook that sends one. log prints them as lines of JSON.\n" +
		"# channels:\n#   dev: {type: log}\n"
	if err := os.WriteFile(filepath.Join(dir, "usher.yaml"), []byte(text), 0o644); err != nil {
		return fmt.Errorf("write the schema: %w", err)
	}
	if err := surround(dir); err != nil {
		return err
	}
	if err := c.firstPlaybook(dir, from, flags, inferred); err != nil {
		return err
	}
	for _, note := range inferred.Notes {
		fmt.Fprintf(c.Stderr, "usher: %s\n", note)
	}
	return c.ReportBad(bad)
}

// ignored is the .gitignore of a new workspace.
const ignored = "# The state of a server that was started in this folder: members' data and keys.\n" +
	statedir.Name + "/\n*.db\n*.db-*\n" + statedir.KeyFile + "\n.env\n"

// editorSettings are for VS Code: the schemas for the YAML extension, the language server for a
// generic one.
const editorSettings = `{
  "yaml.schemas": {
    ".usher/schema/playbook.schema.json": ["playbooks/**/*.yaml", "!playbooks/**/*_test.yaml"],
    ".usher/schema/test.schema.json": "playbooks/**/*_test.yaml",
    ".usher/schema/workspace.schema.json": "usher.yaml"
  },
  "glspc.server.command": "usher",
  "glspc.server.commandArguments": ["lsp"],
  "glspc.server.languageId": ["yaml", "markdown", "html"]
}
`

// surround writes what a workspace has beside its own files: what git leaves alone, and what
// editors know it by.
func surround(dir string) error {
	for name, text := range map[string]string{".gitignore": ignored, ".vscode/settings.json": editorSettings} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("make the folder of %s: %w", name, err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	ws, _, err := workspaces.Load(dir)
	if err != nil {
		return err
	}
	_, err = writeSchemas(ws, filepath.Join(dir, statedir.Name, "schema"))
	return err
}

// firstPlaybook says how to go on in a workspace without a playbook: nothing can be tested or
// served there yet.
func (c *cli) firstPlaybook(dir, from, flags string, inferred *eventfile.Inferred) error {
	shown, self, file := command.ShownDir(dir), command.OwnName(), command.ShellWord(from)
	if from == "-" {
		file = " FILE"
	}
	_, err := fmt.Fprintf(c.Stdout, "Wrote a schema inferred from %s into %s.\n\n  %s check%s\n\n"+
		"It has no playbook yet. Write one, as in %s:\n\n"+
		"  id: first\n  stage: retention\n  trigger: {event: %s}\n  actions:\n    - tag: seen\n\n"+
		"and see what it would have done:\n\n  %s simulate%s --events%s%s\n",
		command.Plural(inferred.Events, "event"), dir, self, shown,
		filepath.ToSlash(filepath.Join(dir, "playbooks", "first.yaml")), inferred.MostFrequent(), self, shown, file, flags)
	return err
}

func (c *cli) nextSteps(dir, what string) error {
	shown, self := command.ShownDir(dir), command.OwnName()
	_, err := fmt.Fprintf(c.Stdout, "Wrote %s into %s.\n\n  %s check%s\n  %s test%s\n  %s serve%s --demo\n",
		what, dir, self, shown, self, shown, self, shown)
	return err
}
