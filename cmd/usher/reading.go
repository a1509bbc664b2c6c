package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/usher-run/usher/engine/sim/eventfile"
	"github.com/usher-run/usher/internal/badlines"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
)

// reading is how a file is to be read: the flags of all commands that read one.
type reading struct {
	encoding, timezone, event string
	columns                   mapFlag
}

// flags declares the flags. Only files of events have --event.
func (r *reading) flags(c *cli, cmd *cobra.Command, events bool) {
	f := cmd.Flags()
	f.StringVar(&r.encoding, "encoding", "", "encoding of the file: "+strings.Join(eventfile.EncodingNames(), ", ")+
		" (UTF-8 and marked UTF-16 need none)")
	f.StringVar(&r.timezone, "timezone", "",
		"zone of times that name no offset, as in Asia/Shanghai (else the workspace's)")
	f.Var(&r.columns, "map", "names columns, as in member=会员ID,time=下单时间")
	completeFlag(cmd, "encoding", eventfile.EncodingNames()...)
	_ = cmd.RegisterFlagCompletionFunc("timezone", zoneCandidates)
	if events {
		completeColumns(cmd, "map", "member=", "time=", "event=", "id=", "attributes.")
	} else {
		completeColumns(cmd, "map", "member=", "tags=", "tags.remove=")
	}
	if events {
		f.StringVar(&r.event, "event", "", "the event of all lines that name none, as in order.paid")
		completeFlagFrom(c, cmd, "event", eventNameCandidates)
	}
}

// options returns how to read a file whose columns the schema types; it may be nil.
func (r *reading) options(schema *playbooks.Schema) (eventfile.Options, error) {
	o := eventfile.Options{Schema: schema, Encoding: r.encoding, Map: r.columns, Event: r.event}
	if !eventfile.KnownEncoding(r.encoding) {
		return o, usagef("--encoding must be one of %s, got %q", strings.Join(eventfile.EncodingNames(), ", "), r.encoding)
	}
	if r.timezone == "" {
		return o, nil
	}
	zone, err := time.LoadLocation(r.timezone)
	if err != nil || r.timezone == "Local" {
		return o, usagef("--timezone must be a zone like Asia/Shanghai, got %q", r.timezone)
	}
	o.Zone = zone
	return o, nil
}

// mapFlag is place=column, several with commas between them or the flag repeated.
type mapFlag map[string]string

func (m mapFlag) String() string { return "" }
func (m mapFlag) Type() string   { return "PLACE=COLUMN" }

func (m *mapFlag) Set(text string) error {
	if wide := fullWidthSigns.Replace(text); wide != text && strings.Count(wide, "=") > strings.Count(text, "=") ||
		fullWidthComma.MatchString(text) {
		return fmt.Errorf("it has full-width signs between its parts: write %s", wide)
	}
	parts, err := csv.NewReader(strings.NewReader(text)).Read()
	if err != nil {
		return errors.New("write it as in member=会员ID,time=下单时间")
	}
	if *m == nil {
		*m = mapFlag{}
	}
	last := ""
	for _, part := range parts {
		place, column, ok := strings.Cut(part, "=")
		place, column = strings.TrimSpace(place), strings.TrimSpace(column)
		switch {
		case !ok && last != "": // a comma in the name of a column
			(*m)[last] += "," + part
			continue
		case place == "" || column == "":
			return errors.New("write it as in member=会员ID,time=下单时间")
		case (*m)[place] != "":
			return fmt.Errorf("%s is named twice", place)
		}
		(*m)[place], last = column, place
	}
	return nil
}

// The signs of --map, as a Chinese keyboard types them. A column may have such a comma in its name.
var (
	fullWidthSigns = strings.NewReplacer("，", ",", "＝", "=")
	fullWidthComma = regexp.MustCompile(`，[^,，=]+=`)
)

// readingError says of which file an error is, except where it is about the command.
func readingError(file string, err error) error {
	var usage usageError
	if errors.As(err, &usage) {
		return err
	}
	return fmt.Errorf("read %s: %w", file, err)
}

// reportBad prints bad lines and makes them the command's failure.
func (c *cli) reportBad(b *badlines.Lines) error {
	if b.Count() == 0 {
		return nil
	}
	b.Write(c.stderr)
	return errMistakes
}

// reportFile says what is worth saying once about a file that was read.
func (c *cli) reportFile(r *eventfile.Reader, schema *playbooks.Schema) {
	for _, note := range r.Notes() {
		fmt.Fprintf(c.stderr, "usher: %s\n", note)
	}
	const most = 10
	list := r.Undeclared()
	for _, u := range list[:min(most, len(list))] {
		fmt.Fprintf(c.stderr, "usher: %s named %s, which is not declared: no playbook can read it%s\n",
			plural(u.Count, "event"), u.Event, suggestEvent(u.Event, schema))
	}
	if more := len(list) - most; more > 0 {
		fmt.Fprintf(c.stderr, "usher: … and %s that are not declared\n", plural(more, "other event name"))
	}
}

// suggestEvent returns which declared event an undeclared one probably is.
func suggestEvent(event string, schema *playbooks.Schema) string {
	var known []string
	for i := range schema.Events {
		known = append(known, schema.Events[i].Name)
	}
	if hint := diag.DidYouMean(event, known); hint != "" {
		return "; " + hint
	}
	return ""
}

func (c *cli) openFile(name string) (io.Reader, func(), error) {
	if name == "-" {
		return c.stdin, func() {}, nil
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

// uploaded is what a command has that sends a file to a server.
type uploaded struct {
	in     io.Reader
	client *client
	schema *playbooks.Schema // types the columns of CSV; nil: they are typed by their look
	how    eventfile.Options
}

// upload declares the flags of a command that sends a file to a server, and makes it hand the file
// to send. backfill says what the flag of that name does.
func (c *cli) upload(cmd *cobra.Command, events bool, backfill string, send func(context.Context, uploaded) error) {
	var workspace string
	var history bool
	var read reading
	cmd.Args = cobra.ExactArgs(1)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		in, closeFile, err := c.openFile(args[0])
		if err != nil {
			return err
		}
		defer closeFile()
		if _, err := read.options(nil); err != nil { // a slip in the command before one at the server
			return err
		}
		u := uploaded{in: in}
		if u.client, err = c.client(cmd); err != nil {
			return err
		}
		u.client.Again = c.noteAgain
		if u.schema, err = c.columns(cmd.Context(), u.client, workspace); err != nil {
			return err
		}
		if u.how, err = read.options(u.schema); err != nil {
			return err
		}
		u.how.Backfill = history
		return send(cmd.Context(), u)
	}
	read.flags(c, cmd, events)
	cmd.Flags().BoolVar(&history, "backfill", false, backfill)
	cmd.Flags().StringVar(&workspace, "workspace", "",
		"type the columns of CSV by this workspace's schema instead of the server's")
	completeFolder(cmd, "workspace")
	serverFlags(cmd)
}
