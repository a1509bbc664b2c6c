package engine

import (
	"hash"
	"strings"
	"time"

	"github.com/usher-run/usher/engine/naming"
)

// id makes an id out of stable parts: unguessable without the secret, and the same in a replay. It
// begins with its instant, so that the ids of one time lie together in a database's index: a commit
// then writes a few pages instead of one an id.
func (e *Engine) id(at time.Time, kind string, parts ...string) string {
	return naming.TimedID(at, e.mac(kind, parts...)[:10])
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
