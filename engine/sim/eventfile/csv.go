package eventfile

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"

	"github.com/usher-run/usher/playbooks"
)

// table reads CSV: a header with `event` and `member`, perhaps `time`, `id` and `accepted_at`, and one column a property.
type table struct {
	in     *csv.Reader
	schema *playbooks.Schema
	header []string
	event  int // column of `event`
}

var eventColumns = []string{"event", "member", "time", "id", "accepted_at"}

// isHeader tells whether a line is the header of an event file.
func isHeader(line []byte) bool {
	header, err := csv.NewReader(bytes.NewReader(line)).Read()
	return err == nil && slices.Contains(header, "event") && slices.Contains(header, "member")
}

func openTable(in io.Reader, schema *playbooks.Schema) (*table, error) {
	t := &table{in: csv.NewReader(in), schema: schema}
	header, err := t.in.Read()
	if err != nil {
		return nil, fmt.Errorf("the file is neither JSON lines nor CSV with a header: %w", err)
	}
	t.header = slices.Clone(header)
	for _, needed := range eventColumns[:2] {
		if !slices.Contains(t.header, needed) {
			return nil, fmt.Errorf("the file is neither JSON lines nor CSV with a header: its first line has no column `%s`", needed)
		}
	}
	for i, name := range t.header {
		if slices.Contains(t.header[:i], name) {
			return nil, fmt.Errorf("the header has the column `%s` twice", name)
		}
	}
	t.event = slices.Index(t.header, "event")
	t.in.ReuseRecord = true
	return t, nil
}

func (t *table) next() ([]byte, int, error) {
	row, err := t.in.Read()
	if errors.Is(err, io.EOF) {
		return nil, 0, io.EOF
	}
	var pe *csv.ParseError
	if errors.As(err, &pe) {
		if errors.Is(pe.Err, csv.ErrFieldCount) {
			return nil, 0, &LineError{Line: pe.StartLine, Err: fmt.Errorf("has %d columns, the header has %d", len(row), len(t.header))}
		}
		return nil, 0, &LineError{Line: pe.StartLine, Err: quoteError(pe.Err)}
	}
	if err != nil {
		return nil, 0, readError(err)
	}
	line, _ := t.in.FieldPos(0)
	raw, err := t.encode(row)
	if err != nil {
		return nil, 0, &LineError{Line: line, Err: err}
	}
	return raw, line, nil
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

// encode writes a row in the shape of POST /v1/events. An empty cell is a missing value.
func (t *table) encode(row []string) ([]byte, error) {
	var declared *playbooks.Type
	if t.schema != nil {
		if e := t.schema.Event(row[t.event]); e != nil {
			declared = e.Properties
		}
	}
	body, properties := map[string]any{}, map[string]any{}
	for i, cell := range row {
		switch name := t.header[i]; {
		case cell == "":
		case slices.Contains(eventColumns, name):
			body[name] = cell
		default:
			var typ *playbooks.Type
			if declared != nil {
				typ, _ = declared.Field(name)
			}
			v, err := cellValue(typ, cell)
			if err != nil {
				return nil, fmt.Errorf("column %s: %w", name, err)
			}
			properties[name] = v
		}
	}
	if len(properties) > 0 {
		body["properties"] = properties
	}
	return json.Marshal(body)
}

// cellValue reads a cell as its declared type says, else as it looks.
func cellValue(t *playbooks.Type, cell string) (any, error) {
	if t == nil {
		return guess(cell), nil
	}
	switch t.Kind {
	case playbooks.KindInt, playbooks.KindNumber:
		if f, err := strconv.ParseFloat(cell, 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
			return json.RawMessage(strconv.FormatFloat(f, 'f', -1, 64)), nil
		}
	case playbooks.KindBool:
		if b, err := strconv.ParseBool(cell); err == nil {
			return b, nil
		}
	case playbooks.KindList, playbooks.KindObject:
		if json.Valid([]byte(cell)) {
			return json.RawMessage(cell), nil
		}
		return nil, fmt.Errorf("must be JSON of %s", t.Required())
	}
	return cell, nil // what does not fit is said by the admission, with the type that was wanted
}

// plainNumber is a number as people write one, unlike 007 or 1e5.
var plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?$`)

// guess reads a cell that nobody declared. What looks like a code or would lose digits (007, 1e5, 12345678901234567890) is a
// string.
func guess(cell string) any {
	switch cell {
	case "true":
		return true
	case "false":
		return false
	}
	if f, err := strconv.ParseFloat(cell, 64); err == nil && plainNumber.MatchString(cell) {
		return f
	}
	return cell
}
