package expression

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
)

// Functions, methods and constants of SQL, of spreadsheets and of other languages, with what is
// written for them here.

const (
	noHours = "no hour is looked at in an expression: `wait: {until: \"22:00\"}`, a trigger's `schedule` and `quiet_hours` know the time of the day"
	noDays  = "no day of the week is looked at in an expression: a trigger's `schedule` knows it, as in \"0 10 * * 1\" for Mondays at ten"
	noParts = "no part of a date is looked at in an expression: a trigger's `schedule` knows the calendar, its `date` the days that come each year"
	noTimes = "no date is written in an expression: declare an attribute, as in `launch: {type: date, default: 2026-11-11}`, and compare with member.launch"
)

// foreignFunctions are looked up in small letters without what joins their parts. $1 is the first
// argument as written.
var foreignFunctions = func() map[string]string {
	out := map[string]string{}
	for names, write := range map[string]string{
		"ifnull coalesce nvl default getordefault orelse": "write $1 ?? $2",
		"isnull isnone isnil notexists":                   "write $1 == nil",
		"exists isset defined notnull isnotnull":          "write $1 != nil",
		"empty isempty isblank":                           "write $1 == nil for what is missing, len($1) == 0 for an empty list or text",
		"notempty isnotempty":                             "write $1 != nil for what is there, len($1) > 0 for a list or text with something in it",
		"avg average mean":                                "write len(list) > 0 ? sum(list, .x) / len(list) : 0",
		"median mode stddev variance percentile":          "there are len, count, sum, min and max",
		"length size strlen charlength listlength":        "write len($1)",
		"hastag istagged hastags":                         "write $1 in member.tags",
		"insegment hassegment isinsegment":                `write in_segment("x")`,
		"hour hours gethour gethours minute getminutes timeofday currenthour hourofday":                     noHours,
		"weekday dayofweek dow isoweekday getday isweekend isweekday weekdayname":                           noDays,
		"year month day dayofmonth week weekofyear quarter datepart extract datetrunc getmonth getfullyear": noParts,
		"strftime dateformat format formatdate tochar":                                                      "an expression makes no texts of times: a text does, as in {{ now | date: '%Y-%m-%d' }}",
		"datediff daysbetween diffdays timestampdiff daysago dayssincelast age":                             "write days_since(t), the whole days until now; or compare a - b with duration(\"72h\")",
		"dateadd datesub adddate subdate plusdays minusdays interval addmonths addhours":                    "write add_days(t, n); hours are added by t + duration(\"3h\")",
		"curdate currentdate":                   "write today()",
		"getdate sysdate currenttimestamp time": "write now()",
		"datetime timestamp todate parsedate strptime totimestamp strtodate makedate": noTimes,
		"random rand rnd uniform randint":                                             "write bucket(100) < 50: a member always has the same number; or use the action `split`",
		"substr substring mid slice":                                                  "write $1[0:3], the characters from the first to before the fourth",
		"left":                                                                        "write $1[0:$2]",
		"right":                                                                       "write $1[-$2:]",
		"concat concatenate strcat":                                                   "write $1 + $2",
		"startswith hasprefix":                                                        "write $1 startsWith $2",
		"endswith hassuffix":                                                          "write $1 endsWith $2",
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
		"distinct unique uniq countdistinct":                                             "there are len, count, sum, min and max",
		"trunc truncate":                                                                 "write int($1)",
		"tonumber number parseint parsefloat cast atoi": "a text is no number here: declare the property or attribute as int or number",
		"str tostring text totext":                      "write string($1)",
		"eventcount countevents hasevent didevent":      `write len(events("order.paid", "30d"))`,
		"attribute attr getattribute":                   "name the attribute itself, as in member.level",
	} {
		for _, name := range strings.Fields(names) {
			out[name] = write
		}
	}
	return out
}()

// foreignFunction returns what is written for a function of another language; "" when it is none.
func foreignFunction(name string, args []string) string {
	key := strings.ToLower(strings.ReplaceAll(name, "_", ""))
	label := foreignFunctions[key]
	if (key == "isnull" || key == "isnil") && len(args) == 2 {
		label = foreignFunctions["ifnull"]
	}
	for i, letter := range []string{"a", "b", "c"} {
		if i < len(args) {
			letter = args[i]
		}
		label = strings.ReplaceAll(label, "$"+strconv.Itoa(i+1), letter)
	}
	return label
}

// shortAll writes arguments as they may stand in a label.
func shortAll(list []ast.Node) []string {
	var out []string
	for _, n := range list {
		if _, ok := n.(*ast.PredicateNode); ok {
			continue
		}
		out = append(out, operandOf(n, short(n)))
	}
	return out
}

// forbiddenHint returns what is written in place of a function that is not part of the language.
func forbiddenHint(name string, args []ast.Node) string {
	if name != "date" || len(args) != 1 {
		return ""
	}
	if s, ok := args[0].(*ast.StringNode); ok && schema.LooksLikeTime.MatchString(s.Value) {
		return fmt.Sprintf(noDates, s.Value[:len("2006-01-02")])
	}
	return "the day of now() is today(); days are compared by days_since(t)"
}

// tooMany returns how a function is called that was given more than it takes.
func tooMany(n *ast.BuiltinNode, usage string) string {
	if places, ok := constantOf(n.Arguments[len(n.Arguments)-1]).(float64); ok && n.Name == "round" && places > 0 &&
		places < 10 {
		hundred := "1" + strings.Repeat("0", int(places))
		return "write round(" + operandOf(n.Arguments[0], short(n.Arguments[0])) + " * " + hundred + ") / " + hundred
	}
	return "write " + usage
}

// itemsHint returns how a condition on items is written.
func (c *checker) itemsHint(n *ast.BuiltinNode, p *ast.PredicateNode, t *schema.Type) string {
	if t.Kind == schema.KindString && n.Name == "any" && !mentionsItem(p.Node) {
		return "write " + short(p.Node) + " in " + short(n.Arguments[0])
	}
	return "write " + c.rules[n.Name].Usage
}

// method reports a call of what belongs to a value in another language:
// member.nickname.toLowerCase().
func (c *checker) method(n *ast.CallNode) {
	label := ""
	if m, ok := n.Callee.(*ast.MemberNode); ok {
		if key, ok := m.Property.(*ast.StringNode); ok {
			label = foreignFunction(key.Value, shortAll(append([]ast.Node{m.Node}, n.Arguments...)))
			if label == "" && (c.rules[key.Value].check != nil || functionNamed(key.Value) != nil) {
				label = "write " + key.Value + "(" + strings.Join(shortAll(append([]ast.Node{m.Node}, n.Arguments...)), ", ") + ")"
			}
			if label == "" && slices.Contains([]string{"contains", "matches"}, key.Value) && len(n.Arguments) == 1 {
				label = "write " + short(m.Node) + " " + key.Value + " " + short(n.Arguments[0])
			}
		}
	}
	c.report(span(n.Callee), "unknown-function", label, "%s cannot be called", quoteNode(n.Callee))
}

// sizeField returns what is written for a field that other languages give lists and texts.
func sizeField(of ast.Node, t *schema.Type, field string) string {
	sized := t.Kind == schema.KindList || t.Kind == schema.KindString
	if sized && slices.Contains([]string{"length", "size", "count", "len", "Length", "Count"}, field) {
		return "write len(" + short(of) + ")"
	}
	if t.Kind == schema.KindList && t.Elem != nil {
		if _, ok := t.Elem.Field(field); ok {
			return "of each item: map(" + short(of) + ", ." + field + "); of one: first(…), last(…); or any(…, ." + field +
				" > 1)"
		}
	}
	if t.Kind == schema.KindList {
		return "a list has items: first(…), last(…), any(…, .x > 1)"
	}
	if IsTime(t) {
		return foreignFunctions[strings.ToLower(field)]
	}
	return ""
}

// foreignConstants are names of other languages for what has one here.
var foreignConstants = map[string]string{
	"True": "true", "TRUE": "true", "yes": "true", "YES": "true", "Yes": "true", "真": "true", "是": "true",
	"False": "false", "FALSE": "false", "no": "false", "NO": "false", "No": "false", "假": "false", "否": "false",
	"null": "nil", "None": "nil", "undefined": "nil", "NULL": "nil", "Null": "nil", "NIL": "nil", "Nil": "nil",
	"none": "nil", "空": "nil", "空值": "nil",
	"现在": "now()", "今天": "today()", "NOW": "now()", "TODAY": "today()",
}

// foreignConstant reports a constant of another language, a function without its brackets, a
// number, an hour or a day in words.
func (c *checker) foreignConstant(n *ast.IdentifierNode) bool {
	report := func(write, label, message string, sure bool) bool {
		d := c.report(n.Location(), "unknown-name", cmp.Or(label, "write `"+write+"`"), message, n.Value)
		if write != "" {
			d.Suggest(write).UnsureUnless(sure)
		}
		return true
	}
	write := foreignConstants[n.Value]
	switch {
	case write == "nil":
		sure := strings.EqualFold(n.Value, "nil") || strings.EqualFold(n.Value, "null") || n.Value == "None" ||
			n.Value == "undefined"
		c.report(n.Location(), "unknown-name", "write `nil`", "a missing value is called `nil` here").Suggest("nil").
			UnsureUnless(sure)
		return true
	case write != "":
		return report(write, "", "nothing is called `%s` here", strings.EqualFold(n.Value, write))
	}
	if f := functionNamed(n.Value); f != nil {
		write := ""
		if len(f.args) == 0 && f.check == nil {
			write = f.Usage
		}
		return report(write, "write "+f.Usage, "`%s` is a function", true)
	}
	if r, ok := c.rules[n.Value]; ok {
		return report("", "write "+r.Usage, "`%s` is a function", false)
	}
	if label := foreignFunctions[strings.ToLower(strings.ReplaceAll(n.Value, "_", ""))]; label == noHours ||
		label == noDays || label == noParts {
		return report("", label, "nothing is called `%s` here", false)
	}
	return c.numeralInLetters(n, report)
}

// numeralInLetters reports a number, an hour or a day of the week in Chinese words: 三, 晚上十点, 周一.
func (c *checker) numeralInLetters(n *ast.IdentifierNode,
	report func(write, label, message string, sure bool) bool,
) bool {
	spoken := schema.InDigitsOf(n.Value)
	switch {
	case diag.WholeNumber.MatchString(spoken):
		return report(spoken, "", "a number is written in digits, not `%s`", false)
	case schema.ClockAsWritten.MatchString(spoken) || schema.NamedClocks[n.Value] != "":
		label := noHours
		if m := schema.ClockAsWritten.FindStringSubmatch(spoken); m != nil {
			hour, _ := strconv.Atoi(m[2])
			if hours, _ := schema.HoursOfDayPart(m[1], m[4] != "", hour); len(hours) == 1 && m[5] == "" && m[3] == "" {
				label = strings.Replace(label, "22:00", fmt.Sprintf("%02d:00", hours[0]), 1)
			}
		}
		return report("", label, "`%s` is no time here", false)
	case IsWeekdayName(n.Value):
		return report("", noDays, "`%s` is no day here", false)
	}
	return false
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

var calledName = regexp.MustCompile(`(?:^|[^\w.])([A-Za-z_]\w*)\s*\(`)

// foreignFunctionCall reports a function of another language in an expression that cannot be read,
// as may be by what it is given.
func (c *checker) foreignFunctionCall(masked string) bool {
	for _, m := range calledName.FindAllStringSubmatchIndex(masked, -1) {
		name := masked[m[2]:m[3]]
		if _, known := c.rules[name]; known || functionNamed(name) != nil ||
			slices.Contains([]string{"and", "or", "not", "in", "if", "AND", "OR", "NOT", "IN"}, name) {
			continue
		}
		if label := foreignFunction(name, nil); label != "" {
			c.report(c.runes(m[2], m[3]), "unknown-function", label, "there is no function `%s`", name)
			return true
		}
	}
	return false
}
