package remote

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/internal/badlines"
)

// codesAtOnce is how many codes are sent at once.
const codesAtOnce = 1000

func (c *asking) couponsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "coupons", Short: "Work with coupon pools", Example: "  usher coupons import imported codes.txt",
	}
	cmd.AddCommand(c.importCodesCommand())
	command.Group(cmd)
	for _, sub := range cmd.Commands() {
		sub.Args = command.WrapArgs(sub.Args)
	}
	return cmd
}

func (c *asking) importCodesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "import POOL FILE", Short: "Load the codes of a pool from a file", Args: cobra.ExactArgs(2),
		Long: "Loads the codes of a pool with `codes: imported` from a file with one code a line; - is standard input. They are given out\n" +
			"in the file's order, behind those that were loaded before, each once. A first line that says `code` is passed over. It is\n" +
			"safe to repeat: a code that the pool has already is not loaded again.",
		Example: "  usher coupons import imported codes.txt",
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		in, closeFile, err := c.OpenFile(args[1])
		if err != nil {
			return err
		}
		defer closeFile()
		cl, err := c.client(cmd)
		if err != nil {
			return err
		}
		cl.Again = c.noteAgain
		return c.importCodes(cmd.Context(), cl, args[0], in)
	}
	serverFlags(cmd)
	return cmd
}

// heads are what a first line may say that is no code.
var heads = []string{"code", "codes", "券码", "兑换码"}

// loading is the state of one file whose codes are loaded.
type loading struct {
	client        *client
	pool          string
	codes         []string // that are not sent yet
	lines         []int    // on which they stand
	loaded, known int
	left          int
	bad           badlines.Lines
}

func (c *asking) importCodes(ctx context.Context, cl *client, pool string, in io.Reader) error {
	l := &loading{client: cl, pool: pool}
	err := l.file(ctx, in)
	if err == nil || l.loaded > 0 {
		fmt.Fprintf(c.Stdout, "loaded %d, known before %d, rejected %d; %d are left to be given out\n", l.loaded, l.known,
			l.bad.Count(), l.left)
	}
	if mistakes := c.ReportBad(&l.bad); err == nil {
		return mistakes
	}
	return err
}

func (l *loading) file(ctx context.Context, in io.Reader) error {
	lines := bufio.NewScanner(in)
	first := map[string]int{}
	for n := 1; lines.Scan(); n++ {
		code := strings.TrimSpace(lines.Text())
		if n == 1 {
			code = strings.TrimPrefix(code, "\ufeff")
			if slices.Contains(heads, strings.ToLower(code)) {
				continue
			}
		}
		if code == "" {
			continue
		}
		if at := first[code]; at > 0 {
			l.bad.Add(n, fmt.Sprintf("the code stands on line %d already", at))
			continue
		}
		first[code] = n
		l.codes, l.lines = append(l.codes, code), append(l.lines, n)
		if len(l.codes) == codesAtOnce {
			if err := l.send(ctx); err != nil {
				return err
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the codes: %w", err)
	}
	return l.send(ctx)
}

// send loads what was read.
func (l *loading) send(ctx context.Context) error {
	body, err := json.Marshal(map[string]any{"codes": append([]string{}, l.codes...)})
	if err != nil {
		return err
	}
	var answer struct {
		Loaded, Known, Left int
		Rejected            []struct {
			Index   int
			Message string
		}
	}
	if _, err := l.client.PostFor(ctx, "/v1/pools/"+url.PathEscape(l.pool)+"/codes", "", body, &answer); err != nil {
		return err
	}
	l.loaded, l.known, l.left = l.loaded+answer.Loaded, l.known+answer.Known, answer.Left
	for _, r := range answer.Rejected {
		if r.Index >= 0 && r.Index < len(l.lines) {
			l.bad.Add(l.lines[r.Index], r.Message)
		}
	}
	l.codes, l.lines = l.codes[:0], l.lines[:0]
	return nil
}
