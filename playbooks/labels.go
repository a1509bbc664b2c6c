package playbooks

import "github.com/usher-run/usher/playbooks/diag"

// LabelKind is what a word is, as messages call it.
type LabelKind string

// The kinds of words that are declared nowhere.
const (
	TagLabel    LabelKind = "tag"
	OwnerLabel  LabelKind = "owner"
	ReasonLabel LabelKind = "exit reason"
)

// LabelRole is what a place does with a word.
type LabelRole uint8

// What a place does with a word.
const (
	LabelMentioned LabelRole = iota // named only, as a test does that expects it
	LabelWritten                    // brought about: the tag is added, the run exits
	LabelRead                       // looked for or taken away: in vain when nothing gives it
)

// LabelUse is a place of a word.
type LabelUse struct {
	Role LabelRole
	Pos  diag.Pos
	Text string // how it is written there, with what it needs of quotes: %s is the word
}
