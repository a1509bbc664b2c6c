package playbooks

// wordKind is what a word is, as messages call it.
type wordKind string

const (
	tagWord    wordKind = "tag"
	ownerWord  wordKind = "owner"
	reasonWord wordKind = "exit reason"
)

// wordRole is what a place does with a word.
type wordRole uint8

const (
	wordTold   wordRole = iota // named only, as a test does that expects it
	wordGiven                  // brought about: the tag is added, the run exits
	wordSought                 // looked for or taken away: in vain when nothing gives it
)

// wordUse is a place of a word.
type wordUse struct {
	role wordRole
	pos  Pos
	text string // how it is written there, with what it needs of quotes: %s is the word
}
