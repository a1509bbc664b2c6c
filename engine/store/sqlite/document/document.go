// Package document says how JSON is stored.
package document

import "encoding/json"

// Encode returns the JSON of a map, nothing of an empty one.
func Encode[M ~map[string]V, V any](m M) ([]byte, error) {
	if len(m) == 0 {
		return nil, nil
	}
	return json.Marshal(m)
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
