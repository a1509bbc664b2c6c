package schema

import (
	"regexp"
	"slices"
	"strings"
)

var (
	// ClockAsWritten matches a time of the day as people write it: 8点, 下午3点半, 8 pm.
	ClockAsWritten = regexp.MustCompile(`(?i)^(上午|早上|早晨|清晨|凌晨|中午|下午|傍晚|晚上|夜里|深夜|半夜|午夜)?\s*(\d{1,2})` +
		`(?:[:.](\d{2})(?::00)?|([点时])(半|\d{1,2}分|\d{2})?整?)?\s*(am|pm|a\.m\.|p\.m\.)?$`)
	// HalfWidthColons makes the colons of a Chinese keyboard plain.
	HalfWidthColons = strings.NewReplacer("：", ":", "。", ".")
	// NamedClocks are times of the day that have a name.
	NamedClocks = map[string]string{"午夜": "00:00", "零点": "00:00", "midnight": "00:00", "正午": "12:00", "noon": "12:00"}
)

// dayPart is how the hours of one part of the day are read: those of 0 to 12 that mean one hour of
// the day.
type dayPart struct {
	sure   map[int]int // nothing else can be meant
	likely map[int]int // what most mean
}

// hoursFrom returns the hours from first to last, each moved.
func hoursFrom(first, last, moved int) map[int]int {
	out := map[int]int{}
	for h := first; h <= last; h++ {
		out[h] = h + moved
	}
	return out
}

func withMidnight(hours map[int]int) map[int]int {
	hours[0], hours[12] = 0, 0
	return hours
}

var (
	earlyPart = dayPart{sure: withMidnight(hoursFrom(1, 5, 0)), likely: hoursFrom(6, 6, 0)}
	nightPart = dayPart{sure: withMidnight(hoursFrom(9, 11, 12)), likely: hoursFrom(1, 5, 0)}
	dayParts  = map[string]dayPart{
		"凌晨": earlyPart, "午夜": nightPart, "半夜": nightPart, "深夜": nightPart, "夜里": nightPart,
		"清晨": {sure: hoursFrom(4, 9, 0), likely: hoursFrom(1, 3, 0)},
		"早晨": {sure: hoursFrom(4, 11, 0), likely: hoursFrom(1, 3, 0)},
		"早上": {sure: hoursFrom(4, 11, 0), likely: hoursFrom(1, 3, 0)},
		"上午": {sure: hoursFrom(5, 11, 0), likely: hoursFrom(1, 4, 0)},
		"中午": {sure: hoursFrom(12, 12, 0), likely: map[int]int{10: 10, 11: 11, 1: 13, 2: 14}},
		"下午": {sure: hoursFrom(1, 7, 12), likely: hoursFrom(8, 11, 12)}, "傍晚": {sure: hoursFrom(4, 8, 12)},
		"晚上": {sure: withMidnight(hoursFrom(6, 11, 12)), likely: map[int]int{1: 1, 2: 2, 3: 3, 5: 17}},
		"a":  {sure: hoursFrom(1, 11, 0), likely: map[int]int{0: 0, 12: 0}},
		"p":  {sure: hoursFrom(1, 11, 12), likely: map[int]int{12: 12}},
	}
)

// HoursOfDayPart returns the hours of the day that an hour can mean with the word beside it; none
// when the two contradict each other. spoken is for an hour followed by a word, as people say it,
// who count to twelve.
func HoursOfDayPart(part string, spoken bool, hour int) (hours []int, sure bool) {
	if part == "" {
		if !spoken || hour > 12 || hour == 0 {
			return []int{hour}, true
		}
		return []int{hour, (hour + 12) % 24}, false
	}
	p, ok := dayParts[part]
	if !ok {
		p = dayParts[part[:1]] // am, pm
	}
	if h, ok := p.sure[hour]; ok {
		return []int{h}, true
	}
	if h, ok := p.likely[hour]; ok {
		return []int{h}, false
	}
	for _, h := range p.sure {
		if h == hour && hour > 12 {
			return []int{hour}, true
		}
	}
	if hour > 12 {
		return nil, false
	}
	hours = []int{hour, (hour + 12) % 24}
	slices.Sort(hours)
	return hours, false
}
