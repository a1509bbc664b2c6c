package sqlconn

import (
	"encoding/json"

	"github.com/usher-run/usher/engine/store"
)

// List returns keys as one parameter for json_each, which takes a blob for something else.
func List[K string | int64](keys []K) string { return encoded(keys) }

// Hashed returns members with their hashes as one parameter: a list of pairs.
func Hashed(members []string) string {
	pairs := make([][2]any, len(members))
	for i, m := range members {
		pairs[i] = [2]any{m, store.HashOf(store.SubjectMember, m)}
	}
	return encoded(pairs)
}

func encoded(list any) string {
	data, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings and ints always encode
	}
	return string(data)
}
