package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/usher-run/usher/cmd/usher/internal/command"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/sim"
	"github.com/usher-run/usher/engine/sim/eventfile"
	"github.com/usher-run/usher/internal/badlines"
	"github.com/usher-run/usher/playbooks"
)

// simulation feeds the events of a file to the virtual clock.
//
// Events are decided as they are read, so that memory grows with members and not with events. That
// needs a file in the order of time. The file is read again from its beginning, and its events are
// held and sorted,
//
//  1. where an event is older than the one before it,
//  2. where an event has no time, since only the whole file says what that means,
//  3. where an event cannot be decided: what is wrong with the file is told before that.
//
// Nothing of the first reading is kept then.
type simulation struct {
	cli *cli
	ws  *playbooks.Workspace
	how eventfile.Options
	at  time.Time // when events come that have no time; zero: nobody said
	o   sim.SimulateOptions

	// Of the last reading:
	r    *eventfile.Reader
	seen map[idHash]struct{} // the ids so far
	line int                 // of the last event
	bad  badlines.Lines
	held int // events that were held
}

// idHash stands for an id: ids are of any length, and there are as many as events.
type idHash [16]byte

// heldEvent is an event that waits for those before it in time.
type heldEvent struct {
	engine.Input
	line int
}

// errNoTime ends a simulation of events as they are read.
var errNoTime = errors.New("an event has no time")

// run simulates a file.
func (s *simulation) run(in io.Reader) (*sim.Result, error) {
	file, done := reread(in)
	if file == nil {
		return s.sorted(in)
	}
	defer done()
	res, err := s.streamed(file)
	if unreadable := new(readingError); err == nil || errors.As(err, &unreadable) {
		return res, err
	}
	if in, err = file.again(); err != nil {
		return nil, &readingError{err}
	}
	return s.sorted(in)
}

// readingError is of the file. It is told before all that a simulation has to say.
type readingError struct{ error }

func (e *readingError) Unwrap() error { return e.error }

// streamed simulates events as they are read.
func (s *simulation) streamed(in io.Reader) (*sim.Result, error) {
	s.begin(in)
	return s.simulate(-1, func(yield func(engine.Input, error) bool) {
		for {
			event, err := s.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err == nil && event.At.IsZero() {
				err = errNoTime
			}
			if !yield(event, err) || err != nil {
				return
			}
		}
	})
}

// sorted reads all events and simulates them in the order of their instants; ties keep the order of
// the file.
func (s *simulation) sorted(in io.Reader) (*sim.Result, error) {
	s.begin(in)
	var events []heldEvent
	for {
		event, err := s.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		events = append(events, heldEvent{event, s.line})
	}
	events, err := s.timed(events)
	if err != nil {
		return nil, &readingError{err}
	}
	s.held = len(events)
	slices.SortStableFunc(events, func(a, b heldEvent) int { return a.At.Compare(b.At) })
	return s.simulate(len(events), func(yield func(engine.Input, error) bool) {
		for i := range events {
			s.line = events[i].line
			if !yield(events[i].Input, nil) {
				return
			}
		}
	})
}

// simulate simulates a stream of so many events; -1: nobody knows how many.
func (s *simulation) simulate(total int, events func(yield func(engine.Input, error) bool)) (*sim.Result, error) {
	o := s.o
	o.Rejected = func(_ *engine.Input, why error) {
		s.bad.Add(s.line, fmt.Sprintf("line %d: %v", s.line, why))
	}
	if bar := s.cli.Bar(total, "simulating", "events"); bar != nil {
		defer func() { _ = bar.Finish() }()
		o.Progress = func(done int) {
			if done%1000 == 0 {
				_ = bar.Set(done)
			}
		}
	}
	return sim.SimulateStream(s.ws, events, o)
}

// begin starts a reading.
func (s *simulation) begin(in io.Reader) {
	s.r, s.seen, s.bad, s.held = eventfile.Open(in, s.how), map[idHash]struct{}{}, badlines.Lines{}, 0
}

// next returns the next event for the virtual clock; io.EOF at the end. Its instant is accepted_at
// where a line has it, else time, else --at. An id is accepted once. Bad lines are noted.
func (s *simulation) next() (engine.Input, error) {
	for {
		rec, err := s.r.Next()
		var le *eventfile.LineError
		switch {
		case errors.Is(err, io.EOF):
			return engine.Input{}, io.EOF
		case errors.As(err, &le):
			s.bad.Add(le.Line, le.Error())
			continue
		case err != nil:
			return engine.Input{}, &readingError{err}
		}
		in := rec.Input
		if s.again(in.ID) {
			continue
		}
		s.line = rec.Line
		if in.At.IsZero() {
			in.At = in.Time
		}
		if in.At.IsZero() {
			in.At = s.at
		}
		if in.Time.IsZero() || in.Time.After(in.At) {
			in.Time = in.At
		}
		return in, nil
	}
}

// again reports whether an id came before.
func (s *simulation) again(id string) bool {
	sum := sha256.Sum256([]byte(id))
	short := idHash(sum[:])
	if _, ok := s.seen[short]; ok {
		return true
	}
	s.seen[short] = struct{}{}
	return false
}

// timed returns the events that have an instant. Where no line has a time, all come now, as they
// would on a server; where only some lack it, or a table may have it under another name, their
// lines are bad.
func (s *simulation) timed(events []heldEvent) ([]heldEvent, error) {
	timeless := 0
	for i := range events {
		if events[i].At.IsZero() {
			timeless++
		}
	}
	if timeless == 0 {
		return events, nil
	}
	if hint := s.r.TimeHint(); hint != "" {
		return nil, command.Usagef("simulate: %s, or say with --at when all of them came", hint)
	}
	if timeless == len(events) {
		at := time.Now().Truncate(time.Second).UTC()
		fmt.Fprintln(s.cli.Stderr, "usher: no event has a time: all are taken as if they came now; --at 2026-03-02T10:00:00+08:00 says when")
		for i := range events {
			events[i].At, events[i].Time = at, at
		}
		return events, nil
	}
	return slices.DeleteFunc(events, func(e heldEvent) bool {
		if e.At.IsZero() {
			s.bad.Add(e.line, fmt.Sprintf("line %d: time: an event needs its `time` here, as others have it; --at TIME says it for those that have none", e.line))
		}
		return e.At.IsZero()
	}), nil
}

// rereader is a file that can be read twice. What cannot be rewound, as a pipe, is copied to a
// temporary file while it is read.
type rereader struct {
	in    io.Reader
	file  *os.File // in, where it can be rewound; else its copy
	begin int64    // of what is read, in the file
	copy  bool
	err   error // of the copy: it matters only where the file is read again
}

// reread makes a file that can be read twice; nil where there is no room for a copy.
func reread(in io.Reader) (r *rereader, done func()) {
	if f, ok := in.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			if begin, err := f.Seek(0, io.SeekCurrent); err == nil {
				return &rereader{in: in, file: f, begin: begin}, func() {}
			}
		}
	}
	f, err := os.CreateTemp("", "usher-events-*")
	if err != nil {
		return nil, nil
	}
	_ = os.Remove(f.Name()) // where the system lets an open file go, it is gone whatever happens
	return &rereader{in: in, file: f, copy: true}, func() {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
}

// Read reads the file for the first time.
func (r *rereader) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	if r.copy && r.err == nil {
		_, r.err = r.file.Write(p[:n])
	}
	return n, err
}

// again returns the file from its beginning.
func (r *rereader) again() (io.Reader, error) {
	if r.err == nil {
		_, r.err = r.file.Seek(r.begin, io.SeekStart)
	}
	switch {
	case r.err != nil && r.copy:
		return nil, fmt.Errorf("copy the events to a temporary file, to sort them by time: %w", r.err)
	case r.err != nil:
		return nil, fmt.Errorf("read the file again: %w", r.err)
	case r.copy:
		return io.MultiReader(r.file, r.in), nil
	}
	return r.file, nil
}
