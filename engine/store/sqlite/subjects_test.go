package sqlite

import (
	"context"
	"path/filepath"
	"testing"
)

// A member keeps their number, whoever stores what of them first, and whether it was read before.
func TestMembersKeepTheirNumbers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usher.db")
	ctx := context.Background()
	for round := range 3 { // a process that has just begun has read nothing
		s := open(t, path).(*db)
		for i, id := range []string{"a", "b", "c"} {
			err := s.write(ctx, 1, func(t *tx) error {
				if (round+i)%2 == 0 {
					if _, err := t.subject(id); err != nil {
						return err
					}
				}
				return t.putMember(id, []byte(`{"id":"`+id+`","points":`+string(rune('1'+round))+`}`))
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		states, err := s.States(ctx, []string{"a", "b", "c"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, id := range []string{"a", "b", "c"} {
			m := states[id].Member
			if m == nil || m.Points != round+1 || s.numbers.Of(id) != int64(i+1) {
				t.Errorf("round %d: member %s has the number %d: %+v", round, id, s.numbers.Of(id), m)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
