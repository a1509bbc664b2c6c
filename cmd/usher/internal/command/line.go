package command

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/usher-run/usher/internal/settings"
	"github.com/usher-run/usher/playbooks/diag"
)

// Line is a command line as a value: its streams and its environment.
type Line struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Env            func(string) (string, bool) // looks a variable up
	environ        []string                    // all of it, as NAME=value
}

// ErrMistakes ends a command whose mistakes are printed already.
var ErrMistakes = errors.New("mistakes were found")

// UsageError is a wrong use of the command line.
type UsageError struct{ error }

// Usage makes an error one of a wrong use of the command line.
func Usage(err error) error { return UsageError{err} }

// Usagef returns the error of a wrong use of the command line.
func Usagef(format string, args ...any) error { return Usage(fmt.Errorf(format, args...)) }

// Setting returns the value of a setting: a flag's, else the environment's, else the default.
func (c *Line) Setting(cmd *cobra.Command, s settings.Setting) string {
	if f := cmd.Flags().Lookup(s.Flag); f != nil {
		return s.Value(f.Value.String(), f.Changed, c.Env)
	}
	return s.Value("", false, c.Env)
}

// UnknownVariables returns what there is to say of variables that are named like settings and are
// none: nothing reads them. known are others that something reads.
func (c *Line) UnknownVariables(known ...string) (notes []string) {
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

// New returns a command line with these streams and this environment, as NAME=value.
func New(stdin io.Reader, stdout, stderr io.Writer, environ []string) *Line {
	return &Line{Stdin: stdin, Stdout: stdout, Stderr: stderr, Env: lookUp(environ), environ: environ}
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
