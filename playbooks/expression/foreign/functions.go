package foreign

import (
	"slices"
	"strconv"
	"strings"
)

// Functions are looked up in small letters without what joins their parts. $1 is the first
// argument as written; $t too, now() where there is none.
var Functions = func() map[string]string {
	out := map[string]string{}
	for names, write := range map[string]string{
		"ifnull coalesce nvl default getordefault orelse":             "write $1 ?? $2",
		"isnull isnone isnil notexists":                               "write $1 == nil",
		"exists isset defined notnull isnotnull":                      "write $1 != nil",
		"empty isempty isblank":                                       "write $1 == nil for what is missing, len($1) == 0 for an empty list or text",
		"notempty isnotempty":                                         "write $1 != nil for what is there, len($1) > 0 for a list or text with something in it",
		"average mean":                                                "write avg(list, .x) ?? 0",
		"median stddev variance percentile":                           "there are len, count, sum, avg, largest and smallest",
		"length size strlen charlength listlength":                    "write len($1)",
		"hastag istagged hastags":                                     "write $1 in member.tags",
		"insegment hassegment isinsegment":                            `write in_segment("x")`,
		"hour hours gethour gethours timeofday currenthour hourofday": "write hour($t)",
		"minute minutes getminutes":                                   "write minute($t)",
		"weekday dayofweek dow isoweekday getday weekdayname":         "write weekday($t), from 1 for Monday to 7 for Sunday",
		"isweekend":                "write weekday($t) >= 6",
		"isweekday isworkday":      "write weekday($t) <= 5",
		"year getfullyear getyear": "write year($t)",
		"month getmonth":           "write month($t), from 1 for January",
		"day dayofmonth getdate":   "write day($t)",
		"week weekofyear quarter datepart extract datetrunc":                             "there are year(t), month(t), day(t), hour(t), minute(t) and weekday(t)",
		"issameday sameday istoday":                                                      "write is_today($t), or days_between($1, $2) == 0",
		"chinesecalendar tolunar lunardate lunarday nongli":                              "write lunar($t)",
		"strftime dateformat format formatdate tochar":                                   "an expression makes no texts of times: a text does, as in {{ now | date: '%Y-%m-%d' }}",
		"datediff daysbetween diffdays timestampdiff":                                    "write days_between(a, b) for dates, or compare a - b with duration(\"72h\")",
		"daysago dayssincelast":                                                          "write days_since(t), the whole days until now",
		"age yearssince":                                                                 "write years_between($t, now())",
		"dateadd datesub adddate subdate plusdays minusdays interval addmonths addhours": "write add_days(t, n); hours are added by t + duration(\"3h\")",
		"curdate currentdate":                                                            "write today()",
		"sysdate currenttimestamp time":                                                  "write now()",
		"datetime timestamp todate parsedate strptime totimestamp strtodate makedate":    noTimes,
		"random rand rnd uniform randint":                                                "write bucket(100) < 50: a member always has the same number; or use the action `split`",
		"substr substring mid slice":                                                     "write $1[0:3], the characters from the first to before the fourth",
		"left":                                                                           "write $1[0:$2]",
		"right":                                                                          "write $1[-$2:]",
		"concat concatenate strcat":                                                      "write $1 + $2",
		"startswith hasprefix":                                                           "write $1 startsWith $2",
		"endswith hassuffix":                                                             "write $1 endsWith $2",
		"includes has instr locate indexof position strpos findinset like ilike contain": "write $1 contains $2 for a text, $2 in $1 for a list",
		"regexp regexplike regex rlike match regexpmatch test":                           "write $1 matches $2",
		"lowercase tolower lcase tolowercase":                                            "write lower($1)",
		"uppercase toupper ucase touppercase":                                            "write upper($1)",
		"strip":                                                                          "write trim($1)",
		"mod modulo":                                                                     "write $1 % $2",
		"div divide":                                                                     "write $1 / $2",
		"pow power":                                                                      "write $1 ** $2",
		"sqrt":                                                                           "write $1 ** 0.5",
		"if iif iff ifelse ifs switch decode":                                            "write $1 ? $2 : $3",
		"xor":                                                                            "write $1 != $2",
		"and":                                                                            "write $1 and $2",
		"or":                                                                             "write $1 or $2",
		"nullif":                                                                         "write $1 == $2 ? nil : $1",
		"between inrange":                                                                "write $1 >= $2 and $1 <= $3",
		"countif countifs countwhere":                                                    "write count(list, .x > 1)",
		"sumif sumifs sumwhere":                                                          "write sum(filter(list, .x > 1), .x)",
		"unique uniq countdistinct distinctcount nunique": "write distinct(list, .x), and len(distinct(list, .x)) for how many",
		"mode mostfrequent favorite favourite":            "write most_common(list, .x)",
		"maxby argmax":                                    "write largest(list, .x)",
		"minby argmin":                                    "write smallest(list, .x)",
		"trunc truncate":                                  "write int($1)",
		"tonumber number parseint parsefloat cast atoi":   "a text is no number here: declare the property or attribute as int or number",
		"str tostring text totext":                        "write string($1)",
		"eventcount countevents hasevent didevent":        `write len(events("order.paid", "30d"))`,
		"attribute attr getattribute":                     "name the attribute itself, as in member.level",
	} {
		for _, name := range strings.Fields(names) {
			out[name] = write
		}
	}
	return out
}()

// Function returns what is written for a function of another language; "" when it is none.
func Function(name string, args []string) string {
	key := strings.ToLower(strings.ReplaceAll(name, "_", ""))
	label := Functions[key]
	if (key == "isnull" || key == "isnil") && len(args) == 2 {
		label = Functions["ifnull"]
	}
	at := "now()"
	if len(args) > 0 {
		at = args[0]
	}
	label = strings.ReplaceAll(label, "$t", at)
	for i, letter := range []string{"a", "b", "c"} {
		if i < len(args) {
			letter = args[i]
		}
		label = strings.ReplaceAll(label, "$"+strconv.Itoa(i+1), letter)
	}
	return label
}

// IsWeekdayName reports whether a word names a day of the week.
func IsWeekdayName(s string) bool {
	for _, head := range []string{"周", "星期", "礼拜"} {
		if day, ok := strings.CutPrefix(s, head); ok &&
			slices.Contains([]string{"一", "二", "三", "四", "五", "六", "日", "天", "末"}, day) {
			return true
		}
	}
	days := []string{
		"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "mon", "tue", "wed",
		"thu", "fri", "sat", "sun", "weekend", "工作日",
	}
	return slices.Contains(days, strings.ToLower(s))
}

// What is said of functions that nothing stands for.
const (
	NoHours = "compare the hour, as in hour(now()) >= 22"
	NoDays  = "a day of the week is a number, as in weekday(now()) == 1, from 1 for Monday to 7 for Sunday"
	noTimes = "write date(\"2026-11-12\") or datetime(\"2026-11-12 10:00\")"
)

// MemberSynonyms are what other tools call the member.
var MemberSynonyms = []string{"user", "customer", "contact", "profile", "person", "subscriber", "account", "用户", "会员"}

// Forbidden tells why a function of the expr library is not part of the language.
var Forbidden = map[string]string{
	"keys":     "the order of an object's keys is not the same every time",
	"values":   "the order of an object's values is not the same every time",
	"toPairs":  "the order of an object's keys is not the same every time",
	"timezone": "times are read in the member's zone",
	"fromJSON": "what it gives has no type that can be checked",
	"get":      "name the field itself, as in member.level",
	"replace":  "a text could grow without a bound; texts are made in Liquid",
	"join":     "a text could grow without a bound; texts are made in Liquid",
	"repeat":   "a text could grow without a bound; texts are made in Liquid",
}
