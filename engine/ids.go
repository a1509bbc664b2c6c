package engine

import "time"

// id makes an id out of stable parts: unguessable without the secret, and the same in a replay.
func (e *Engine) id(at time.Time, kind string, parts ...string) string {
	return e.keys.ID(at, kind, parts...)
}

// code makes a coupon code: 60 bits that nobody can guess.
func (e *Engine) code(prefix string, parts ...string) string { return e.keys.Code(prefix, parts...) }
