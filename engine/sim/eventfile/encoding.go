package eventfile

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/usher-run/usher/playbooks/diag"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// encodings are the encodings that a file may be said to have, by name. UTF-8 is none of them: it
// needs no decoding.
var encodings = map[string]encoding.Encoding{
	"gb18030":      simplifiedchinese.GB18030,
	"gbk":          simplifiedchinese.GB18030, // which holds all of GBK and GB2312
	"gb2312":       simplifiedchinese.GB18030,
	"big5":         traditionalchinese.Big5,
	"utf-16":       unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
	"utf-16le":     unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
	"utf-16be":     unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
	"latin-1":      charmap.ISO8859_1,
	"windows-1252": charmap.Windows1252,
}

const utf8Name = "utf-8"

// other spellings of their names, without dashes and underscores
var encodingNames = map[string]string{
	"utf8": utf8Name, "utf16": "utf-16", "utf16le": "utf-16le", "utf16be": "utf-16be", "latin1": "latin-1",
	"iso88591":    "latin-1",
	"windows1252": "windows-1252", "cp1252": "windows-1252", "cp936": "gbk", "ansi": "gbk", "cp950": "big5",
}

// encodingOf returns the encoding of a name, nil for UTF-8.
func encodingOf(name string) (encoding.Encoding, string, error) {
	key := strings.ToLower(strings.TrimSpace(name))
	if full, ok := encodingNames[strings.NewReplacer("-", "", "_", "").Replace(key)]; ok {
		key = full
	}
	if e, ok := encodings[key]; ok {
		return e, key, nil
	}
	if key == "" || key == utf8Name {
		return nil, utf8Name, nil
	}
	return nil, "", fmt.Errorf("the encoding %q is not known here: there is %s", name, strings.Join(EncodingNames(), ", "))
}

// KnownEncoding reports whether a file can be read that is said to have the encoding.
func KnownEncoding(name string) bool {
	_, _, err := encodingOf(name)
	return err == nil
}

// EncodingNames returns the names of the encodings that can be read.
func EncodingNames() []string {
	return append([]string{utf8Name}, slices.Sorted(maps.Keys(encodings))...)
}

// A tally of the bytes beyond ASCII that a text has, as UTF-8 sees them.
type tally struct{ good, bad int }

// add counts a piece of text. It reports whether the piece is valid.
func (t *tally) add(text []byte) bool {
	before := t.bad
	for len(text) > 0 {
		if text[0] < utf8.RuneSelf {
			text = text[1:]
			continue
		}
		r, n := utf8.DecodeRune(text)
		if r == utf8.RuneError && n == 1 {
			t.bad++
		} else {
			t.good++
		}
		text = text[n:]
	}
	return t.bad == before
}

// foreign reports whether the text is no UTF-8 at all, unlike a text in UTF-8 that was damaged
// somewhere.
func (t *tally) foreign() bool { return t.bad > 0 && t.good < 3*t.bad }

// foreignError says that a file is no UTF-8, and what to do.
func foreignError(at string, text []byte) error {
	name, called := diag.LikelyEncoding(text)
	if name == "" {
		return fmt.Errorf("%s is not UTF-8: save the file as UTF-8, or name its encoding with --encoding (%s)", at,
			strings.Join(EncodingNames(), ", "))
	}
	return fmt.Errorf("%s is not UTF-8, it looks like %s: read it with --encoding %s, or save it as UTF-8", at, called,
		name)
}

// notText names a file that is something else by its first bytes, "" when it is not known to be.
func notText(head []byte) string {
	for _, k := range []struct{ magic, what string }{
		{"PK\x03\x04", "an Excel workbook, or another zip file: save the sheet as CSV (UTF-8)"},
		{"\xd0\xcf\x11\xe0", "an old Excel workbook: save the sheet as CSV (UTF-8)"},
		{"%PDF", "a PDF"},
		{"\xff\xfe\x00\x00", "UTF-32 text: save it as UTF-8"},
		{"\x00\x00\xfe\xff", "UTF-32 text: save it as UTF-8"},
	} {
		if bytes.HasPrefix(head, []byte(k.magic)) {
			return k.what
		}
	}
	start := bytes.ToLower(bytes.TrimSpace(head[:min(len(head), 512)]))
	for _, tag := range []string{"<!doctype", "<html", "<table", "<meta", "<?xml"} {
		if bytes.HasPrefix(start, []byte(tag)) {
			return "a web page or XML, whatever its name says: open it in a spreadsheet and save it as CSV (UTF-8)"
		}
	}
	return ""
}
