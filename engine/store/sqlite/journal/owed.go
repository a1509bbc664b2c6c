package journal

import (
	"slices"
	"time"
)

// Depths returns how many inputs of each lane, by its number, are not in the database yet.
func (j *Journal) Depths() []int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.owed)
}

// Oldest returns when the first input of each lane was taken, by its number, that is not in the database
// yet; zero: all are. Of no journal all are.
func (j *Journal) Oldest() []time.Time {
	if j == nil {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	list, left := make([]time.Time, len(j.owed)), 0
	for _, n := range j.owed {
		if n > 0 {
			left++
		}
	}
	for i := 0; left > 0 && i < len(j.waiting); i++ {
		if lane := j.lanes.OfMember(j.waiting[i].Member); list[lane].IsZero() {
			list[lane] = j.waiting[i].At
			left--
		}
	}
	return list
}
