package eventfile

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/usher-run/usher/engine/intake"
)

// Whatever stands in a file: nothing panics, reading comes to an end, lines do not go backwards,
// and what is read is taken by the API under the same id.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		jsonl, table1, "[{}]", "\x1f\x8b", "event,member\n\"",
		"nonsense\n{\"event\":\"x\",\"member\":\"m\"}", "event,member,time\nx,m,\n",
		"event;member;time;金额\norder.paid;m;2026/3/2 10:00;￥1,234.50\n", "\xff\xfee\x00", "sep=;\nevent;member\n",
		"event,member\rx,m\r", "event,member,time\nx,`m,`2026年3月2日\n",
		"{\"event\":\"x\",\"member\":\"m\",\"time\":1772416800}",
	} {
		f.Add([]byte(seed))
	}
	s := orderSchema()
	f.Fuzz(func(t *testing.T, file []byte) {
		r := Open(bytes.NewReader(file), Options{Schema: s, Check: true})
		last := 0
		for {
			rec, err := r.Next()
			var le *LineError
			switch {
			case errors.Is(err, io.EOF):
				return
			case errors.As(err, &le):
				if le.Line < last {
					t.Fatalf("line %d after line %d", le.Line, last)
				}
				last = le.Line
				continue
			case err != nil:
				return
			}
			if rec.Line < last {
				t.Fatalf("line %d after line %d", rec.Line, last)
			}
			last = rec.Line
			in, rej := intake.Event(s, rec.Raw)
			if rej != nil || in.ID != rec.Input.ID || in.Member != rec.Input.Member || in.Name != rec.Input.Name {
				t.Fatalf("%s is %+v (%v) for the API, %+v in the file", rec.Raw, in, rej, rec.Input)
			}
		}
	})
}
