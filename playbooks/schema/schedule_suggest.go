package schema

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/usher-run/usher/playbooks/diag"
)

// What is meant by words where the language has a form of its own: a schedule, how often a playbook
// is entered, a percentage.

var (
	dailyNames  = regexp.MustCompile(`(?i)^(?:每天|每日|天天|daily|everyday|every day)\s*(.*)$`)
	weeklyNames = regexp.MustCompile(`(?i)^(?:每周|每星期|每个?礼拜|every\s*)([一二三四五六日天1-7]|mon|tue|wed|thu|fri|sat|sun)[a-z]*\s*(.*)$`)
	monthNames  = regexp.MustCompile(`^每个?月\s*(\d{1,2})\s*[号日]\s*(.*)$`)
	weekdayOf   = map[string]int{
		"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "日": 0, "天": 0, "1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6,
		"7":   0,
		"mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 0,
	}
)

// suggestSchedule returns what five fields a schedule in words has: 每周一 10:00 is 0 10 * * 1.
// Without a time of the day it is ten o'clock, as an example. "" when it is none.
func suggestSchedule(s string) (cron, hint string) {
	s = strings.TrimSpace(diag.HalfWidth(s))
	rest, format := "", ""
	switch m := dailyNames.FindStringSubmatch(s); {
	case m != nil:
		rest, format = m[1], "%d %d * * *"
	default:
		if m := weeklyNames.FindStringSubmatch(s); m != nil {
			rest, format = m[2], fmt.Sprintf("%%d %%d * * %d", weekdayOf[strings.ToLower(m[1])])
		} else if m := monthNames.FindStringSubmatch(s); m != nil {
			rest, format = m[2], "%d %d "+m[1]+" * *"
		}
	}
	if format == "" {
		return "", ""
	}
	if rest == "" {
		cron = fmt.Sprintf(format, 0, 10)
		return cron, "at ten that is \"" + cron + "\""
	}
	m := ClockAsWritten.FindStringSubmatch(InDigitsOf(rest))
	if m == nil {
		return "", ""
	}
	hour, minute := Atoi(m[2]), Atoi(strings.TrimSuffix(m[3]+m[5], "分"))
	if m[5] == "半" {
		minute = 30
	}
	hours, _ := HoursOfDayPart(m[1]+strings.ToLower(m[6]), m[4] != "", hour)
	if len(hours) == 0 || hours[0] > 23 || minute > 59 {
		return "", ""
	}
	cron = fmt.Sprintf(format, minute, hours[0])
	return cron, "write \"" + cron + "\""
}

// SuggestReentry returns which word was meant by one that reports whether a member enters again; ""
// for others.
func SuggestReentry(s string) string {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "yes", "true", "on", "unlimited", "every time", "是", "可以", "允许", "每次", "总是", "不限":
		return "always"
	case "no", "false", "off", "once", "none", "否", "不可以", "不允许", "一次", "仅一次", "只一次", "从不":
		return "never"
	}
	return ""
}

// SuggestPercent writes a percentage in words; "" when it is none.
func SuggestPercent(s string) string {
	plain := strings.TrimSpace(diag.HalfWidth(s))
	if m := spacedPercent.FindStringSubmatch(plain); m != nil {
		return m[1] + "%"
	}
	word, hundredth := strings.CutPrefix(plain, "百分之")
	tenths, tenth := strings.CutSuffix(plain, "成")
	switch n := InDigitsOf(word); {
	case hundredth && diag.WholeNumber.MatchString(n):
		return n + "%"
	case tenth:
		if v, err := strconv.Atoi(InDigitsOf(tenths)); err == nil && v > 0 && v < 10 {
			return strconv.Itoa(v*10) + "%"
		}
	}
	return ""
}

var spacedPercent = regexp.MustCompile(`^(\d+(?:\.\d+)?)\s+%$`)
