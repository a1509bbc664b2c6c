package eventfile

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/usher-run/usher/playbooks/diag"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// headSize is how much of a file is looked at to find out what it is.
const headSize = 64 << 10

// source makes text in UTF-8 with lines that end in "\n" of a file: unpacked, decoded, without a
// byte order mark.
func source(in io.Reader, encodingName string) (*bufio.Reader, error) {
	b := bufio.NewReaderSize(in, headSize)
	if magic, _ := b.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		unzipped, err := gzip.NewReader(b)
		if err != nil {
			return nil, readError(err)
		}
		b = bufio.NewReaderSize(unzipped, headSize)
	}
	b, err := decoded(b, encodingName)
	if err != nil {
		return nil, err
	}
	head, err := b.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, readError(err)
	}
	if bytes.HasPrefix(head, []byte("\xef\xbb\xbf")) {
		_, _ = b.Discard(3)
		head = head[3:]
	}
	if bytes.ContainsRune(head, '\r') && !bytes.ContainsRune(head, '\n') { // lines end as they did on old Macs
		b = bufio.NewReaderSize(transform.NewReader(b, crToLF{}), headSize)
	}
	return b, nil
}

// decoded makes UTF-8 of a file's encoding. Without a name the file is UTF-8, or UTF-16 with a byte
// order mark that says so.
func decoded(b *bufio.Reader, name string) (*bufio.Reader, error) {
	enc, _, err := encodingOf(name)
	if err != nil {
		return nil, err
	}
	head, err := b.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, readError(err)
	}
	if what := notText(head); what != "" {
		return nil, fmt.Errorf("the file is %s", what)
	}
	switch {
	case enc != nil:
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		enc = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	default:
		whole := head
		if err == nil { // the head may end within a character
			for i := 0; i < utf8.UTFMax && len(whole) > 0 && !utf8.RuneStart(whole[len(whole)-1]); i++ {
				whole = whole[:len(whole)-1]
			}
			whole = whole[:max(len(whole)-1, 0)]
		}
		var t tally
		t.add(whole)
		if t.foreign() || diag.LikelyUTF16(head) != "" {
			return nil, foreignError("the file", head)
		}
		return b, nil
	}
	return bufio.NewReaderSize(transform.NewReader(b, enc.NewDecoder()), headSize), nil
}

// crToLF writes "\n" for "\r".
type crToLF struct{ transform.NopResetter }

func (crToLF) Transform(dst, src []byte, _ bool) (nDst, nSrc int, err error) {
	n := copy(dst, src)
	for i, c := range dst[:n] {
		if c == '\r' {
			dst[i] = '\n'
		}
	}
	if n < len(src) {
		err = transform.ErrShortDst
	}
	return n, n, err
}

// readError says in our words what is wrong with a file that cannot be read on.
func readError(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the gzip file is cut short: it ends in the middle")
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		return errors.New("the gzip file is damaged")
	}
	return fmt.Errorf("read the file: %w", err)
}

// textChecker judges the lines of a file by their bytes.
type textChecker struct {
	tally   tally
	decoded string // the encoding that the file was decoded from; "": UTF-8 as it stands
}

// check returns a [*LineError] for a line that was damaged, and a final error when the file turns
// out to be no UTF-8 at all.
func (c *textChecker) check(line int, text []byte) error {
	good := c.tally.add(text)
	switch {
	case c.decoded != "" && bytes.ContainsRune(text, utf8.RuneError):
		return &LineError{Line: line, Err: fmt.Errorf("has bytes that are no %s", c.decoded)}
	case good:
		return nil
	case c.tally.foreign():
		return foreignError(fmt.Sprintf("line %d", line), text)
	}
	return &LineError{Line: line, Err: errors.New("is not valid UTF-8: a part of it was damaged")}
}
