package tallies

import (
	"encoding/binary"
	"errors"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/store/sqlite/document"
)

// A row is stored as a byte that says its format, the counts one after the other, and a checksum. A
// count is the three texts of its key, each behind its length, and by how much.
const format = 1

func encode(counts map[engine.TallyKey]int) []byte {
	data := append(make([]byte, 0, 32*len(counts)), format)
	for k, n := range counts {
		for _, s := range [...]string{k.Playbook, k.What, k.Key} {
			data = append(binary.AppendUvarint(data, uint64(len(s))), s...)
		}
		data = binary.AppendVarint(data, int64(n))
	}
	return document.Summed(data)
}

var errUnreadable = errors.New("it is not as it was written")

// decode calls each for the counts of a row, in no order, or for none when it cannot be read.
func decode(stored []byte, each func(k engine.TallyKey, n int)) error {
	rest, whole := document.Unsummed(stored)
	if !whole || len(rest) == 0 || rest[0] != format {
		return errUnreadable
	}
	rest = rest[1:]
	text := func() string {
		n, size := binary.Uvarint(rest)
		s := string(rest[size : size+int(n)])
		rest = rest[size+int(n):]
		return s
	}
	for len(rest) > 0 {
		k := engine.TallyKey{Playbook: text(), What: text(), Key: text()}
		n, size := binary.Varint(rest)
		rest = rest[size:]
		each(k, int(n))
	}
	return nil
}
