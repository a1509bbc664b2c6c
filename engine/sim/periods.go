package sim

import (
	"maps"
	"slices"
	"time"
)

// PeriodNames are the periods that a simulation can be summed up by.
var PeriodNames = []string{"day", "week", "month"}

// Period counts what a playbook did in a day, a week or a month of the workspace's zone.
type Period struct {
	From      string `json:"from"` // its first day; weeks begin on Monday
	Entered   int    `json:"entered"`
	Done      int    `json:"done"`
	Converted int    `json:"converted"`
	Messages  int    `json:"messages"`
	Coupons   int    `json:"coupons"`
}

// SumUp puts what playbooks did by period into the result, for its JSON. Playbooks that did nothing
// have an empty list.
func (res *Result) SumUp(by string) {
	res.By, res.Periods = by, map[string][]Period{}
	for id := range res.Playbooks {
		res.Periods[id] = res.periods(id, by)
	}
}

// periods returns the periods in which something happened to a playbook, in order.
func (res *Result) periods(id, by string) []Period {
	out := []Period{}
	for _, key := range slices.Sorted(maps.Keys(res.Days)) {
		d := res.Days[key]
		p := Period{
			From: firstDay(key, by), Entered: d.Entered[id], Done: d.Done[id], Converted: d.Converted[id],
			Messages: d.Messages[id], Coupons: d.Coupons[id],
		}
		if p.Entered+p.Done+p.Converted+p.Messages+p.Coupons == 0 {
			continue
		}
		if last := len(out) - 1; last >= 0 && out[last].From == p.From {
			o := &out[last]
			o.Entered, o.Done, o.Converted = o.Entered+p.Entered, o.Done+p.Done, o.Converted+p.Converted
			o.Messages, o.Coupons = o.Messages+p.Messages, o.Coupons+p.Coupons
			continue
		}
		out = append(out, p)
	}
	return out
}

// firstDay returns the first day of the period that a day is in.
func firstDay(day, by string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil { // it is none of ours
		return day
	}
	switch by {
	case "week":
		t = t.AddDate(0, 0, -(int(t.Weekday())+6)%7)
	case "month":
		t = t.AddDate(0, 0, 1-t.Day())
	}
	return t.Format(time.DateOnly)
}

// periodRows returns the periods as a table.
func (res *Result) periodRows(id, by string) [][]string {
	head := by
	if by == "week" {
		head = "week from"
	}
	rows := [][]string{{head, "entered", "done", "converted", "messages", "coupons"}}
	for _, p := range res.periods(id, by) {
		from := p.From
		if by == "month" {
			from = from[:len("2006-01")]
		}
		rows = append(rows, []string{from, num(p.Entered), num(p.Done), num(p.Converted), num(p.Messages), num(p.Coupons)})
	}
	return rows
}
