package eventfile

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks/diag"
)

// layout says what the columns of a table are: keys of the line itself, and where all others go.
type layout struct {
	what   string   // for messages
	keys   []string // columns that are keys of the line itself
	needed []string // of keys
	others string   // attributes or properties
}

var (
	eventLayout = layout{
		what: "event file", keys: []string{"event", "member", "time", "id", "accepted_at", "backfill"},
		needed: []string{"event", "member"}, others: "properties",
	}
	memberLayout = layout{
		what: "list of members", keys: []string{"member", "tags", "tags.remove"}, needed: []string{"member"},
		others: "attributes",
	}
)

// A column is what is read of one cell of each row.
type column struct {
	index  int    // in the row
	header string // as the file calls it
	in     string // "": a key of the line itself; else properties or attributes
	name   string
}

// path names what a column gives, as the admission does.
func (c *column) path() string {
	if c.in == "" {
		return c.name
	}
	return c.in + "." + c.name
}

// table reads CSV: a header, then a row a line. Cells are separated by what separates those of the
// header.
type table struct {
	layout   layout
	o        *Options
	in       *csv.Reader
	limit    *limitReader
	cells    cells
	width    int // columns of the header
	columns  []column
	unnamed  []int    // columns without a name
	compared []string // events that the header was compared with
	head     []byte   // the beginning of the file
	above    int      // lines above the header that the csv reader has not seen
	check    textChecker
	notes    *notes
	line     int // of the last row
}

// mistake is a cell that cannot be read.
type mistake struct{ path, text string }

var separators = []rune{',', ';', '\t'}

// separatorOf finds what separates the cells of a header: with it the header has the columns that
// are needed, or the most.
func (l *layout) separatorOf(o *Options, line []byte) (sep rune, fits bool) {
	best, most := ',', -1
	for _, sep := range separators {
		header, err := csvReader(bytes.NewReader(line), sep).Read()
		if err != nil {
			continue
		}
		score := len(header)
		if l.missingColumn(o, cleanAll(header)) == "" {
			score += 1000
			fits = true
		}
		if score > most {
			best, most = sep, score
		}
	}
	return best, fits
}

func csvReader(in io.Reader, sep rune) *csv.Reader {
	r := csv.NewReader(in)
	r.Comma, r.FieldsPerRecord, r.TrimLeadingSpace = sep, -1, sep != '\t'
	return r
}

func cleanAll(header []string) []string {
	out := make([]string, len(header))
	for i, name := range header {
		out[i] = strings.TrimPrefix(clean(name), "`")
	}
	return out
}

// missingColumn returns the first column that is needed and that neither the header nor an option
// gives, or "".
func (l *layout) missingColumn(o *Options, header []string) string {
	for _, key := range l.needed {
		if key == "event" && o.Event != "" || o.Map[key] != "" && slices.Contains(header, o.Map[key]) ||
			slices.Contains(header, key) {
			continue
		}
		if key == "member" && l.others == "attributes" && slices.Contains(header, "id") {
			continue
		}
		return key
	}
	return ""
}

func (r *file) openTable(in io.Reader, l layout) (*table, error) {
	t := &table{
		layout: l, o: &r.o, limit: &limitReader{in: in, left: maxLine}, notes: &r.notes, check: r.check,
		cells: cells{zone: r.o.zone()},
	}
	if bytes.HasPrefix(r.head, []byte("sep=")) { // a line that tells spreadsheets the separator
		first, _, _ := bytes.Cut(r.head, []byte("\n"))
		if _, err := io.ReadFull(in, make([]byte, min(len(first)+1, len(r.head)))); err != nil {
			return nil, readError(err)
		}
		r.head = bytes.TrimLeft(r.head[min(len(first)+1, len(r.head)):], " \t\r\n")
		t.above = 1
	}
	t.head = r.head
	sep, _ := l.separatorOf(t.o, firstRow(r.head))
	if sep != ',' {
		t.cells.decimal = ','
	}
	t.in = csvReader(t.limit, sep)
	header, err := t.in.Read()
	if err != nil {
		return nil, fmt.Errorf("the file is neither JSON lines nor CSV with a header: %w", quoteError(unparsed(err)))
	}
	if err := t.mapColumns(cleanAll(header)); err != nil {
		return nil, err
	}
	t.in.ReuseRecord = true
	return t, nil
}

// firstRow returns the first row of a table: a line, but that a quoted cell may hold line breaks.
func firstRow(head []byte) []byte {
	quoted := false
	for i, c := range head {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '\n' && !quoted:
			return head[:i]
		}
	}
	return head
}

// mapColumns finds out what each column of the header is.
func (t *table) mapColumns(header []string) error {
	for len(header) > 0 && header[len(header)-1] == "" {
		header = header[:len(header)-1]
	}
	t.width = len(header)
	if key := t.layout.missingColumn(t.o, header); key != "" {
		return t.missingColumnError(key, header)
	}
	taken := map[string]bool{} // columns that --map names
	for _, place := range slices.Sorted(maps.Keys(t.o.Map)) {
		from := t.o.Map[place]
		i := slices.Index(header, from)
		if i < 0 {
			hint := diag.DidYouMean(from, header)
			if hint == "" {
				hint = "there is " + strings.Join(named(header), ", ")
			}
			return fmt.Errorf("--map %s=%s: the header has no column `%s`; %s", place, from, from, hint)
		}
		t.add(place, i, from)
		taken[from] = true
	}
	for i, name := range header {
		switch {
		case name == "":
			t.unnamed = append(t.unnamed, i)
		case slices.Contains(header[:i], name):
			return fmt.Errorf("the header has the column `%s` twice (columns %d and %d): rename one", name,
				slices.Index(header, name)+1, i+1)
		case taken[name]:
		case t.o.Map[name] != "": // another column was given its place: it is one like the others
			t.columns = append(t.columns, column{i, name, t.layout.others, name})
		case name == "id" && t.layout.others == "attributes" && t.o.Map["member"] == "" && !slices.Contains(header, "member"):
			t.add("member", i, name)
		default:
			t.add(name, i, name)
		}
	}
	return nil
}

// add gives a column its place: member, time, amount, properties.amount, attributes.email.
func (t *table) add(place string, index int, header string) {
	c := column{index: index, header: header, in: t.layout.others, name: place}
	kind, name, dotted := strings.Cut(place, ".")
	switch {
	case slices.Contains(t.layout.keys, place):
		c.in = ""
	case dotted && name != "" && (kind == "attributes" || kind == "properties" && t.layout.others == kind):
		c.in, c.name = kind, name
	}
	t.columns = append(t.columns, c)
}

func named(header []string) []string {
	return slices.DeleteFunc(slices.Clone(header), func(name string) bool { return name == "" })
}

// missingColumnError says how to name the column that is needed, with one that it may be.
func (t *table) missingColumnError(key string, header []string) error {
	columns := named(header)
	if line := t.title(columns); line > 0 {
		return fmt.Errorf("the first line, %q, looks like a title, and line %d like the header: delete what stands above the header", short(strings.Join(columns, " ")), line)
	}
	if len(columns) < 2 {
		if sep := foreignSeparator(columns); sep != "" {
			return fmt.Errorf("the first line has `%s` between its columns: write commas (,) there and in the lines below, or save the file as CSV again", sep)
		}
		return fmt.Errorf("the file is neither JSON lines nor CSV with a header: its first line has no column `%s`", key)
	}
	which := "COLUMN"
	words := map[string][]string{
		"member": {
			"会员", "用户", "openid", "unionid", "member", "user", "customer", "买家", "客户", "手机", "phone", "mobile",
			"email", "邮箱",
		},
		"event": {"事件", "event", "action"},
	}[key]
	for _, word := range words {
		if i := slices.IndexFunc(columns, func(c string) bool { return strings.Contains(strings.ToLower(c), word) }); i >= 0 {
			which = columns[i]
			break
		}
	}
	hint := "name it with --map " + quotedMap(key, which)
	if key == "event" {
		hint += ", or say --event NAME when all lines are of one event"
	}
	const most = 12
	if len(columns) > most {
		columns = append(columns[:most:most], "…")
	}
	return fmt.Errorf("the header has no column `%s`: %s (it has %s)", key, hint, strings.Join(columns, ", "))
}

// next returns the next row in the shape that the API takes. Rows without a cell are passed over.
func (t *table) next() (raw []byte, line int, bad []mistake, err error) {
	for {
		row, err := t.in.Read()
		t.limit.left = maxLine
		if err != nil {
			return nil, 0, nil, t.readError(row, err)
		}
		line, _ := t.in.FieldPos(0)
		t.line = line + t.above
		for i, cell := range row {
			if err := t.check.check(t.line, []byte(cell)); err != nil {
				return nil, t.line, nil, err
			}
			row[i] = clean(cell)
		}
		if last := lastCell(row); last < 0 {
			continue
		} else if len(row) < t.width || last >= t.width {
			return nil, t.line, nil, &LineError{
				Line: t.line,
				Err:  fmt.Errorf("has %d columns, the header has %d", max(last+1, min(len(row), t.width)), t.width),
			}
		}
		t.unquote(row)
		raw, bad, err = t.encode(row)
		return raw, t.line, bad, err
	}
}

func lastCell(row []string) int {
	last := len(row) - 1
	for last >= 0 && row[last] == "" {
		last--
	}
	return last
}

// unquote takes away the ` that some payment providers put before each cell, so that spreadsheets
// leave it alone.
func (t *table) unquote(row []string) {
	some := 0
	for _, cell := range row {
		if cell != "" && cell[0] != '`' {
			return
		}
		if cell != "" {
			some++
		}
	}
	if some < 2 {
		return
	}
	for i := range row {
		row[i] = strings.TrimPrefix(row[i], "`")
	}
}

func (t *table) readError(row []string, err error) error {
	if errors.Is(err, errOpenQuote) {
		return fmt.Errorf("after line %d: %w", t.line, err)
	}
	var pe *csv.ParseError
	if errors.As(err, &pe) {
		t.line = pe.StartLine + t.above
		return &LineError{Line: t.line, Err: quoteError(pe.Err)}
	}
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return readError(err)
}

func unparsed(err error) error {
	var pe *csv.ParseError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// quoteError says in our words what is wrong with the quotes of a row.
func quoteError(err error) error {
	switch {
	case errors.Is(err, csv.ErrQuote):
		return errors.New(`a cell begins with a " that is not closed, or text follows the closing one: inside a quoted cell write "" for "`)
	case errors.Is(err, csv.ErrBareQuote):
		return errors.New(`a " stands in a cell that does not begin with one: put the whole cell in quotes, and write "" for "`)
	}
	return err
}

// limitReader ends a row that has no end.
type limitReader struct {
	in   io.Reader
	left int
}

var errOpenQuote = fmt.Errorf(`a row is longer than %d bytes: a cell begins with a " that is not closed`, maxLine)

func (l *limitReader) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errOpenQuote
	}
	n, err := l.in.Read(p)
	l.left -= n
	return n, err
}

// encode writes a row in the shape that the API takes. An empty cell is a missing value.
func (t *table) encode(row []string) (raw []byte, bad []mistake, err error) {
	body := map[string]any{}
	if t.o.Event != "" {
		body["event"] = t.o.Event
	}
	for _, c := range t.columns {
		if c.in == "" && row[c.index] != "" {
			v, err := t.key(&c, row[c.index])
			if err != nil {
				bad = append(bad, mistake{c.path(), fmt.Sprintf("column %s: %v", c.header, err)})
				v = row[c.index]
			}
			body[c.name] = v
		}
	}
	name, _ := body["event"].(string)
	t.noteUnmappedProperties(name)
	for _, c := range t.columns {
		if c.in == "" || row[c.index] == "" {
			continue
		}
		v, err := t.cells.value(t.o.typeOf(name, c.in, c.name), row[c.index])
		if err != nil {
			bad = append(bad, mistake{c.path(), fmt.Sprintf("column %s: %v", c.header, err)})
			v = row[c.index]
		}
		values, _ := body[c.in].(map[string]any)
		if values == nil {
			values = map[string]any{}
			body[c.in] = values
		}
		values[c.name] = v
	}
	for _, i := range t.unnamed {
		if row[i] != "" {
			t.notes.add("column %d has no name in the header: what stands in it is left out", i+1)
		}
	}
	raw, err = json.Marshal(body)
	return raw, bad, err
}

// key reads a cell that is a key of the line itself.
func (t *table) key(c *column, cell string) (any, error) {
	switch c.name {
	case "tags", "tags.remove":
		return splitTags(cell), nil
	case "backfill":
		if b, ok := readBool(cell); ok {
			return b, nil
		}
		return nil, fmt.Errorf("%q is neither true nor false", cell)
	case "time", "accepted_at":
		return cell, nil
	}
	return t.cells.text(cell)
}

// splitTags reads a cell with tags: separated by commas, semicolons, bars or the Chinese forms of
// them.
func splitTags(cell string) []string {
	var out []string
	for _, tag := range strings.FieldsFunc(cell, func(r rune) bool { return strings.ContainsRune(",;|，；、｜\n", r) }) {
		if tag = clean(tag); tag != "" && !slices.Contains(out, tag) {
			out = append(out, tag)
		}
	}
	return out
}
