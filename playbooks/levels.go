package playbooks

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
)

// Levels says which level members have: an enum attribute that follows a number.
type Levels struct {
	Attribute string
	By        *expression.Expr // the number; nil when it has a mistake
	Source    diag.Source      // of By
	Steps     []LevelStep      // in the order of the enum, their numbers rising
	Grace     schema.Duration  // how long a member keeps a level below its number; zero: not at all
	Pos       diag.Pos
}

// LevelStep is a level, and the number from which on members have it.
type LevelStep struct {
	Level string
	From  float64
}

// Reached returns how many of the steps a number reaches.
func (l *Levels) Reached(number float64) int {
	n := 0
	for n < len(l.Steps) && number >= l.Steps[n].From {
		n++
	}
	return n
}

// Place returns which of the steps, counted from 1, has the level; 0: none has.
func (l *Levels) Place(level any) int {
	name, _ := level.(string)
	return slices.IndexFunc(l.Steps, func(s LevelStep) bool { return s.Level == name }) + 1
}

// Level returns the level of a step, counted from 1; "" of 0, which is below all.
func (l *Levels) Level(place int) string {
	if place == 0 {
		return ""
	}
	return l.Steps[place-1].Level
}

// Keeps returns to when a member keeps a level whose number they fell below at an instant, given in the member's zone.
func (l *Levels) Keeps(fell time.Time) time.Time { return l.Grace.After(fell).UTC() }

// Definition names which number gives which level, through all that the number is made of: another one is an edit.
// The grace is none of it: another one holds for who falls from then on.
func (l *Levels) Definition(s *Schema) string {
	h := sha256.New()
	fmt.Fprintf(h, "levels %q %v %q\n", l.Attribute, l.Steps, l.Source.Text)
	refs := expression.Refs{Attributes: []string{l.Attribute}}
	if l.By != nil {
		refs = l.By.Refs.With(refs)
	}
	s.WriteRefs(h, refs)
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// IsLevel reports whether an attribute follows a number: nobody else may write it.
func (s *Schema) IsLevel(attribute string) bool {
	return s.Levels != nil && s.Levels.Attribute == attribute
}

// LevelAt returns what the attribute that follows a number is at a step, counted from 1; nil: missing.
func (s *Schema) LevelAt(place int) any {
	if place > 0 {
		return s.Levels.Level(place)
	}
	return s.Attribute(s.Levels.Attribute).Default
}
