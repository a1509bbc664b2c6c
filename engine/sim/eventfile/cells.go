package eventfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/usher-run/usher/playbooks/decimal"
	"github.com/usher-run/usher/playbooks/schema"
)

// cells reads the cells of a table.
type cells struct {
	zone *time.Location
	// what may stand before the decimals of a number beside the point: ',' where cells are not
	// separated by commas
	decimal byte
}

// lostDigits is how spreadsheets show a long number when they have rounded it: 1.23457E+17.
var lostDigits = regexp.MustCompile(`^\d(\.\d+)?E\+(1[1-9]|[2-9]\d)$`)

var errLostDigits = errors.New("a spreadsheet has cut the digits of this number: give the column the format text in the original, and save it again")

// text reads a cell that holds a name, an id or a text: as it stands, but for the space around it
// and for what spreadsheets put around a text that looks like a number.
func (c *cells) text(cell string) (string, error) {
	if lostDigits.MatchString(cell) {
		return "", fmt.Errorf("%q: %w", cell, errLostDigits)
	}
	return cell, nil
}

// clean takes away the space around a cell, of any width, and the ="…" by which spreadsheets are
// told that a cell is text.
func clean(cell string) string {
	cell = strings.TrimFunc(cell, isBlank)
	if len(cell) > 3 && strings.HasPrefix(cell, `="`) && cell[len(cell)-1] == '"' &&
		!strings.Contains(cell[2:len(cell)-1], `"`) {
		return cell[2 : len(cell)-1]
	}
	return cell
}

func isBlank(r rune) bool {
	switch r {
	case ' ', '\t', '\n', '\r', 0xa0, 0x3000, 0x200b, 0xfeff:
		return true
	}
	return false
}

// value reads a cell as its declared type says, else as it looks. What does not fit stays as it is:
// the admission says so, with the type that was wanted.
func (c *cells) value(t *schema.Type, cell string) (any, error) {
	if t == nil {
		return guess(cell), nil
	}
	switch t.Kind {
	case schema.KindInt, schema.KindNumber:
		return c.number(cell)
	case schema.KindBool:
		if b, ok := readBool(cell); ok {
			return b, nil
		}
	case schema.KindDate:
		return c.date(cell)
	case schema.KindDatetime:
		return c.datetime(cell)
	case schema.KindString:
		return c.text(cell)
	case schema.KindList, schema.KindObject:
		if json.Valid([]byte(cell)) {
			return json.RawMessage(cell), nil
		}
		return nil, fmt.Errorf("must be JSON of %s", t.Required())
	}
	return cell, nil
}

func readBool(cell string) (value, ok bool) {
	switch strings.ToLower(narrow(cell)) {
	case "true", "t", "yes", "y", "1", "是":
		return true, true
	case "false", "f", "no", "n", "0", "否":
		return false, true
	}
	return false, false
}

var (
	jsonNumber = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?$`)
	money      = regexp.MustCompile(`^([¥￥$€£]|CNY|RMB|USD|EUR)? *([+-]?) *([¥￥$€£]?) *(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)? *(元|CNY|RMB|USD|EUR)?$`)
	percent    = regexp.MustCompile(`^[+-]?[\d.,]+ *%$`)
)

// number reads a number, also one as people write it: ￥1,234.50. What it may mean in two ways is
// refused.
func (c *cells) number(cell string) (any, error) {
	s := strings.TrimSpace(narrow(cell))
	switch {
	case lostDigits.MatchString(s):
		return nil, fmt.Errorf("%q: %w", cell, errLostDigits)
	case jsonNumber.MatchString(s):
		return json.RawMessage(s), nil // digit for digit: whether a number can hold them is the admission's to say
	case percent.MatchString(s):
		return nil, fmt.Errorf("%q may be meant as %s or as a hundredth of it: write the number without %%", cell,
			strings.TrimRight(s, " %"))
	}
	m := money.FindStringSubmatch(s)
	switch {
	case m == nil:
		f, err := decimal.Parse(s)
		var number *decimal.ParseError
		switch {
		case err == nil:
			return json.RawMessage(decimal.Format(f)), nil
		case errors.As(err, &number) && number.Lossy():
			return nil, err
		}
		if strings.Count(s, ",") == 1 && c.decimal == ',' {
			return nil, fmt.Errorf("%q: write decimals after a point, as in 1234.5", cell)
		}
		return cell, nil
	case strings.Contains(m[4], ",") && m[5] == "" && c.decimal == ',':
		return nil, fmt.Errorf("%q may be %s or a number with decimals: write it without a comma", cell,
			strings.ReplaceAll(m[4], ",", ""))
	}
	whole := strings.TrimLeft(strings.ReplaceAll(m[4], ",", ""), "0")
	if whole == "" {
		whole = "0"
	}
	return json.RawMessage(strings.TrimPrefix(m[2], "+") + whole + m[5]), nil
}

// date reads a day. A time of the day is passed over when it is the day's beginning, as
// spreadsheets write it.
func (c *cells) date(cell string) (any, error) {
	t, dateOnly, err := readTime(cell, time.UTC)
	switch {
	case err != nil && looksLikeTime(cell):
		return nil, err
	case err != nil, !dateOnly && !t.Equal(t.Truncate(24*time.Hour)), isEpoch(cell):
		return cell, nil //nolint:nilerr // what is no time stays text: the schema judges it
	}
	return t.Format(time.DateOnly), nil
}

func (c *cells) datetime(cell string) (any, error) {
	if _, err := time.Parse(time.RFC3339, cell); err == nil {
		return cell, nil
	}
	t, err := ReadTime(cell, c.zone)
	switch {
	case err != nil && looksLikeTime(cell):
		return nil, err
	case err != nil:
		return cell, nil //nolint:nilerr // what is no time stays text: the schema judges it
	}
	return t.Format(time.RFC3339Nano), nil
}

// looksLikeTime reports whether a cell is a time that is written in a way that is not read, and not
// something else.
func looksLikeTime(cell string) bool {
	s := strings.TrimSpace(narrow(cell))
	return len(s) >= 5 && s[0] >= '0' && s[0] <= '9' && strings.ContainsAny(s, "-/.:年") || serial.MatchString(s)
}

func isEpoch(cell string) bool {
	_, ok := sinceEpoch(strings.TrimSpace(narrow(cell)))
	return ok
}

// plainNumber is a number as people write one, unlike 007 or 1e5.
var plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?$`)

// guess reads a cell that nobody declared. What looks like a code or would lose digits (007, 1e5,
// 12345678901234567890) is a string.
func guess(cell string) any {
	switch cell {
	case "true":
		return true
	case "false":
		return false
	}
	if f, err := decimal.Parse(cell); err == nil && plainNumber.MatchString(cell) {
		return f
	}
	return cell
}
