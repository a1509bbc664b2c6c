package playbooks

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/schema"
)

// Quota is how many there may be of something, in each period or for ever.
type Quota struct {
	Max  int
	Per  Per
	By   *expression.Expr // for each of its values; nil: all together
	Text string           // as written, for people: 100 per day
}

// Per is the period of a quota.
type Per string

// The periods of a quota. Weeks begin with Monday.
const (
	PerEver  Per = "" // there is one, which never ends
	PerHour  Per = "hour"
	PerDay   Per = "day"
	PerWeek  Per = "week"
	PerMonth Per = "month"
)

// Periods are those of a quota that end.
var Periods = []string{string(PerHour), string(PerDay), string(PerWeek), string(PerMonth)}

// Period returns what the period is called that an instant is in, in the instant's zone, and when it is over;
// zero: never. An hour that a change of clocks doubles is two.
func (q *Quota) Period(at time.Time) (name string, end time.Time) {
	y, m, d := at.Date()
	switch q.Per {
	case PerHour:
		past := time.Duration(at.Minute()*60+at.Second())*time.Second + time.Duration(at.Nanosecond())
		return "hour " + at.Format("2006-01-02T15Z07:00"), at.Add(time.Hour - past).UTC()
	case PerDay:
		return "day " + at.Format(time.DateOnly), schema.Window{Period: schema.DayPeriod}.Ends(at).UTC()
	case PerWeek:
		monday := time.Date(y, m, d-(int(at.Weekday())+6)%7, 0, 0, 0, 0, time.UTC)
		return "week " + monday.Format(time.DateOnly), schema.Window{Period: schema.WeekPeriod}.Ends(at).UTC()
	case PerMonth:
		return "month " + at.Format("2006-01"), schema.Window{Period: schema.MonthPeriod}.Ends(at).UTC()
	}
	return "all", time.Time{}
}

// maxOf is how long a value may be that a part of a quota is called by; longer ones are told apart by a hash.
const maxOf = 100

// Of returns what the part of a quota is called that a value has in a period, by the value as JSON. Those of
// two expressions have nothing in common.
func (q *Quota) Of(period, value string) string {
	by := sha256.Sum256([]byte(q.By.Text))
	if len(value) > maxOf {
		sum := sha256.Sum256([]byte(value))
		value = hex.EncodeToString(sum[:])
	}
	return period + " " + hex.EncodeToString(by[:4]) + " " + value
}
