package command

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// CompleteWorkspace lets the shell complete the folder of a workspace.
func CompleteWorkspace(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// CompleteFlag names the values of a flag.
func CompleteFlag(cmd *cobra.Command, flag string, values ...string) {
	// The flag is declared in the line before: there is no error to be had.
	_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// CompleteList names the values of a flag that takes several, with commas between them.
func CompleteList(cmd *cobra.Command, flag string, values ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag,
		func(_ *cobra.Command, _ []string, word string) ([]string, cobra.ShellCompDirective) {
			before := word[:strings.LastIndex(word, ",")+1]
			var out []string
			for _, v := range values {
				if !slices.Contains(strings.Split(before, ","), v) {
					out = append(out, before+v)
				}
			}
			return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		})
}

// CompleteColumns names what --map gives a column to.
func CompleteColumns(cmd *cobra.Command, flag string, places ...string) {
	_ = cmd.RegisterFlagCompletionFunc(flag,
		cobra.FixedCompletions(places, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace))
}

// CompleteFolder lets the shell complete folders.
func CompleteFolder(cmd *cobra.Command, flag string) { _ = cmd.MarkFlagDirname(flag) }

// Completion completes a word by what find returns for it. What ends in = is gone on with.
func Completion(find func(cmd *cobra.Command, args []string, word string) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		var out []string
		for _, name := range find(cmd, args, word) {
			if strings.HasPrefix(name, word) {
				out = append(out, name)
			}
		}
		slices.Sort(out)
		how := cobra.ShellCompDirectiveNoFileComp
		if !slices.ContainsFunc(out, func(name string) bool { return !strings.HasSuffix(name, "=") }) {
			how |= cobra.ShellCompDirectiveNoSpace // a value follows
		}
		return slices.Compact(out), how
	}
}
