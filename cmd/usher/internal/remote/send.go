package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/usher-run/usher/cmd/usher/internal/eventflags"
	"github.com/usher-run/usher/cmd/usher/internal/workspaces"
	"github.com/usher-run/usher/engine/sim/eventfile"
	"github.com/usher-run/usher/internal/apiclient"
	"github.com/usher-run/usher/internal/badlines"
	"github.com/usher-run/usher/playbooks"
)

const (
	batchEvents = 500
	batchBytes  = 900 << 10 // below the server's limit of 1 MiB
	sendStreams = 4
	longAgo     = 7 * 24 * time.Hour // events that are older are most likely meant as history
)

func (c *asking) sendCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "send FILE", Short: "Send an event file to a server",
		Long: "Sends an event file (JSON lines or CSV, plain or gzip; - is standard input) to a server. Each member's events keep the\n" +
			"file's order, and all do where events may name other members. It is safe to repeat: an event is taken once, whatever happened to the sending before.",
		Example: "  usher send events.jsonl\n  usher send 订单.csv --encoding gb18030 --map member=会员ID,time=下单时间 --event order.paid\n  usher send last-year.csv --backfill\n  usher send orders.csv.gz --server https://usher.example.com",
	}
	c.upload(cmd, true,
		"take the events in as history: they count in events(), attributes and created_at, and start nothing", c.sendEvents)
	return cmd
}

// sendEvents sends the events of a file and says what became of them.
func (c *asking) sendEvents(ctx context.Context, u uploaded) error {
	s := c.newSending(u.client)
	s.ordered = u.schema.NamesMembers()
	r := eventfile.Open(u.in, u.how)
	err := s.file(ctx, r)
	if s.bar != nil {
		_ = s.bar.Finish()
	}
	fmt.Fprintf(c.Stdout, "accepted %d, duplicate %d, rejected %d\n", s.accepted, s.duplicate, s.rejected+s.unread)
	if s.differing > 0 {
		fmt.Fprintf(c.Stdout, "%d of the duplicates have other content than what was accepted under their ids, which stays as it was: "+
			"give what is another event another id\n", s.differing)
	}
	if s.old > 0 {
		fmt.Fprintf(c.Stdout, "%d of the accepted happened more than 7 days ago and start playbooks as any event does: "+
			"what is history is sent with --backfill, which starts nothing\n", s.old)
	}
	eventflags.ReportFile(c.Line, r, u.schema)
	if mistakes := c.ReportBad(&s.bad); err == nil {
		return mistakes
	}
	return err // what ended it all is said, too
}

// columns returns the schema that types the columns of CSV: a folder's, else the server's own. One
// that has none to give leaves the columns to their look.
func (c *asking) columns(ctx context.Context, cl *client, workspace string) (*playbooks.Schema, error) {
	if workspace != "" {
		ws, err := workspaces.LoadGood(c.Line, "", workspace)
		if err != nil {
			return nil, err
		}
		return ws.Schema, nil
	}
	text, err := cl.Insist(ctx, http.MethodGet, "/v1/schema", nil)
	var said *apiclient.Error
	if errors.As(err, &said) && said.Status == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return cl.schema(text)
}

// schema reads what a server says of its events. It is JSON, and so is YAML: the front end reads it
// like any usher.yaml.
func (cl *client) schema(text []byte) (*playbooks.Schema, error) {
	ws, diags := workspaces.LoadFiles(map[string][]byte{"usher.yaml": text})
	if workspaces.Mistaken(diags, false) {
		return nil, fmt.Errorf("the server at %s gave a schema that this version of usher cannot read", cl.Base)
	}
	return ws.Schema, nil
}

// sending is the state of one file that is being sent.
type sending struct {
	client  *client
	ordered bool // events name members whom others bring: all keep the file's order
	bar     interface {
		Add(n int) error
		Finish() error
	}

	mu                            sync.Mutex
	accepted, duplicate, rejected int
	differing                     int // of the duplicates, those that have other content
	old                           int // of the accepted, those that happened long ago and are no history
	unread                        int // lines that are no events
	bad                           badlines.Lines
	err                           error // the first that ends it all
}

func (c *asking) newSending(cl *client) *sending {
	s := &sending{client: cl}
	if b := c.Bar(-1, "sending", "events"); b != nil {
		s.bar = b
	}
	return s
}

// batch is a request being filled: an array of events and the lines they stand on.
type batch struct {
	body  bytes.Buffer
	lines []int
	old   []bool // which of them happened long ago
}

// file sends all of a file over several streams. A member's events share a stream, which sends one
// batch after the other; all do where the file's order counts.
func (s *sending) file(ctx context.Context, r *eventfile.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	var streams [sendStreams]chan *batch
	for i := range streams {
		streams[i] = make(chan *batch, 1)
		wg.Go(func() {
			for b := range streams[i] {
				if err := s.batch(ctx, b); err != nil {
					s.stop(err)
					cancel()
				}
			}
		})
	}
	err := s.read(ctx, r, &streams)
	for _, stream := range streams {
		close(stream)
	}
	wg.Wait()
	if s.err != nil {
		return s.err
	}
	return err
}

func (s *sending) stop(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
}

// read fills batches, and hands each to its stream when it is full.
func (s *sending) read(ctx context.Context, r *eventfile.Reader, streams *[sendStreams]chan *batch) error {
	var open [sendStreams]*batch
	flush := func(i int) {
		if open[i] == nil {
			return
		}
		select {
		case streams[i] <- open[i]:
		case <-ctx.Done():
		}
		open[i] = nil
	}
	for ctx.Err() == nil {
		rec, err := r.Next()
		var le *eventfile.LineError
		switch {
		case errors.Is(err, io.EOF):
			for i := range open {
				flush(i)
			}
			return ctx.Err()
		case errors.As(err, &le):
			s.mu.Lock()
			s.unread++
			s.bad.Add(le.Line, le.Error())
			s.mu.Unlock()
			continue
		case err != nil:
			return fmt.Errorf("read the events: %w", err)
		}
		i := s.streamOf(rec.Input.Member)
		if open[i] != nil && (len(open[i].lines) == batchEvents || open[i].body.Len()+len(rec.Raw) > batchBytes) {
			flush(i)
		}
		if open[i] == nil {
			open[i] = &batch{}
		}
		open[i].add(rec)
	}
	return ctx.Err()
}

func (s *sending) streamOf(member string) int {
	if s.ordered {
		return 0
	}
	h := fnv.New32a()
	h.Write([]byte(member))
	return int(h.Sum32() % sendStreams)
}

func (b *batch) add(rec eventfile.Record) {
	sep := byte(',')
	if len(b.lines) == 0 {
		sep = '['
	}
	b.body.WriteByte(sep)
	b.body.Write(rec.Raw)
	b.lines = append(b.lines, rec.Line)
	in := &rec.Input
	b.old = append(b.old, !in.Backfill && !in.Time.IsZero() && time.Since(in.Time) > longAgo)
}

// batch sends one batch and counts its results.
func (s *sending) batch(ctx context.Context, b *batch) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	text, err := s.client.Insist(ctx, http.MethodPost, "/v1/events", append(b.body.Bytes(), ']'))
	if err != nil {
		return err
	}
	var answer struct {
		Results []struct {
			Status  string
			Differs bool
			Error   struct{ Code, Message string }
		}
	}
	if err := json.Unmarshal(text, &answer); err != nil || len(answer.Results) != len(b.lines) {
		return fmt.Errorf("the server at %s answered something that is not usher's JSON", s.client.Base)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, r := range answer.Results {
		switch r.Status {
		case "accepted":
			s.accepted++
			if b.old[i] {
				s.old++
			}
		case "duplicate":
			s.duplicate++
			if r.Differs {
				s.differing++
			}
		default:
			s.rejected++
			s.bad.Add(b.lines[i], fmt.Sprintf("line %d: %s", b.lines[i], r.Error.Message))
		}
	}
	if s.bar != nil {
		_ = s.bar.Add(len(b.lines))
	}
	return nil
}

// noteAgain says that a server that does not answer is asked again: half a minute without a word
// looks like work.
func (c *asking) noteAgain(err error) {
	fmt.Fprintf(c.Stderr, "usher: %v; trying again for %s\n", err, apiclient.RetryFor)
}

// Fed is what became of events that were fed in.
type Fed struct {
	Accepted, Duplicate int
	Rejected            []string // the reasons, each once
}

// Feed sends events, JSON lines, to the server at an address, as `usher send` does.
func Feed(ctx context.Context, base, key string, events []byte) (Fed, error) {
	s := &sending{client: newClient(base, key, ""), ordered: true}
	err := s.file(ctx, eventfile.Open(bytes.NewReader(events), eventfile.Options{}))
	return Fed{s.accepted, s.duplicate, s.bad.Reasons()}, err
}
