package playbook

import (
	"fmt"
	"regexp"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression/report"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/loader/reading"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// Attributes that hold a day of birth, unless they hold when it comes next.
var (
	dayOfBirth = regexp.MustCompile(`(?i)birth|(^|_)dob($|_)|生日|出生`)
	nextOne    = regexp.MustCompile(`(?i)next|coming|this|下|[0-9]`)
)

// dateTrigger reads a date of the member with its repetition.
func (p *reader) dateTrigger(n *syntax.Node, t *playbooks.Trigger) {
	d := &playbooks.DateTrigger{At: -1}
	t.Date = d
	if v := n.Get("date"); v != nil {
		p.dateField(v, d)
	}
	if every, ok := p.Enum(n.Get("every"), "every", string(playbooks.EveryYear), string(playbooks.EveryMonth)); ok {
		d.Every = playbooks.DateEvery(every)
	}
	p.calendarOfDate(n, d)
	if v := n.Get("date"); n.Get("every") == nil && n.Get("calendar") == nil && dayOfBirth.MatchString(d.Attribute) &&
		!nextOne.MatchString(d.Attribute) {
		p.Warn("missing-key", v.Pos(), fmt.Sprintf("`%s.%s` without `every` comes once: on the day of birth",
			p.Schema.Subject(), d.Attribute)).
			Label("add `every: year`")
	}
	if v := n.Get("offset"); v != nil {
		d.Offset, _ = p.AnyDuration(v, "offset")
	}
	if v := n.Get("at"); v != nil {
		if minutes, ok := p.Clock(v, "at"); ok {
			d.At = minutes
		}
	} else if d.Type != nil && d.Type.Kind == schema.KindDate {
		d.At = 0
	}
}

// calendarOfDate reads by which calendar a date comes again.
func (p *reader) calendarOfDate(n *syntax.Node, d *playbooks.DateTrigger) {
	v := n.Get("calendar")
	if _, ok := p.Enum(v, "calendar", playbooks.CalendarLunar); !ok {
		return
	}
	switch every := n.Get("every"); {
	case every == nil:
		p.Error("missing-key", v.Pos(), "`calendar` says by which calendar a date comes again, and this one comes once").
			Label("add `every: year`")
		return
	case d.Every == playbooks.EveryMonth:
		p.Error("bad-value", every.Pos(), "a date of the lunar calendar comes every year").Label("write `every: year`").
			Edit(every.Pos(), "year").UnsureUnless(false)
		return
	}
	d.Lunar = d.Every == playbooks.EveryYear
}

// dateField reads which date of the member is meant.
func (p *reader) dateField(v *syntax.Node, d *playbooks.DateTrigger) {
	text, ok := p.Str(v, "date")
	if !ok {
		return
	}
	subject := p.Schema.Subject()
	name, ok := reading.FieldOf(subject, text)
	if !ok {
		p.Error("bad-value", v.Pos(), "date names a field of the "+subject).Label("as in " + subject + "." + anyDate(p.Schema))
		return
	}
	t, builtin := schema.ObjectOf(scope.Builtin(subject)...).Field(name)
	if !builtin {
		a := p.Schema.Attribute(name)
		switch {
		case p.SchemaUnreadable:
			return
		case a == nil:
			var dates []string
			for i := range p.Schema.Attributes {
				if isDate(p.Schema.Attributes[i].Type) {
					dates = append(dates, subject+"."+p.Schema.Attributes[i].Name)
				}
			}
			p.Unknown("unknown-field", v, "there is no date", text, dates, p.Schema.AttributeOf)
			return
		case a.Computed != nil:
			p.Error("bad-value", v.Pos(), fmt.Sprintf("`%s` is computed: nobody knows beforehand when it comes", text)).
				Related("declared here", a.Pos)
			return
		}
		t = a.Type
	}
	if !isDate(t) {
		p.Error("type-mismatch", v.Pos(), fmt.Sprintf("`%s` is %s, and a date or datetime is needed", text,
			report.DescribeType(t))).
			Diagnostic().RelateDeclarations(t)
		return
	}
	d.Attribute, d.Type = name, t.Required()
}

// anyDate returns a field of the subject that may stand in an example.
func anyDate(s *playbooks.Schema) string {
	for i := range s.Attributes {
		if a := &s.Attributes[i]; a.Computed == nil && isDate(a.Type) {
			return a.Name
		}
	}
	if s.Kind == "" {
		return "birthday"
	}
	return "created_at"
}

func isDate(t *schema.Type) bool {
	return t != nil && (t.Kind == schema.KindDate || t.Kind == schema.KindDatetime)
}
