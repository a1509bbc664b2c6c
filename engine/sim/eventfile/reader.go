// Package eventfile reads files of events and of members as people have them: JSON lines in the
// shape that the API takes, or CSV with a header; plain or gzip; in UTF-8 or in an encoding that is
// named.
package eventfile

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/intake"
	"github.com/usher-run/usher/engine/strictjson"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// maxLine is where a line is given up on; an event is much smaller.
const maxLine = 1 << 20

// Options say how to read what a file does not say itself.
type Options struct {
	Schema   *playbooks.Schema // types the columns of CSV; nil: they are typed by their look
	Check    bool              // what is read is checked against Schema; else only its shape is, since another will
	Encoding string            // see [EncodingNames]; "": UTF-8, or UTF-16 with a byte order mark
	Zone     *time.Location    // of times without an offset; nil: the Schema's
	Map      map[string]string // what is in another column than the one of its name: member -> 会员ID
	Event    string            // the event of lines that name none
	Backfill bool              // events are history: see [engine.Payload]
}

func (o *Options) zone() *time.Location {
	if o.Zone == nil && o.Schema != nil {
		return o.Schema.Timezone
	}
	return o.Zone
}

// typeOf returns the declared type of a property or an attribute, or nil.
func (o *Options) typeOf(event, in, name string) *schema.Type {
	switch {
	case o.Schema == nil:
	case in == "attributes":
		if a := o.Schema.Attribute(name); a != nil {
			return a.Type
		}
	default:
		if e := o.Schema.Event(event); e != nil && e.Properties != nil {
			t, _ := e.Properties.Field(name)
			return t
		}
	}
	return nil
}

// Record is one event of a file.
type Record struct {
	Line  int          // from 1
	Input engine.Input // with its Payload, and At when the file has accepted_at
	Raw   []byte       // the body for POST /v1/events; valid until the next call of Next
}

// LineError is a line that cannot be used. The reader goes on after it.
type LineError struct {
	Line int
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }
func (e *LineError) Unwrap() error { return e.Err }

// notes are what is worth saying once about a whole file.
type notes []string

func (n *notes) add(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(*n, text) {
		*n = append(*n, text)
	}
}

// file is a file that is being read: what files of events and of members have in common.
type file struct {
	in    io.Reader
	o     Options
	head  []byte // the beginning of the text
	check textChecker
	notes notes
	table bool
	rows  *table // of a table
	next  func() (raw []byte, line int, bad []mistake, err error)
}

// Notes returns what is worth saying once about the file, after it was read.
func (f *file) Notes() []string { return f.notes }

// Reader reads the events of one file, in its order.
type Reader struct {
	file
	seen        map[uint64]int32 // lines without an id, by a part of their hash: how often so far
	undeclared  []Undeclared
	buf         []byte // of the last Raw that differs from its line
	lenientTime bool   // a time of the last line was no RFC 3339
	inferring   bool   // types are looked for: nothing is refused that a schema could take as text
}

// Undeclared is how often a file has an event that the schema does not declare.
type Undeclared struct {
	Event string
	Count int
}

// Open makes a reader of events.
func Open(in io.Reader, o Options) *Reader {
	return &Reader{file: file{in: in, o: o}, seen: map[uint64]int32{}}
}

// Undeclared returns the events so far that the schema does not declare, in the order in which they
// came.
func (r *Reader) Undeclared() []Undeclared { return r.undeclared }

// mostUndeclared bounds what a file with a wrong column for its events can fill.
const mostUndeclared = 1000

func (r *Reader) count(event string) {
	if r.o.Schema == nil || r.o.Schema.Event(event) != nil {
		return
	}
	i := slices.IndexFunc(r.undeclared, func(u Undeclared) bool { return u.Event == event })
	switch {
	case i >= 0:
		r.undeclared[i].Count++
	case len(r.undeclared) < mostUndeclared:
		r.undeclared = append(r.undeclared, Undeclared{event, 1})
	}
}

// Next returns the next event; io.EOF at the end. After a [*LineError] it may be called again; any
// other error is final.
func (r *Reader) Next() (Record, error) {
	if r.next == nil {
		if err := r.open(eventLayout); err != nil {
			return Record{}, err
		}
	}
	raw, line, bad, err := r.next()
	if err != nil {
		return Record{}, err
	}
	schema := r.o.Schema
	if !r.o.Check && len(bad) == 0 {
		schema = nil
	}
	r.lenientTime = false
	in, rej := r.admit(schema, raw)
	if rej != nil && schema == nil && r.o.Schema != nil && rej.Code == strictjson.CodeMissingField && rej.Path == "member" {
		in, rej = r.admit(r.o.Schema, raw) // which knows events that need none
	}
	if rej != nil || len(bad) > 0 {
		return Record{}, lineError(line, bad, rej)
	}
	if strings.ContainsRune(in.Member, '\ufffd') {
		return Record{}, &LineError{line, fmt.Errorf("member: %q was damaged before: another program put \ufffd where it could not read", in.Member)}
	}
	in.Backfill = in.Backfill || r.o.Backfill
	if in.Kind == engine.InputUpdate { // of an object
		return Record{Line: line, Raw: r.body(raw, &in), Input: in}, nil
	}
	in.Member = r.o.Schema.MemberID(in.Member) // also where another checks: what is one member's stays in order
	r.count(in.Name)
	return Record{Line: line, Raw: r.body(raw, &in), Input: in}, nil
}

func (r *Reader) admit(schema *playbooks.Schema, raw []byte) (engine.Input, *strictjson.Rejection) {
	if r.inferring {
		return intake.Loose(raw, r.readTime)
	}
	return intake.Recorded(schema, raw, r.readTime)
}

func (r *Reader) readTime(s string) (time.Time, error) {
	r.lenientTime = true
	return ReadTime(s, r.o.zone())
}

// lineError tells all that is wrong with a line. What a cell could not be read as is not told again
// by the admission.
func lineError(line int, bad []mistake, rej *strictjson.Rejection) error {
	if len(bad) == 0 {
		return &LineError{line, rej}
	}
	var all []string
	for _, m := range bad {
		all = append(all, m.text)
	}
	for _, r := range rej.All() {
		known := slices.ContainsFunc(bad, func(m mistake) bool {
			return r.Path == m.path || strings.HasPrefix(r.Path, m.path+"[") || strings.HasPrefix(r.Path, m.path+".")
		})
		if !known {
			all = append(all, r.Error())
		}
	}
	return &LineError{line, errors.New(strings.Join(all, "; "))}
}

// contentID returns the id of a line that has none: the same line has the same id each time the
// file is sent, and a line that stands twice in one file is two events.
func (r *Reader) contentID(raw []byte) string {
	sum := sha256.Sum256(raw)
	short := binary.LittleEndian.Uint64(sum[:])
	r.seen[short]++
	id := "line-" + hex.EncodeToString(sum[:16])
	if n := r.seen[short]; n > 1 {
		id = fmt.Sprintf("%s-%d", id, n)
	}
	return id
}

// body returns the body for the API: the line with its id, with times as RFC 3339 has them, and
// without accepted_at, which only files have. Values stay as they were written.
func (r *Reader) body(raw []byte, in *engine.Input) []byte {
	named := in.ID != ""
	if !named {
		in.ID = r.contentID(raw)
	}
	if named && in.At.IsZero() && !r.lenientTime && !r.o.Backfill {
		return raw
	}
	if in.At.IsZero() && !r.lenientTime && !r.o.Backfill {
		rest := bytes.TrimLeft(raw[1:], " \t\r\n")
		r.buf = append(append(append(r.buf[:0], `{"id":"`...), in.ID...), `",`...)
		r.buf = append(r.buf, rest...)
		return r.buf
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return raw // the admission has read it already
	}
	delete(fields, "accepted_at")
	fields["id"], _ = json.Marshal(in.ID)
	if r.lenientTime && !in.Time.IsZero() {
		fields["time"], _ = json.Marshal(in.Time)
	}
	if in.Backfill {
		fields["backfill"] = json.RawMessage("true")
	}
	out, err := json.Marshal(fields)
	if err != nil {
		return raw
	}
	return out
}

// open finds out what the file is: JSON lines may begin with a bad line, one line like JSON near
// the beginning is enough.
func (r *file) open(l layout) error {
	in, err := source(r.in, r.o.Encoding)
	if err != nil {
		return err
	}
	if _, name, _ := encodingOf(r.o.Encoding); name != utf8Name {
		r.check.decoded = name
	}
	head, err := in.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return readError(err)
	}
	head = bytes.TrimLeft(head, " \t\r\n")
	first, rest, _ := bytes.Cut(head, []byte("\n"))
	first = bytes.TrimSpace(first)
	_, isHeader := l.separatorOf(&r.o, firstRow(head))
	switch {
	case len(head) == 0:
		r.next = func() ([]byte, int, []mistake, error) { return nil, 0, nil, io.EOF }
	case head[0] == '[':
		return fmt.Errorf("the file is a JSON array: an %s has one object a line, as `jq -c '.[]'` writes it", l.what)
	case string(first) == "{" && len(rest) > 0:
		return fmt.Errorf("the file is JSON over several lines: an %s has one object a line, as `jq -c .` writes it", l.what)
	case head[0] == '{', !isHeader && bytes.Contains(head, []byte("\n{")):
		r.next = (&lines{in: in, file: r, layout: l}).next
	default:
		r.head, r.table = bytes.Clone(head), true
		t, err := r.openTable(in, l)
		if err != nil {
			return err
		}
		r.rows, r.next = t, t.next
	}
	return nil
}

// lines gives the lines that are not empty.
type lines struct {
	in     *bufio.Reader
	file   *file
	layout layout
	line   int
	long   []byte
}

func (l *lines) next() ([]byte, int, []mistake, error) {
	for {
		text, err := l.read()
		if err != nil {
			return nil, l.line, nil, err
		}
		if text = bytes.TrimSpace(text); len(text) == 0 {
			continue
		}
		if err := l.file.check.check(l.line, text); err != nil {
			return nil, l.line, nil, err
		}
		if bytes.HasSuffix(text, []byte("},")) {
			return nil, l.line, nil, &LineError{l.line, errors.New("ends with a comma: JSON lines have none between them")}
		}
		if o := &l.file.o; len(o.Map) > 0 || o.Event != "" {
			if rej := strictjson.CheckJSON(text); rej != nil { // later nobody can tell what stood there twice
				return nil, l.line, nil, &LineError{l.line, rej}
			}
			text = l.layout.arrange(o, text)
		}
		return text, l.line, nil, nil
	}
}

// arrange puts the fields of a line in their places, as --map and --event say. With --map, those
// that have no other place become properties or attributes: the line may be flat.
func (l *layout) arrange(o *Options, text []byte) []byte {
	var fields map[string]json.RawMessage
	if json.Unmarshal(text, &fields) != nil {
		return text // the admission says what is wrong
	}
	body := map[string]any{}
	inner := map[string]map[string]json.RawMessage{}
	put := func(in, name string, v json.RawMessage) {
		if inner[in] == nil {
			inner[in] = map[string]json.RawMessage{}
		}
		inner[in][name] = v
	}
	place := func(name string, v json.RawMessage) {
		kind, field, dotted := strings.Cut(name, ".")
		switch {
		case slices.Contains(l.keys, name):
			body[name] = v
		case dotted && (kind == "attributes" || kind == l.others):
			put(kind, field, v)
		case name == "attributes" || name == l.others:
			var m map[string]json.RawMessage
			if json.Unmarshal(v, &m) != nil {
				body[name] = v
			}
			for k, v := range m {
				put(name, k, v)
			}
		case len(o.Map) > 0:
			put(l.others, name, v)
		default:
			body[name] = v
		}
	}
	taken := map[string]bool{}
	for to, from := range o.Map {
		if v, ok := fields[from]; ok {
			place(to, v)
			taken[from] = true
		}
	}
	for name, v := range fields {
		switch {
		case taken[name]:
		case o.Map[name] != "" && fields[o.Map[name]] != nil:
			put(l.others, name, v)
		default:
			place(name, v)
		}
	}
	if _, ok := body["event"]; !ok && o.Event != "" {
		body["event"] = o.Event
	}
	for in, m := range inner {
		body[in] = m
	}
	out, err := json.Marshal(body)
	if err != nil {
		return text
	}
	return out
}

func (l *lines) read() ([]byte, error) {
	l.line++
	l.long = l.long[:0]
	for tooLong := false; ; {
		part, err := l.in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			if tooLong = tooLong || len(l.long) > maxLine; !tooLong {
				l.long = append(l.long, part...)
			}
			continue
		case errors.Is(err, io.EOF) && len(part)+len(l.long) == 0:
			return nil, io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return nil, fmt.Errorf("at line %d: %w", l.line, readError(err))
		case tooLong:
			return nil, &LineError{Line: l.line, Err: fmt.Errorf("is longer than %d bytes", maxLine)}
		case len(l.long) > 0:
			l.long = append(l.long, part...)
			return l.long, nil
		}
		return part, nil
	}
}
