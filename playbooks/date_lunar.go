package playbooks

import (
	"strconv"
	"time"

	"github.com/usher-run/usher/playbooks/lunar"
	"github.com/usher-run/usher/playbooks/schema"
)

// nextLunar is Next for a date that is kept by the Chinese calendar: on its day of each of its years. One outside of
// its tables does not come.
func (d *DateTrigger) nextLunar(value, after time.Time, been string) (at time.Time, which string) {
	day, ok := lunar.Of(value.Date())
	if !ok {
		return time.Time{}, ""
	}
	far := 3 + int(d.Offset.Longest().Abs()/(353*24*time.Hour))
	for year := max(day.Year, after.In(value.Location()).Year()-far); year <= lunar.Last; year++ {
		civil, _ := day.In(year)
		which = "lunar " + strconv.Itoa(year)
		if d.Type == nil || d.Type.Kind != schema.KindDate {
			which = "lunar +" + strconv.Itoa(year-day.Year)
		}
		y, m, n := civil.Date()
		if t := d.onDay(value, y, m, n); t.After(after) && which != been {
			return t, which
		}
	}
	return time.Time{}, ""
}
