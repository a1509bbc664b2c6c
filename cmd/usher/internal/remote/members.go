package remote

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"net/url"
	"sync"

	"github.com/spf13/cobra"
	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/engine/sim/eventfile"
	"github.com/usher-run/usher/internal/apiclient"
	"github.com/usher-run/usher/internal/badlines"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
)

// importStreams is how many members are written at once: the server commits together what waits.
const importStreams = 16

func (c *asking) membersCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "members", Short: "Work with members", Example: "  usher members import members.csv",
	}
	cmd.AddCommand(c.importMembersCommand())
	command.Group(cmd)
	for _, sub := range cmd.Commands() {
		sub.Args = command.WrapArgs(sub.Args)
	}
	return cmd
}

func (c *asking) importMembersCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Write attributes and tags of members from a file",
		Long: "Writes attributes and tags of members from a file: CSV with a column member (or id), perhaps tags and tags.remove, and one\n" +
			"column an attribute; or JSON lines {\"member\", \"attributes\", \"tags\"}; plain or gzip; - is standard input. Tags in a cell are\n" +
			"separated by commas or semicolons. An empty cell leaves the attribute as it is. It is safe to repeat.\n" +
			"Segments that members come into by it start their playbooks; with --backfill nothing starts, and attributes that a member\n" +
			"has already stay as they are.",
		Example: "  usher members import members.csv\n  usher members import 会员.csv --encoding gb18030 --map member=会员ID,email=邮箱,tags=标签\n  usher members import old-tool.csv --backfill",
	}
	c.upload(cmd, false, "write what is missing, as history: nothing starts, and what is known stays",
		func(ctx context.Context, u uploaded) error {
			return c.importMembers(ctx, u.client, eventfile.OpenMembers(u.in, u.how), u.schema)
		})
	return cmd
}

// importing is the state of one file that is being imported.
type importing struct {
	client  *client
	step    func() // a member was written or refused
	ordered bool   // attributes name members: those stand before, and are written before

	mu       sync.Mutex
	imported int
	bad      badlines.Lines
	err      error // the first that ends it all
}

func (c *asking) importMembers(ctx context.Context, cl *client, r *eventfile.MemberReader,
	schema *playbooks.Schema,
) error {
	i := &importing{client: cl, step: func() {}, ordered: schema.NamesMembers()}
	bar := c.Bar(-1, "importing", "rows")
	if bar != nil {
		i.step = func() { _ = bar.Add(1) }
	}
	err := i.file(ctx, r)
	if bar != nil {
		_ = bar.Finish()
	}
	fmt.Fprintf(c.Stdout, "imported %d, rejected %d\n", i.imported, i.bad.Count())
	for _, note := range r.Notes() {
		fmt.Fprintf(c.Stderr, "usher: %s\n", note)
	}
	const most = 10
	list := r.Undeclared()
	for _, name := range list[:min(most, len(list))] {
		fmt.Fprintf(c.Stderr, "usher: the attribute %s is not declared: no playbook can read it%s\n", name,
			suggestAttribute(name, schema))
	}
	if more := len(list) - most; more > 0 {
		fmt.Fprintf(c.Stderr, "usher: … and %s that are not declared\n", command.Plural(more, "other attribute"))
	}
	if mistakes := c.ReportBad(&i.bad); err == nil {
		return mistakes
	}
	return err
}

func suggestAttribute(name string, schema *playbooks.Schema) string {
	var known []string
	for i := range schema.Attributes {
		known = append(known, schema.Attributes[i].Name)
	}
	if hint := diag.DidYouMean(name, known); hint != "" {
		return "; " + hint
	}
	return ""
}

// file writes all members of a file over several streams. The lines of one member share a stream, which
// keeps their order.
func (i *importing) file(ctx context.Context, r *eventfile.MemberReader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	var streams [importStreams]chan eventfile.Member
	for n := range streams {
		streams[n] = make(chan eventfile.Member, 1)
		wg.Go(func() {
			for m := range streams[n] {
				if err := i.member(ctx, m); err != nil {
					i.stop(err)
					cancel()
				}
			}
		})
	}
	err := i.read(ctx, r, &streams)
	for _, stream := range streams {
		close(stream)
	}
	wg.Wait()
	if i.err != nil {
		return i.err
	}
	return err
}

func (i *importing) read(ctx context.Context, r *eventfile.MemberReader,
	streams *[importStreams]chan eventfile.Member,
) error {
	for ctx.Err() == nil {
		m, err := r.Next()
		var le *eventfile.LineError
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, &le):
			i.refuse(le.Line, le.Error())
			continue
		case err != nil:
			return fmt.Errorf("read the members: %w", err)
		}
		n := uint32(0)
		if h := fnv.New32a(); !i.ordered {
			h.Write([]byte(m.ID))
			n = h.Sum32() % importStreams
		}
		select {
		case streams[n] <- m:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

func (i *importing) stop(err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.err == nil {
		i.err = err
	}
}

func (i *importing) refuse(line int, text string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.bad.Add(line, text)
	i.step()
}

// member writes one member. What the server refuses of it is a bad line.
func (i *importing) member(ctx context.Context, m eventfile.Member) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	_, err := i.client.Insist(ctx, http.MethodPut, "/v1/members/"+url.PathEscape(m.ID), m.Body)
	var said *apiclient.Error
	if errors.As(err, &said) && (said.Status == http.StatusUnprocessableEntity || said.Status == http.StatusBadRequest) {
		i.refuse(m.Line, fmt.Sprintf("line %d: %s", m.Line, said.Message))
		return nil
	}
	if err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.imported++
	i.step()
	return nil
}
