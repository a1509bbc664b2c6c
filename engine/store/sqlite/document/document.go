// Package document says how documents are stored.
package document

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"

	"github.com/usher-run/usher/engine/jsonbytes"
)

// Encode returns the JSON of a map, nothing of an empty one.
func Encode[M ~map[string]V, V any](m M) ([]byte, error) {
	if len(m) == 0 {
		return nil, nil
	}
	w := jsonbytes.New(256)
	jsonbytes.Object(w, m, func(v V) { w.Value(v) })
	return w.Bytes()
}

// Decode reads what Encode returned.
func Decode(data []byte, into any) error {
	if len(data) == 0 {
		return nil
	}
	return json.Unmarshal(data, into)
}

// formatJSON is the first byte of a document of JSON.
const formatJSON = 1

// Formatted returns a document as it is stored, behind a byte that says its format; nil: there is
// none.
func Formatted(document []byte) []byte {
	if document == nil {
		return nil
	}
	return append([]byte{formatJSON}, document...)
}

// Unformatted returns a document that was stored. What has another format is left as it is: no JSON
// begins so.
func Unformatted(stored []byte) []byte {
	if len(stored) > 0 && stored[0] == formatJSON {
		return stored[1:]
	}
	return stored
}

var sums = crc32.MakeTable(crc32.Castagnoli)

const sumSize = 4

// Summed returns content with a checksum behind it.
func Summed(content []byte) []byte {
	return binary.LittleEndian.AppendUint32(bytes.Clone(content), crc32.Checksum(content, sums))
}

// Unsummed returns what Summed was given, and reports whether it is whole.
func Unsummed(stored []byte) (content []byte, whole bool) {
	n := len(stored) - sumSize
	if n < 0 || crc32.Checksum(stored[:n], sums) != binary.LittleEndian.Uint32(stored[n:]) {
		return nil, false
	}
	return stored[:n], true
}
