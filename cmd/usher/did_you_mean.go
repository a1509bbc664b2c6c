package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/usher-run/usher/playbooks/diag"
)

// otherCommands are the words of other tools for our commands.
var otherCommands = map[string]string{
	"start": "serve", "up": "serve", "dev": "serve", "server": "serve", "run-server": "serve", "validate": "check",
	"lint": "check", "verify": "check",
	"new": "init", "create": "init", "list": "stats", "ls": "stats", "playbook": "stats", "playbooks": "stats",
	"status": "stats", "ps": "runs",
	"import": "send", "ingest": "send", "upload": "send", "track": "event", "user": "member", "users": "member",
	"stop": "pause", "disable": "pause",
	"unpause": "resume", "enable": "resume", "dry-run": "simulate", "preview": "simulate",
	"coupons": "coupon",
	"errors":  "failures", "doc": "explain", "diagram": "graph", "draw": "graph",
}

// otherFlags are the words of other tools for our flags, with what to write.
var otherFlags = map[string]string{
	"port": "addr 127.0.0.1:8080", "host": "addr 127.0.0.1:8080", "listen": "addr 127.0.0.1:8080",
	"bind": "addr 127.0.0.1:8080", "json": "format json",
	"output": "format", "url": "server", "address": "server", "endpoint": "server", "api-key": "key-file",
	"key": "key-file", "token": "key-file",
	"database": "db", "tz": "timezone", "zone": "timezone", "charset": "encoding", "file": "events", "input": "events",
	"mapping": "map", "columns": "map",
	"user": "member", "filter": "run", "level": "log", "dsn": "db",
}

// suggestFlag returns which flag was probably meant, among those that a command has.
func suggestFlag(word string, names []string) string {
	if hint := diag.DidYouMean(word, names); hint != "" {
		return strings.Replace(hint, "`", "`--", 1)
	}
	if other := otherFlags[word]; other != "" {
		if name, _, _ := strings.Cut(other, " "); slices.Contains(names, name) {
			return "did you mean `--" + other + "`?"
		}
	}
	return ""
}

// suggestCommand returns which command was probably meant.
func suggestCommand(word string, names []string) string {
	if other := otherCommands[word]; other != "" {
		return "did you mean `" + other + "`?"
	}
	return diag.DidYouMean(word, names)
}

// The sentences in which cobra says that there are too few or too many arguments.
var (
	tooMany = regexp.MustCompile(`^accepts (?:at most )?(\d+) arg|^accepts between \d+ and (\d+) arg`)
	tooFew  = regexp.MustCompile(`^requires at least`)
)

// wrongArguments says in our words what cobra says of a number of arguments.
func wrongArguments(cmd *cobra.Command, args []string, err error) error {
	what := "an argument is missing"
	if m := tooMany.FindStringSubmatch(err.Error()); m != nil {
		most := 0
		_, _ = fmt.Sscan(m[1]+m[2], &most) // digits, by the pattern
		if len(args) > most {
			what = fmt.Sprintf("%q is one argument too many", args[most])
		}
	} else if !tooFew.MatchString(err.Error()) {
		return usagef("%s: %v", cmd.Name(), err)
	}
	return usagef("%s: %s: write `%s`", cmd.Name(), what, strings.TrimSuffix(cmd.CommandPath(), cmd.Name())+cmd.Use)
}

// group makes a command that only holds others say which there are.
func group(cmd *cobra.Command) {
	var names []string
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return usagef("there is no command `%s %s`; there is %s", cmd.CommandPath(), args[0], strings.Join(names, ", "))
	}
}

// helpCommand is cobra's own, but that a command that there is not is a mistake.
func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "Help about a command", Example: "  usher help serve",
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return commandNames(root), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 && !cmd.Runnable() || cmd == root && len(args) > 0 {
				return usageError{errors.New(unknownCommand(root, args))}
			}
			return cmd.Help()
		},
	}
}

func commandNames(root *cobra.Command) (names []string) {
	for _, sub := range root.Commands() {
		names = append(names, sub.Name())
	}
	return names
}

// suggestWorkspace adds to the error that a folder cannot be read which workspace was probably
// meant. command is the program with the command that was given, as in `usher test`.
func suggestWorkspace(command, dir string, err error) error {
	info, statErr := os.Stat(dir)
	switch {
	case command == "":
	case statErr == nil && !info.IsDir():
		found, ok := (disk{}).Workspace(absolute(dir))
		if !ok {
			return err
		}
		near := relativePath(found)
		if id := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(dir), ".yaml"), "_test"); command == "test" &&
			id != filepath.Base(dir) {
			return fmt.Errorf("%s is a file: write `usher test%s --run '^%s/'` for its tests", dir, shownDir(near), id)
		}
		return fmt.Errorf("%s is a file: write `usher %s%s`, which reads the whole workspace", dir, command, shownDir(near))
	case errors.Is(statErr, os.ErrNotExist):
		if ws, _, loadErr := load("."); loadErr == nil && ws.Playbook(dir) != nil && command == "test" {
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
	if rel, err := filepath.Rel(absolute("."), filepath.FromSlash(dir)); err == nil {
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

// nearestWorkspace returns where there is a workspace when a folder is none: above it, or in it; ""
// when there is none, or more than one.
func nearestWorkspace(command, dir string, diags []diag.Diagnostic) string {
	if command == "" || !slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return d.Code == "no-workspace" }) {
		return ""
	}
	if found, ok := (disk{}).Workspace(absolute(dir)); ok {
		return fmt.Sprintf("the workspace begins in %s: write `usher %s%s`", relativePath(found), command,
			shownDir(relativePath(found)))
	}
	if in := workspacesIn(dir); len(in) == 1 {
		path := filepath.Join(dir, in[0])
		return fmt.Sprintf("there is a workspace in %s: write `usher %s%s`", path, command, shownDir(path))
	}
	return ""
}
