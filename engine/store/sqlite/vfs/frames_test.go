package vfs

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
)

const testPage = 512

// script is what a run has done to its log.
type script struct {
	file   []byte
	calls  int
	result int32 // of each further call
}

func (s *script) put(p []byte, at int64) int32 {
	s.calls++
	if s.result != 0 {
		return s.result
	}
	if more := int(at) + len(p) - len(s.file); more > 0 {
		s.file = append(s.file, make([]byte, more)...)
	}
	copy(s.file[at:], p)
	return 0
}

func headerOf(page, size uint32) []byte {
	h := make([]byte, frameHeader)
	binary.BigEndian.PutUint32(h, page)
	binary.BigEndian.PutUint32(h[4:], size)
	return h
}

func pageOf(content byte) []byte { return bytes.Repeat([]byte{content}, testPage) }

// frame writes a frame as SQLite does, and returns where it ends.
func frame(t *testing.T, r *run, s *script, at int64, page, size uint32) int64 {
	t.Helper()
	if rc := r.write(headerOf(page, size), at, s.put); rc != 0 {
		t.Fatalf("the header of page %d: %d", page, rc)
	}
	if rc := r.write(pageOf(byte(page)), at+frameHeader, s.put); rc != 0 {
		t.Fatalf("page %d: %d", page, rc)
	}
	return at + frameHeader + testPage
}

// TestCommitIsOneWrite: all frames of a commit go out together, when the last is there.
func TestCommitIsOneWrite(t *testing.T) {
	var r run
	var s script
	r.write(make([]byte, logHeader), 0, s.put)
	at := int64(logHeader)
	for i := range 10 {
		at = frame(t, &r, &s, at, uint32(i+1), 0)
	}
	if s.calls != 1 || len(s.file) != logHeader {
		t.Errorf("%d calls before the end of the commit, %d bytes", s.calls, len(s.file))
	}
	at = frame(t, &r, &s, at, 11, 11)
	if s.calls != 2 || int64(len(s.file)) != at {
		t.Errorf("%d calls, %d bytes, want %d", s.calls, len(s.file), at)
	}
	// Of a connection that has not seen the log begin, the first frame shows where the next belongs.
	r, s = run{}, script{}
	frame(t, &r, &s, frame(t, &r, &s, frame(t, &r, &s, at, 1, 0), 2, 0), 3, 3)
	if s.calls != 3 {
		t.Errorf("%d calls for the first commit, want 3", s.calls)
	}
}

// TestFailedFramesAreDropped: an error is that of the write that brings out what was held, and none of
// it is written later. Until the lock is let go of all else fails, but for reading what lies before.
func TestFailedFramesAreDropped(t *testing.T) {
	for name, other := range map[string]func(r *run, s *script, at int64) int32{
		"the last frame": func(r *run, s *script, at int64) int32 {
			r.write(headerOf(9, 9), at, s.put)
			return r.write(pageOf(9), at+frameHeader, s.put)
		},
		"a write elsewhere": func(r *run, s *script, _ int64) int32 { return r.write(pageOf(7), logHeader+frameHeader, s.put) },
		"a flush":           func(r *run, s *script, _ int64) int32 { return r.flush(s.put) },
		"a full buffer": func(r *run, s *script, at int64) int32 {
			for range most {
				if rc := r.write(headerOf(9, 0), at, s.put); rc != 0 {
					return rc
				}
				if rc := r.write(pageOf(9), at+frameHeader, s.put); rc != 0 {
					return rc
				}
				at += frameHeader + testPage
			}
			return 0
		},
	} {
		var r run
		var s script
		r.write(make([]byte, logHeader), 0, s.put)
		at := frame(t, &r, &s, logHeader, 1, 0)
		s.result = 13
		if rc := other(&r, &s, at); rc != 13 {
			t.Errorf("%s: the result is %d", name, rc)
		}
		s.result = 0
		calls := s.calls
		if rc := r.write(headerOf(3, 3), logHeader, s.put); rc != 13 || s.calls > calls {
			t.Errorf("%s: the transaction goes on: %d", name, rc)
		}
		if lost, kept := r.before(at, s.put), r.before(logHeader, s.put); lost != 13 || kept != 0 {
			t.Errorf("%s: what is lost is read with %d, what is not with %d", name, lost, kept)
		}
		r.drop()
		frame(t, &r, &s, logHeader, 3, 3)
		if rc := r.flush(s.put); rc != 0 {
			t.Errorf("%s: a flush of nothing: %d", name, rc)
		}
		if want := append(headerOf(3, 3), pageOf(3)...); !bytes.Equal(s.file[logHeader:], want) {
			t.Errorf("%s: the log holds %d bytes, or others than those of the later frame", name, len(s.file)-logHeader)
		}
	}
}

// TestLogIsAsWritten: whatever order writes, reads, errors and ends of transactions come in, what was
// written without an error is there when it is read, and nothing that was dropped.
func TestLogIsAsWritten(t *testing.T) {
	for seed := range uint64(300) {
		dice := rand.New(rand.NewPCG(seed, 1))
		var r run
		var s, want script
		committed, at := int64(logHeader), int64(logHeader)
		r.write(make([]byte, logHeader), 0, s.put)
		want.put(make([]byte, logHeader), 0)
		for step := range 60 {
			switch dice.IntN(12) {
			case 0: // undone: what was written since the last commit means nothing
				r.drop()
				at = committed
			case 1: // a page is changed where it is
				if at == committed {
					continue
				}
				frames := (at - committed) / (frameHeader + testPage)
				place := committed + dice.Int64N(frames)*(frameHeader+testPage) + frameHeader
				p := pageOf(byte(step))
				if rc := r.write(p, place, s.put); rc != 0 {
					t.Fatal(rc)
				}
				want.put(p, place)
			case 2: // a read
				r.flush(s.put)
				if !bytes.Equal(s.file[:at], want.file[:at]) {
					t.Fatalf("seed %d: another log is read", seed)
				}
			default:
				size := uint32(dice.IntN(4) / 3)
				h, p := headerOf(uint32(step+1), size), pageOf(byte(step))
				want.put(h, at)
				want.put(p, at+frameHeader)
				rc := r.write(h, at, s.put)
				if rc == 0 {
					rc = r.write(p, at+frameHeader, s.put)
				}
				if rc != 0 {
					t.Fatal(rc)
				}
				at += frameHeader + testPage
				if size > 0 {
					committed = at
				}
			}
			if !bytes.Equal(s.file[:committed], want.file[:committed]) {
				t.Fatalf("seed %d: %s", seed, fmt.Sprintf("step %d: what is committed differs", step))
			}
		}
	}
}
