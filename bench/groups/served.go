package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/usher-run/usher/bench/served"
)

// serve measures how long events of members take whose line has nothing to do with a group: while the group is silent,
// and while it talks.
func serve(o options) error {
	dir, err := os.MkdirTemp("", "usher-groups")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	workspace := filepath.Join(dir, "workspace")
	if err := write(workspace, files(true, true, ".member")); err != nil {
		return err
	}
	started, err := served.Start(o.usher, workspace, filepath.Join(dir, "usher.db"), os.Stderr, "--log", "warn")
	if err != nil {
		return err
	}
	defer started.Stop()
	s := newServer(started, o)
	go s.listen()
	if err := s.fill(o.history); err != nil {
		return err
	}
	perDay := float64(o.messages) / float64(o.days) / (24 * 60 * 60)
	loads := []load{
		{what: "nothing else"},
		{"the group at ten times its daily rate", 10 * perDay, func() []byte { return s.message(time.Time{}) }},
		{"the group in a burst", o.burst, func() []byte { return s.message(time.Time{}) }},
		{"as many events of members alone", o.burst, s.note},
	}
	return s.compare(o, loads)
}

// compare measures beside loads, in turns, and prints what they do to events of members.
func (s *server) compare(o options, loads []load) error {
	fmt.Printf("served: %.0f events of members a second, from 202 to message (aim: as beside nothing else), for %s each beside\n", o.rate, o.phase)
	all := make([][]phase, len(loads))
	for range o.rounds {
		for i := range loads {
			p, err := s.measure(o, &loads[i])
			if err != nil {
				return err
			}
			all[i] = append(all[i], p)
		}
	}
	usual := median(all[0])
	for i := range loads {
		p, each := median(all[i]), ""
		if loads[i].rate > 0 {
			each = fmt.Sprintf(", %.0f µs for each of the load", (p.processor-usual.processor)*1e6/loads[i].rate)
		}
		fmt.Printf("  %-37s %5.1f/s  p50 %5.1f ms %5.2fx, p99 %5.1f ms %5.2fx, most %5.1f ms, processor %3.0f%%%s\n", loads[i].what,
			loads[i].rate, p.p50, p.p50/usual.p50, p.p99, p.p99/usual.p99, p.most, 100*p.processor, each)
	}
	return s.verify(o)
}

// fill gives the group the messages of seven days: a thousand at once, when those before are decided.
func (s *server) fill(n int) error {
	size := fmt.Appendf(nil, `{"attributes":{"title":"Milk","size":%d}}`, s.members)
	if err := s.Do(http.MethodPut, "/v1/objects/group/"+group, size, nil); err != nil {
		return err
	}
	begin, used := time.Now(), s.ProcessorTime()
	const window, atOnce = 7*24*time.Hour - time.Hour, 1000
	first, step := begin.Add(-window), window/time.Duration(max(n, 1))
	for from := 0; from < n; from += atOnce {
		body := bytes.NewBufferString("[")
		for i := from; i < min(from+atOnce, n); i++ {
			if i > from {
				body.WriteByte(',')
			}
			body.Write(s.message(first.Add(time.Duration(i) * step)))
		}
		body.WriteByte(']')
		if err := s.Do(http.MethodPost, "/v1/events", body.Bytes(), nil); err != nil {
			return err
		}
		if err := s.decided(time.Minute); err != nil {
			return err
		}
	}
	fmt.Printf("served: the %d messages of the last 7 days are decided after %.1f s; %.0f µs of processor time each\n", n,
		time.Since(begin).Seconds(), float64((s.ProcessorTime()-used).Microseconds())/float64(max(n, 1)))
	return nil
}

// message makes the next message of the group; one that has a time happened before usher was told.
func (s *server) message(at time.Time) []byte {
	member, length := s.talk.speaks(s.dice)
	s.said++
	before := ""
	if !at.IsZero() {
		before = fmt.Sprintf(`,"backfill":true,"time":%q`, at.UTC().Format("2006-01-02T15:04:05.000Z07:00"))
	}
	return fmt.Appendf(nil, `{"id":"g%d","event":"group.message","member":%q,"properties":{"group":%q,"length":%d,"speaker":%q}%s}`,
		s.said, member, group, length, member, before)
}

// note makes an event of a member that belongs to no group.
func (s *server) note() []byte {
	member, length := s.talk.speaks(s.dice)
	s.noted++
	return fmt.Appendf(nil, `{"id":"n%d","event":"note","member":%q,"properties":{"length":%d}}`, s.noted, member, length)
}

// decided waits until all that was sent before is decided: an event of a member is decided behind it.
func (s *server) decided(most time.Duration) error {
	first := s.sent
	s.sent++
	if err := s.ping(first); err != nil {
		return err
	}
	_, err := s.took(first, most)
	return err
}

// view is what the server says of the group.
type view struct {
	Computed map[string]float64
	Failed   map[string]string
}

// verify holds what is computed of the group against what was sent.
func (s *server) verify(o options) error {
	if err := s.decided(time.Minute); err != nil {
		return err
	}
	var v view
	if err := s.Do(http.MethodGet, "/v1/objects/group/"+group, nil, &v); err != nil {
		return err
	}
	messages, speakers := int(v.Computed["messages_7d"]), int(v.Computed["speakers_7d"])
	fmt.Printf("  in the end the group has %d messages of %d members in 7 days\n", messages, speakers)
	if messages != s.said || s.said > 50*o.members && speakers != o.members {
		return fmt.Errorf("%d messages were sent, of %d members: %v", s.said, o.members, v.Failed)
	}
	return nil
}

func newServer(started *served.Server, o options) *server {
	return &server{
		Server: started, talk: talk{members: o.members}, dice: sameDice(),
		answered: map[int]time.Time{}, came: map[int]time.Time{},
	}
}
