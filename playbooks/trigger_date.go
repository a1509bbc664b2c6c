package playbooks

import (
	"fmt"
	"regexp"
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
