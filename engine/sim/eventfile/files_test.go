package eventfile

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
	"golang.org/x/text/encoding"
)

func shopSchema(t *testing.T) *playbooks.Schema {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return &playbooks.Schema{
		Timezone: zone,
		Attributes: []playbooks.Attribute{
			{Name: "email", Type: schema.String.AsOptional()},
			{Name: "生日", Type: schema.Date.AsOptional()},
			{Name: "spent", Type: schema.Number.AsOptional()},
		},
		Events: []playbooks.EventType{{Name: "order.paid", Properties: schema.ObjectOf(
			schema.Field{Name: "订单号", Type: schema.String.AsOptional()},
			schema.Field{Name: "金额", Type: schema.Number.AsOptional()},
			schema.Field{Name: "qty", Type: schema.Int.AsOptional()},
			schema.Field{Name: "包邮", Type: schema.Bool.AsOptional()},
			schema.Field{Name: "发货", Type: schema.Datetime.AsOptional()},
			schema.Field{Name: "交付日", Type: schema.Date.AsOptional()},
		)}},
	}
}

// outcome writes what a reader makes of a file: its events, its bad lines and what ended it.
func outcome(in io.Reader, o Options) string {
	var b strings.Builder
	r := Open(in, o)
	for {
		rec, err := r.Next()
		var le *LineError
		switch {
		case errors.Is(err, io.EOF):
			for _, n := range r.Notes() {
				fmt.Fprintf(&b, "note: %s\n", n)
			}
			return b.String()
		case errors.As(err, &le):
			fmt.Fprintf(&b, "%v\n", le)
		case err != nil:
			fmt.Fprintf(&b, "end: %v\n", err)
			return b.String()
		default:
			in := rec.Input
			fmt.Fprintf(&b, "%d %s %s %s", rec.Line, in.Name, in.Member, in.Time.UTC().Format("0102T150405"))
			for k, v := range map[string]map[string]any{"p": in.Properties, "a": in.Attributes} {
				if len(v) > 0 {
					fmt.Fprintf(&b, " %s%v", k, v)
				}
			}
			b.WriteByte('\n')
		}
	}
}

func encoded(t *testing.T, name, text string) string {
	t.Helper()
	enc, _, err := encodingOf(name)
	if err != nil {
		t.Fatal(err)
	}
	out, err := encoding.ReplaceUnsupported(enc.NewEncoder()).String(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const chineseTable = "event,member,time,订单号,金额\r\norder.paid,张三,2026-03-02 10:00:00,E1,10\r\norder.paid,李四,2026/3/2 10:00,E2,20\r\n"

const chineseEvents = "2 order.paid 张三 0302T020000 pmap[订单号:E1 金额:10]\n3 order.paid 李四 0302T020000 pmap[订单号:E2 金额:20]\n"

// A file that is not UTF-8 is read as it says, or refused with the name of its likely encoding.
// Nothing is put in the place of what could not be read.
func TestEncodings(t *testing.T) {
	traditional := strings.NewReplacer("张", "張", "单号", "單號", "金额", "金額").Replace(chineseTable)
	tests := []struct{ name, file, encoding, want string }{
		{
			"GBK", encoded(t, "gbk", chineseTable), "",
			"end: the file is not UTF-8, it looks like GB18030 (GBK): read it with --encoding gb18030, or save it as UTF-8\n",
		},
		{"GBK, named", encoded(t, "gbk", chineseTable), "gb18030", chineseEvents},
		{"GBK, by the name of Windows", encoded(t, "gbk", chineseTable), "CP936", chineseEvents},
		{
			"Big5", encoded(t, "big5", traditional), "",
			"end: the file is not UTF-8, it looks like Big5: read it with --encoding big5, or save it as UTF-8\n",
		},
		{"Big5, named", encoded(t, "big5", "event,member\nx,張三\n"), "Big5", "2 x 張三 0101T000000\n"},
		{"UTF-16 with a mark", encoded(t, "utf-16", chineseTable), "", chineseEvents},
		{"UTF-16 big endian with a mark", "\xfe\xff" + encoded(t, "utf-16be", chineseTable), "", chineseEvents},
		{
			"UTF-16LE without a mark", encoded(t, "utf-16le", chineseTable), "",
			"end: the file is not UTF-8, it looks like UTF-16LE: read it with --encoding utf-16le, or save it as UTF-8\n",
		},
		{
			"UTF-16BE without a mark", encoded(t, "utf-16be", chineseTable), "",
			"end: the file is not UTF-8, it looks like UTF-16BE: read it with --encoding utf-16be, or save it as UTF-8\n",
		},
		{"UTF-16LE, named", encoded(t, "utf-16le", chineseTable), "utf-16le", chineseEvents},
		{"UTF-8 with a mark", "\ufeff" + chineseTable, "", chineseEvents},
		{
			"Latin-1", "event,member\nx,Ren\xe9 M\xfcller\nx,Jos\xe9\n", "",
			"end: the file is not UTF-8, it looks like Windows-1252 (Latin-1): read it with --encoding windows-1252, or save it as UTF-8\n",
		},
		{"Latin-1, named", "event,member\nx,Ren\xe9\n", "latin1", "2 x René 0101T000000\n"},
		{
			"not of the encoding that is named", "event,member\nx,\xff\xff\nx,\xd5\xc5\n", "gb18030",
			"line 2: has bytes that are no gb18030\n3 x 张 0101T000000\n",
		},
		{
			"an encoding that nobody knows", "x", "klingon",
			"end: the encoding \"klingon\" is not known here: there is utf-8, big5, gb18030, gb2312, gbk, latin-1, utf-16, utf-16be, utf-16le, windows-1252\n",
		},
		{
			"damaged in one place", "event,member\nx,张三\nx,李四\nx,王五\nx,\xff\nx,李四\n", "",
			"2 x 张三 0101T000000\n3 x 李四 0101T000000\n4 x 王五 0101T000000\nline 5: is not valid UTF-8: a part of it was damaged\n6 x 李四 0101T000000\n",
		},
		{
			"damaged before", "event,member\nx,\ufffd\ufffd\n", "",
			"line 2: member: \"\ufffd\ufffd\" was damaged before: another program put \ufffd where it could not read\n",
		},
		{"JSON lines in GBK", encoded(t, "gbk", `{"event":"x","member":"张三"}`), "gbk", "1 x 张三 0101T000000\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Schema: shopSchema(t), Encoding: tt.encoding}
			if got := outcome(strings.NewReader(tt.file), o); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
			// The same, however the bytes come.
			if got := outcome(iotest.OneByteReader(strings.NewReader(tt.file)), o); got != tt.want {
				t.Errorf("byte by byte, got\n%swant\n%s", got, tt.want)
			}
		})
	}
}

// A file in another encoding whose beginning is ASCII is found out at the first line that is not,
// with its number.
func TestForeignLaterOn(t *testing.T) {
	file := "event,member\n" + strings.Repeat("x,m\n", 40_000) + encoded(t, "gbk", "x,张三李四\nx,m\n")
	got := outcome(strings.NewReader(file), Options{})
	const want = "end: line 40002 is not UTF-8, it looks like GB18030 (GBK): read it with --encoding gb18030, or save it as UTF-8\n"
	if !strings.HasSuffix(got, want) {
		t.Errorf("got …%s", got[max(0, len(got)-300):])
	}
}

func TestTablesAsPeopleHaveThem(t *testing.T) {
	const head = "event,member,time,订单号,金额,qty,包邮,发货,交付日\n"
	row := func(cells string) string { return head + "order.paid,m,," + cells + "\n" }
	one := func(properties string) string { return "2 order.paid m 0101T000000 pmap[" + properties + "]\n" }
	tests := []struct{ name, file, want string }{
		{
			"semicolons", "event;member;金额;订单号\norder.paid;m;\"12.50\";a,b\n",
			"2 order.paid m 0101T000000 pmap[订单号:a,b 金额:12.5]\n",
		},
		{"tabs", "event\tmember\t\t金额\norder.paid\tm\t\t12.50\n", "2 order.paid m 0101T000000 pmap[金额:12.5]\n"},
		{
			"separators within quotes", "event,member,\"a;b;c;d\"\nx,m,\"1;2,3\t4\"\n",
			"2 x m 0101T000000 pmap[a;b;c;d:1;2,3\t4]\n",
		},
		{
			"a line that says the separator", "sep=;\r\nevent;member;qty\r\norder.paid;m;3\r\n;;\r\nbad;;\r\n",
			"3 order.paid m 0101T000000 pmap[qty:3]\nline 5: member: an event needs its `member`\n",
		},
		{
			"empty columns and rows of separators", "event,,member,,\nx,,m,,\n,,,,\n  ,\u3000,,,\ny,,m,,\n",
			"2 x m 0101T000000\n5 y m 0101T000000\n",
		},
		{
			"a column without a name", ",event,member\n0,x,m\n1,x,m\n",
			"2 x m 0101T000000\n3 x m 0101T000000\nnote: column 1 has no name in the header: what stands in it is left out\n",
		},
		{"trailing separators", "event,member\nx,m,,,\n", "2 x m 0101T000000\n"},
		{"too many cells", "event,member\nx,m,1\n", "line 2: has 3 columns, the header has 2\n"},
		{"too few cells", "event,member,a,b\nx,m\n", "line 2: has 2 columns, the header has 4\n"},
		{"space around cells, of any width", " event ,\"member\"\n x , \u3000m\u00a0\n", "2 x m 0101T000000\n"},
		{"lines of old Macs", "event,member\rx,m\r\ry,m\r", "2 x m 0101T000000\n4 y m 0101T000000\n"},
		{
			"line breaks in cells", "event,member,note\r\nx,m,\"a\r\nb\"\r\nx,m,c\r\n",
			"2 x m 0101T000000 pmap[note:a\nb]\n4 x m 0101T000000 pmap[note:c]\n",
		},
		{
			"texts that look like numbers", "event,member,订单号\norder.paid,\"=\"\"0042\"\"\",\"=\"\"00120\"\"\"\n",
			"2 order.paid 0042 0101T000000 pmap[订单号:00120]\n",
		},
		{
			"each cell with a mark, as payment providers write", "event,member,订单号,金额\n`order.paid,`007,`0012,`3.50\n",
			"2 order.paid 007 0101T000000 pmap[订单号:0012 金额:3.5]\n",
		},
		{
			"leading zeros of ids", "event,member,id,订单号\norder.paid,007,0001,00042\n",
			"2 order.paid 007 0101T000000 pmap[订单号:00042]\n",
		},
		{"attributes in columns", "event,member,attributes.email,attributes.生日,attributes.spent\nx,m,a@b,1990/5/2,\"￥1,000\"\n", "2 x m 0101T000000 amap[email:a@b spent:1000 生日:1990-05-02]\n"},
		{
			"properties by their full name", "event,member,properties.qty\norder.paid,m,3\n",
			"2 order.paid m 0101T000000 pmap[qty:3]\n",
		},
		{
			"a header twice", "event,member,备注,备注\nx,m,1,2\n",
			"end: the header has the column `备注` twice (columns 3 and 4): rename one\n",
		},
		{"a header alone", "event,member\n", ""},
		{
			"no header", "order.paid,m1,2026-03-02\norder.paid,m2,2026-03-02\n",
			"end: the header has no column `event`: name it with --map event=COLUMN, or say --event NAME when all lines are of one event (it has order.paid, m1, 2026-03-02)\n",
		},
		{
			"the column that may be meant", "event,订单号,会员ID\nx,1,m\n",
			"end: the header has no column `member`: name it with --map member=会员ID (it has event, 订单号, 会员ID)\n",
		},
		{
			"an Excel workbook", "PK\x03\x04\x14\x00",
			"end: the file is an Excel workbook, or another zip file: save the sheet as CSV (UTF-8)\n",
		},
		{
			"a web page by the name of a table", "\n<html xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><table>",
			"end: the file is a web page or XML, whatever its name says: open it in a spreadsheet and save it as CSV (UTF-8)\n",
		},
		{
			"a quote without end", "event,member\nx,m\nx,\"m\n" + strings.Repeat("x,m\n", 300_000),
			"2 x m 0101T000000\nend: after line 2: a row is longer than 1048576 bytes: a cell begins with a \" that is not closed\n",
		},
		{"money", row(`E1,"￥1,234.50",,,,`), one("订单号:E1 金额:1234.5")},
		{"money with a word", row(`,1234.50元,,,,`), one("金额:1234.5")},
		{"full-width digits", row(`,１２．５,３,,,`), one("qty:3 金额:12.5")},
		{"percent", row(`,15%,,,,`), "line 2: column 金额: \"15%\" may be meant as 15 or as a hundredth of it: write the number without %\n"},
		{"words for yes", row(`,,,是,,`), one("包邮:true")},
		{"words for no", row(`,,,FALSE,,`), one("包邮:false")},
		{"neither", row(`,,,也许,,`), "line 2: properties.包邮: must be a bool, got the string \"也许\"\n"},
		{
			"digits that a spreadsheet has cut", row(`1.23457E+17,1,,,,`),
			"line 2: column 订单号: \"1.23457E+17\": a spreadsheet has cut the digits of this number: give the column the format text in the original, and save it again\n",
		},
		{
			"of an id", "event,member\nx,4.40106E+17\n",
			"line 2: column member: \"4.40106E+17\": a spreadsheet has cut the digits of this number: give the column the format text in the original, and save it again\n",
		},
		{"times in cells", row(`,,,,2026/3/2 10:00,2026年3月2日`), one("交付日:2026-03-02 发货:2026-03-02T02:00:00Z")},
		{"a day with its beginning", row(`,,,,,2026/3/2 0:00:00`), one("交付日:2026-03-02")},
		{
			"a day with a time", row(`,,,,,2026/3/2 9:30`),
			"line 2: properties.交付日: must be a date, got the string \"2026/3/2 9:30\"\n",
		},
		{
			"all mistakes of a line", row(`,15%,viele,也许,1.2.2026,`),
			"line 2: column 金额: \"15%\" may be meant as 15 or as a hundredth of it: write the number without %; " +
				"column 发货: \"1.2.2026\" can be read month first and day first: write the year first, as in 2026-03-02 10:00:00; " +
				"properties.qty: must be an int, got the string \"viele\"; properties.包邮: must be a bool, got the string \"也许\"\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := outcome(strings.NewReader(tt.file), Options{Schema: shopSchema(t), Check: true}); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
		})
	}
}

func TestDecimalCommas(t *testing.T) {
	const file = "event;member;金额\norder.paid;m;1234,5\norder.paid;m;1.234\norder.paid;m;1,234\norder.paid;m;1,234.5\n"
	const want = `line 2: column 金额: "1234,5": write decimals after a point, as in 1234.5
3 order.paid m 0101T000000 pmap[金额:1.234]
line 4: column 金额: "1,234" may be 1234 or a number with decimals: write it without a comma
5 order.paid m 0101T000000 pmap[金额:1234.5]
`
	if got := outcome(strings.NewReader(file), Options{Schema: shopSchema(t), Check: true}); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestMap(t *testing.T) {
	table := "会员ID,下单时间,实付,订单号\nm1,2026-03-02 10:00:00,12.5,E1\n"
	flat := `{"会员ID":"m1","下单时间":"2026-03-02 10:00:00","实付":12.5,"订单号":"E1"}`
	o := Options{
		Schema: shopSchema(t), Event: "order.paid",
		Map: map[string]string{"member": "会员ID", "time": "下单时间", "金额": "实付", "attributes.spent": "实付"},
	}
	const want = "order.paid m1 0302T020000 pmap[订单号:E1 金额:12.5] amap[spent:12.5]\n"
	normal := func(s string) string {
		return strings.Replace(s, " amap[spent:12.5] pmap[订单号:E1 金额:12.5]", " pmap[订单号:E1 金额:12.5] amap[spent:12.5]", 1)
	}
	if got := normal(outcome(strings.NewReader(table), o)); got != "2 "+want {
		t.Errorf("a table: %s", got)
	}
	if got := normal(outcome(strings.NewReader(flat), o)); got != "1 "+want {
		t.Errorf("flat JSON: %s", got)
	}
	// A column whose place another was given is one like the others.
	r := Open(strings.NewReader("event,member,id,编号\nx,m,77,E1\n"), Options{Map: map[string]string{"id": "编号"}})
	if rec, err := r.Next(); err != nil || rec.Input.ID != "E1" || fmt.Sprint(rec.Input.Properties["id"]) != "77" {
		t.Errorf("got %+v, %v", rec.Input, err)
	}
	o.Map["time"] = "下单时问"
	if got := outcome(strings.NewReader(table),
		o); got != "end: --map time=下单时问: the header has no column `下单时问`; did you mean `下单时间`?\n" {
		t.Errorf("a column that is not there: %s", got)
	}
}

func TestJSONAsPeopleHaveIt(t *testing.T) {
	tests := []struct{ name, file, want string }{
		{"a mark and blank lines", "\ufeff\r\n\r\n{\"event\":\"x\",\"member\":\"m\"}\r\n\r\n", "3 x m 0101T000000\n"},
		{
			"commas between lines", "{\"event\":\"x\",\"member\":\"m\"},\n{\"event\":\"x\",\"member\":\"m\"}\n",
			"line 1: ends with a comma: JSON lines have none between them\n2 x m 0101T000000\n",
		},
		{"an array", "[{\"event\":\"x\"}]", "end: the file is a JSON array: an event file has one object a line, as `jq -c '.[]'` writes it\n"},
		{
			"printed for people", "{\n  \"event\": \"x\",\n  \"member\": \"m\"\n}\n",
			"end: the file is JSON over several lines: an event file has one object a line, as `jq -c .` writes it\n",
		},
		{
			"times as exports write them", `{"event":"x","member":"m","time":"2026-03-02 10:00:00"}` + "\n" +
				`{"event":"x","member":"m","time":1772416800}` + "\n" + `{"event":"x","member":"m","time":1772416800000}`,
			"1 x m 0302T020000\n2 x m 0302T020000\n3 x m 0302T020000\n",
		},
		{
			"all mistakes of a line", `{"event":"order.paid","time":"2.3.2026","properties":{"qty":"x","金额":"y"}}`,
			"line 1: time: \"2.3.2026\" can be read month first and day first: write the year first, as in 2026-03-02 10:00:00; member: an event needs its `member`; properties.金额: must be a number, got the string \"y\"; properties.qty: must be an int, got the string \"x\"\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := outcome(strings.NewReader(tt.file), Options{Schema: shopSchema(t), Check: true}); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
		})
	}
}

// A file of any size is read in the same memory.
func TestFlatMemory(t *testing.T) {
	const lines, most = 60_000, 2 << 20
	file := func(header string, line func(i int) string) io.Reader {
		r, w := io.Pipe()
		go func() {
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, header)
			for i := range lines {
				_, _ = io.WriteString(z, line(i))
			}
			_ = z.Close()
			_ = w.Close()
		}()
		return r
	}
	for name, in := range map[string]io.Reader{
		"CSV": file("event,member,id,time,note\n", func(i int) string {
			return fmt.Sprintf("x,m%d,e%d,2026-03-02 10:00:00,%s\n", i, i, strings.Repeat("文", 50))
		}),
		"JSON lines": file("", func(i int) string {
			return fmt.Sprintf(`{"event":"x","member":"m%d","id":"e%d","properties":{"note":"%s"}}`+"\n", i, i,
				strings.Repeat("文", 50))
		}),
	} {
		t.Run(name, func(t *testing.T) {
			r := Open(in, Options{Schema: shopSchema(t), Check: true})
			used := func() uint64 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				return m.HeapAlloc
			}
			before := uint64(0)
			for i := 0; ; i++ {
				if _, err := r.Next(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
				if i == lines/100 {
					before = used()
				}
			}
			if after := used(); after > before+most {
				t.Errorf("%d bytes after 1%% of the file, %d at its end", before, after)
			}
			runtime.KeepAlive(r)
		})
	}
}

// What --encoding, the separators and the ends of lines are made of does not change what is read.
func TestSameEventsHoweverTheyAreWritten(t *testing.T) {
	want := outcome(strings.NewReader(chineseTable), Options{Schema: shopSchema(t)})
	for _, enc := range []string{"", "gb18030", "utf-16", "utf-16be"} {
		for _, sep := range []string{",", ";", "\t"} {
			for _, end := range []string{"\r\n", "\n", "\r"} {
				text := strings.NewReplacer(",", sep, "\r\n", end).Replace(chineseTable)
				if enc != "" {
					text = encoded(t, enc, text)
				}
				var zipped bytes.Buffer
				z := gzip.NewWriter(&zipped)
				_, _ = io.WriteString(z, text)
				_ = z.Close()
				for _, in := range []io.Reader{strings.NewReader(text), &zipped} {
					if got := outcome(in, Options{Schema: shopSchema(t), Encoding: enc}); got != want {
						t.Errorf("%q, %q, %q: got\n%swant\n%s", enc, sep, end, got, want)
					}
				}
			}
		}
	}
}
