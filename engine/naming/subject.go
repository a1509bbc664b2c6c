package naming

import "strings"

// objectMark stands in front of the kind and of the id of an object in what rows and inputs call it. No member's id has
// it: control characters are refused in all of them.
const objectMark = "\x1f"

// ObjectID returns what an object is called where a member's id may stand, too.
func ObjectID(kind, id string) string { return objectMark + kind + objectMark + id }

// IsObject reports whether a subject is an object, and no member.
func IsObject(subject string) bool { return subject != "" && subject[0] == objectMark[0] }

// CutObject returns the kind of a subject that is an object, and the id that it has outside; false for a member.
func CutObject(subject string) (kind, id string, ok bool) {
	if !IsObject(subject) {
		return "", "", false
	}
	return strings.Cut(subject[len(objectMark):], objectMark)
}

// OutsideID returns the id that a subject has outside, whatever it is.
func OutsideID(subject string) string {
	if _, id, ok := CutObject(subject); ok {
		return id
	}
	return subject
}

// SubjectRange returns the bounds of the ids of members, for the empty kind, or of the objects of a kind: an id is one
// of them when it is not before first, and before last unless that is empty.
func SubjectRange(kind string) (first, last string) {
	if kind == "" {
		return string(objectMark[0] + 1), ""
	}
	return objectMark + kind + objectMark, objectMark + kind + string(objectMark[0]+1)
}
