package playbooks

import (
	"fmt"
	"regexp"
	"strings"
)

// A mistake is about something that is declared elsewhere: the name that was meant, the type that does not fit. Where that is
// stands beside the mistake, because the slip may just as well be there.

// finder gives where a name is declared and, for "", where it could be. The zero Pos: nowhere that can be shown.
type finder func(name string) Pos

// about shows where the name that is near a missing one is declared or, when none is near, where it could be. A built-in name one
// slip away is beyond doubt, and declared nowhere.
func (d *Diagnostic) about(missing, near string, find finder) *Diagnostic {
	if near != "" {
		if at := find(near); at.Line > 0 {
			return d.beside("`"+near+"` is declared here", at)
		}
		if editDistance(missing, near, maxDistance) < maxDistance {
			return d
		}
	}
	return d.beside("`"+missing+"` is not declared here", find(""))
}

// against shows where the types that do not fit are declared.
func (d *Diagnostic) against(types ...*Type) *Diagnostic {
	for _, t := range types {
		if t != nil {
			d.beside("declared here as "+article(t.Required().String()), t.Pos)
		}
	}
	return d
}

// beside adds a place that is on another line than the mistake, once.
func (d *Diagnostic) beside(message string, at Pos) *Diagnostic {
	known := at.Line == 0 || at.File == d.File && at.Line == d.Line
	for _, r := range d.Related {
		known = known || r.Pos == at
	}
	if !known {
		d.Related = append(d.Related, Related{message, at})
	}
	return d
}

// diagnostic is what the report is about.
func (r report) diagnostic() *Diagnostic { return &r.c.diags[r.i] }

// The sections of usher.yaml that declare names.
const (
	inMember   = "member"
	inEvents   = "events"
	inSegments = "segments"
	inChannels = "channels"
	inCoupons  = "coupons"
)

// in finds what a section of usher.yaml declares.
func (s *Schema) in(section string) finder {
	return func(name string) Pos {
		if name == "" {
			return s.section(section)
		}
		switch section {
		case inMember:
			if a := s.Attribute(name); a != nil {
				return a.Pos
			}
		case inEvents:
			if e := s.Event(name); e != nil {
				return e.Pos
			}
		case inSegments:
			if g := s.Segment(name); g != nil {
				return g.Pos
			}
		case inChannels:
			if c := s.Channel(name); c != nil {
				return c.Pos
			}
		case inCoupons:
			if p := s.Pool(name); p != nil {
				return p.Pos
			}
		}
		return Pos{}
	}
}

// section gives where a section begins, and the file when it has none.
func (s *Schema) section(name string) Pos {
	if at, ok := s.sections[name]; ok {
		return at
	}
	return s.sections[""]
}

// find gives where a field of the object is declared.
func (t *Type) find(name string) Pos {
	if name == "" {
		return t.Pos
	}
	for i := range t.Fields {
		if t.Fields[i].Name == name {
			return t.Fields[i].Pos
		}
	}
	return Pos{}
}

// playbookNamed finds playbooks by their ids.
func (c *checker) playbookNamed(id string) Pos {
	if v := c.playbookNodes[id]; v != nil {
		return v.pos()
	}
	return Pos{}
}

// besideTest shows the playbook in the file that a test stands beside, where no other is near.
func (d *Diagnostic) besideTest(c *checker) {
	if d.Code != "unknown-playbook" || len(d.Related) > 0 {
		return
	}
	file := strings.TrimSuffix(d.File, testSuffix) + yamlSuffix
	for _, id := range sortedKeys(c.playbookNodes) {
		if v := c.playbookNodes[id]; v.f.name == file {
			d.beside("the playbook beside this test is `"+id+"`", v.pos())
		}
	}
}

// nameless gives the action that was meant where no action has the id: the nearest before, without an id, that leaves the field.
func (s *Scope) nameless(field string) (Pos, bool) {
	for i := len(s.Nameless) - 1; i >= 0; i-- {
		a := &s.Nameless[i]
		if _, ok := a.Type.Field(field); ok {
			return a.Pos, true
		}
	}
	return Pos{}, false
}

// aboutAction shows which action the id may have been meant for.
func (d *Diagnostic) aboutAction(sc *Scope, id, near, field string) *Diagnostic {
	for i := range sc.Actions {
		if near != "" && sc.Actions[i].ID == near {
			return d.beside("`"+near+"` is this action", sc.Actions[i].Pos)
		}
	}
	if at, ok := sc.nameless(field); ok {
		d.beside(fmt.Sprintf("this action leaves `%s`, but has no id: add `id: %s` if it is meant", field, id), at)
	}
	return d
}

// fieldBehind gives the name after the dot that a text goes on with.
func fieldBehind(text string) string {
	m := dotted.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return m[1]
}

var dotted = regexp.MustCompile(`^\.([a-z_\p{Lo}々ー][a-z0-9_\p{Lo}々ー]*)`)

// nowhere finds what is built in.
func nowhere(string) Pos { return Pos{} }

// attributeOf finds attributes that are named as member.level.
func (s *Schema) attributeOf(name string) Pos {
	return s.in(inMember)(strings.TrimPrefix(name, "member."))
}

// stepNamed finds steps by what logs call them; for "", none.
func (p *Playbook) stepNamed(name string) Pos {
	for i := range p.Steps {
		if p.Steps[i].Name() == name {
			return p.Steps[i].Pos
		}
	}
	return Pos{}
}

// wayNamed finds the ways of a split; for "", the split.
func (s *Step) wayNamed(name string) Pos {
	for i := range s.Ways {
		if s.Ways[i].Name == name {
			return s.Ways[i].Pos
		}
	}
	return s.Pos
}
