package api

import (
	"fmt"
	"time"
)

// newID gives an event's id its time, so that ids that follow each other lie beside each other in
// the database.
func (s *server) newID() (string, error) {
	id, err := newUUID()
	if err != nil {
		return "", fmt.Errorf("make an id: %w", err)
	}
	return id, nil
}

// optional returns nil for the zero time, which JSON then leaves out.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
