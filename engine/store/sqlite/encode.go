package sqlite

import (
	"encoding/json"
	"errors"

	"github.com/usher-run/usher/engine/store"
)

// errEnough ends a query early.
var errEnough = errors.New("enough")

// keys returns a list of keys as one parameter for json_each, which takes a blob for something
// else.
func keys[K string | int64](list []K) string {
	data, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings and ints always encode
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
