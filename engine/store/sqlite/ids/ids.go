// Package ids says where the ids of inputs are stored: under keyed hashes.
package ids

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"github.com/usher-run/usher/engine/store"
)

// Hash hashes what inputs are known by. It is for one goroutine.
type Hash struct {
	mac hash.Hash
	buf []byte
}

// New returns the hash under a key.
func New(secret []byte) *Hash { return &Hash{mac: hmac.New(sha256.New, secret)} }

// Places are the places in which an id may be stored: the first that no other id has. There has
// never been a second one.
type Places [sha256.Size / 8]int64

// Of returns the places of what an input is known by.
func (h *Hash) Of(known store.Identity) (p Places) {
	h.mac.Reset()
	h.buf = append(h.buf[:0], "ids\x00"...)
	h.buf = append(append(h.buf, known.Kind...), 0)
	h.buf = append(h.buf, known.ID...)
	h.mac.Write(h.buf)
	h.buf = h.mac.Sum(h.buf[:0])
	for i := range p {
		p[i] = int64(binary.LittleEndian.Uint64(h.buf[8*i:]) >> 1)
	}
	return p
}
