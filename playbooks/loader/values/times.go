package values

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// Zone reads a time zone by its name in the IANA database.
func (c *Reader) Zone(n *syntax.Node, what string) (*time.Location, bool) {
	var s string
	if offset := n != nil && n.Kind == syntax.ScalarNode && !n.Broken && (n.Tag == "int" || n.Tag == "float"); offset {
		s = n.Value // quotes would not make a name of it
	} else if text, ok := c.Str(n, what); ok {
		s = text
	} else {
		return nil, false
	}
	loc, err := schema.LoadZone(s)
	if err == nil {
		return loc, true
	}
	r := c.Error("bad-timezone", n.Pos(), fmt.Sprintf("there is no time zone `%s`", s))
	if write, label := schema.SuggestZone(s); label != "" {
		if r.Label(label); write != "" {
			r.Edit(n.Pos(), write).UnsureUnless(false)
		}
	} else if best := diag.Closest(s, schema.CommonZones); best != "" {
		r.Label("did you mean `"+best+"`?").Edit(n.Pos(), best).UnsureUnless(diag.UniqueMatch(s, schema.CommonZones))
	} else {
		r.Label("write a name of the IANA database, as Asia/Shanghai or UTC")
	}
	return nil, false
}

// Clock reads a time of the day as minutes since midnight.
func (c *Reader) Clock(n *syntax.Node, what string) (int, bool) {
	if n == nil || n.Broken {
		return 0, false
	}
	if m := schema.ClockTime.FindStringSubmatch(n.Value); n.Kind == syntax.ScalarNode && m != nil {
		h, _ := strconv.Atoi(m[1])
		mi, _ := strconv.Atoi(m[2])
		return h*60 + mi, true
	}
	r := c.Error("bad-value", n.Pos(), what+" must be a time of the day").Label(`as in "22:00"`)
	c.ClockHint(r, n)
	return 0, false
}

// ClockHint says which time of the day was meant by one that is written otherwise: 8:00, 24:00,
// 10pm, 晚上10点. The edit is beyond doubt where the words leave one time alone.
func (c *Reader) ClockHint(r diag.Report, n *syntax.Node) {
	wrote := strings.ToLower(strings.TrimSpace(diag.HalfWidth(schema.HalfWidthColons.Replace(n.Value))))
	if at, ok := schema.NamedClocks[wrote]; ok && n.Kind == syntax.ScalarNode {
		r.Label("write `"+strconv.Quote(at)+"`").Edit(n.Pos(), strconv.Quote(at))
		return
	}
	m := schema.ClockAsWritten.FindStringSubmatch(wrote)
	if n.Kind != syntax.ScalarNode || m == nil || m[1]+m[3]+m[4]+m[6] == "" || m[1] != "" && m[6] != "" {
		return
	}
	hour, _ := strconv.Atoi(m[2])
	minute, _ := strconv.Atoi(strings.TrimSuffix(m[3]+m[5], "分"))
	if m[5] == "半" {
		minute = 30
	}
	at := func(hour int) string { return fmt.Sprintf("\"%02d:%02d\"", hour, minute) }
	if hour == 24 && minute == 0 {
		r.Label("a day begins at \"00:00\": write `"+at(0)+"`").Edit(n.Pos(), at(0)).UnsureUnless(false)
		return
	}
	if hour > 23 || minute > 59 {
		r.Label("hours go from 00 to 23, minutes from 00 to 59")
		return
	}
	hours, sure := schema.HoursOfDayPart(m[1]+m[6], m[4] != "", hour)
	switch len(hours) {
	case 1:
		r.Label("write `"+at(hours[0])+"`").Edit(n.Pos(), at(hours[0])).UnsureUnless(sure)
	case 2:
		r.Label("write `" + at(hours[0]) + "`, or `" + at(hours[1]) + "` if that is meant")
	}
}

// Duration reads a constant duration that is longer than nothing.
func (c *Reader) Duration(n *syntax.Node, what string) (schema.Duration, bool) {
	d, ok := c.AnyDuration(n, what)
	if ok && (d.Days < 0 || d.Elapsed < 0 || d.IsZero()) {
		c.Error("bad-duration", n.Pos(), what+" must be longer than nothing").Label("as in 30s, 15m, 4h, 2d, 1w")
		return d, false
	}
	return d, ok
}

// AnyDuration reads a constant duration that may be negative.
func (c *Reader) AnyDuration(n *syntax.Node, what string) (schema.Duration, bool) {
	if n == nil || n.Broken {
		return schema.Duration{}, false
	}
	if n.Kind != syntax.ScalarNode || n.IsNull() {
		c.WrongType(n, what+" must be a duration, as in 30s, 15m, 4h, 2d, 1w")
		return schema.Duration{}, false
	}
	d, err := schema.ParseDuration(n.Value)
	if err == nil {
		d.Written = n.Value
		return d, true
	}
	r := c.Error("bad-duration", n.Pos(), fmt.Sprintf("`%s` is not a duration", n.Value))
	hint := schema.SuggestDuration(n.Value)
	if text := hint.Label(); text != "" {
		r.Label(text)
	} else {
		r.Label(err.Error())
	}
	if hint.Write != "" {
		r.Edit(n.Pos(), hint.Write).UnsureUnless(hint.Sure)
	}
	return d, false
}

// Moment reads a day or a time that is written out, as local time of the zone unless it has an offset.
func (c *Reader) Moment(n *syntax.Node, what string, zone *time.Location) (schema.Moment, bool) {
	if n == nil || n.Broken {
		return schema.Moment{}, false
	}
	if n.Kind != syntax.ScalarNode || n.IsNull() || n.Tag == "bool" {
		c.WrongType(n, what+" must be a date or a time").Label(`as in 2026-11-11 or "2026-11-11 10:00"`)
		return schema.Moment{}, false
	}
	m, err := schema.ParseMoment(n.Value, zone)
	if err == nil {
		return m, true
	}
	var strange *schema.MomentError
	if !errors.As(err, &strange) {
		c.Error("bad-value", n.Pos(), err.Error())
		return schema.Moment{}, false
	}
	r := c.Error("bad-value", n.Pos(), strange.Message).Label(strange.Hint)
	if strange.Fix != "" {
		r.Edit(n.Pos(), syntax.Quote(strange.Fix)).UnsureUnless(false)
	}
	return schema.Moment{}, false
}
