package playbooks

import "github.com/usher-run/usher/playbooks/diag"

// WordKind is what a word is, as messages call it.
type WordKind string

// The kinds of words that are declared nowhere.
const (
	TagWord    WordKind = "tag"
	OwnerWord  WordKind = "owner"
	ReasonWord WordKind = "exit reason"
)

// WordRole is what a place does with a word.
type WordRole uint8

// What a place does with a word.
const (
	WordTold   WordRole = iota // named only, as a test does that expects it
	WordGiven                  // brought about: the tag is added, the run exits
	WordSought                 // looked for or taken away: in vain when nothing gives it
)

// WordUse is a place of a word.
type WordUse struct {
	Role WordRole
	Pos  diag.Pos
	Text string // how it is written there, with what it needs of quotes: %s is the word
}
