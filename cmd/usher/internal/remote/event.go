package remote

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/cmd/usher/internal/workspaces"
	"github.com/usher-run/usher/engine/sim/eventfile"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
)

// pairs splits arguments of the form key=value.
func pairs(args []string) (keys, values []string, err error) {
	for _, a := range args {
		k, v, ok := strings.Cut(a, "=")
		if !ok || k == "" {
			return nil, nil, command.Usagef("%q is not of the form key=value", a)
		}
		if slices.Contains(keys, k) {
			return nil, nil, command.Usagef("%s is given twice", k)
		}
		keys, values = append(keys, k), append(values, v)
	}
	return keys, values, nil
}

// encodeEvent writes an event in the shape of POST /v1/events, with its properties typed by the
// schema: as a line of CSV is.
func encodeEvent(schema *playbooks.Schema, header, row []string) ([]byte, error) {
	var file bytes.Buffer
	w := csv.NewWriter(&file)
	if err := w.WriteAll([][]string{header, row}); err != nil {
		return nil, err
	}
	rec, err := eventfile.Open(&file, eventfile.Options{Schema: schema}).Next()
	if err != nil || slices.Contains(header, "id") {
		return rec.Raw, err
	}
	// A line of a file without an id gets one from its content. What is sent by hand is another event
	// each time.
	var event map[string]json.RawMessage
	if err := json.Unmarshal(rec.Raw, &event); err != nil {
		return nil, err
	}
	delete(event, "id")
	return json.Marshal(event)
}

// eventProperties reports an error when an event is not declared, or has no property of a name.
func eventProperties(schema *playbooks.Schema, event string, keys []string) error {
	var names []string
	for i := range schema.Events {
		names = append(names, schema.Events[i].Name)
	}
	e := schema.Event(event)
	if e == nil {
		return noSuch("event", event, names)
	}
	if e.Properties == nil {
		return nil
	}
	names = nil
	for _, f := range e.Properties.Fields {
		names = append(names, f.Name)
	}
	for _, k := range keys {
		if !slices.Contains(names, k) {
			return noSuch("property of "+event+",", k, names)
		}
	}
	return nil
}

// noSuch says that nothing has that name, and what was probably meant, else what there is.
func noSuch(kind, name string, known []string) error {
	switch hint := diag.DidYouMean(name, known); {
	case hint != "":
		return fmt.Errorf("there is no %s `%s`; %s", kind, name, hint)
	case len(known) == 0:
		return fmt.Errorf("there is no %s `%s`, and no other", kind, name)
	}
	return fmt.Errorf("there is no %s `%s`; there is %s", kind, name,
		strings.Join(slices.Sorted(slices.Values(known)), ", "))
}

func (c *asking) eventCommand() *cobra.Command {
	var at, id string
	cmd := &cobra.Command{
		Use: "event NAME MEMBER [KEY=VALUE…]", Short: "Send one event by hand",
		Long: "Sends one event of a member to a server. Values are typed as the server's workspace declares them: amount=36 is a number\n" +
			"where it says number. An event of an object alone, as of a group, has no MEMBER. Whole files go with `usher send`.",
		Example:           "  usher event member.joined m1 channel=wechat\n  usher event order.paid m1 order_id=o-2001 amount=36 --id o-2001 --time 2026-11-11T10:00:00+08:00",
		Args:              cobra.MinimumNArgs(2),
		ValidArgsFunction: c.complete(eventCandidates),
	}
	serverFlags(cmd)
	shown := outputFlags(cmd)
	cmd.Flags().StringVar(&at, "time", "", "when it happened (RFC 3339); now when left out")
	cmd.Flags().StringVar(&id, "id", "", "its id: the same id again does nothing again")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := shown.check(); err != nil {
			return err
		}
		keys, values, err := pairs(args[2:])
		if err != nil {
			return err
		}
		for _, word := range append([]string{args[0], args[1], id}, values...) {
			if strings.TrimSpace(word) != word {
				return command.Usagef("%q begins or ends with a space, which a command line hides: send it as a line of JSON with `usher send -`", word)
			}
		}
		header, row := append([]string{"event", "member"}, keys...), append([]string{args[0], args[1]}, values...)
		for name, v := range map[string]string{"time": at, "id": id} {
			if v != "" {
				if slices.Contains(keys, name) {
					return command.Usagef("%s is given twice: as --%s and as a property", name, name)
				}
				header, row = append(header, name), append(row, v)
			}
		}
		cl, err := c.client(cmd)
		if err != nil {
			return err
		}
		return c.sendEvent(cmd.Context(), cl, shown, keys, header, row)
	}
	return cmd
}

func (c *asking) sendEvent(ctx context.Context, cl *client, shown *output, keys, header, row []string) error {
	text, err := cl.Do(ctx, http.MethodGet, "/v1/schema", nil)
	if err != nil {
		return err
	}
	schema, err := cl.schema(text)
	if err != nil {
		return err
	}
	if key, value, ok := ofObjectsAlone(schema, row); ok {
		if slices.Contains(keys, key) {
			return command.Usagef("%s is given twice", key)
		}
		keys, header, row[1] = append(keys, key), append(header, key), ""
		row = append(row, value)
	}
	if err := eventProperties(schema, row[0], keys); err != nil {
		return err
	}
	body, err := encodeEvent(schema, header, row)
	if err != nil {
		return fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "line 2: "))
	}
	if text, err = cl.Do(ctx, http.MethodPost, "/v1/events", body); err != nil {
		return err
	}
	var a struct {
		Status, ID string
		Differs    bool
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return fmt.Errorf("the server at %s answered something that is not usher's JSON", cl.Base)
	}
	return show(ctx, c, cl, shown, text, func(p *printout) {
		switch {
		case a.Status == "accepted":
			of := " of member " + schema.MemberID(row[1])
			if row[1] == "" {
				of = ""
			}
			p.Printf("accepted: %s%s, id %s\n", row[0], of, a.ID)
		case a.Differs:
			p.Printf("duplicate: an event with the id %s was taken before, with other content; nothing was taken now\n", a.ID)
		default:
			p.Printf("duplicate: the event %s was taken before; nothing was taken now\n", a.ID)
		}
	})
}

// ofObjectsAlone returns a property that stands where the member would: of an event that names an object nobody needs
// to be a member's.
func ofObjectsAlone(schema *playbooks.Schema, row []string) (key, value string, ok bool) {
	e := schema.Event(row[0])
	if key, value, ok = strings.Cut(row[1], "="); !ok || e == nil || e.Properties == nil {
		return "", "", false
	}
	_, ok = e.Properties.Field(key)
	ofObject := func(kind string) bool { return schema.Object(kind) != nil }
	return key, value, ok && slices.ContainsFunc(e.Properties.Refs(), ofObject)
}

// eventCandidates completes an event's name, and then the keys of its properties.
func eventCandidates(ctx context.Context, ws *playbooks.Workspace, cl *client, args []string,
	_ string,
) (names []string) {
	var schemas []*playbooks.Schema
	if ws != nil {
		schemas = append(schemas, ws.Schema)
	}
	if cl != nil {
		if text, err := cl.Do(ctx, http.MethodGet, "/v1/schema", nil); err == nil {
			if served, _ := workspaces.LoadFiles(map[string][]byte{"usher.yaml": text}); served != nil && served.Schema != nil {
				schemas = append(schemas, served.Schema)
			}
		}
	}
	if len(args) == 1 {
		return cl.newestMembers(ctx)
	}
	for _, s := range schemas {
		for i := range s.Events {
			e := &s.Events[i]
			switch {
			case len(args) == 0:
				names = append(names, e.Name)
			case len(args) > 1 && e.Name == args[0] && e.Properties != nil:
				for _, f := range e.Properties.Fields {
					names = append(names, f.Name+"=")
				}
			}
		}
	}
	return names
}
