package member

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// Tags that end take room for their ends, too: many short ones do not make the document larger than
// its bound allows.
func TestTagsThatEndAreBounded(t *testing.T) {
	var m Member
	end := time.Date(2026, 3, 1, 10, 30, 0, 0, time.UTC)
	for i := range 100_000 {
		tag := []string{fmt.Sprint(i)}
		if m.RoomFor(nil, tag) != nil {
			data, err := json.Marshal(&m)
			if err != nil || len(data) > 2*maxMemberBytes {
				t.Errorf("%d tags have %d bytes, %v", len(m.Tags), len(data), err)
			}
			return
		}
		m.ChangeTags(tag, nil, end)
	}
	t.Error("there is room for any number of tags")
}
