package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store/sqlite/syncer"
)

// file is the file of a journal: a head that names its database, then records, each under a
// checksum and the round that it was written in. The last round counts: its records follow on one
// another from the first record's place. What is whole of earlier rounds lies behind them, and is
// in the inbox. A record that is not whole hides none that lies behind it: see read. The file never
// grows: it is filled with zeros when it is made, so that bringing a record to the disk is one
// write.
//
//	head    magic, 16 bytes of the database
//	record  length of the rest, checksum of the rest, round;
//	        at, time (both in milliseconds), kind, id, member, name, data
type file struct {
	*os.File
	disk  Disk // the same file
	path  string
	round uint64 // of what is written
	end   int64  // where the next record goes
	torn  int64  // the end of what an append that failed may have written: it may be whole, and is not to be read
	lost  []lostRecords
	buf   []byte
}

// Disk is what brings records to the disk.
type Disk interface {
	WriteAt(b []byte, at int64) (int, error)
	// SyncData brings what was written to the disk. After an error nobody knows what is there.
	SyncData() error
}

type osDisk struct{ *os.File }

func (d osDisk) SyncData() error { return syncer.Data(d.File) }

// ErrUnsynced is what an error of a sync wraps. It does not pass, whatever it is.
var ErrUnsynced = errors.New("it may be lost")

const (
	fileHead   = 512
	fileSize   = 8 << 20
	fileRoom   = fileSize - fileHead
	recordHead = 4 + 4
)

// A later format has another number.
const (
	fileName  = "usher inbox "
	fileMagic = fileName + "1\n\x00\x00"
)

var checksums = crc32.MakeTable(crc32.Castagnoli)

// recordRoom is the most that a record takes.
func recordRoom(in *engine.Input, data []byte) int {
	return recordHead + 8*binary.MaxVarintLen64 + len(in.Kind) + len(in.ID) + len(in.Member) + len(in.Name) + len(data)
}

// openFile opens the file at path for the database with the secret, and makes it on demand.
// Nil: there is none. Who has the database has its journal.
func openFile(path string, secret []byte, create bool) (*file, error) {
	flags := os.O_RDWR
	if create {
		flags |= os.O_CREATE
	}
	f, err := os.OpenFile(path, flags, 0o600)
	if errors.Is(err, fs.ErrNotExist) && !create {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	j := &file{File: f, disk: osDisk{f}, path: path}
	if err := j.prepare(secret); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return j, nil
}

// prepare checks whose file it is, and makes a new one ready.
func (j *file) prepare(secret []byte) error {
	of := sha256.Sum256(append([]byte(fileMagic), secret...))
	head := append([]byte(fileMagic), of[:16]...)
	found := make([]byte, len(head))
	n, err := j.ReadAt(found, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if n == len(head) && bytes.Equal(found, head) {
		return nil
	}
	if bytes.HasPrefix(found, []byte(fileName)) && !bytes.HasPrefix(found, []byte(fileMagic)) {
		return fmt.Errorf("%s was written by another version of usher, and may hold events that are not in the database yet: "+
			"start that version once, and stop it", j.path)
	}
	if !bytes.Equal(found[:n], make([]byte, n)) {
		return fmt.Errorf("%s belongs to another database, and may hold events that are not in it yet: move it away to start without them", j.path)
	}
	// The head comes last: a file without it holds nothing.
	if err := j.Truncate(0); err != nil {
		return err
	}
	zeros := make([]byte, 1<<20)
	for at := int64(0); at < fileSize; at += int64(len(zeros)) {
		if _, err := j.WriteAt(zeros, at); err != nil {
			return err
		}
	}
	if err := j.Sync(); err != nil {
		return err
	}
	if _, err := j.WriteAt(head, 0); err != nil {
		return err
	}
	return errors.Join(j.Sync(), syncDir(filepath.Dir(j.path)))
}

// syncDir brings a directory's entries to the disk.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// lostRecords is a place in the file where records of the round should be, and none is whole.
type lostRecords struct {
	at, size      int64
	after, before *Entry // the records around it; nil: it is the first, or the last
}

func (l lostRecords) String() string {
	around := "all that was written last"
	switch {
	case l.after != nil && l.before != nil:
		around = fmt.Sprintf("after %q, taken %s, and before %q", l.after.ID, l.after.At.Format(time.RFC3339), l.before.ID)
	case l.after != nil:
		around = fmt.Sprintf("after %q, taken %s; it was being written, and was not acknowledged, or it was damaged",
			l.after.ID, l.after.At.Format(time.RFC3339))
	case l.before != nil:
		around = fmt.Sprintf("before %q, taken %s", l.before.ID, l.before.At.Format(time.RFC3339))
	}
	return fmt.Sprintf("%d bytes at %d: %s", l.size, l.at, around)
}

// wholeRecord is one with its place in the file.
type wholeRecord struct {
	*Entry
	round   uint64
	at, end int64
}

// read returns the whole records of the last round, in order, and goes on behind them. It notes
// what lies between them and is not whole.
func (j *file) read() ([]*Entry, error) {
	all := make([]byte, fileSize)
	n, err := j.ReadAt(all, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	whole := wholeRecords(all[:n])
	for _, r := range whole {
		j.round = max(j.round, r.round)
	}
	j.end, j.lost = fileHead, nil
	var list []*Entry
	var last *Entry
	for _, r := range whole {
		if r.round != j.round {
			continue
		}
		if r.at > j.end {
			j.lost = append(j.lost, lostRecords{j.end, r.at - j.end, last, r.Entry})
		}
		list, last, j.end = append(list, r.Entry), r.Entry, r.end
	}
	if size := begunRecord(all[min(int64(len(all)), j.end):], j.round); size > 0 {
		j.lost = append(j.lost, lostRecords{at: j.end, size: size, after: last})
	}
	return list, nil
}

// wholeRecords finds all that is whole in the file. Where no record begins it looks on byte by
// byte: the fields of what only looks like a record seldom fit its length, so that few checksums
// are computed in vain.
func wholeRecords(all []byte) (list []wholeRecord) {
	for at := fileHead; at < len(all); {
		in, round, size := decodeRecord(all[at:])
		if in == nil {
			zeros := len(all) - at - len(bytes.TrimLeft(all[at:], "\x00")) // a length begins with no more than three
			at += max(1, zeros-3)
			continue
		}
		list = append(list, wholeRecord{in, round, int64(at), int64(at + size)})
		at += size
	}
	return list
}

// begunRecord returns the size of a record of the round that b begins with and that is not whole;
// 0: there is none.
func begunRecord(b []byte, round uint64) int64 {
	if len(b) < recordHead {
		return 0
	}
	n := binary.LittleEndian.Uint32(b)
	r := recordReader{rest: b[recordHead:]}
	if begun := r.uvarint(); r.bad || begun != round || round == 0 {
		return 0
	}
	return int64(min(recordHead+int(n), len(b)))
}

// has reports whether there is room for so many bytes.
func (j *file) has(size int) bool { return j.end+int64(size) <= fileSize }

// startOver begins the next round: all that is in the file counts no more once a record is written.
func (j *file) startOver() { j.round, j.end = j.round+1, fileHead }

// append writes records and brings them to the disk.
func (j *file) append(list []*Entry) error {
	j.buf = j.buf[:0]
	for _, in := range list {
		j.buf = appendRecord(j.buf, in, j.round)
	}
	size := int64(len(j.buf))
	if rest := j.torn - j.end - size; rest > 0 {
		j.buf = append(j.buf, make([]byte, rest)...) // no record begins with zeros
	}
	if _, err := j.disk.WriteAt(j.buf, j.end); err != nil {
		j.torn = max(j.torn, j.end+size)
		return err
	}
	if err := j.disk.SyncData(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnsynced, err)
	}
	j.end, j.torn = j.end+size, 0
	return nil
}

func (j *file) remove() error { return os.Remove(j.path) }

func appendRecord(b []byte, in *Entry, round uint64) []byte {
	start := len(b)
	b = append(b, make([]byte, recordHead)...)
	b = binary.AppendUvarint(b, round)
	b = binary.AppendVarint(b, in.At.UnixMilli())
	b = binary.AppendVarint(b, in.Time.UnixMilli())
	for _, s := range []string{string(in.Kind), in.ID, in.Member, in.Name} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	b = append(binary.AppendUvarint(b, uint64(len(in.Data))), in.Data...)
	rest := b[start+recordHead:]
	binary.LittleEndian.PutUint32(b[start:], uint32(len(rest)))
	binary.LittleEndian.PutUint32(b[start+4:], crc32.Checksum(rest, checksums))
	return b
}

// decodeRecord reads the record that b begins with, and how long it is; nil when there is none that
// is whole.
func decodeRecord(b []byte) (in *Entry, round uint64, size int) {
	if len(b) < recordHead {
		return nil, 0, 0
	}
	n := binary.LittleEndian.Uint32(b)
	if n == 0 || uint64(n) > uint64(len(b)-recordHead) {
		return nil, 0, 0
	}
	rest := b[recordHead : recordHead+int(n)]
	r := recordReader{rest: rest}
	round = r.uvarint()
	at, occurred := r.varint(), r.varint()
	kind, id, member, name, data := r.bytes(), r.bytes(), r.bytes(), r.bytes(), r.bytes()
	if r.bad || len(r.rest) > 0 || crc32.Checksum(rest, checksums) != binary.LittleEndian.Uint32(b[4:]) {
		return nil, 0, 0
	}
	in = &Entry{Data: data}
	in.At, in.Time = instant(at), instant(occurred)
	in.Kind, in.ID, in.Member, in.Name = engine.InputKind(kind), string(id), string(member), string(name)
	return in, round, recordHead + int(n)
}

// recordReader reads a record's values.
type recordReader struct {
	rest []byte
	bad  bool
}

func (r *recordReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	return v * uint64(r.skip(n))
}

func (r *recordReader) varint() int64 {
	v, n := binary.Varint(r.rest)
	return v * int64(r.skip(n))
}

// skip moves on by n bytes and gives 1; 0 when there are not so many.
func (r *recordReader) skip(n int) int {
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.rest = r.rest[n:]
	return 1
}

func (r *recordReader) bytes() []byte {
	n := r.uvarint()
	if r.bad || n > uint64(len(r.rest)) {
		r.bad = true
		return nil
	}
	out := r.rest[:n:n]
	r.rest = r.rest[n:]
	return out
}
