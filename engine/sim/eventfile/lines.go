package eventfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
)

// maxListLine is how long a line of a list may be.
const maxListLine = 64 << 10

// LineReader reads a file with one text a line, in the encodings that all files may have.
type LineReader struct {
	in       io.Reader
	encoding string
	b        *bufio.Reader
	check    textChecker
	line     int
}

// OpenLines makes a reader of the lines of a file, which is plain or gzip. Without an encoding it is UTF-8, or
// UTF-16 that says so.
func OpenLines(in io.Reader, encoding string) *LineReader {
	return &LineReader{in: in, encoding: encoding}
}

// Next returns the next line that is not empty, without what spreadsheets put around it, with its number from 1. The
// error is a [*LineError] of one line that is no text, io.EOF at the end, or ends the reading.
func (r *LineReader) Next() (text string, line int, err error) {
	if r.b == nil {
		if _, name, err := encodingOf(r.encoding); err == nil && name != utf8Name {
			r.check.decoded = name
		}
		if r.b, err = source(r.in, r.encoding); err != nil {
			return "", 0, err
		}
	}
	for {
		raw, err := r.read()
		if err != nil {
			return "", 0, err
		}
		if err := r.check.check(r.line, raw); err != nil {
			return "", r.line, err
		}
		text := clean(string(raw))
		if text == "" {
			continue
		}
		switch {
		case lostDigits.MatchString(text):
			return "", r.line, &LineError{Line: r.line, Err: fmt.Errorf("%q: %w", text, errLostDigits)}
		case strings.ContainsFunc(text, isHidden):
			return "", r.line, &LineError{Line: r.line, Err: fmt.Errorf("%q holds a character that cannot be seen", text)}
		}
		return text, r.line, nil
	}
}

// read returns the next line without its end.
func (r *LineReader) read() ([]byte, error) {
	var line []byte
	r.line++
	for {
		part, err := r.b.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull) && len(line) <= maxListLine:
			continue
		case len(line) > maxListLine:
			return nil, fmt.Errorf("line %d has more than %d bytes", r.line, maxListLine)
		case errors.Is(err, io.EOF) && len(line) > 0, err == nil:
			return bytes.TrimRight(line, "\r\n"), nil
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		}
		return nil, readError(err)
	}
}

// isHidden reports whether a character has no shape of its own: a control, or one that only joins or marks.
func isHidden(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co) }
