package command

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/usher-run/usher/internal/settings"
	"github.com/usher-run/usher/playbooks/diag"
)

// OneOf checks a flag that has a few values.
func OneOf(flag, value string, allowed ...string) error {
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	if hint := diag.DidYouMean(value, allowed); hint != "" {
		return Usagef("--%s must be one of %s, got %q; %s", flag, strings.Join(allowed, ", "), value, hint)
	}
	return Usagef("--%s must be one of %s, got %q", flag, strings.Join(allowed, ", "), value)
}

// Flag declares the flag of a setting.
func Flag(cmd *cobra.Command, s settings.Setting) {
	cmd.Flags().String(s.Flag, s.Default, s.Usage())
}

// WrapArgs makes a wrong number of arguments a wrong use.
func WrapArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if check == nil {
			return nil
		}
		if err := check(cmd, args); err != nil {
			if what, ok := strings.CutPrefix(err.Error(), "unknown command "); ok {
				what, _, _ = strings.Cut(what, " for ")
				return Usagef("%s: takes no argument, got %s", cmd.Name(), what)
			}
			return wrongArguments(cmd, args, err)
		}
		return nil
	}
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
		return Usagef("%s: %v", cmd.Name(), err)
	}
	return Usagef("%s: %s: write `%s`", cmd.Name(), what, strings.TrimSuffix(cmd.CommandPath(), cmd.Name())+cmd.Use)
}

// Group makes a command that only holds others say which there are.
func Group(cmd *cobra.Command) {
	var names []string
	for _, sub := range cmd.Commands() {
		names = append(names, sub.Name())
	}
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return Usagef("there is no command `%s %s`; there is %s", cmd.CommandPath(), args[0], strings.Join(names, ", "))
	}
}
