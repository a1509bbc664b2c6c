// Package naming makes the ids of inputs, runs and deliveries out of stable parts. Pure.
package naming

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"hash"
	"strconv"
	"strings"
	"sync"
	"time"
)

// codeAlphabet has no letters that are mistaken for digits when read aloud.
const codeAlphabet = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

var codes = base32.NewEncoding(codeAlphabet)

// Keys makes names out of stable parts that nobody can guess without a secret.
type Keys struct{ macs *sync.Pool } // setting a keyed hash up costs more than using it

// NewKeys returns those of a secret.
func NewKeys(secret []byte) *Keys {
	return &Keys{macs: &sync.Pool{New: func() any { return hmac.New(sha256.New, secret) }}}
}

// ID makes an id. It begins with its instant, so that the ids of one time lie together in a database's index: a commit
// then writes a few pages instead of one an id.
func (k *Keys) ID(at time.Time, kind string, parts ...string) string {
	return TimedID(at, k.mac(kind, parts...)[:10])
}

// Code makes a coupon code: 60 bits that nobody can guess.
func (k *Keys) Code(prefix string, parts ...string) string {
	body := codes.EncodeToString(k.mac("coupon", parts...)[:8])[:12]
	if prefix == "" {
		return body
	}
	return prefix + "-" + body
}

// referralCodeLen is how long a referral code is: 50 bits, so that among ten million members two have the same code
// once in twenty-five installations. It is read out, printed and typed.
const referralCodeLen = 10

// ReferralCode makes what others may call a member by. Nobody can tell from it who that is.
func (k *Keys) ReferralCode(member string) string {
	return codes.EncodeToString(k.mac("referral", member)[:8])[:referralCodeLen]
}

// AsReferralCode returns a text as a referral code is written; false when it can be none. Small letters and a few
// spaces or hyphens are how people type it.
func AsReferralCode(text string) (code string, ok bool) {
	if len(text) > 2*referralCodeLen {
		return "", false
	}
	code = strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(text))
	return code, len(code) == referralCodeLen && strings.Trim(code, codeAlphabet) == ""
}

// Hex makes a name of so many bytes, at most 32, in hexadecimal digits.
func (k *Keys) Hex(bytes int, kind string, parts ...string) string {
	return hex.EncodeToString(k.mac(kind, parts...)[:bytes])
}

// RaffleSeed makes the seed of a raffle.
func (k *Keys) RaffleSeed(name string) string { return k.Hex(32, "raffle", name) }

// RaffleHolder makes what tells the tickets of a member from others in public.
func (k *Keys) RaffleHolder(name, member string) string { return k.Hex(12, "holder", name, member) }

func (k *Keys) mac(kind string, parts ...string) []byte {
	h := k.macs.Get().(hash.Hash)
	defer k.macs.Put(h)
	h.Reset()
	h.Write([]byte(kind + "\x00" + strings.Join(parts, "\x00")))
	return h.Sum(nil)
}

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
// parts make the same id; that of an object, behind its kind, which is no number. Such ids are of kinds of input that
// nobody sends.
func Joined(kind string, parts ...string) string {
	b := []byte(kind)
	for _, p := range parts {
		if kind, id, ok := CutObject(p); ok {
			b, p = append(append(b, ':'), kind...), id
		}
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
