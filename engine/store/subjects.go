package store

import "hash/fnv"

// SubjectMember is the kind of subject that members are.
const SubjectMember = "member"

// HashOf spreads subjects: by kind and outside id, so that nobody has to look a subject up to know
// where it is. It is a property of the stored data, of 31 bits.
func HashOf(kind, id string) int64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(kind)) // a hash takes everything
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(id))
	x := h.Sum32() // its upper bits, by which ranges are told apart, do not differ enough
	x = (x ^ x>>16) * 0x85ebca6b
	x = (x ^ x>>13) * 0xc2b2ae35
	return int64((x ^ x>>16) >> 1)
}
