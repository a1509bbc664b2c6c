package schema

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/usher-run/usher/playbooks/diag"
)

// DurationHint is what was meant by a text that is no duration, as far as that can be told.
type DurationHint struct {
	Write string // the duration to write; "" when there is no one answer
	Sure  bool   // nothing else can be meant
	why   string // what to know, when there is more to say than what to write
}

// Label returns what to write.
func (h DurationHint) Label() string {
	switch {
	case h.Write == "":
		return h.why
	case h.why != "":
		return h.why + ": write `" + h.Write + "`"
	}
	return "write `" + h.Write + "`"
}

// Question is label for a text inside an expression.
func (h DurationHint) Question() string {
	if h.Write != "" && h.why == "" {
		return `did you mean "` + h.Write + `"?`
	}
	return h.Label()
}

var (
	durationAsWritten = regexp.MustCompile(`^([-+]?)(\d+(?:\.\d+)?|[一二两三四五六七八九十]+|半)\s*(个?)\s*([a-zA-Z]+|秒钟?|分钟?|小时|钟头|天|日|周|星期|礼拜|月|季度|年|工作日)(?:之?后|以后|之?内|以内)?$`)
	nothingLong       = regexp.MustCompile(`^(?:0+|零)(?:[天日周秒分]|小时|分钟|\s*[a-z]+)?$`)
	isoDuration       = regexp.MustCompile(`^P(?:(\d+)([YMWD])|T(\d+)([HMS]))$`)
	partAsWritten     = regexp.MustCompile(`(\d+)\s*([a-zA-Z]+|秒钟?|分钟?|小时|天|日|周)`)
	compound          = regexp.MustCompile(`^(?:\d+\s*(?:[a-zA-Z]+|秒钟?|分钟?|小时|天|日|周)\s*){2,}$`)
)

var unitNames = map[string]string{
	"s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s", "秒": "s", "秒钟": "s",
	"m": "m", "min": "m", "mins": "m", "minute": "m", "minutes": "m", "分": "m", "分钟": "m",
	"h": "h", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "小时": "h", "钟头": "h",
	"d": "d", "day": "d", "days": "d", "天": "d", "日": "d",
	"w": "w", "wk": "w", "wks": "w", "week": "w", "weeks": "w", "周": "w", "星期": "w", "礼拜": "w",
}

// longUnits are units that the language does not have, since they are not always the same number of
// days.
var longUnits = map[string]struct {
	name        string
	days, weeks int
}{
	"mo": {"month", 30, 4}, "mos": {"month", 30, 4}, "mon": {"month", 30, 4}, "month": {"month", 30, 4},
	"months": {"month", 30, 4}, "月": {"month", 30, 4},
	"q": {"quarter", 90, 13}, "quarter": {"quarter", 90, 13}, "quarters": {"quarter", 90, 13}, "季度": {"quarter", 90, 13},
	"y": {"year", 365, 52}, "yr": {"year", 365, 52}, "yrs": {"year", 365, 52}, "year": {"year", 365, 52},
	"years": {"year", 365, 52}, "年": {"year", 365, 52},
}

// SuggestDuration returns what was meant by a text that is no duration. `M` is a month to some and
// a minute to others, so it is neither.
func SuggestDuration(s string) DurationHint {
	plain := strings.TrimSpace(diag.HalfWidth(s))
	if plain != s {
		if _, err := ParseDuration(plain); err == nil {
			return DurationHint{Write: plain, Sure: true, why: "it holds full-width characters"}
		}
	}
	if nothingLong.MatchString(plain) {
		return DurationHint{why: "a duration is longer than nothing: as in 30s, 15m, 4h, 2d, 1w"}
	}
	if diag.WholeNumber.MatchString(plain) {
		return DurationHint{why: fmt.Sprintf("add a unit: %ss, %sm, %sh, %sd or %sw", plain, plain, plain, plain, plain)}
	}
	if m := isoDuration.FindStringSubmatch(plain); m != nil {
		plain = m[1] + m[3] + strings.ToLower(m[2]+m[4])
		if m[2] == "M" {
			plain = m[1] + "M"
		}
		if _, err := ParseDuration(plain); err == nil {
			return DurationHint{Write: plain, Sure: true}
		}
	}
	if compound.MatchString(plain) {
		return compoundDuration(plain)
	}
	m := durationAsWritten.FindStringSubmatch(plain)
	if m == nil {
		return DurationHint{}
	}
	n, whole := numberAsWritten(m[2])
	sign := strings.TrimPrefix(m[1], "+")
	word := strings.ToLower(m[4])
	if long, ok := longUnits[word]; (ok || m[4] == "M") && n > 0 {
		if m[4] == "M" {
			long = longUnits["month"]
		}
		if n*float64(long.days) > MaxDays {
			return DurationHint{}
		}
		return DurationHint{why: fmt.Sprintf("there is no %s: write %s%gd, or %s%gw", long.name, sign, n*float64(long.days),
			sign, n*float64(long.weeks))}
	}
	if m[4] == "工作日" || word == "workdays" || word == "bd" {
		return DurationHint{Write: sign + FormatNumber(n) + "d", why: "there are no working days here"}
	}
	if word == "ms" || word == "millis" || word == "milliseconds" {
		return DurationHint{why: "the shortest duration is 1s"}
	}
	unit := unitNames[word]
	if unit == "" || n <= 0 {
		return DurationHint{}
	}
	if !whole {
		return brokenDuration(sign, n, unit)
	}
	better := sign + FormatNumber(n) + unit
	if _, err := ParseDuration(better); err != nil {
		return DurationHint{}
	}
	last, _ := utf8.DecodeLastRuneInString(plain)
	return DurationHint{Write: better, Sure: last != '后' && last != '内'}
}

// brokenDuration writes a fraction of a unit in the next smaller one. Half a day is 12 hours of
// elapsed time, which a day is not.
func brokenDuration(sign string, n float64, unit string) DurationHint {
	for _, u := range []struct {
		unit, smaller string
		of            float64
		sure          bool
	}{{"m", "s", 60, true}, {"h", "m", 60, true}, {"d", "h", 24, false}, {"w", "d", 7, true}} {
		if small := n * u.of; u.unit == unit && small == float64(int(small)) {
			return DurationHint{
				Write: sign + FormatNumber(small) + u.smaller, Sure: u.sure,
				why: "a duration is a whole number of one unit",
			}
		}
	}
	return DurationHint{why: "a duration is a whole number of one unit, as in 90m"}
}

// compoundDuration writes 1h30m in one unit.
func compoundDuration(s string) DurationHint {
	total, unit, days := 0, "", false
	seconds := map[string]int{"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
	for _, m := range partAsWritten.FindAllStringSubmatch(s, -1) {
		u := unitNames[strings.ToLower(m[2])]
		n, err := strconv.Atoi(m[1])
		if u == "" || m[2] == "M" || err != nil || n > MaxDays*86400 {
			return DurationHint{}
		}
		total += n * seconds[u]
		days = days || u == "d" || u == "w"
	}
	for _, u := range []string{"h", "m", "s"} {
		if unit == "" && total%seconds[u] == 0 {
			unit = u
		}
	}
	if days && total%86400 == 0 {
		unit = "d"
	}
	return DurationHint{
		Write: strconv.Itoa(total/seconds[unit]) + unit, Sure: !days || unit == "d",
		why: "a duration has one number and one unit",
	}
}

// numberAsWritten reads a number in digits or, to 99, in Chinese.
func numberAsWritten(s string) (n float64, whole bool) {
	if s == "半" {
		return 0.5, false
	}
	if v, err := strconv.ParseFloat(s, 64); err == nil {
		return v, v == float64(int(v))
	}
	value := map[rune]int{'一': 1, '二': 2, '两': 2, '三': 3, '四': 4, '五': 5, '六': 6, '七': 7, '八': 8, '九': 9}
	sum, last := 0, 0
	for _, r := range s {
		if r == '十' {
			sum, last = max(last, 1)*10, 0
			continue
		}
		if last > 0 {
			return 0, true // digit by digit: nobody counts days so
		}
		last = value[r]
	}
	return float64(sum + last), true
}

// FormatNumber returns a number as people write it, without zeros at its end.
func FormatNumber(f float64) string { return fmt.Sprintf("%g", f) }

// InDigitsOf writes the Chinese numerals of a word, up to ninety-nine, in digits: 晚上十点 is 晚上10点.
func InDigitsOf(s string) string {
	var b strings.Builder
	for runes := []rune(s); len(runes) > 0; {
		k := 0
		for k < len(runes) && strings.ContainsRune("零一二两三四五六七八九十", runes[k]) {
			k++
		}
		if k == 0 {
			b.WriteRune(runes[0])
			runes = runes[1:]
			continue
		}
		if n, ok := numberAsWritten(string(runes[:k])); ok {
			b.WriteString(FormatNumber(n))
		} else {
			b.WriteString(string(runes[:k]))
		}
		runes = runes[k:]
	}
	return b.String()
}
