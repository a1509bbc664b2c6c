package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/usher-run/usher/internal/settings"
	"github.com/usher-run/usher/playbooks/diag"
)

// The exit codes.
const (
	exitFine     = 0
	exitMistakes = 1 // of a workspace, of events, or something that could not be done
	exitUsage    = 2 // wrong flags or arguments
)

// version is set by the build.
var version = "dev"

// cli is a command line as a value: streams and environment in, exit code out.
type cli struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            func(string) (string, bool)
	environ        []string // all of it, as NAME=value
}

// errMistakes ends a command whose mistakes are printed already.
var errMistakes = errors.New("mistakes were found")

// usageError is a wrong use of the command line.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer,
	environ []string,
) int {
	c := &cli{stdin: stdin, stdout: stdout, stderr: stderr, env: lookUp(environ), environ: environ}
	root := c.root()
	root.SetArgs(longRun(args))
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var usage usageError
	switch {
	case err == nil:
		return exitFine
	case errors.Is(err, errMistakes):
		return exitMistakes
	case strings.HasPrefix(err.Error(), "unknown command"):
		fmt.Fprintf(stderr, "usher: %s; see usher --help\n", unknownCommand(root, args))
		return exitUsage
	case errors.As(err, &usage), strings.HasPrefix(err.Error(), "required flag"):
		sentence, _, _ := strings.Cut(err.Error(), "\n")
		fmt.Fprintf(stderr, "usher: %s; see usher --help\n", sentence)
		return exitUsage
	}
	fmt.Fprintf(stderr, "usher: %v\n", err)
	return exitMistakes
}

// unknownCommand returns which command there is not, and which was probably meant.
func unknownCommand(root *cobra.Command, args []string) string {
	names, word := commandNames(root), ""
	for _, a := range args {
		if !strings.HasPrefix(a, "-") {
			word = a
			break
		}
	}
	return strings.TrimSuffix(fmt.Sprintf("there is no command %q; %s", word, suggestCommand(word, names)), "; ")
}

// flagError says in our words what is wrong with a flag, and which one was probably meant.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var bare *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &invalid):
		return wrongValue(invalid)
	case errors.As(err, &bare):
		return usagef("%s: --%s needs a value", cmd.Name(), bare.GetFlag().Name)
	case !errors.As(err, &unknown):
		return usageError{err}
	case unknown.GetSpecifiedShortnames() != "":
		return unknownShort(cmd, unknown)
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	word := unknown.GetSpecifiedName()
	hint := suggestFlag(word, names)
	if hint == "" {
		return usagef("%s: there is no flag --%s", cmd.Name(), word)
	}
	return usagef("%s: there is no flag --%s; %s", cmd.Name(), word, hint)
}

// unknownShort says of -format that it is written --format.
func unknownShort(cmd *cobra.Command, err *pflag.NotExistError) error {
	word, _, _ := strings.Cut(err.GetSpecifiedShortnames(), "=")
	if f := cmd.Flags().Lookup(word); f != nil {
		return usagef("%s: there is no flag -%s; did you mean `--%s`?", cmd.Name(), word, word)
	}
	return usagef("%s: there is no flag -%s", cmd.Name(), word)
}

// wrongValue says what a flag takes.
func wrongValue(err *pflag.InvalidValueError) error {
	name := err.GetFlag().Name
	switch err.GetFlag().Value.Type() {
	case "int":
		return usagef("--%s must be a whole number, got %q", name, err.GetValue())
	case "bool":
		return usagef("--%s is true or false, got %q; alone it is true", name, err.GetValue())
	}
	return usagef("--%s: %w", name, err.Unwrap())
}

// longRun lets `-run` be written as `go test` writes it.
func longRun(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		if a == "-run" || strings.HasPrefix(a, "-run=") {
			a = "-" + a
		}
		out[i] = a
	}
	return out
}

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "usher",
		Short: "Membership operation playbooks: when, if, then",
		Long: "usher runs membership operation playbooks that are kept as YAML in git: checked like code, tested on a virtual clock,\n" +
			"and served by one binary.",
		Example:       "  usher init shop && cd shop\n  usher test\n  usher serve",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.Version = version
	root.SetVersionTemplate("usher {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		c.initCommand(), c.checkCommand(), c.testCommand(), c.simulateCommand(), c.serveCommand(), c.sendCommand(),
		c.runsCommand(), c.runCommand(), c.memberCommand(), c.membersCommand(), c.eventCommand(), c.triggerCommand(),
		c.statsCommand(),
		c.pauseCommand(true), c.pauseCommand(false), c.couponCommand(), c.redeemCommand(), c.failuresCommand(),
		c.jobsCommand(), c.clockCommand(), c.replayCommand(),
		c.schemaCommand(), c.graphCommand(), c.lspCommand(), c.explainCommand(), c.versionCommand(),
	)
	for _, sub := range root.Commands() {
		sub.Args = wrapArgs(sub.Args)
	}
	root.SetHelpCommand(helpCommand(root))
	root.InitDefaultCompletionCmd()
	for _, sub := range root.Commands() {
		if sub.Name() == "completion" {
			group(sub)
		}
	}
	c.wrapHelp(root)
	return root
}

// wrapArgs makes a wrong number of arguments a wrong use.
func wrapArgs(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if check == nil {
			return nil
		}
		if err := check(cmd, args); err != nil {
			if what, ok := strings.CutPrefix(err.Error(), "unknown command "); ok {
				what, _, _ = strings.Cut(what, " for ")
				return usagef("%s: takes no argument, got %s", cmd.Name(), what)
			}
			return wrongArguments(cmd, args, err)
		}
		return nil
	}
}

// flag declares the flag of a setting.
func flag(cmd *cobra.Command, s settings.Setting) {
	cmd.Flags().String(s.Flag, s.Default, s.Usage())
}

// setting returns the value of a setting: a flag's, else the environment's, else the default.
func (c *cli) setting(cmd *cobra.Command, s settings.Setting) string {
	if f := cmd.Flags().Lookup(s.Flag); f != nil {
		return s.Value(f.Value.String(), f.Changed, c.env)
	}
	return s.Value("", false, c.env)
}

// lookUp returns how a variable of an environment is looked up. Of one that stands in it twice the
// first counts, as for the system.
func lookUp(environ []string) func(string) (string, bool) {
	values := make(map[string]string, len(environ))
	for _, v := range environ {
		if name, value, ok := strings.Cut(v, "="); ok {
			if _, twice := values[name]; !twice {
				values[name] = value
			}
		}
	}
	return func(name string) (string, bool) { v, ok := values[name]; return v, ok }
}

// unknownVariables returns what there is to say of variables that are named like settings and are
// none: nothing reads them. known are others that something reads.
func (c *cli) unknownVariables(known ...string) (notes []string) {
	for _, name := range settings.Unknown(c.environ) {
		if slices.Contains(known, name) {
			continue
		}
		note := "the environment has " + name + ", which nothing reads"
		if hint := diag.DidYouMean(name, settings.Variables()); hint != "" {
			note += "; " + hint
		}
		notes = append(notes, note)
	}
	return notes
}

// oneOf checks a flag that has a few values.
func oneOf(flag, value string, allowed ...string) error {
	for _, a := range allowed {
		if value == a {
			return nil
		}
	}
	if hint := diag.DidYouMean(value, allowed); hint != "" {
		return usagef("--%s must be one of %s, got %q; %s", flag, strings.Join(allowed, ", "), value, hint)
	}
	return usagef("--%s must be one of %s, got %q", flag, strings.Join(allowed, ", "), value)
}

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Example: "  usher version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(c.stdout, "usher %s\n", version)
			return err
		},
	}
}
