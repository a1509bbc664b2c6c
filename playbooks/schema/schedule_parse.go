package schema

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/robfig/cron/v3"
	"github.com/usher-run/usher/playbooks/diag"
)

// CronError says which field of a cron line is wrong.
type CronError struct {
	Index   int    // of the field, from 0
	Field   string // as written; empty: the line as a whole is wrong
	Message string
	Hint    string // what to write instead
	Fix     string // the whole line as it was meant; empty: that cannot be told
	Sure    bool   // Fix can mean nothing else
}

func (e *CronError) Error() string { return e.Message }

// cronField declares one of the five fields.
type cronField struct {
	name, many string // what one value is, and several are
	low, high  int
	hint       string
	names      []string // other words for the values from low on
}

var cronFields = [5]cronField{
	{"a minute", "minutes", 0, 59, "0 to 59, as in 30, */15 or 0,30", nil},
	{"an hour", "hours", 0, 23, "0 to 23, as in 10, 9-18 or */2", nil},
	{"a day of the month", "days of the month", 1, 31, "1 to 31, as in 1, */2 or 1,15; L is the last", nil},
	{
		"a month", "months", 1, 12, "1 to 12 or jan to dec",
		strings.Fields("jan feb mar apr may jun jul aug sep oct nov dec"),
	},
	{
		"a day of the week", "days of the week", 0, 6, "0 to 6 or sun to sat; Sunday is 0",
		strings.Fields("sun mon tue wed thu fri sat"),
	},
}

// The places of the fields in a line.
const (
	cronMinute = iota
	cronHour
	cronDay
	cronMonth
	cronWeekday
)

// CronShape says what the fields of a schedule are.
const CronShape = "minute, hour, day of the month, month, day of the week, as in \"0 10 * * 1\""

// cronMacros are the short forms of other crons, with the line that each is.
var cronMacros = map[string]string{
	"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
	"@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}

// ParseSchedule reads a cron line of five fields: minute, hour, day of the month, month, day of the
// week. It reads one instant too, as in 2026-11-11 10:00. The error is a [*CronError]. A line that never comes, as on
// February 30, is an error too.
func ParseSchedule(line string, zone *time.Location) (*Schedule, error) {
	if DateAsWritten.MatchString(strings.TrimSpace(line)) || momentLike.MatchString(strings.TrimSpace(line)) {
		return parseOnce(line, zone)
	}
	if e := lineMistake(line); e != nil {
		return nil, e
	}
	fields := strings.Fields(line)
	for i, f := range fields {
		if e := fieldMistake(i, f); e != nil {
			return nil, e
		}
	}
	s, ok := ParseCron(line, zone)
	if !ok {
		return nil, &CronError{Message: "this is not a schedule", Hint: "as in \"0 10 * * 1\""}
	}
	if s.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, &CronError{
			Index: 2, Field: fields[2], Message: "this schedule never comes",
			Hint: "no such day in that month",
		}
	}
	return s, nil
}

// momentLike matches what begins as a date does, in any of its forms.
var momentLike = regexp.MustCompile(`^\d{4}\s*[-/.年]\s*\d`)

// parseOnce reads a schedule that comes once.
func parseOnce(text string, zone *time.Location) (*Schedule, error) {
	m, err := ParseMoment(text, zone)
	var strange *MomentError
	switch {
	case errors.As(err, &strange):
		return nil, &CronError{Message: strange.Message, Hint: strange.Hint, Fix: strange.Fix}
	case m.Day:
		at := strings.TrimSpace(text) + " 10:00"
		return nil, &CronError{
			Message: "a schedule that comes once needs its time of the day",
			Hint:    "at ten that is \"" + at + "\"", Fix: at,
		}
	}
	return &Schedule{Cron: strings.TrimSpace(text), Zone: zone, Once: m.At}, nil
}

// ParseCron reads a line as the library does, which takes more than the language: steps beyond the
// range. The days that count, which it does not know, are read here.
func ParseCron(line string, zone *time.Location) (*Schedule, bool) {
	s := &Schedule{Cron: line, Zone: zone}
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	fields := strings.Fields(line)
	onlyCounted := s.takeCounted(fields)
	parsed, err := parser.Parse(strings.Join(fields, " "))
	spec, ok := parsed.(*cron.SpecSchedule)
	if err != nil || !ok {
		return s, false
	}
	if onlyCounted[0] {
		spec.Dom = 0
	}
	if onlyCounted[1] {
		spec.Dow = 0
	}
	s.spec = spec
	return s, true
}

// takeCounted takes the days that count out of the fields. Where a field holds nothing else it leaves a 1 there, and
// says so: of the days of the month, of those of the week.
func (s *Schedule) takeCounted(fields []string) (onlyCounted [2]bool) {
	if len(fields) != len(cronFields) {
		return onlyCounted
	}
	for i, index := range []int{cronDay, cronWeekday} {
		var rest []string
		for _, part := range strings.Split(fields[index], ",") {
			counted, ok := countedDay(part)
			switch {
			case index == cronDay && strings.EqualFold(part, "l"):
				s.lastDay = true
			case index == cronWeekday && ok:
				s.counted = append(s.counted, counted)
			default:
				rest = append(rest, part)
			}
		}
		if onlyCounted[i] = len(rest) == 0; onlyCounted[i] {
			rest = []string{"1"}
		}
		fields[index] = strings.Join(rest, ",")
	}
	return onlyCounted
}

// workingDay matches the nearest working day of other crons.
var workingDay = regexp.MustCompile(`(?i)^(lw|\d*w)$`)

var countedPart = regexp.MustCompile(`(?i)^(\d|[a-z]{3})(?:(l)|#([1-5]))$`)

// countedDay reads a day of the week that is counted within the month: 5L, fri#1.
func countedDay(part string) (countedWeekday, bool) {
	m := countedPart.FindStringSubmatch(part)
	if m == nil {
		return countedWeekday{}, false
	}
	day, ok := cronFields[cronWeekday].value(m[1])
	c := countedWeekday{day: time.Weekday(day), n: lastOf}
	if m[2] == "" {
		c.n = Atoi(m[3])
	}
	return c, ok
}

var dayTime = regexp.MustCompile(`^(\d{1,2}):([0-5]\d)$`)

// lineMistake judges a line as a whole: what is no cron line of five fields.
func lineMistake(line string) *CronError {
	if cron, hint := suggestSchedule(line); cron != "" {
		return &CronError{Message: "a schedule has five fields, this one is in words", Hint: hint, Fix: cron}
	}
	plain := strings.Map(func(r rune) rune {
		if p := diag.HalfWidthOf(r); p != 0 {
			return p
		}
		return r
	}, line)
	if plain != line {
		i := strings.IndexFunc(line, func(r rune) bool { return diag.HalfWidthOf(r) != 0 })
		wide := []rune(line[i:])[0]
		e := &CronError{
			Index: len(strings.Fields(line[:i]+"x")) - 1, Message: fmt.Sprintf("`%c` is a full-width character", wide),
			Hint: fmt.Sprintf("write `%c`", diag.HalfWidthOf(wide)), Fix: plain, Sure: parses(plain),
		}
		e.Field = strings.Fields(line)[e.Index]
		return e
	}
	fields := strings.Fields(line)
	switch {
	case strings.HasPrefix(line, "@"):
		return macroMistake(strings.ToLower(strings.TrimSpace(line)))
	case len(fields) == 1 && dayTime.MatchString(fields[0]):
		m := dayTime.FindStringSubmatch(fields[0])
		daily := fmt.Sprintf("%d %d * * *", Atoi(m[2]), Atoi(m[1]))
		return &CronError{Message: "a schedule has five fields, this is a time of the day", Hint: "every day at " + line +
			" is \"" + daily + "\"", Fix: daily}
	case strings.Contains(line, "TZ="):
		return &CronError{
			Index: 0, Field: fields[0], Message: "the time zone stands outside of the line",
			Hint: "write timezone: Asia/Shanghai beside schedule:",
		}
	case strings.Contains(line, "**"):
		return gluedStars(fields)
	case len(fields) > len(cronFields):
		return tooManyFields(fields)
	case len(fields) < len(cronFields):
		return &CronError{Message: fmt.Sprintf("a schedule has five fields, this one has %d", len(fields)), Hint: CronShape}
	}
	return nil
}

// gluedStars offers the line with a space between its stars, or with one star for two that stand
// for one.
func gluedStars(fields []string) *CronError {
	e := &CronError{Message: "`**` is no value of a schedule: a field is one `*`", Hint: CronShape}
	for _, between := range []string{"* *", "*"} {
		line := strings.Join(fields, " ")
		for strings.Contains(line, "**") {
			line = strings.ReplaceAll(line, "**", between)
		}
		if parses(line) {
			e.Hint, e.Fix, e.Sure = "write \""+line+"\"", line, between == "* *"
			return e
		}
	}
	return e
}

func parses(line string) bool {
	_, err := ParseSchedule(line, time.UTC)
	return err == nil
}

func macroMistake(line string) *CronError {
	if same := cronMacros[line]; same != "" {
		return &CronError{Message: fmt.Sprintf("a schedule has five fields, there is no `%s`", line), Hint: "write \"" +
			same + "\"", Fix: same, Sure: true}
	}
	hint := CronShape
	if strings.HasPrefix(line, "@every") {
		hint = "a schedule names times of the clock: every two hours is \"0 */2 * * *\""
	}
	return &CronError{Message: fmt.Sprintf("a schedule has five fields, there is no `%s`", line), Hint: hint}
}

var cronYear = regexp.MustCompile(`^(\*|(19|20)\d\d.*)$`)

// tooManyFields offers what is left of a line of other crons, which have seconds in front and a
// year behind.
func tooManyFields(fields []string) *CronError {
	e := &CronError{Message: fmt.Sprintf("a schedule has five fields, this one has %d", len(fields)), Hint: CronShape}
	last := fields[len(fields)-1]
	rest, without := fields[1:], "seconds"
	switch {
	case len(fields) == 7:
		rest, without = fields[1:6], "seconds and years"
	case len(fields) == 6 && cronYear.MatchString(last) && last != "*":
		rest, without = fields[:5], "years"
	case len(fields) != 6:
		return e
	}
	line := strings.ReplaceAll(strings.Join(rest, " "), "?", "*")
	if parses(line) {
		e.Hint, e.Fix = fmt.Sprintf("write \"%s\", without the %s", line, without), line
	}
	return e
}

var (
	// CronNumber matches a number in a field of a schedule.
	CronNumber  = regexp.MustCompile(`^\d{1,4}$`)
	quartzMacro = regexp.MustCompile(`(?i)^(l|lw|l-\d+|\d*w|\d*l|[a-z]{3}l|(\d|[a-z]{3})#\d)$`)
)

// fieldMistake judges one field.
func fieldMistake(index int, field string) *CronError {
	f := &cronFields[index]
	mistake := func(message, hint string) *CronError {
		return &CronError{Index: index, Field: field, Message: message, Hint: hint}
	}
	for _, part := range strings.Split(field, ",") {
		switch {
		case part == "":
			return mistake(fmt.Sprintf("a value of the list `%s` is missing", field), f.hint)
		case part == "?":
			return mistake("`?` stands for \"any\" in other crons", "write *")
		case index >= cronDay && quartzMacro.MatchString(part) && !slices.Contains(f.names, strings.ToLower(part)):
			if message, hint := countedMistake(index, part); message != "" {
				return mistake(message, hint)
			}
			continue
		case strings.EqualFold(part, "h"):
			return mistake("`H` is known to Jenkins: here a schedule has fixed times", f.hint)
		}
		base, step, stepped := strings.Cut(part, "/")
		first, last, message, hint := f.span(base, stepped)
		if message == "" && stepped {
			message, hint = f.stepMistake(base, step, first, last)
		}
		if message != "" {
			return mistake(message, hint)
		}
	}
	return nil
}

// countedMistake judges a day that is counted from an end, in weeks or in working days. An empty message says that it
// is well.
func countedMistake(index int, part string) (message, hint string) {
	_, counted := countedDay(part)
	last := strings.EqualFold(part, "l")
	day, number, _ := strings.Cut(part, "#")
	_, known := cronFields[cronWeekday].value(strings.TrimRight(day, "lL"))
	switch {
	case workingDay.MatchString(part):
		return fmt.Sprintf("`%s` is known to other crons: here a schedule has fixed days", part),
			"there is no nearest working day: take mon-fri as the day of the week"
	case last && index == cronDay, counted && index == cronWeekday:
		return "", ""
	case last && index == cronWeekday:
		return "a last day of the week needs its day", "write 5L for the last Friday of the month; L as the day of the month is its last day"
	case last:
		return fmt.Sprintf("`%s` is not %s", part, cronFields[index].name), cronFields[index].hint
	case strings.ContainsRune(part, '-'):
		return fmt.Sprintf("`%s` is known to other crons: here no day is counted back from the last", part),
			"L is the last day of the month; 28 comes in every month"
	case !known:
		return fmt.Sprintf("`%s` is not %s", part, cronFields[index].name),
			cronFields[cronWeekday].hintFor(strings.TrimRight(day, "lL"))
	case counted:
		return fmt.Sprintf("`%s` is a day of the week, and this is %s", part, cronFields[index].name),
			"the day of the week is the last of the five fields, as in \"0 10 * * " + part + "\""
	}
	return fmt.Sprintf("no month has a day of the week %s times", number), "1 to 5, as in 1#1; the last Monday is 1L"
}

// value reads one value of the field.
func (f *cronField) value(word string) (int, bool) {
	if i := slices.Index(f.names, strings.ToLower(word)); i >= 0 {
		return f.low + i, true
	}
	if !CronNumber.MatchString(word) {
		return 0, false
	}
	n := Atoi(word)
	return n, n >= f.low && n <= f.high
}

// span reads what stands before a step: *, a value or a range. An empty message says that it is
// well.
func (f *cronField) span(base string, stepped bool) (first, last int, message, hint string) {
	if base == "*" {
		return f.low, f.high, "", ""
	}
	from, to, isRange := strings.Cut(base, "-")
	first, ok := f.value(from)
	if !ok {
		return 0, 0, fmt.Sprintf("`%s` is not %s", base, f.name), f.hintFor(from)
	}
	last = first
	switch {
	case isRange:
		if last, ok = f.value(to); !ok {
			return 0, 0, fmt.Sprintf("`%s` is not %s", base, f.name), f.hintFor(to)
		}
	case stepped:
		last = f.high
	}
	if last < first {
		return 0, 0, fmt.Sprintf("the range `%s` runs backwards", base), "write " +
			f.around(first, last, !CronNumber.MatchString(from))
	}
	return first, last, "", ""
}

// around writes a range over the end of the field as two.
func (f *cronField) around(first, last int, named bool) string {
	word := func(v int) string {
		if named {
			return f.names[v-f.low]
		}
		return fmt.Sprint(v)
	}
	part := func(from, to int) string {
		if from == to {
			return word(from)
		}
		return word(from) + "-" + word(to)
	}
	return part(first, f.high) + "," + part(f.low, last)
}

// hintFor returns what may stand there, or what a common slip means.
func (f *cronField) hintFor(word string) string {
	lower := strings.ToLower(word)
	day, chinese := weekdayOf[strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(word, "周"), "星期"), "礼拜")]
	switch {
	case f.high == 6 && chinese && word[0] >= utf8.RuneSelf:
		return fmt.Sprintf("write %d; Sunday is 0", day)
	case f.high == 6 && word == "7":
		return "Sunday is 0"
	case f.high == 23 && word == "24":
		return "midnight is 0"
	case len(lower) > 3 && slices.Contains(f.names, lower[:3]):
		return "write " + lower[:3]
	}
	if near := diag.Closest(lower, f.names); near != "" {
		return "did you mean `" + near + "`? " + f.hint
	}
	return f.hint
}

// stepMistake judges a step: one that is larger than what it goes through comes once and never
// again.
func (f *cronField) stepMistake(base, step string, first, last int) (message, hint string) {
	n, err := strconv.Atoi(step)
	switch {
	case err != nil || !regexp.MustCompile(`^\d+$`).MatchString(step):
		return fmt.Sprintf("`%s/%s` is not %s", base, step, f.name), "a step is a whole number, as in */2"
	case n == 0:
		return "a step of 0 never ends", "a step is 1 or more, as in */2"
	case n > last-first:
		return fmt.Sprintf("a step of %d is larger than the %s it goes through", n, f.many), f.stepHint(n, first, last)
	}
	return "", ""
}

// stepHint returns what a step that is too large comes to.
func (f *cronField) stepHint(n, first, last int) string {
	same := fmt.Sprintf("the same as %d", first)
	switch {
	case f.high == 59 && first == 0 && last == 59 && n%60 == 0 && n < 24*60:
		if n == 60 {
			return "every hour is \"0 * * * *\""
		}
		return fmt.Sprintf("every %d hours is \"0 */%d * * *\"", n/60, n/60)
	case f.high == 59 && first == 0 && last == 59:
		return fmt.Sprintf("it would come every hour: there is no \"every %d minutes\", the steps of a cron begin anew each hour", n)
	case f.high == 23 && first == 0 && last == 23 && n == 24:
		return "every day is a fixed hour, as in \"0 10 * * *\""
	}
	return same + "; a step is " + fmt.Sprint(max(1, last-first)) + " at most here"
}

// FieldOffset returns where in the line (in characters) the field with the index begins.
func FieldOffset(line string, index int) int {
	n, inField := -1, false
	for i, r := range []rune(line) {
		space := r == ' ' || r == '\t'
		if !space && !inField {
			if n++; n == index {
				return i
			}
		}
		inField = !space
	}
	return 0
}

// Atoi returns the number that digits stand for; 0 when they are none.
func Atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0 // the pattern that found it lets nothing else through
	}
	return n
}
