package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/usher-run/usher/cmd/usher/internal/command"
)

// Every flag that takes one of several values, or a name that somebody knows, is completed: a new
// flag is either completed or among those that only the user can tell.
func TestFlagsAreCompleted(t *testing.T) {
	free := []string{"cursor", "id", "time", "at", "until", "run", "key-file", "events", "from", "since", "server"}
	c := &cli{command.New(nil, nil, nil, nil)}
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if slices.Contains([]string{"bool", "int"}, f.Value.Type()) || slices.Contains(free, f.Name) ||
				slices.Contains([]string{"simulate", "replay"}, cmd.Name()) && f.Name == "member" {
				return
			}
			_, known := cmd.GetFlagCompletionFunc(f.Name)
			if _, folder := f.Annotations[cobra.BashCompSubdirsInDir]; !known && !folder {
				t.Errorf("%s --%s is not completed", cmd.CommandPath(), f.Name)
			}
		})
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(c.root())
}

// Every argument is completed, but for files, which the shell knows.
func TestArgumentsAreCompleted(t *testing.T) {
	c := &cli{command.New(nil, nil, nil, nil)}
	for _, cmd := range c.root().Commands() {
		_, words, _ := strings.Cut(cmd.Use, " ")
		if words == "" || strings.HasPrefix(words, "FILE") || strings.HasPrefix(words, "DIR") {
			continue
		}
		if cmd.ValidArgsFunction == nil {
			t.Errorf("usher %s: its argument is not completed", cmd.Use)
		}
	}
}
