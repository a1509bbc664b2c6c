package playbooks

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

var memberField = regexp.MustCompile(`^member\.([\p{L}_][\p{L}\p{N}_]*)$`)

// Attributes that hold a day of birth, unless they hold when it comes next.
var (
	dayOfBirth = regexp.MustCompile(`(?i)birth|(^|_)dob($|_)|生日|出生`)
	nextOne    = regexp.MustCompile(`(?i)next|coming|this|下|[0-9]`)
)

// dateTrigger reads a date of the member with its repetition.
func (p *playbookReader) dateTrigger(n *node) {
	p.pb.Trigger.Kind = TriggerDate
	p.triggerKnown()
	d := &DateTrigger{At: -1}
	p.pb.Trigger.Date = d
	if v := n.get("date"); v != nil {
		p.dateField(v, d)
	}
	if _, ok := p.enum(n.get("every"), "every", "year"); ok {
		d.Yearly = true
	}
	if v := n.get("date"); n.get("every") == nil && dayOfBirth.MatchString(d.Attribute) && !nextOne.MatchString(d.Attribute) {
		p.warn("missing-key", v.pos(), fmt.Sprintf("`member.%s` without `every` comes once: on the day of birth", d.Attribute)).
			label("add `every: year`")
	}
	if v := n.get("offset"); v != nil {
		d.Offset, _ = p.anyDuration(v, "offset")
	}
	if v := n.get("at"); v != nil {
		if minutes, ok := p.clock(v, "at"); ok {
			d.At = minutes
		}
	} else if d.Type != nil && d.Type.Kind == KindDate {
		d.At = 0
	}
}

// dateField reads which date of the member is meant.
func (p *playbookReader) dateField(v *node, d *DateTrigger) {
	text, ok := p.str(v, "date")
	if !ok {
		return
	}
	m := memberField.FindStringSubmatch(text)
	if m == nil {
		p.error("bad-value", v.pos(), "date names a field of the member").label("as in member.birthday")
		return
	}
	name := m[1]
	t, builtin := ObjectOf(MemberFields()...).Field(name)
	if !builtin {
		a := p.schema.Attribute(name)
		switch {
		case p.blind:
			return
		case a == nil:
			var dates []string
			for i := range p.schema.Attributes {
				if isDate(p.schema.Attributes[i].Type) {
					dates = append(dates, "member."+p.schema.Attributes[i].Name)
				}
			}
			p.unknown("unknown-field", v, "there is no date", text, dates, p.schema.attributeOf)
			return
		case a.Computed != nil:
			p.error("bad-value", v.pos(), fmt.Sprintf("`%s` is computed: nobody knows beforehand when it comes", text)).related("declared here", a.Pos)
			return
		}
		t = a.Type
	}
	if !isDate(t) {
		p.error("type-mismatch", v.pos(), fmt.Sprintf("`%s` is %s, and a date or datetime is needed", text, describeType(t))).
			diagnostic().against(t)
		return
	}
	d.Attribute, d.Type = name, t.Required()
}

func isDate(t *Type) bool { return t != nil && (t.Kind == KindDate || t.Kind == KindDatetime) }

// Coming gives when the date comes for the first time after an instant, where value is that of the attribute as expressions see it,
// local to the member; zero when it does not come again. February 29 is February 28 in other years. Which names the time it comes,
// the same in every zone: of a yearly one the year. The one that has been does not come again, though the member moves west.
func (d *DateTrigger) Coming(value, after time.Time, been string) (at time.Time, which string) {
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
		return WallClock(year, month, day+d.Offset.Days, hour, minute, second, nano, zone).Add(d.Offset.Elapsed)
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

// once names the time that a date comes that comes once: by the date itself, as another one may be set.
func (d *DateTrigger) once(value time.Time) string {
	if d.Type != nil && d.Type.Kind == KindDate {
		return value.Format(time.DateOnly)
	}
	return value.UTC().Format(time.RFC3339Nano)
}

// yearly names a year's time. A datetime is on another day in another zone, and around new year in another year: its years are
// counted from the first.
func (d *DateTrigger) yearly(value time.Time, year int) string {
	if d.Type != nil && d.Type.Kind == KindDate {
		return strconv.Itoa(year)
	}
	return "+" + strconv.Itoa(year-value.Year())
}

func leap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

// Definition says all that the date depends on, so that a change of it is noticed.
func (d *DateTrigger) Definition(zone *time.Location) string {
	return fmt.Sprintf("date %s %s %v %s %d %s", d.Attribute, d.Type, d.Yearly, d.Offset, d.At, zone)
}
