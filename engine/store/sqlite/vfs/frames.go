package vfs

import "encoding/binary"

// Sizes of SQLite's log, in bytes: https://www.sqlite.org/fileformat2.html#walformat.
const (
	logHeader   = 32
	frameHeader = 24
	leastPage   = 512
)

// most is how many bytes are held: SQLite writes less than 128 KB in one call of the system.
const most = 124 << 10

// run is the frames at the end of a log that are held back, to be written together. The zero value
// holds none.
type run struct {
	buf    []byte // what is held; it has room for most bytes
	at     int64  // where it belongs in the log
	end    int64  // behind the last frame, where the next is expected; 0: unknown
	header int64  // the header of a frame was written last, at this place; 0: something else was
	isHalf bool   // what is held ends with the header of a frame
	isLast bool   // the commit ends with that frame

	// Of a transaction of which frames could not be written.
	failed int32 // why: nothing more of it is written; 0: none were lost
	lost   int64 // where they begin
}

// put writes to the log itself, and returns the result code of SQLite.
type put func(p []byte, at int64) int32

// write takes a write of SQLite. A frame that begins where the last one has ended is held back, all
// others are written at once: those that are changed where they are, when one page is written twice in
// a transaction, lie before that place. What is held is written when it is a whole commit, when there
// is no room for more, and before all else that is done to the log. A result that is not zero is that
// of writing something that was held, or of this.
func (r *run) write(p []byte, at int64, put put) int32 {
	if r.failed != 0 {
		return r.failed
	}
	switch {
	case !r.isHalf && len(p) == frameHeader && at == r.end && at > 0:
		if len(r.buf)+frameHeader > most {
			if rc := r.flush(put); rc != 0 {
				return rc
			}
		}
		r.hold(p, at)
		r.isHalf, r.isLast = true, binary.BigEndian.Uint32(p[4:]) > 0
		return 0
	case r.isHalf && at == r.end+frameHeader && len(p) >= leastPage && len(p) <= most/2:
		if len(r.buf)+len(p) > most {
			if rc := r.flush(put); rc != 0 {
				return rc
			}
		}
		r.hold(p, at)
		r.isHalf, r.end = false, at+int64(len(p))
		if r.isLast {
			return r.flush(put)
		}
		return 0
	}
	if rc := r.flush(put); rc != 0 {
		return rc
	}
	if rc := put(p, at); rc != 0 {
		return rc
	}
	header := r.header
	r.header = 0
	switch {
	case at == 0 && len(p) == logHeader:
		r.end = logHeader
	case len(p) == frameHeader:
		r.header = at
	case header > 0 && at == header+frameHeader && len(p) >= leastPage:
		r.end = at + int64(len(p))
	}
	return 0
}

func (r *run) hold(p []byte, at int64) {
	if len(r.buf) == 0 {
		r.at = at
	}
	r.buf = append(r.buf, p...)
	r.header = 0
}

// flush writes what is held. What could not be written is lost, and with it the transaction, whatever
// statement has met that: SQLite may undo that one alone. Until the writer's lock is let go of nothing is
// written any more, so that it cannot be committed.
func (r *run) flush(put put) int32 {
	if r.failed != 0 || len(r.buf) == 0 {
		return r.failed
	}
	rc := put(r.buf, r.at)
	at := r.at
	if r.drop(); rc != 0 {
		r.failed, r.lost = rc, at
	}
	return rc
}

// before makes ready for a read up to a place. Frames that are lost cannot be read, others can: undoing the
// transaction reads them.
func (r *run) before(end int64, put put) int32 {
	if rc := r.flush(put); rc != 0 && end > r.lost {
		return rc
	}
	return 0
}

// drop lets go of what is held: the transaction is over.
func (r *run) drop() { r.buf, r.isHalf, r.failed = r.buf[:0], false, 0 }
