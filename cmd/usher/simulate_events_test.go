package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/engine/sim"
	"github.com/usher-run/usher/engine/sim/eventfile"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
	"pgregory.net/rapid"
)

// streamWorkspace depends on the order of events, on what was before them, and on the clock.
var streamWorkspace = map[string]string{
	"usher.yaml": `usher: 1
timezone: Asia/Shanghai
member: {inviter: ref member}
objects: {group: {said: '= len(events("said", "2d"))'}}
segments:
  quiet: days_since(member.last_seen_at) >= 1
  busy: {for: group, if: group.said > 2}
events:
  joined: {by: optional ref member}
  named: {best: ref member}
  paid: {amount: number}
  said: {group: ref group}
channels: {out: {type: log}}
coupons: {gift: {prefix: G, quota: {max: 2, per: day}}}
`,
	"playbooks/brought.yaml": `id: brought
stage: acquisition
trigger: {event: joined}
condition: trigger.by != nil
actions: [{set: {inviter: = trigger.by}}]
`,
	"playbooks/paid.yaml": `id: paid
stage: retention
trigger: {event: paid}
condition: len(events("paid", "1d")) < 3
goal: {event: paid, within: 1d}
actions:
  - {id: gift, coupon: {pool: gift}}
  - wait: 90m
  - message: {channel: out, text: '{{ trigger.amount }}'}
`,
	"playbooks/daily.yaml": `id: daily
stage: retention
trigger: {schedule: "0 9 * * *", segment: quiet}
actions: [{message: {channel: out, text: where}}]
`,
	"playbooks/busy.yaml": `id: busy
for: group
stage: retention
trigger: {segment_enter: busy}
actions: [{tag: busy}]
`,
}

func loaded(t *testing.T, files map[string]string) *playbooks.Workspace {
	t.Helper()
	ws, diags := loader.Load(os.DirFS(writeFiles(t, files)), actions.Registry())
	for _, d := range diags {
		if d.Severity == diag.Error {
			t.Fatalf("%s:%d: %s", d.File, d.Line, d.Message)
		}
	}
	return ws
}

// newSimulation makes a simulation that follows a member. What it says goes to said.
func newSimulation(ws *playbooks.Workspace, said io.Writer) *simulation {
	return &simulation{
		cli: &cli{command.New(strings.NewReader(""), said, said, nil)}, ws: ws,
		how: eventfile.Options{Schema: ws.Schema, Check: true},
		o: sim.SimulateOptions{
			Registry: actions.Registry(), Effects: actions.Effects(), Member: "m1", Funnels: true,
			Until: streamBegin.Add(5 * 24 * time.Hour),
		},
	}
}

var streamBegin = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// outcome returns everything that can be seen of a simulation.
func (s *simulation) outcome(t interface{ Fatal(args ...any) }, read func(io.Reader) (*sim.Result, error), in io.Reader) string {
	var out bytes.Buffer
	s.cli.Stderr = &out
	res, err := read(in)
	if err != nil {
		return out.String() + err.Error()
	}
	asJSON, err := json.Marshal(res)
	if err == nil {
		err = res.WriteText(&out, sim.TextOptions{Zone: time.UTC, By: "day"})
	}
	if err == nil {
		err = res.WriteTrace(&out, sim.TextOptions{Zone: time.UTC})
	}
	if err != nil {
		t.Fatal(err)
	}
	out.Write(asJSON)
	for _, n := range s.r.Notes() {
		fmt.Fprintln(&out, n)
	}
	fmt.Fprintln(&out, s.r.Undeclared())
	s.bad.Write(&out)
	return out.String()
}

// drawnEvent is an event of a random file.
type drawnEvent struct {
	minute int // since streamBegin
	name   string
	member string
	id     string
	value  string // of its only property
	noTime bool
	broken bool
}

var propertyOf = map[string]string{"joined": "by", "named": "best", "paid": "amount", "said": "group"}

func (e *drawnEvent) time() string {
	if e.noTime {
		return ""
	}
	return streamBegin.Add(time.Duration(e.minute) * time.Minute).Format(time.RFC3339)
}

func (e *drawnEvent) json() string {
	value := `"` + e.value + `"`
	if e.name == "paid" {
		value = e.value
	}
	line := fmt.Sprintf(`{"event":%q,"member":%q,"properties":{%q:%s}`, e.name, e.member, propertyOf[e.name], value)
	if e.id != "" {
		line += fmt.Sprintf(`,"id":%q`, e.id)
	}
	if !e.noTime {
		line += fmt.Sprintf(`,"time":%q`, e.time())
	}
	if e.broken {
		return line
	}
	return line + "}"
}

func (e *drawnEvent) row() string {
	cells := []string{e.name, e.member, e.id, e.time(), "", "", "", ""}
	cells[slices.Index(streamHeader, propertyOf[e.name])] = e.value
	if e.broken {
		cells = cells[:3]
	}
	return strings.Join(cells, ",")
}

var streamHeader = []string{"event", "member", "id", "time", "by", "best", "amount", "group"}

// eventFile returns a file with the events.
func eventFile(events []drawnEvent, table, packed bool) []byte {
	var lines []string
	if table {
		lines = append(lines, strings.Join(streamHeader, ","))
	}
	for i := range events {
		if table {
			lines = append(lines, events[i].row())
		} else {
			lines = append(lines, events[i].json())
		}
	}
	text := []byte(strings.Join(lines, "\n") + "\n")
	if !packed {
		return text
	}
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(text) // a buffer takes everything
	_ = z.Close()
	return out.Bytes()
}

// drawEvents returns events in a random order: that of their time, that of several files one after
// the other, or none.
func drawEvents(t *rapid.T, clean bool) []drawnEvent {
	n := rapid.IntRange(1, 60).Draw(t, "events")
	minutes := rapid.SliceOfN(rapid.IntRange(0, 4000), n, n).Draw(t, "minutes")
	if clean { // no two come at one instant
		minutes = rapid.SliceOfNDistinct(rapid.IntRange(0, 4000), n, n, rapid.ID).Draw(t, "distinct minutes")
	}
	mistakes := !clean && rapid.Bool().Draw(t, "mistakes")
	odd := func(i int, label string, odds int) bool {
		return mistakes && rapid.IntRange(1, odds).Draw(t, fmt.Sprint(label, i)) == 1
	}
	events := make([]drawnEvent, n)
	for i := range events {
		e := &events[i]
		e.minute = minutes[i]
		e.name = rapid.SampledFrom([]string{"joined", "named", "paid", "said"}).Draw(t, fmt.Sprint("name", i))
		e.member = fmt.Sprintf("m%d", rapid.IntRange(0, 4).Draw(t, fmt.Sprint("member", i)))
		switch e.name {
		case "joined", "named":
			e.value = fmt.Sprintf("m%d", rapid.IntRange(0, 6).Draw(t, fmt.Sprint("by", i)))
		case "paid":
			e.value = fmt.Sprint(rapid.IntRange(1, 99).Draw(t, fmt.Sprint("amount", i)))
		case "said":
			e.value = fmt.Sprintf("g%d", rapid.IntRange(0, 1).Draw(t, fmt.Sprint("group", i)))
		}
		if clean || rapid.Bool().Draw(t, fmt.Sprint("named", i)) {
			e.id = fmt.Sprintf("e%d", i)
		}
		if odd(i, "id again", 6) {
			e.id = "again"
		}
		e.broken = odd(i, "broken", 6)
		e.noTime = i > 0 && odd(i, "no time", 30)
		if e.name == "paid" && odd(i, "no number", 6) {
			e.value = fmt.Sprintf("%q", "x"+fmt.Sprint(i))
		}
	}
	first := events[0] // which has a time
	byTime := func(a, b drawnEvent) int { return a.minute - b.minute }
	switch rapid.SampledFrom([]string{"in order", "in order", "several files", "shuffled"}).Draw(t, "order") {
	case "in order":
		slices.SortStableFunc(events, byTime)
	case "several files":
		cut := rapid.IntRange(0, n).Draw(t, "cut")
		slices.SortStableFunc(events[:cut], byTime)
		slices.SortStableFunc(events[cut:], byTime)
	case "shuffled":
		events = rapid.Permutation(events).Draw(t, "shuffled")
	}
	if mistakes {
		first.broken = false
		events = append([]drawnEvent{first}, events...)
	}
	return events
}

// source returns what reads a file: it itself, or a pipe, which cannot be rewound.
func source(t *rapid.T, dir string, file []byte) (in io.Reader, done func()) {
	if rapid.Bool().Draw(t, "pipe") {
		return struct{ io.Reader }{bytes.NewReader(file)}, func() {}
	}
	path := filepath.Join(dir, "events")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return f, func() { f.Close() }
}

// A file comes to the same whether its events are decided as they are read or are held and sorted:
// the result, the trace, the bad lines and the errors. Files in order are not held, others are.
func TestEventsAsTheyAreReadAndHeld(t *testing.T) {
	ws, dir := loaded(t, streamWorkspace), t.TempDir()
	var streamed, held int
	rapid.Check(t, func(t *rapid.T) {
		events := drawEvents(t, false)
		file := eventFile(events, rapid.Bool().Draw(t, "table"), rapid.Bool().Draw(t, "packed"))
		if rapid.IntRange(1, 10).Draw(t, "cut short") == 1 {
			file = file[:rapid.IntRange(0, len(file)).Draw(t, "length")]
		}
		in, done := source(t, dir, file)
		defer done()
		s, o := newSimulation(ws, io.Discard), newSimulation(ws, io.Discard)
		if rapid.Bool().Draw(t, "at") {
			s.at = streamBegin.Add(time.Duration(rapid.IntRange(0, 4000).Draw(t, "at minute")) * time.Minute)
			o.at = s.at
		}
		got, want := s.outcome(t, s.run, in), o.outcome(t, o.sorted, bytes.NewReader(file))
		if got != want {
			t.Fatalf("the file:\n%s\nas it is read:\n%s\nheld:\n%s", file, got, want)
		}
		if s.held == 0 {
			streamed++
		} else {
			held++
		}
	})
	if streamed == 0 || held == 0 {
		t.Errorf("%d files were decided as they were read, %d were held", streamed, held)
	}
}

// The order of a file counts for nothing but events of one instant.
func TestOrderOfEventsInAFile(t *testing.T) {
	ws := loaded(t, streamWorkspace)
	rapid.Check(t, func(t *rapid.T) {
		events := drawEvents(t, true)
		table := rapid.Bool().Draw(t, "table")
		shuffled := eventFile(events, table, false)
		slices.SortFunc(events, func(a, b drawnEvent) int { return a.minute - b.minute })
		inOrder := eventFile(events, table, false)
		s, o := newSimulation(ws, io.Discard), newSimulation(ws, io.Discard)
		got := s.outcome(t, s.run, bytes.NewReader(shuffled))
		want := o.outcome(t, o.run, bytes.NewReader(inOrder))
		if o.held != 0 {
			t.Fatalf("%d events of a file in order were held", o.held)
		}
		// Only where its bad lines are may differ.
		got, _, _ = strings.Cut(got, "[]\n")
		want, _, _ = strings.Cut(want, "[]\n")
		if got != want {
			t.Fatalf("as it is:\n%s\nin order:\n%s", got, want)
		}
	})
}

// countedFile gives a line at a time and notes how far the simulation is behind.
type countedFile struct {
	lines, next int
	line        func(n int) string // in place of what it is else; "": as else
	decided     int
	behind      int // the most
	rest        string
}

func (f *countedFile) Read(p []byte) (int, error) {
	if f.rest == "" {
		f.behind = max(f.behind, f.next-f.decided)
		if f.next++; f.next > f.lines {
			return 0, io.EOF
		}
		if f.line != nil {
			f.rest = f.line(f.next)
		}
		if f.rest == "" {
			e := drawnEvent{minute: f.next, name: "paid", member: fmt.Sprintf("m%d", f.next%20), value: "5", id: fmt.Sprintf("e%d", f.next)}
			f.rest = e.json()
		}
		f.rest += "\n"
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// What is held of a file in order is what its reader reads at once, however long the file is.
func TestFilesInOrderAreNotHeld(t *testing.T) {
	const lines, atOnce = 20_000, 1500 // lines in twice 64 KB
	s := newSimulation(loaded(t, streamWorkspace), io.Discard)
	f := &countedFile{lines: lines}
	s.o.Member, s.o.Until = "", time.Time{}
	s.o.Progress = func(done int) { f.decided = done }
	res, err := s.run(f)
	if err != nil || res.Events != lines {
		t.Fatalf("%+v, %v", res, err)
	}
	if f.behind > atOnce || s.held > 0 {
		t.Errorf("%d lines were read and not decided, %d events held", f.behind, s.held)
	}
}

// One line of a long file may change what comes of all others, wherever it stands. There is no
// result of those before it.
func TestOneLineOfALongFile(t *testing.T) {
	ws := loaded(t, streamWorkspace)
	const lines = 3000
	said := drawnEvent{minute: 5, name: "said", member: "m1", value: "g1", id: "other"}
	noTime, known := said, said
	noTime.noTime = true
	known.id = "e1"
	for _, c := range []struct {
		name, text, err, bad string
		at, events, held     int
	}{
		{name: "older", text: said.json(), at: lines, events: lines, held: lines},
		{name: "older, with most to be read", text: said.json(), at: 20, events: lines, held: lines},
		{name: "of an id that was accepted", text: known.json(), at: lines, events: lines - 1},
		{name: "without a time", text: noTime.json(), at: lines, events: lines - 1, held: lines - 1, bad: "line 3000: time: an event needs its `time` here"},
		{name: "without a time, the first", text: noTime.json(), at: 1, events: lines - 1, held: lines - 1, bad: "line 1: time: an event needs its `time` here"},
		{name: "broken", text: "{", at: lines, events: lines - 1, bad: "line 3000: the JSON is broken"},
		{name: "of another encoding", text: strings.Repeat("\xd5\xc5\xc8\xfd", 20), at: lines, err: "line 3000 is not UTF-8"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSimulation(ws, io.Discard)
			res, err := s.run(&countedFile{lines: lines, line: func(n int) string {
				if n == c.at {
					return c.text
				}
				return ""
			}})
			var bad strings.Builder
			s.bad.Write(&bad)
			if c.err != "" {
				if err == nil || !strings.HasPrefix(err.Error(), c.err) || res != nil {
					t.Errorf("%v, result %v", err, res)
				}
				return
			}
			if err != nil || res.Events != c.events || s.held != c.held {
				t.Fatalf("%v, %+v, %d held", err, res, s.held)
			}
			if !strings.HasPrefix(bad.String(), c.bad) || c.bad == "" && bad.Len() > 0 {
				t.Errorf("bad lines: %s", bad.String())
			}
		})
	}
}

// Where there is no room for a temporary file, what cannot be rewound is held.
func TestNoRoomForACopy(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none"))
	s := newSimulation(loaded(t, streamWorkspace), io.Discard)
	res, err := s.run(&countedFile{lines: 10})
	if err != nil || res.Events != 10 || s.held != 10 {
		t.Errorf("%v, %+v, %d held", err, res, s.held)
	}
}

// A copy that could not be written is missed only where the file is read again.
func TestCopyThatFails(t *testing.T) {
	r, done := reread(&countedFile{lines: 10})
	done() // a closed file cannot be written to
	s := newSimulation(loaded(t, streamWorkspace), io.Discard)
	if res, err := s.streamed(r); err != nil || res.Events != 10 {
		t.Errorf("%v, %+v", err, res)
	}
	if _, err := r.again(); err == nil || !strings.HasPrefix(err.Error(), "copy the events to a temporary file, to sort them by time: ") {
		t.Errorf("read again: %v", err)
	}
}
