// Package naming makes the ids of inputs, runs and deliveries out of stable parts. Pure.
package naming

import (
	"encoding/base32"
	"strconv"
	"strings"
	"time"
)

// sortedDigits are those of base32 in digits and small letters: their order is that of what they
// encode.
const sortedDigits = "0123456789abcdefghjkmnpqrstvwxyz"

var sorted = base32.NewEncoding(sortedDigits).WithPadding(base32.NoPadding)

// instantLen is how long the instant at the beginning of an id is: milliseconds in 45 bits.
const instantLen = 9

// TimedID returns an id that begins with an instant: of runs, deliveries and emitted events.
func TimedID(at time.Time, rest []byte) string {
	id := make([]byte, 0, 32)
	ms := at.UnixMilli()
	for shift := 5 * (instantLen - 1); shift >= 0; shift -= 5 {
		id = append(id, sortedDigits[ms>>shift&31])
	}
	return string(sorted.AppendEncode(id, rest))
}

// InstantsOf returns from when until when the ids are that begin with a prefix; false when none
// does.
func InstantsOf(prefix string) (from, until time.Time, ok bool) {
	var ms int64
	n := min(len(prefix), instantLen)
	for i := range n {
		digit := strings.IndexByte(sortedDigits, prefix[i])
		if digit < 0 {
			return from, until, false
		}
		ms = ms<<5 | int64(digit)
	}
	shift := 5 * (instantLen - n)
	return time.UnixMilli(ms << shift).UTC(), time.UnixMilli((ms+1)<<shift - 1).UTC(), true
}

// Joined makes an id of a kind and parts. Each part stands behind its length, so that no other
// parts make the same id. Such ids are of kinds of input that nobody sends.
func Joined(kind string, parts ...string) string {
	b := []byte(kind)
	for _, p := range parts {
		b = append(strconv.AppendInt(append(b, ':'), int64(len(p)), 10), ':')
		b = append(b, p...)
	}
	return string(b)
}

// StartOf returns how one of the triggers of a playbook is called: as the playbook, when it is the only one.
func StartOf(playbook, via string) string {
	if via == "" {
		return playbook
	}
	return playbook + "/" + via
}

// OccurrenceName returns the name of an occurrence of a schedule.
func OccurrenceName(name string, at time.Time) string {
	return Joined("schedule", name, at.UTC().Format(time.RFC3339Nano))
}

// TriggerName returns the name of a request to start a playbook.
func TriggerName(playbook, request string) string { return Joined("trigger", playbook, request) }

// JobInputID returns the id of the input that an occurrence or a request, by its name, is for a
// member.
func JobInputID(name, member string) string { return Joined(name, member) }

// OccurrenceID returns the id of the input that an occurrence of a schedule is for a member.
func OccurrenceID(name string, at time.Time, member string) string {
	return JobInputID(OccurrenceName(name, at), member)
}

// UpdateID returns the id of the input that a request to change a member is.
func UpdateID(request, member string) string { return Joined("update", request, member) }
