package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/usher-run/usher/internal/badlines"
	"github.com/usher-run/usher/internal/page"
)

// OpenFile opens a file that a command is given, - for standard input, and returns what closes it.
func (c *Line) OpenFile(name string) (io.Reader, func(), error) {
	if name == "-" {
		return c.Stdin, func() {}, nil
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, nil, fmt.Errorf("there is no file %s", name)
	case err != nil:
		return nil, nil, fmt.Errorf("read the file: %w", err)
	case info.IsDir():
		return nil, nil, fmt.Errorf("%s is a folder: name a file in it", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, fmt.Errorf("read the file: %w", err)
	}
	return f, func() { _ = f.Close() }, nil
}

// ReportBad prints bad lines and makes them the command's failure.
func (c *Line) ReportBad(b *badlines.Lines) error {
	if b.Count() == 0 {
		return nil
	}
	b.Write(c.Stderr)
	return ErrMistakes
}

// ScreenOf returns what is known of where a stream is shown.
func (c *Line) ScreenOf(w io.Writer) page.Screen { return page.ScreenOf(w, c.Env) }

// Bar makes a progress bar on a terminal, nil elsewhere. It tells how many of the unit it does a
// second.
func (c *Line) Bar(total int, what, unit string) *progressbar.ProgressBar {
	if !page.IsTerminal(c.Stderr) {
		return nil
	}
	return progressbar.NewOptions(total, progressbar.OptionSetWriter(c.Stderr), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString(unit),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
}
