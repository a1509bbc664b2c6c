package sqlite

import (
	"encoding/json"
	"errors"

	"github.com/usher-run/usher/engine/store"
)

// errEnough ends a query early.
var errEnough = errors.New("enough")

// encode returns the JSON of a map, nothing of an empty one.
func encode[M ~map[string]V, V any](m M) ([]byte, error) {
	if len(m) == 0 {
		return nil, nil
	}
	return json.Marshal(m)
}

func decode(data []byte, into any) error {
	if len(data) == 0 {
		return nil
	}
	return json.Unmarshal(data, into)
}

// formatJSON is the first byte of a document of JSON.
const formatJSON = 1

// formatted returns a document as it is stored; nil: there is none.
func formatted(document []byte) []byte {
	if document == nil {
		return nil
	}
	return append([]byte{formatJSON}, document...)
}

// unformatted returns a document that was stored. What has another format is left as it is: no JSON
// begins so.
func unformatted(stored []byte) []byte {
	if len(stored) > 0 && stored[0] == formatJSON {
		return stored[1:]
	}
	return stored
}

// keys returns a list of keys as one parameter for json_each, which takes a blob for something
// else.
func keys(list []string) string {
	data, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings always encode
	}
	return string(data)
}

// hashed returns members with their hashes as one parameter: a list of pairs.
func hashed(members []string) string {
	pairs := make([][2]any, len(members))
	for i, m := range members {
		pairs[i] = [2]any{m, store.HashOf(store.SubjectMember, m)}
	}
	data, err := json.Marshal(pairs)
	if err != nil {
		panic(err) // strings and ints always encode
	}
	return string(data)
}
