// Package eventfile reads files of events: JSON lines in the shape of POST /v1/events, or CSV with a header, plain or gzip.
package eventfile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks"
)

// maxLine is where a line is given up on; an event is much smaller.
const maxLine = 1 << 20

// Record is one event of a file.
type Record struct {
	Line  int          // from 1
	Input engine.Input // with its Payload, and At when the file has accepted_at
	Raw   []byte       // the body for POST /v1/events; valid until the next call of Next
}

// LineError is a line that is no event. The reader goes on after it.
type LineError struct {
	Line int
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }
func (e *LineError) Unwrap() error { return e.Err }

// Reader reads the events of one file, in its order.
type Reader struct {
	in      io.Reader
	schema  *playbooks.Schema // what events are checked against
	columns *playbooks.Schema // what types the columns of CSV
	next    func() (raw []byte, line int, err error)
	seen    map[[16]byte]int // lines without an id, by their hash: how often so far
	buf     []byte           // of the last Raw that differs from its line
}

// Open makes a reader. The schema types the columns of CSV and checks the events; without one (nil) types are inferred and
// only the shape is checked.
func Open(in io.Reader, schema *playbooks.Schema) *Reader {
	return &Reader{in: in, schema: schema, columns: schema, seen: map[[16]byte]int{}}
}

// OpenTyped makes a reader whose schema, which may be nil, types the columns of CSV and checks nothing: another will.
func OpenTyped(in io.Reader, columns *playbooks.Schema) *Reader {
	return &Reader{in: in, columns: columns, seen: map[[16]byte]int{}}
}

// Next gives the next event; io.EOF at the end. After a [*LineError] it may be called again; any other error is final.
func (r *Reader) Next() (Record, error) {
	if r.next == nil {
		if err := r.detect(); err != nil {
			return Record{}, err
		}
	}
	raw, line, err := r.next()
	if err != nil {
		return Record{}, err
	}
	in, rej := engine.AdmitRecorded(r.schema, raw)
	if rej != nil {
		return Record{}, &LineError{Line: line, Err: rej}
	}
	if in.ID == "" {
		in.ID = r.contentID(raw)
		raw = r.rewrite(raw, in)
	} else if !in.At.IsZero() {
		raw = r.rewrite(raw, in)
	}
	return Record{Line: line, Input: in, Raw: raw}, nil
}

// contentID gives a line its id: the same line has the same id each time the file is sent, and a line that stands twice in
// one file is two events.
func (r *Reader) contentID(raw []byte) string {
	full := sha256.Sum256(raw)
	sum := [16]byte(full[:16])
	r.seen[sum]++
	id := "line-" + hex.EncodeToString(sum[:])
	if n := r.seen[sum]; n > 1 {
		id = fmt.Sprintf("%s-%d", id, n)
	}
	return id
}

// rewrite gives the body with the id and without accepted_at, which only files have. Values stay as they were written.
func (r *Reader) rewrite(raw []byte, in engine.Input) []byte {
	if in.At.IsZero() {
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
	out, err := json.Marshal(fields)
	if err != nil {
		return raw
	}
	return out
}

// detect looks at the first bytes: gzip or not, then JSON or CSV.
func (r *Reader) detect() error {
	in := bufio.NewReaderSize(r.in, 64<<10)
	if magic, _ := in.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return readError(err)
		}
		in = bufio.NewReaderSize(unzipped, 64<<10)
	}
	if mark, _ := in.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3)
	}
	return r.choose(in)
}

// readError says in our words what is wrong with a compressed file.
func readError(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the gzip file is cut short: it ends in the middle")
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		return errors.New("the gzip file is damaged")
	}
	return fmt.Errorf("read the file: %w", err)
}

// choose tells JSON lines from CSV. JSON lines may begin with a bad line: one line like JSON near the beginning is enough.
func (r *Reader) choose(in *bufio.Reader) error {
	head, err := in.Peek(64 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return readError(err)
	}
	head = bytes.TrimLeft(head, " \t\r\n")
	first, _, _ := bytes.Cut(head, []byte("\n"))
	switch {
	case len(head) == 0:
		r.next = func() ([]byte, int, error) { return nil, 0, io.EOF }
	case head[0] == '[':
		return errors.New("the file is a JSON array: an event file has one event a line")
	case head[0] == '{', !isHeader(first) && bytes.Contains(head, []byte("\n{")):
		r.next = (&lines{in: in}).next
	default:
		table, err := openTable(in, r.columns)
		if err != nil {
			return err
		}
		r.next = table.next
	}
	return nil
}

// lines gives the lines that are not empty.
type lines struct {
	in   *bufio.Reader
	line int
	long []byte
}

func (l *lines) next() ([]byte, int, error) {
	for {
		text, err := l.read()
		if err != nil {
			return nil, l.line, err
		}
		if text = bytes.TrimSpace(text); len(text) > 0 {
			return text, l.line, nil
		}
	}
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
