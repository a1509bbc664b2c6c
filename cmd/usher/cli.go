package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/cmd/usher/internal/remote"
)

// The exit codes.
const (
	exitFine     = 0
	exitMistakes = 1 // of a workspace, of events, or something that could not be done
	exitUsage    = 2 // wrong flags or arguments
)

// cli is the program: streams and environment in, exit code out.
type cli struct{ *command.Line }

// version is set by the build.
var version = "dev"

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer,
	environ []string,
) int {
	c := &cli{command.New(stdin, stdout, stderr, environ)}
	root := c.root()
	root.SetArgs(longRun(args))
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var usage command.UsageError
	switch {
	case err == nil:
		return exitFine
	case errors.Is(err, command.ErrMistakes):
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
		return command.Usagef("%s: --%s needs a value", cmd.Name(), bare.GetFlag().Name)
	case !errors.As(err, &unknown):
		return command.Usage(err)
	case unknown.GetSpecifiedShortnames() != "":
		return unknownShort(cmd, unknown)
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	word := unknown.GetSpecifiedName()
	hint := suggestFlag(word, names)
	if hint == "" {
		return command.Usagef("%s: there is no flag --%s", cmd.Name(), word)
	}
	return command.Usagef("%s: there is no flag --%s; %s", cmd.Name(), word, hint)
}

// unknownShort says of -format that it is written --format.
func unknownShort(cmd *cobra.Command, err *pflag.NotExistError) error {
	word, _, _ := strings.Cut(err.GetSpecifiedShortnames(), "=")
	if f := cmd.Flags().Lookup(word); f != nil {
		return command.Usagef("%s: there is no flag -%s; did you mean `--%s`?", cmd.Name(), word, word)
	}
	return command.Usagef("%s: there is no flag -%s", cmd.Name(), word)
}

// wrongValue says what a flag takes.
func wrongValue(err *pflag.InvalidValueError) error {
	name := err.GetFlag().Name
	switch err.GetFlag().Value.Type() {
	case "int":
		return command.Usagef("--%s must be a whole number, got %q", name, err.GetValue())
	case "bool":
		return command.Usagef("--%s is true or false, got %q; alone it is true", name, err.GetValue())
	}
	return command.Usagef("--%s: %w", name, err.Unwrap())
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
		c.initCommand(), c.checkCommand(), c.testCommand(), c.simulateCommand(), c.serveCommand(), c.replayCommand(),
		c.schemaCommand(), c.graphCommand(), c.lspCommand(), c.explainCommand(), c.versionCommand(),
	)
	root.AddCommand(remote.Commands(c.Line)...)
	for _, sub := range root.Commands() {
		sub.Args = command.WrapArgs(sub.Args)
	}
	root.SetHelpCommand(helpCommand(root))
	root.InitDefaultCompletionCmd()
	for _, sub := range root.Commands() {
		if sub.Name() == "completion" {
			command.Group(sub)
		}
	}
	c.wrapHelp(root)
	return root
}

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Example: "  usher version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(c.Stdout, "usher %s\n", version)
			return err
		},
	}
}
