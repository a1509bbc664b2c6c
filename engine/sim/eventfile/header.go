package eventfile

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
)

// foreignSeparator returns what separates the columns of a header that has one column alone, when
// it is no separator of CSV.
func foreignSeparator(columns []string) string {
	for _, sep := range []string{"，", "；", "|", "、"} {
		if len(columns) == 1 && strings.Contains(columns[0], sep) {
			return sep
		}
	}
	return ""
}

// titleLines is how many lines of titles may stand above a header.
const titleLines = 10

// title returns the line of the header when the first line has one cell and a later one has more:
// reports of shops begin with a title. It returns 0 when there is none.
func (t *table) title(first []string) int {
	if len(first) != 1 {
		return 0
	}
	lines := bytes.SplitN(t.head, []byte("\n"), titleLines+2)
	for i := 1; i < len(lines) && i <= titleLines; i++ {
		sep, _ := t.layout.separatorOf(t.o, lines[i])
		row, err := csvReader(bytes.NewReader(lines[i]), sep).Read()
		if err == nil && len(named(cleanAll(row))) > 1 {
			return i + 1 + t.above
		}
	}
	return 0
}

// noteUnmappedProperties says of an event whose declared properties the header does not give what
// to write: exports name their columns otherwise. The note is made once for each event.
func (t *table) noteUnmappedProperties(event string) {
	if t.o.Schema == nil || slices.Contains(t.compared, event) {
		return
	}
	t.compared = append(t.compared, event)
	declared := t.o.Schema.Event(event)
	if declared == nil || declared.Properties == nil || len(declared.Properties.Fields) == 0 ||
		t.layout.others != "properties" {
		return
	}
	var given, strange []string // columns
	for _, c := range t.columns {
		if c.in != t.layout.others {
			continue
		}
		if _, ok := declared.Properties.Field(c.name); ok {
			given = append(given, c.name)
		} else {
			strange = append(strange, c.header)
		}
	}
	var lacking []string // properties
	for _, f := range declared.Properties.Fields {
		if !slices.Contains(given, f.Name) && (!f.Type.Optional || len(given) == 0) {
			lacking = append(lacking, f.Name)
		}
	}
	if len(lacking) == 0 || len(strange) == 0 {
		return
	}
	slices.Sort(lacking)
	t.notes.add("no column gives %s of %s, and %s no property of it: name the columns as in --map %s", listed(lacking),
		event,
		areColumns(strange), example(lacking, strange))
}

// example writes what to give --map: each property with the column that it probably is.
func example(properties, columns []string) string {
	var pairs []string
	for _, p := range properties[:min(len(properties), 3)] {
		pairs = append(pairs, quotedMap(p, likelyColumn(p, columns)))
	}
	return strings.Join(pairs, ",")
}

// likelyColumn returns the column that has the words of a property, else the word COLUMN.
func likelyColumn(property string, columns []string) string {
	plain := func(s string) string {
		return strings.ToLower(strings.NewReplacer("_", "", " ", "", "-", "").Replace(s))
	}
	for _, c := range columns {
		if plain(c) == plain(property) {
			return c
		}
	}
	words := map[string][]string{
		"amount": {"实付", "实收", "金额", "total", "amount"}, "total": {"实付", "实收", "金额", "total"}, "price": {"单价", "价格", "price"},
		"order_id": {"订单号", "订单编号", "order id", "order no", "order number"}, "order": {"订单号", "订单编号", "order"},
		"sku": {"商品编码", "货号", "sku"}, "quantity": {"数量", "quantity", "qty"}, "channel": {"渠道", "来源", "channel"},
	}[property]
	for _, word := range words {
		for _, c := range columns {
			if strings.Contains(strings.ToLower(c), word) {
				return c
			}
		}
	}
	return "COLUMN"
}

// quotedMap writes one part of --map so that it can be copied into a shell.
func quotedMap(place, column string) string {
	pair := place + "=" + column
	if strings.Contains(column, ",") || strings.Contains(column, "\"") {
		var b strings.Builder
		w := csv.NewWriter(&b)
		_ = w.Write([]string{pair}) // a strings.Builder takes everything
		w.Flush()
		pair = strings.TrimSpace(b.String())
	}
	if strings.ContainsAny(pair, " \t\"'()$&;|<>*?!`\\") {
		return "'" + strings.ReplaceAll(pair, "'", `'\''`) + "'"
	}
	return pair
}

func areColumns(columns []string) string {
	if len(columns) == 1 {
		return "its column " + columns[0] + " is"
	}
	return "its columns " + listed(columns) + " are"
}

// listed names a few, and says that there are more.
func listed(names []string) string {
	const most = 6
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// timeColumn returns the column of a table that most likely is the time of its lines, or "".
func (t *table) timeColumn() string {
	for _, word := range []string{"支付时间", "付款时间", "下单时间", "时间", "日期", "paid at", "created at", "time", "date"} {
		for _, c := range t.columns {
			if c.in != "" && strings.Contains(strings.ToLower(c.header), word) {
				return c.header
			}
		}
	}
	return ""
}

// TimeHint says how to name the column with the times of a table whose header has no `time`; "" for
// other files.
func (r *Reader) TimeHint() string {
	if r.rows == nil || slices.ContainsFunc(r.rows.columns,
		func(c column) bool { return c.in == "" && c.name == "time" }) {
		return ""
	}
	column := r.rows.timeColumn()
	if column == "" {
		column = "COLUMN"
	}
	return "the header has no column `time`: name it with --map " + quotedMap("time", column)
}
