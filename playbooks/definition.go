package playbooks

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
)

// WriteRefs writes what the names refer to, such that equal meanings give equal text.
func (s *Schema) WriteRefs(h io.Writer, refs expression.Refs) {
	for _, name := range refs.Segments {
		if g := s.Segment(name); g != nil {
			fmt.Fprintf(h, "segment %q %q\n", name, g.Source.Text)
		}
	}
	for _, name := range refs.Attributes {
		a := s.Attribute(name)
		switch {
		case a == nil:
		case a.Computed != nil:
			fmt.Fprintf(h, "computed %q %q\n", name, a.Computed.Text)
		default:
			fmt.Fprintf(h, "attribute %q %s %v\n", name, schema.TypeText(a.Type), a.Default)
		}
	}
	for _, name := range refs.Events {
		if e := s.Event(name); e != nil {
			fmt.Fprintf(h, "event %q %s\n", name, schema.TypeText(e.Properties))
		}
	}
}

// Definition names what the segment asks, through the segments and computed attributes that it is
// made of: another one is another audience. "" for a segment that is not declared.
func (s *Schema) Definition(segment string) string {
	g := s.Segment(segment)
	if g == nil || g.Expr == nil {
		return ""
	}
	h := sha256.New()
	s.WriteRefs(h, g.Expr.Refs.With(expression.Refs{Segments: []string{segment}}))
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// Next returns when the date comes for the first time after an instant, where value is that of the
// attribute as expressions see it, local to the member; zero when it does not come again. February
// 29 is February 28 in other years. Which names the time it comes, the same in every zone: of a
// yearly one the year. The one that has been does not come again, though the member moves west.
func (d *DateTrigger) Next(value, after time.Time, been string) (at time.Time, which string) {
	zone := value.Location()
	year, month, day := value.Date()
	occurrence := func(year int) time.Time {
		day := day
		if month == time.February && day == 29 && !leap(year) {
			day = 28
		}
		hour, minute, second := value.Clock()
		nano := value.Nanosecond()
		if d.At >= 0 {
			hour, minute, second, nano = d.At/60, d.At%60, 0, 0
		}
		return schema.WallClock(year, month, day+d.Offset.Days, hour, minute, second, nano, zone).Add(d.Offset.Elapsed)
	}
	if !d.Yearly {
		which = d.once(value)
		if t := occurrence(year); which != been && t.After(after) {
			return t, which
		}
		return time.Time{}, ""
	}
	// An offset may lead into another year: it is bounded, see the checker of durations.
	first := max(year, after.In(zone).Year()-2-int(d.Offset.Longest().Abs()/(365*24*time.Hour)))
	for y := first; y <= first+8+2*int(d.Offset.Longest().Abs()/(365*24*time.Hour)); y++ {
		if t := occurrence(y); t.After(after) && d.yearly(value, y) != been {
			return t, d.yearly(value, y)
		}
	}
	return time.Time{}, ""
}

// once names the time that a date comes that comes once: by the date itself, as another one may be
// set.
func (d *DateTrigger) once(value time.Time) string {
	if d.Type != nil && d.Type.Kind == schema.KindDate {
		return value.Format(time.DateOnly)
	}
	return value.UTC().Format(time.RFC3339Nano)
}

// yearly names a year's time. A datetime is on another day in another zone, and around new year in
// another year: its years are counted from the first.
func (d *DateTrigger) yearly(value time.Time, year int) string {
	if d.Type != nil && d.Type.Kind == schema.KindDate {
		return strconv.Itoa(year)
	}
	return "+" + strconv.Itoa(year-value.Year())
}

func leap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

// Definition says all that the date depends on, so that a change of it is noticed.
func (d *DateTrigger) Definition(zone *time.Location) string {
	return fmt.Sprintf("date %s %s %v %s %d %s", d.Attribute, d.Type, d.Yearly, d.Offset, d.At, zone)
}
