package eventfile

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// A list is read in the encodings that files have, as it is packed, and without what spreadsheets put around.
func TestLines(t *testing.T) {
	const list = "券码\nA-1\n\n  A-2  \n=\"0012\"\n优惠-3"
	const want = "1 券码|2 A-1|4 A-2|5 0012|6 优惠-3"
	zipped := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write([]byte(text))
		_ = w.Close()
		return b.String()
	}
	gbk, _ := simplifiedchinese.GB18030.NewEncoder().String(list)
	utf16, _ := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(list)
	for name, c := range map[string]struct{ text, encoding string }{
		"utf-8": {list, ""}, "a byte order mark": {"\ufeff" + list, ""}, "gzip": {zipped(list), ""},
		"windows": {strings.ReplaceAll(list, "\n", "\r\n"), ""}, "old macs": {strings.ReplaceAll(list, "\n", "\r"), ""},
		"gbk": {gbk, "gb18030"}, "utf-16": {utf16, ""}, "gbk in gzip": {zipped(gbk), "gbk"},
	} {
		if got, err := all(OpenLines(strings.NewReader(c.text), c.encoding)); got != want || err != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for text, want := range map[string]string{
		gbk: "--encoding gb18030", "PK\x03\x04": "an Excel workbook", zipped(list)[:20]: "cut short",
	} {
		if got, err := all(OpenLines(strings.NewReader(text), "")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is read as %q, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"A-1\n1.23457E+17\nA-2\n": "line 2", "A-1\nA\u200b-3\nA-2\n": "line 2",
	} {
		r, lines := OpenLines(strings.NewReader(text), ""), ""
		for {
			line, _, err := r.Next()
			var bad *LineError
			if errors.As(err, &bad) {
				lines += bad.Error()[:len(want)]
				continue
			}
			if err != nil {
				break
			}
			lines += "|" + line
		}
		if lines != "|A-1"+want+"|A-2" {
			t.Errorf("%q: %s", text, lines)
		}
	}
}

func all(r *LineReader) (string, error) {
	var lines []string
	for {
		text, n, err := r.Next()
		if errors.Is(err, io.EOF) {
			return strings.Join(lines, "|"), nil
		}
		if err != nil {
			return strings.Join(lines, "|"), err
		}
		lines = append(lines, strings.TrimSpace(string(rune('0'+n))+" "+text))
	}
}
