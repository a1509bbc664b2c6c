package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/engine/sim/eventfile"
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
	var encoding string
	cmd := &cobra.Command{
		Use: "import POOL FILE", Short: "Load the codes of a pool from a file", Args: cobra.ExactArgs(2),
		Long: "Loads the codes of a pool with `codes: imported` from a file with one code a line, plain or gzip; - is standard input. They are\n" +
			"given out in the file's order, behind those that were loaded before, each once. A first line that says `code` is passed\n" +
			"over. It is safe to repeat: a code that the pool has already is not loaded again.",
		Example: "  usher coupons import imported codes.txt",
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !eventfile.KnownEncoding(encoding) {
			return command.Usagef("--encoding must be one of %s, got %q", strings.Join(eventfile.EncodingNames(), ", "), encoding)
		}
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
		return c.importCodes(cmd.Context(), cl, args[0], eventfile.OpenLines(in, encoding))
	}
	serverFlags(cmd)
	cmd.Flags().StringVar(&encoding, "encoding", "", "encoding of the file: "+strings.Join(eventfile.EncodingNames(), ", ")+"; UTF-8 when left out")
	command.CompleteFlag(cmd, "encoding", eventfile.EncodingNames()...)
	return cmd
}

// heads are what a first line may say that is no code.
var heads = []string{"code", "codes", "coupon", "coupon_code", "coupon code", "couponcode", "券码", "优惠券码", "兑换码", "码"}

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

func (c *asking) importCodes(ctx context.Context, cl *client, pool string, in *eventfile.LineReader) error {
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

func (l *loading) file(ctx context.Context, in *eventfile.LineReader) error {
	first := map[string]int{}
	for {
		code, n, err := in.Next()
		var bad *eventfile.LineError
		switch {
		case errors.Is(err, io.EOF):
			if len(first) == 0 && l.bad.Count() == 0 {
				return errors.New("the file holds no code")
			}
			return l.send(ctx)
		case errors.As(err, &bad):
			l.bad.Add(bad.Line, bad.Err.Error())
			continue
		case err != nil:
			return err
		case n == 1 && slices.Contains(heads, strings.ToLower(code)):
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
