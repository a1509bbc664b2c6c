package diag

import "cmp"

// Finder gives where a name is declared and, for "", where it could be. The zero Pos: nowhere that
// can be shown.
type Finder func(name string) Pos

// RelateName shows where the name that is near a missing one is declared or, when none is near,
// where it could be. A built-in name one slip away is beyond doubt, and declared nowhere.
func (d *Diagnostic) RelateName(missing, near string, find Finder) *Diagnostic {
	if near != "" {
		if at := find(near); at.Line > 0 {
			return d.Relate("`"+near+"` is declared here", at)
		}
		if EditDistance(missing, near, MaxDistance) < MaxDistance {
			return d
		}
	}
	return d.Relate("`"+missing+"` is not declared here", find(""))
}

// Declared is what can say how and where it was declared; the zero Pos when nowhere.
type Declared interface {
	Declaration() (what string, at Pos)
}

// RelateDeclarations shows where what does not fit is declared.
func (d *Diagnostic) RelateDeclarations(things ...Declared) *Diagnostic {
	for _, t := range things {
		what, at := t.Declaration()
		d.Relate("declared here as "+what, at)
	}
	return d
}

// Relate adds a place that is on another line than the mistake, once.
func (d *Diagnostic) Relate(message string, at Pos) *Diagnostic {
	known := at.Line == 0 || at.File == d.File && at.Line == d.Line
	for _, r := range d.Related {
		known = known || r.Pos == at
	}
	if !known {
		d.Related = append(d.Related, Related{Message: message, Pos: at})
	}
	return d
}

// NoDeclaration finds what is built in.
func NoDeclaration(string) Pos { return Pos{} }

// AssumeName says that the edits hold only if the declared name is the right one.
func (d *Diagnostic) AssumeName(declared string) {
	for i := range d.Edits {
		d.Edits[i].AssumedName = declared
	}
}

// Suggest adds the edit that would mend the last mistake.
func (d *Diagnostic) Suggest(text string) *Diagnostic {
	if d.Line > 0 {
		d.Edits = append(d.Edits, Edit{Pos: d.Pos, Text: text})
	}
	return d
}

// UnsureUnless says that the edit may not be what was meant.
func (d *Diagnostic) UnsureUnless(unless bool) { markUnsure(d.Edits, unless) }

// Overlaps reports whether both edits touch the same text.
func (e Edit) Overlaps(o Edit) bool {
	before := func(a, b Edit) bool {
		return cmp.Or(cmp.Compare(a.EndLine, b.Line), cmp.Compare(a.EndColumn, b.Column)) <= 0
	}
	return e.File == o.File && !before(e, o) && !before(o, e)
}
