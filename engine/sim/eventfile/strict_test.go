package eventfile

import (
	"errors"
	"io"
	"strings"
	"testing"
)

// What no text can hold, and what appears twice, is refused with its line and its place, whatever
// the kind of the file and however its columns are named. The other lines are read.
func TestNothingIsReplacedInSilence(t *testing.T) {
	lines := func(bad string) string {
		return `{"event":"x","member":"a"}` + "\n" + bad + "\n" + `{"event":"x","member":"b"}` + "\n"
	}
	mapped := map[string]string{"member": "who"}
	for _, tt := range []struct {
		name, file string
		columns    map[string]string
		want       string
	}{
		{
			"half a character", lines(`{"event":"x","member":"m","properties":{"p":"\ud83d"}}`), nil,
			"line 2: properties.p: the text holds half a character",
		},
		{
			"a NUL", lines(`{"event":"x","member":"m","properties":{"p":"a\u0000"}}`), nil,
			"line 2: properties.p: the text holds a NUL character",
		},
		{
			"a key twice", lines(`{"event":"x","member":"m","properties":{"p":1,"p":2}}`), nil,
			"line 2: properties.p: the key appears twice",
		},
		{
			"a key twice, of columns with names", lines(`{"event":"x","who":"m","who":"n"}`), mapped,
			"line 2: who: the key appears twice",
		},
		{"half a character, of columns with names", lines(`{"event":"x","who":"m\udc00"}`), mapped, "line 2: who: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := outcome(strings.NewReader(tt.file), Options{Map: tt.columns}); !strings.Contains(got, tt.want) ||
				strings.Contains(got, "end:") {
				t.Errorf("got %s, want …%s…", got, tt.want)
			}
		})
	}
	for bad, want := range map[string]string{
		`{"member":"m","attributes":{"a":"\ud83d"}}`:    "attributes.a: the text holds half a character",
		`{"member":"m\u0000"}`:                          "member: the text holds a NUL character",
		`{"member":"m","member":"n"}`:                   "member: the key appears twice",
		`{"member":"m","attributes":{"a":1,"a":2}}`:     "attributes.a: the key appears twice",
		`{"member":"m","tags":["a","\udc00"]}`:          "tags[1]: the text holds half a character",
		`{"member":"m","attributes":{"a":1},"tags":"x"`: "line 2: ",
	} {
		r := OpenMembers(strings.NewReader(`{"member":"a"}`+"\n"+bad+"\n"+`{"member":"b"}`+"\n"), Options{})
		read, told := 0, ""
		for {
			_, err := r.Next()
			var le *LineError
			switch {
			case errors.Is(err, io.EOF):
				if read != 2 || !strings.Contains(told, want) {
					t.Errorf("%s: %d others were read, told %q, want …%s…", bad, read, told, want)
				}
			case errors.As(err, &le):
				told += le.Error()
				continue
			case err != nil:
				t.Errorf("%s: %v", bad, err)
			default:
				read++
				continue
			}
			break
		}
	}
}
