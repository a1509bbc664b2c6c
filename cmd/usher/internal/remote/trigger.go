package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/cmd/usher/internal/workspaces"
	"github.com/usher-run/usher/playbooks"
)

func (c *asking) triggerCommand() *cobra.Command {
	var members, objects, params []string
	var segment, id string
	cmd := &cobra.Command{
		Use:   "trigger PLAYBOOK (--member ID… | --object ID… | --segment NAME)",
		Short: "Start a playbook with an http trigger, for members or a segment",
		Long: "Starts a playbook whose trigger is http, for the members or objects that are named or for all of a segment. Parameters are typed as\n" +
			"the playbook declares them. For a segment, or for more than 500 members, a job starts it: `usher jobs` shows how far it is.",
		Example: "  usher trigger hall-closed --member m1 --member m2 --param hall=北馆\n" +
			"  usher trigger hall-closed --segment regulars --param hall=北馆 --id closed-2026-03-02",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: c.complete(playbookCandidates),
	}
	serverFlags(cmd)
	shown := outputFlags(cmd)
	cmd.Flags().StringArrayVar(&members, "member", nil, "a member's id; may be repeated")
	cmd.Flags().StringArrayVar(&objects, "object", nil, "the id of an object, of a playbook that is for its kind; may be repeated")
	cmd.Flags().StringVar(&segment, "segment", "", "all members of this segment")
	cmd.Flags().StringArrayVar(&params, "param", nil, "KEY=VALUE; may be repeated")
	cmd.Flags().StringVar(&id, "id", "", "names this start: the same id again starts nobody again")
	completeFlagFrom(c, cmd, "segment", segmentCandidates)
	completeFlagFrom(c, cmd, "member", memberFlagCandidates)
	completeFlagFrom(c, cmd, "object", objectFlagCandidates)
	completeFlagFrom(c, cmd, "param", paramCandidates)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := shown.check(); err != nil {
			return err
		}
		if (len(members)+len(objects) > 0) == cmd.Flags().Changed("segment") || len(members) > 0 && len(objects) > 0 {
			return command.Usagef("trigger: say for whom, with either --member, --object or --segment")
		}
		keys, values, err := pairs(params)
		if err != nil {
			return err
		}
		cl, err := c.client(cmd)
		if err != nil {
			return err
		}
		body := map[string]any{"params": nil}
		if body["params"], err = cl.params(cmd.Context(), args[0], keys, values); err != nil {
			return err
		}
		whom := "member"
		switch {
		case len(objects) > 0:
			body["objects"], whom = objects, "object"
		case len(members) > 0:
			body["members"] = members
			if err := cl.known(cmd.Context(), members); err != nil {
				return err
			}
		default:
			body["segment"] = segment
		}
		raw, err := json.Marshal(body)
		if err != nil {
			return err
		}
		var a started
		text, err := cl.PostFor(cmd.Context(), "/v1/playbooks/"+url.PathEscape(args[0])+"/trigger", id, raw, &a)
		if err != nil {
			return err
		}
		return show(cmd.Context(), c, cl, shown, text, func(p *printout) { p.started(args[0], whom, &a) })
	}
	return cmd
}

// started is the answer to a trigger.
type started struct {
	Accepted, Duplicate int
	Job                 string
}

func (p *printout) started(playbook, whom string, a *started) {
	if a.Job != "" {
		p.Printf("%s: job %s starts it for them; `usher jobs` shows how far it is\n", playbook, a.Job)
		return
	}
	p.Printf("%s: started for %s", playbook, command.Plural(a.Accepted, whom))
	if a.Duplicate > 0 {
		p.Printf(", %d had been started under this id already", a.Duplicate)
	}
	p.Printf("\n")
}

// known reports an error for the first of the members who does not exist: a slip in an id would
// make a new member.
func (cl *client) known(ctx context.Context, members []string) error {
	for _, id := range members {
		if _, err := cl.Do(ctx, http.MethodGet, "/v1/members/"+url.PathEscape(id), nil); err != nil {
			return err
		}
	}
	return nil
}

// refKind finds the kinds of objects that a type refers to.
var refKind = regexp.MustCompile(`"(?:optional )?ref ([^"]+)"`)

// params types the parameters of a playbook's http trigger as it declares them.
func (cl *client) params(ctx context.Context, playbook string, keys, values []string) (any, error) {
	var v struct {
		Params json.RawMessage
	}
	if _, err := cl.Get(ctx, "/v1/playbooks/"+url.PathEscape(playbook), &v); err != nil || len(keys) == 0 {
		return nil, err
	}
	if len(v.Params) == 0 {
		return nil, fmt.Errorf("playbook %s takes no parameters", playbook)
	}
	// Parameters are typed as an event's properties are, so they are read as those of an event of that
	// name.
	const name = "trigger"
	kinds := map[string]any{} // that parameters may refer to
	for _, m := range refKind.FindAllSubmatch(v.Params, -1) {
		kinds[string(m[1])] = map[string]any{}
	}
	objects, err := json.Marshal(kinds)
	if err != nil {
		return nil, err
	}
	ws, diags := workspaces.LoadFiles(map[string][]byte{"usher.yaml": fmt.Appendf(nil,
		`{"usher": 1, "objects": %s, "events": {"%s": %s}}`, objects, name, v.Params)})
	if workspaces.Mistaken(diags, false) {
		return nil, fmt.Errorf("the server at %s gave parameters that this version of usher cannot read", cl.Base)
	}
	known := []string{}
	for _, f := range ws.Schema.Event(name).Properties.Fields {
		known = append(known, f.Name)
	}
	for _, k := range keys {
		if !slices.Contains(known, k) {
			return nil, noSuch("parameter of "+playbook+",", k, known)
		}
	}
	raw, err := encodeEvent(ws.Schema, append([]string{"event", "member"}, keys...),
		append([]string{name, "m"}, values...))
	if err != nil {
		return nil, fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "line 2: "))
	}
	var e struct{ Properties map[string]any }
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err = d.Decode(&e)
	return e.Properties, err
}

func (c *asking) pauseCommand(paused bool) *cobra.Command {
	verb, does := "resume", "Let a paused playbook take new runs again"
	if paused {
		verb, does = "pause", "Let a playbook take no new runs; open ones go on"
	}
	cmd := &cobra.Command{
		Use: verb + " PLAYBOOK", Short: does, Args: cobra.ExactArgs(1), Example: "  usher " + verb + " welcome",
		Long:              does + ". It holds until it is taken back, also over restarts and for\nother workspaces; what a playbook's own `status` says stays as it is.",
		ValidArgsFunction: c.complete(playbookCandidates),
	}
	return c.askCommand(cmd, func(ctx context.Context, cl *client, args []string) ([]byte, func(p *printout), error) {
		var v struct{ Status string }
		text, err := cl.PostFor(ctx, "/v1/playbooks/"+url.PathEscape(args[0])+"/"+verb, "", nil, &v)
		return text, func(p *printout) {
			switch {
			case paused:
				p.Printf("%s is paused: it takes no new runs, open ones go on\n", args[0])
			case v.Status == string(playbooks.Shadow):
				p.Printf("%s takes new runs again, in shadow: nothing of them leaves\n", args[0])
			case v.Status != string(playbooks.Live):
				p.Printf("%s is not paused from outside any more; its file says `status: %s`\n", args[0], v.Status)
			default:
				p.Printf("%s takes new runs again\n", args[0])
			}
		}, err
	})
}
