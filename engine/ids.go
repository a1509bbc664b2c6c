package engine

import (
	"encoding/binary"
	"encoding/hex"
	"hash"
	"strconv"
	"strings"
	"time"
)

// id makes an id out of stable parts: unguessable without the secret, and the same in a replay. It
// begins with the instant's second, so that the ids of one time lie together in a database's index:
// a commit then writes a few pages instead of one an id.
func (e *Engine) id(at time.Time, kind string, parts ...string) string {
	id := make([]byte, 4, 16)
	binary.BigEndian.PutUint32(id, uint32(at.Unix()))
	return hex.EncodeToString(append(id, e.mac(kind, parts...)[:10]...))
}

// code makes a coupon code: 60 bits that nobody can guess.
func (e *Engine) code(prefix string, parts ...string) string {
	body := e.codes.EncodeToString(e.mac("coupon", parts...)[:8])[:12]
	if prefix == "" {
		return body
	}
	return prefix + "-" + body
}

func (e *Engine) mac(kind string, parts ...string) []byte {
	h := e.macs.Get().(hash.Hash)
	defer e.macs.Put(h)
	h.Reset()
	h.Write([]byte(kind + "\x00" + strings.Join(parts, "\x00")))
	return h.Sum(nil)
}

// joined makes an id of a kind and parts. Each part stands behind its length, so that no other
// parts make the same id. Such ids are of kinds of input that nobody sends.
func joined(kind string, parts ...string) string {
	b := []byte(kind)
	for _, p := range parts {
		b = append(strconv.AppendInt(append(b, ':'), int64(len(p)), 10), ':')
		b = append(b, p...)
	}
	return string(b)
}

// OccurrenceName returns the name of an occurrence of a schedule.
func OccurrenceName(name string, at time.Time) string {
	return joined("schedule", name, at.UTC().Format(time.RFC3339Nano))
}

// TriggerName returns the name of a request to start a playbook.
func TriggerName(playbook, request string) string { return joined("trigger", playbook, request) }

// JobInputID returns the id of the input that an occurrence or a request, by its name, is for a
// member.
func JobInputID(name, member string) string { return joined(name, member) }

// OccurrenceID returns the id of the input that an occurrence of a schedule is for a member.
func OccurrenceID(name string, at time.Time, member string) string {
	return JobInputID(OccurrenceName(name, at), member)
}

// UpdateID returns the id of the input that a request to change a member is.
func UpdateID(request, member string) string { return joined("update", request, member) }
