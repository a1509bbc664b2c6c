package eventfile

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine/intake"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

func orderSchema() *playbooks.Schema {
	return &playbooks.Schema{Events: []playbooks.EventType{{Name: "order.paid", Properties: schema.ObjectOf(
		schema.Field{Name: "order_id", Type: schema.String},
		schema.Field{Name: "amount", Type: schema.Number},
		schema.Field{Name: "gift", Type: schema.Bool.AsOptional()},
		schema.Field{Name: "items", Type: schema.ListOf(schema.String).AsOptional()},
	)}}}
}

// readAll returns the records (Raw copied) and the bad lines.
func readAll(t *testing.T, in io.Reader, s *playbooks.Schema) (records []Record, bad []string) {
	t.Helper()
	r := Open(in, Options{Schema: s, Check: true})
	for {
		rec, err := r.Next()
		var le *LineError
		switch {
		case errors.Is(err, io.EOF):
			return records, bad
		case errors.As(err, &le):
			bad = append(bad, le.Error())
		case err != nil:
			t.Fatal(err)
		default:
			rec.Raw = bytes.Clone(rec.Raw)
			records = append(records, rec)
		}
	}
}

const jsonl = `{"event":"order.paid","member":"m1","properties":{"order_id":"o1","amount":1}}

{"event":"order.paid","member":"m1","properties":{"order_id":"o1"}}
{"id":"e1","event":"x","member":"m1","time":"2026-01-01T00:00:00Z","accepted_at":"2026-01-01T00:00:05Z","properties":{"long":1.234567890123456789}}
not an event
{"event":"x","member":"m1"}
{"event":"x","member":"m1"}
`

func TestJSONLines(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write([]byte("\xef\xbb\xbf" + jsonl))
	_ = z.Close()
	for name, in := range map[string]io.Reader{"plain": strings.NewReader(jsonl), "gzip": &zipped} {
		t.Run(name, func(t *testing.T) {
			records, bad := readAll(t, in, orderSchema())
			if got := fmt.Sprint(bad); got != "[line 3: properties.amount: is missing; the schema wants number line 5: the JSON is broken: a value is missing at byte 1]" {
				t.Errorf("bad = %s", got)
			}
			if len(records) != 4 {
				t.Fatalf("got %d records", len(records))
			}
			e1 := records[1]
			if e1.Line != 4 || e1.Input.At != time.Date(2026, 1, 1, 0, 0, 5, 0, time.UTC) ||
				bytes.Contains(e1.Raw, []byte("accepted_at")) {
				t.Errorf("got %+v, %s", e1, e1.Raw)
			}
			if !bytes.Contains(e1.Raw, []byte("1.234567890123456789")) {
				t.Errorf("a number changed: %s", e1.Raw)
			}
			if a, b := records[2].Input.ID, records[3].Input.ID; a == "" || b != a+"-2" {
				t.Errorf("ids of equal lines: %q and %q", a, b)
			}
			for _, rec := range records {
				in, rej := intake.Event(orderSchema(), rec.Raw)
				if rej != nil || in.ID != rec.Input.ID {
					t.Errorf("the API would not take %s: %v", rec.Raw, rej)
				}
			}
		})
	}
}

func TestIDsAreTheSameEachTime(t *testing.T) {
	a, _ := readAll(t, strings.NewReader(jsonl), orderSchema())
	b, _ := readAll(t, strings.NewReader(jsonl), orderSchema())
	for i := range a {
		if a[i].Input.ID != b[i].Input.ID {
			t.Errorf("line %d: %q, then %q", a[i].Line, a[i].Input.ID, b[i].Input.ID)
		}
	}
}

const table1 = `event,member,time,id,order_id,amount,gift,items,zip,note
order.paid,m1,2026-01-01T00:00:00Z,e1,001,12.50,true,"[""a"",""b""]",01234,"two
lines"
order.paid,m1,,e2,002,much,,,,
order.paid,m2,,e3
visited,m2,,,,,false,,99,
order.paid,m2,,e4,003,1,,[,,
`

func TestCSV(t *testing.T) {
	records, bad := readAll(t, strings.NewReader(table1), orderSchema())
	want := `[line 4: properties.amount: must be a number, got the string "much" line 5: has 4 columns, the header has 10 line 7: column items: must be JSON of list of string]`
	if got := fmt.Sprint(bad); got != want {
		t.Errorf("bad\n got %s\nwant %s", got, want)
	}
	if len(records) != 2 {
		t.Fatalf("got %d records", len(records))
	}
	if got := fmt.Sprint(records[0].Input.Properties); got != "map[amount:12.5 gift:true items:[a b] note:two\nlines order_id:001 zip:01234]" {
		t.Errorf("got %s", got)
	}
	if r := records[1]; r.Line != 6 || r.Input.Properties["gift"] != false || r.Input.Properties["zip"] != 99.0 ||
		r.Input.ID == "" {
		t.Errorf("got %+v", r)
	}
}

func TestGuess(t *testing.T) {
	for cell, want := range map[string]any{
		"12": 12.0, "12.00": 12.0, "-0.5": -0.5, "0": 0.0, "true": true, "false": false,
		"007": "007", "1e5": "1e5", "+1": "+1", "1.": "1.", ".5": ".5", "NaN": "NaN", "0x10": "0x10", "TRUE": "TRUE",
		"1234567890123456": "1234567890123456", "2026-01-01": "2026-01-01",
	} {
		if got := guess(cell); got != want {
			t.Errorf("guess(%q) = %v, want %v", cell, got, want)
		}
	}
}

// A number that would change is refused with its place, and no number is taken that is not written
// as one.
func TestNumbersThatWouldChange(t *testing.T) {
	for file, want := range map[string]string{
		"event,member,order_id,amount\norder.paid,m1,o,9007199254740993\n":                                                "properties.amount: the number 9007199254740993 has more digits than a number can hold: send it as text",
		"event,member,order_id,amount,items\norder.paid,m1,o,1,\"[12345678901234567890]\"\n":                              "properties.items[0]: the number 12345678901234567890 has more digits",
		"event,member,order_id,amount\norder.paid,m1,o,1e999\n":                                                           "properties.amount: must be a number, got the string",
		"event,member,order_id,amount\norder.paid,m1,o,NaN\n":                                                             "properties.amount: must be a number, got the string",
		"event,member,order_id,amount\norder.paid,m1,o,Inf\n":                                                             "properties.amount: must be a number, got the string",
		"event,member,order_id,amount\norder.paid,m1,o,0x1p3\n":                                                           "properties.amount: must be a number, got the string",
		"event,member,order_id,amount\norder.paid,m1,o,1_000\n":                                                           "properties.amount: must be a number, got the string",
		`{"event":"order.paid","member":"m1","properties":{"order_id":"o","amount":1,"deep":{"a":[1,9007199254740993]}}}`: "properties.deep.a[1]: the number 9007199254740993 has more digits",
		`{"event":"x","member":"m1","attributes":{"wechat":12345678901234567890}}`:                                        "attributes.wechat: the number 12345678901234567890 has more digits",
	} {
		records, bad := readAll(t, strings.NewReader(file), orderSchema())
		if len(records) != 0 || len(bad) != 1 || !strings.Contains(bad[0], want) {
			t.Errorf("%s:\n got %v %v\nwant %s", file, records, bad, want)
		}
	}
}

// Ids that no number holds are declared as string, also where others of them are short.
func TestLongNumbersAreDeclaredAsString(t *testing.T) {
	for _, file := range []string{
		`{"event":"order.paid","member":"m","properties":{"id2":12345678901234567890,"amount":1}}` + "\n" +
			`{"event":"order.paid","member":"m","properties":{"id2":12,"amount":1}}` + "\n" +
			`{"event":"order.paid","member":"m","properties":{"id2":9007199254740994,"amount":1}}` + "\n",
		"event,member,id2,amount\norder.paid,m,12345678901234567890,1\norder.paid,m,12,1\norder.paid,m,1234567890123456,1\n",
	} {
		inf, err := Infer(strings.NewReader(file), Options{}, func(e *LineError) { t.Error(e) })
		if err != nil || !strings.Contains(inf.YAML(), "    amount: number\n    id2: string\n") {
			t.Errorf("%v\n%s", err, inf.YAML())
		}
	}
}

func TestTypedColumnsCheckNothing(t *testing.T) {
	const file = "event,member,order_id,amount\norder.paid,m1,12,much\norder.paid,m1,12,12.00\n"
	r := Open(strings.NewReader(file), Options{Schema: orderSchema()})
	for _, want := range []string{"map[amount:much order_id:12]", "map[amount:12 order_id:12]"} {
		rec, err := r.Next()
		if err != nil || fmt.Sprint(rec.Input.Properties) != want || rec.Input.Properties["order_id"] != "12" {
			t.Errorf("got %v, %v; want %s", rec.Input.Properties, err, want)
		}
	}
}

func TestNotAnEventFile(t *testing.T) {
	for in, want := range map[string]string{
		"name,email\na,b\n":     "has no column `event`",
		"[{\"event\":\"x\"}]\n": "is a JSON array",
		"event,member,event\n":  "column `event` twice",
		"\x1f\x8bgarbage":       "gzip",
	} {
		if _, err := Open(strings.NewReader(in), Options{}).Next(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want …%s…", in, err, want)
		}
	}
	if _, err := Open(strings.NewReader(" \n"), Options{}).Next(); !errors.Is(err, io.EOF) {
		t.Errorf("an empty file: %v", err)
	}
}

func TestLongLineIsOneBadLine(t *testing.T) {
	in := `{"event":"` + strings.Repeat("x", 3<<20) + "\"}\n" + `{"event":"x","member":"m"}`
	records, bad := readAll(t, strings.NewReader(in), nil)
	if len(records) != 1 || records[0].Line != 2 || len(bad) != 1 || !strings.Contains(bad[0], "longer than") {
		t.Errorf("records %v, bad %v", records, bad)
	}
}

func TestBadFirstLine(t *testing.T) {
	records, bad := readAll(t, strings.NewReader("nonsense\n{\"event\":\"x\",\"member\":\"m\"}\n"), nil)
	if len(records) != 1 || records[0].Line != 2 || len(bad) != 1 {
		t.Errorf("records %v, bad %v", records, bad)
	}
}

func TestInfer(t *testing.T) {
	in := `{"event":"order.paid","member":"m","properties":{"id2":"a","amount":1,"items":[{"sku":"s","qty":1}],"on":"2026-01-02"},"attributes":{"level":"gold","locale":"zh"}}
{"event":"order.paid","member":"m","properties":{"id2":"b","amount":1.5,"mixed":1,"on":"2026-01-02","gone":[]}}
{"event":"order.paid","member":"m","properties":{"id2":"b","amount":2,"mixed":"x","two words":1,"name":"x","实付金额（元）":1}}
no event at all
{"event":"left","member":"m"}
`
	var bad []int
	inf, err := Infer(strings.NewReader(in), Options{}, func(e *LineError) { bad = append(bad, e.Line) })
	if !slices.Equal(bad, []int{4}) {
		t.Errorf("bad lines %v, want the fourth alone", bad)
	}
	if err != nil {
		t.Fatal(err)
	}
	want := `member:
  level: string

events:
  left:   # seen 1 times
    {}
  order.paid:   # seen 3 times
    amount: number
    # gone is left undeclared: its values are of no single type
    id2: string
    items: {optional: [{qty: number, sku: string}]}
    # mixed is left undeclared: its values are of no single type
    # name is left undeclared: event.name is the event's own
    on: optional date
    # "two words" is left undeclared: no expression could say this name; give it another, as in --map 'NAME=two words'
    # "实付金额（元）" is left undeclared: no expression could say this name; give it another, as in --map NAME=实付金额（元）
`
	if got := inf.YAML(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func BenchmarkReader(b *testing.B) {
	file := strings.Repeat(`{"id":"e","event":"order.paid","member":"m1","properties":{"order_id":"o1","amount":1}}`+
		"\n", 1000)
	for b.Loop() {
		r := Open(strings.NewReader(file), Options{Schema: orderSchema(), Check: true})
		for {
			if _, err := r.Next(); err != nil {
				break
			}
		}
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "lines/s")
}

// TestCutFiles: a gzip file that ends early says so, wherever it was cut.
func TestCutFiles(t *testing.T) {
	var whole bytes.Buffer
	w := gzip.NewWriter(&whole)
	for i := range 5000 {
		fmt.Fprintf(w, `{"event":"x","member":"m%d","time":"2026-03-02T10:00:00Z","id":"%x"}`+"\n", i,
			sha256.Sum256([]byte{byte(i), byte(i >> 8)}))
	}
	w.Close()
	for _, cut := range []int{5, 100, whole.Len() / 2, whole.Len() - 4} {
		r := Open(bytes.NewReader(whole.Bytes()[:cut]), Options{})
		var err error
		for err == nil {
			_, err = r.Next()
		}
		if !strings.HasSuffix(err.Error(), "the gzip file is cut short: it ends in the middle") {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
}
