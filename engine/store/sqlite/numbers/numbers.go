// Package numbers remembers the numbers of members.
package numbers

import (
	"maps"
	"sync"
)

// most is how many are remembered.
const most = 20_000

// Known are numbers of members that were read: who decides has read them just before. They never
// change. It is safe for concurrent use.
type Known struct {
	mu sync.Mutex
	of map[string]int64
}

// Add remembers numbers, by ids of members.
func (k *Known) Add(list map[string]int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of == nil || len(k.of)+len(list) > most {
		k.of = make(map[string]int64, len(list))
	}
	maps.Copy(k.of, list)
}

// Of returns the number of a member; 0 when it is not known.
func (k *Known) Of(member string) int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.of[member]
}
