package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/cmd/usher/internal/workspaces"
	"github.com/usher-run/usher/engine/sim"
	"github.com/usher-run/usher/internal/page"
	"github.com/usher-run/usher/internal/watch"
)

// testRun is one call of `usher test`.
type testRun struct {
	dir, format, pattern string
	coverage             bool
	options              sim.TestOptions
}

func (c *cli) testCommand() *cobra.Command {
	var again bool
	t := testRun{options: sim.TestOptions{Registry: actions.Registry(), Effects: actions.Effects()}}
	cmd := &cobra.Command{
		Use: "test [WORKSPACE]", Short: "Run the playbook tests on the virtual clock",
		Long: "Runs the playbook tests of a workspace on the virtual clock. When one fails, or none was run, the exit code is 1.\n\n" +
			"With --coverage it says how much of each playbook they reach: its actions and the ways of its branches; its conditions and\n" +
			"every `if`, each to be seen true and false; its exits and its goal; both outcomes of waits for an event; and the branches of\n" +
			"its texts. What none reaches is named with its place and what was not seen, as in \"never false\".",
		Example: "  usher test\n  usher test shop -run 'welcome/' --coverage\n  usher test --watch\n  usher test --format junit > report.xml",
		Args:    cobra.MaximumNArgs(1), ValidArgsFunction: command.CompleteWorkspace,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := command.OneOf("format", t.format, "text", "json", "junit"); err != nil {
				return err
			}
			if again && t.format != "text" {
				return command.Usagef("--watch prints text: leave --format out")
			}
			if t.pattern != "" {
				re, err := regexp.Compile(t.pattern)
				if err != nil {
					return command.Usagef("-run %q is not a regular expression", t.pattern)
				}
				t.options.Run = re
			}
			t.dir = workspaces.Dir(args)
			if !again {
				return c.test(&t)
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			ticker := time.NewTicker(watch.Every)
			defer ticker.Stop()
			look := func() string { return watch.Fingerprint(t.dir) }
			return watch.Run(ctx, ticker.C, look, func() error { return c.watched(&t) })
		},
	}
	cmd.Flags().StringVar(&t.pattern, "run", "",
		"run only tests whose playbook/name matches this regular expression (also -run)")
	cmd.Flags().StringVar(&t.format, "format", "text", "text, json or junit")
	command.CompleteFlag(cmd, "format", "text", "json", "junit")
	cmd.Flags().BoolVar(&t.coverage, "coverage", false,
		"say how much of each playbook the tests reach, and name what none does")
	cmd.Flags().BoolVarP(&again, "watch", "w", false, "run again whenever a file of the workspace changes")
	return cmd
}

// test runs the tests once.
func (c *cli) test(t *testRun) error {
	ws, err := workspaces.LoadGood(c.Line, "test", t.dir)
	if err != nil {
		return err
	}
	report := sim.Test(ws, t.options)
	report.SetWidth(c.ScreenOf(c.Stdout).Width)
	if err := report.Write(c.Stdout, t.format, t.coverage); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	if len(report.Tests) == 0 {
		fmt.Fprintf(c.Stderr, "usher: %s\n", noTest(ws, t.pattern))
	}
	if report.Failed > 0 || len(report.Tests) == 0 {
		return command.ErrMistakes
	}
	return nil
}

// watched runs the tests as one of several times: mistakes and failures are what watching is for.
func (c *cli) watched(t *testRun) error {
	if page.IsTerminal(c.Stdout) {
		fmt.Fprint(c.Stdout, "\033[H\033[2J") // an empty screen
	}
	if err := c.test(t); err != nil && !errors.Is(err, command.ErrMistakes) {
		return err
	}
	fmt.Fprintf(c.Stdout, "watching %s; Ctrl-C ends it\n\n", t.dir)
	return nil
}
