package eventflags

import (
	"encoding/csv"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/cmd/usher/internal/workspaces"
	"github.com/usher-run/usher/engine/intake"
	"github.com/usher-run/usher/engine/sim/eventfile"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
)

// Flags is how a file is to be read: the flags of all commands that read one.
type Flags struct {
	encoding, timezone, event string
	columns                   Map
}

// EventsHere completes an event of the workspace in this folder.
var EventsHere = command.Completion(func(*cobra.Command, []string, string) (names []string) {
	if ws := workspaces.Here(); ws != nil {
		names = ws.Schema.EventNames()
	}
	return names
})

// Declare declares the flags. Only files of events have --event, whose value events completes; it is
// nil for others.
func (r *Flags) Declare(cmd *cobra.Command, events cobra.CompletionFunc) {
	f := cmd.Flags()
	f.StringVar(&r.encoding, "encoding", "", "encoding of the file: "+strings.Join(eventfile.EncodingNames(), ", ")+
		" (UTF-8 and marked UTF-16 need none)")
	f.StringVar(&r.timezone, "timezone", "",
		"zone of times that name no offset, as in Asia/Shanghai (else the workspace's)")
	f.Var(&r.columns, "map", "names columns, as in member=会员ID,time=下单时间")
	command.CompleteFlag(cmd, "encoding", eventfile.EncodingNames()...)
	_ = cmd.RegisterFlagCompletionFunc("timezone", command.ZoneCandidates)
	if events == nil {
		command.CompleteColumns(cmd, "map", "member=", "tags=", "tags.remove=")
		return
	}
	command.CompleteColumns(cmd, "map", "member=", "time=", "event=", "id=", "attributes.")
	f.StringVar(&r.event, "event", "", "the event of all lines that name none, as in order.paid")
	_ = cmd.RegisterFlagCompletionFunc("event", events)
}

// Options returns how to read a file whose columns the schema types; it may be nil.
func (r *Flags) Options(schema *playbooks.Schema) (eventfile.Options, error) {
	o := eventfile.Options{Schema: schema, Encoding: r.encoding, Map: r.columns, Event: r.event}
	if !eventfile.KnownEncoding(r.encoding) {
		return o, command.Usagef("--encoding must be one of %s, got %q", strings.Join(eventfile.EncodingNames(), ", "), r.encoding)
	}
	if r.timezone == "" {
		return o, nil
	}
	zone, err := time.LoadLocation(r.timezone)
	if err != nil || r.timezone == "Local" {
		return o, command.Usagef("--timezone must be a zone like Asia/Shanghai, got %q", r.timezone)
	}
	o.Zone = zone
	return o, nil
}

// Map is place=column, several with commas between them or the flag repeated.
type Map map[string]string

// String returns no default: --map has none.
func (m Map) String() string { return "" }

// Type returns how help names the value.
func (m Map) Type() string { return "PLACE=COLUMN" }

// Set reads the value of one --map, beside those before it.
func (m *Map) Set(text string) error {
	if wide := fullWidthSigns.Replace(text); wide != text && strings.Count(wide, "=") > strings.Count(text, "=") ||
		fullWidthComma.MatchString(text) {
		return fmt.Errorf("it has full-width signs between its parts: write %s", wide)
	}
	parts, err := csv.NewReader(strings.NewReader(text)).Read()
	if err != nil {
		return errors.New("write it as in member=会员ID,time=下单时间")
	}
	if *m == nil {
		*m = Map{}
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

// ReadingError says of which file an error is, except where it is about the command.
func ReadingError(file string, err error) error {
	var usage command.UsageError
	if errors.As(err, &usage) {
		return err
	}
	return fmt.Errorf("read %s: %w", file, err)
}

// ReportFile says what is worth saying once about a file that was read.
func ReportFile(c *command.Line, r *eventfile.Reader, schema *playbooks.Schema) {
	for _, note := range r.Notes() {
		fmt.Fprintf(c.Stderr, "usher: %s\n", note)
	}
	const most = 10
	list := r.Undeclared()
	for _, u := range list[:min(most, len(list))] {
		fmt.Fprintf(c.Stderr, "usher: %s named %s, which is not declared: no playbook can read it%s\n",
			command.Plural(u.Count, "event"), u.Event, suggestEvent(u.Event, schema))
	}
	if more := len(list) - most; more > 0 {
		fmt.Fprintf(c.Stderr, "usher: … and %s that are not declared\n", command.Plural(more, "other event name"))
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

// Instant reads the time that a flag gives, as event files have it; zero when the flag is not given. A time
// that names no offset is in the zone.
func Instant(flag, text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := eventfile.ReadTime(text, zone)
	if err != nil {
		return t, command.Usagef("--%s: %w", flag, err)
	}
	if t, rej := intake.ParseInstant("--"+flag, t.Format(time.RFC3339Nano)); rej != nil {
		return t, command.Usage(rej)
	}
	return t, nil
}
