package playbooks

import "cmp"

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

// declared is what can say how and where it was declared; the zero Pos when nowhere.
type declared interface {
	declaration() (what string, at Pos)
}

// against shows where what does not fit is declared.
func (d *Diagnostic) against(things ...declared) *Diagnostic {
	for _, t := range things {
		what, at := t.declaration()
		d.beside("declared here as "+what, at)
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
		d.Related = append(d.Related, Related{Message: message, Pos: at})
	}
	return d
}

// nowhere finds what is built in.
func nowhere(string) Pos { return Pos{} }

// trust says that the edits hold only if the declared name is the right one.
func (d *Diagnostic) trust(declared string) {
	for i := range d.Edits {
		d.Edits[i].trusts = declared
	}
}

// suggest adds the edit that would mend the last mistake.
func (d *Diagnostic) suggest(text string) *Diagnostic {
	if d.Line > 0 {
		d.Edits = append(d.Edits, Edit{Pos: d.Pos, Text: text})
	}
	return d
}

// doubt says that the edit may not be what was meant.
func (d *Diagnostic) doubt(unless bool) { doubtful(d.Edits, unless) }

func (e Edit) overlaps(o Edit) bool {
	before := func(a, b Edit) bool {
		return cmp.Or(cmp.Compare(a.EndLine, b.Line), cmp.Compare(a.EndColumn, b.Column)) <= 0
	}
	return e.File == o.File && !before(e, o) && !before(o, e)
}
