package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/usher-run/usher/cmd/usher/internal/command"
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
				return command.Usage(errors.New(unknownCommand(root, args)))
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
