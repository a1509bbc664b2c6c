package input

import "strings"

// answerID begins the id of an input that says what became of a delivery.
const answerID = "result:"

// AgainID stands in it behind the key, before the release that the answer is about.
const AgainID = "@"

// AnswerID returns the id of the input that says what became of a delivery.
func AnswerID(key string) string { return answerID + key }

// handedID begins the id of an input that says what became of a message that a run had handed to an object.
const handedID = "handed:"

// HandedID returns the id of the input that tells a run what became of a message in another line, by the id of what
// said so there.
func HandedID(id string) string { return handedID + id }

// AnsweredDelivery returns the key of the delivery that the input is the answer of, by its id. An
// input of no kind that there is counts too: what it was is damaged.
func AnsweredDelivery(in *Input) (key string, ok bool) {
	switch in.Kind {
	case Event, Update, Trigger, Schedule, Segment, Change, Release, Redeem, Deletion, Message:
		return "", false // whoever sends events chooses their ids
	}
	key, ok = strings.CutPrefix(in.ID, answerID)
	key, _, _ = strings.Cut(key, AgainID)
	return key, ok
}
