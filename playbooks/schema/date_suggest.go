package schema

import (
	"fmt"
	"regexp"
	"time"
)

// DateAsWritten matches a date as people and spreadsheets write it: 2026/3/2, 2026-3-2 10:00,
// 2026年3月2日.
var DateAsWritten = regexp.MustCompile(`^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T\s]*(\d{1,2})[:：](\d{2})(?:[:：]\d{2})?)?\s*(?:[+-]\d{4})?$`)

// IsoDate writes such a date as 2026-03-02; "" when it is none.
func IsoDate(s string) string {
	date, _ := IsoDateTime(s)
	return date
}

// IsoDateTime writes such a date as 2026-03-02, and its time of the day, 00:00 when it has none; ""
// when it is none.
func IsoDateTime(s string) (date, clock string) {
	m := DateAsWritten.FindStringSubmatch(s)
	if m == nil {
		return "", ""
	}
	date, clock = fmt.Sprintf("%s-%02d-%02d", m[1], Atoi(m[2]), Atoi(m[3])),
		fmt.Sprintf("%02d:%02d", Atoi(m[4]), Atoi(m[5]))
	if _, err := time.Parse("2006-01-02 15:04", date+" "+clock); err != nil {
		return "", ""
	}
	return date, clock
}
