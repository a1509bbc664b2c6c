package loader

import (
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
)

// TestForeignSyntax writes lines as people do who come from another tool, language or keyboard:
// each is one mistake that says what to write, and is fixed only where nothing else can be meant.
func TestForeignSyntax(t *testing.T) {
	const head = "id: a\nstage: retention\n"
	const tail = "actions: [{tag: x}]\n"
	trigger := "trigger: {event: cart.updated}\n"
	condition := func(s string) string { return head + trigger + "condition: " + s + "\n" + tail }
	action := func(s string) string { return head + trigger + "actions:\n  - " + s + "\n" }
	cases := []struct{ name, text, says, fixed string }{
		{"at least, in one sign", condition("member.points ≥ 30"), "write `>=`", condition("member.points >= 30")},
		{"at most, in one sign", condition("member.points ≤ 30"), "write `<=`", condition("member.points <= 30")},
		{"unequal, in one sign", condition("member.points ≠ 30"), "write `!=`", condition("member.points != 30")},
		{"SQL's unequal", condition("member.points <> 0"), "write `!=`", condition("member.points != 0")},
		{"three equals signs", condition("member.points === 0"), "write `==`", condition("member.points == 0")},
		{"JavaScript's unequal", condition("member.points !== 0"), "write `!=`", condition("member.points != 0")},
		{"turned round", condition("member.points => 3"), "write `>=`", ""},
		{
			"且", condition("member.points == 0 且 member.level == \"gold\""), "write `and`",
			condition("member.points == 0 and member.level == \"gold\""),
		},
		{
			"并且", condition("member.points == 0 并且 member.level == \"gold\""), "write `and`",
			condition("member.points == 0 and member.level == \"gold\""),
		},
		{
			"或", condition("member.points == 0 或 member.level == \"gold\""), "write `or`",
			condition("member.points == 0 or member.level == \"gold\""),
		},
		{
			"或者", condition("member.points == 0 或者 member.points == 1 或者 member.points == 2"), "write `or`",
			condition("member.points == 0 or member.points == 1 or member.points == 2"),
		},
		{"大于等于", condition("member.points 大于等于 30"), "write `>=`", condition("member.points >= 30")},
		{"等于", condition("member.level 等于 \"gold\""), "write `==`", condition("member.level == \"gold\"")},
		{"万", condition("member.points > 1万"), "write 10000", condition("member.points > 10000")},
		{"1.5万", condition("member.points > 1.5万"), "write 15000", condition("member.points > 15000")},
		{"1万5", condition("member.points > 1万5"), "write 15000", condition("member.points > 15000")},
		{"3千5", condition("member.points > 3千5"), "write 3500", condition("member.points > 3500")},
		{"3千500", condition("member.points > 3千500"), "write 3500", condition("member.points > 3500")},
		{"1万2千", condition("member.points > 1万2千"), "write 12000", condition("member.points > 12000")},
		{"1万2千5", condition("member.points > 1万2千5"), "write 12500", condition("member.points > 12500")},
		{"1.15万", condition("member.points > 1.15万"), "write 11500", condition("member.points > 11500")},
		{"万 and 元", condition("member.points > 1.5万元"), "write 15000", condition("member.points > 15000")},
		{"¥ and 元", condition("member.points > ¥100元"), "write 100", condition("member.points > 100")},
		{"yuan and jiao", condition("member.points > 20元5"), "write it in digits alone", ""},
		{"块", condition("member.points > 20块5"), "write it in digits alone", ""},
		{"broken thousands", condition("member.points > 1.5千5百"), "write it in digits alone", ""},
		{"3千50", condition("member.points > 3千50"), "write it in digits alone", ""},
		{"5百1千", condition("member.points > 5百1千"), "write it in digits alone", ""},
		{"1万多", condition("member.points > 1万多"), "write it in digits alone", ""},
		{"a dozen thousands", condition("member.points > 1十万"), "write it in digits alone", ""},
		{"一 before", condition("member.points > 三1万"), "nothing is called", ""},
		{"1万人", condition("member.points > 1万人"), "write it in digits alone", ""},
		{"a space between", condition("member.points > 3万 5千"), "write it in digits alone", ""},
		{"a part of one", condition("member.points > 1.23456万"), "write it in digits alone", ""},
		{"元 and 角", condition("member.points > 20元5角"), "write it in digits alone", ""},
		{"半", condition("member.points > 1万半"), "write it in digits alone", ""},
		{"thousands", condition("member.points > 1,000"), "write 1000", condition("member.points > 1000")},
		{"> =", condition("member.points > = 1"), "write `>=`", condition("member.points >= 1")},
		{"< =", condition("member.points < = 1"), "write `<=`", condition("member.points <= 1")},
		{"! =", condition("member.points ! = 1"), "write `!=`", condition("member.points != 1")},
		{"= =", condition("member.points = = 1"), "write `==`", condition("member.points == 1")},
		{"= >", condition("member.points = > 1"), "write `>=`", ""},
		{"= <", condition("member.points = < 1"), "write `<=`", ""},
		{"< >", condition("member.points < > 1"), "write `!=`", ""},
		{"> ==", condition("member.points > == 1"), "not expected", ""},
		{"!= =", condition("member.points != = 1"), "not expected", ""},
		{
			"a full-width comma in a number", condition("member.points > 1，000"), "full-width",
			condition("member.points > 1000"),
		},
		{"SQL's in of one", condition("member.level in ('gold')"), "write member.level in [\"gold\"]", ""},
		{"SQL's not in of one", condition("member.level not in ('gold')"), "write member.level not in [\"gold\"]", ""},
		{
			"SQL's in", condition("member.level in ('gold', 'silver')"), "write `in ['gold', 'silver']`",
			condition("member.level in ['gold', 'silver']"),
		},
		{
			"SQL's in of numbers", condition("member.points not in (1, 2)"), "write `in [1, 2]`",
			condition("member.points not in [1, 2]"),
		},
		{"in of one number", condition("member.points in (1)"), "write member.points in [1]", ""},
		{
			"a value beside or", condition("member.points == 1 or 2"),
			"write `member.points == 1 or member.points == 2`, or `member.points in [1, 2]`", "",
		},
		{"a value beside or, unequal", condition("member.points != 1 or 2"), "write `member.points not in [1, 2]`", ""},
		{"a value beside and", condition("member.points == 1 and 2"), "write `member.points in [1, 2]` if", ""},
		{
			"a text beside or", condition("member.level == \"gold\" or \"silver\""),
			"member.level == \"gold\" or member.level == \"silver\"", "",
		},
		{
			"not, then contains", condition("not member.tags contains \"vip\""), "write `\"vip\" not in member.tags`",
			condition("'\"vip\" not in member.tags'"),
		},
		{"a currency", condition("member.points > 100元"), "write 100", condition("member.points > 100")},
		{"a percentage", condition("member.points > 10%"), "write 0.1", ""},
		{"a date", condition("now() >= 2026-11-01"), `write date("2026-11-01")`, ""},
		{"a Chinese date", condition("now() >= 2026年11月1日"), `write date("2026-11-01")`, ""},
		{"a date in quotes", condition("today() >= \"2026-11-01\""), `write date("2026-11-01")`, ""},
		{"is null", condition("member.nickname is null"), "write `== nil`", condition("member.nickname == nil")},
		{"IS NOT NULL", condition("member.nickname IS NOT NULL"), "write `!= nil`", condition("member.nickname != nil")},
		{
			"Liquid", condition("\"{{ member.points }} > 3\""), "this is an expression already",
			condition("\"member.points > 3\""),
		},
		{"a shell's dollar", condition("\"${member.points} > 3\""), "not written around", condition("\"member.points > 3\"")},
		{"a dollar", condition("$member.points > 3"), "did you mean `member`?", condition("member.points > 3")},
		{"between", condition("member.points between 1 and 3"), "x >= 1 and x <= 9", ""},
		{
			"not contains", condition("member.tags not contains \"vip\""), "write \"vip\" not in member.tags",
			condition("'\"vip\" not in member.tags'"),
		},
		{
			"contains", condition("member.tags contains \"vip\""), "write \"vip\" in member.tags",
			condition("'\"vip\" in member.tags'"),
		},
		{"segment.x", condition("segment.dormant"), "write in_segment(\"dormant\")", condition("in_segment(\"dormant\")")},
		{"user.x", condition("user.points > 3"), "write member.points", condition("member.points > 3")},
		{"tags.x", condition("tags.vip"), "write \"vip\" in member.tags", ""},
		{"a month's window", condition("len(events(\"order.paid\", \"1M\")) > 3"), "there is no month: write 30d, or 4w", ""},
		{
			"a Chinese window", condition("len(events(\"order.paid\", \"30天\")) > 3"), "did you mean \"30d\"?",
			condition("len(events(\"order.paid\", \"30d\")) > 3"),
		},
		{
			"a window without a unit", condition("len(events(\"order.paid\", \"30\")) > 3"),
			"add a unit: 30s, 30m, 30h, 30d or 30w", "",
		},

		{"a month", action("wait: 1M"), "there is no month: write 30d, or 4w", ""},
		{"three months", action("wait: 3个月"), "write 90d, or 12w", ""},
		{"a year", action("wait: 1年"), "write 365d", ""},
		{"three days", action("wait: 三天"), "write `3d`", action("wait: 3d")},
		{"an hour and a half", action("wait: 1.5h"), "write `90m`", action("wait: 90m")},
		{"a sum", action("wait: 1h30m"), "write `90m`", action("wait: 90m")},
		{"a day and a half", action("wait: 1.5d"), "write `36h`", ""},
		{"ISO 8601", action("wait: PT4H"), "write `4h`", action("wait: 4h")},
		{"working days", action("wait: 3个工作日"), "no working days", ""},
		{"delay", action("delay: 3d"), "write `wait`", action("wait: 3d")},
		{"add_tag", action("add_tag: hesitant"), "write `tag`", action("tag: hesitant")},
		{"untag", action("untag: 老客"), "write `tag: {remove: 老客}`", action("tag: {remove: 老客}")},
		{"remove_tag", action("remove_tag: [a, b]"), "write `tag: {remove: [a, b]}`", action("tag: {remove: [a, b]}")},
		{"send_email", action("send_email: {template: hi}"), "write `message`", ""},
		{"else_if", action("else_if: member.points > 3"), "`choose`", ""},
		{
			"two equals signs", action("set: {nickname: == member.level}"), "write `= member.level`",
			action("set: {nickname: = member.level}"),
		},
		{
			"a comma missing before if", head + "trigger: {event: order.paid if: event.amount > 3}\n" + tail,
			"a comma is missing before `if`", head + "trigger: {event: order.paid, if: event.amount > 3}\n" + tail,
		},
		{
			"a comma missing behind a condition", action("{if: member.points > 3 tag: x}"), "a comma is missing before `tag`",
			action("{if: member.points > 3, tag: x}"),
		},
		{
			"a comma missing behind a list", action("tag: {add: [a] remove: [b]}"), "a comma is missing before `remove`",
			action("tag: {add: [a], remove: [b]}"),
		},
		{
			"a comma missing behind quotes", action("{tag: \"x\" id: y}"), "a comma is missing before `id`",
			action("{tag: \"x\", id: y}"),
		},
		{"a comma missing behind words", action("{tag: x y id: z}"), "a comma is missing before `id`", ""},
		{
			"a colon in a text", action("message: {channel: wecom, text: 提醒 note: 你好}"), "put the value in quotes",
			action("message: {channel: wecom, text: '提醒 note: 你好'}"),
		},
		{"thousands in braces", action("{points: 1,000}"), "write 1000", ""},
		{"a missing zero", action("wait: {until: \"8:00\"}"), "write `\"08:00\"`", action("wait: {until: \"08:00\"}")},
		{"midnight", action("wait: {until: \"24:00\"}"), "write `\"00:00\"`", ""},
		{"ten at night", action("wait: {until: 10:00pm}"), "write `\"22:00\"`", action("wait: {until: \"22:00\"}")},
		{"10点", action("wait: {until: 10点}"), "write `\"10:00\"`, or `\"22:00\"`", ""},
		{"晚上12点", action("wait: {until: \"晚上12点\"}"), "write `\"00:00\"`", action("wait: {until: \"00:00\"}")},
		{"晚上12点半", action("wait: {until: \"晚上12点半\"}"), "write `\"00:30\"`", action("wait: {until: \"00:30\"}")},
		{"晚上12:00", action("wait: {until: \"晚上12:00\"}"), "write `\"00:00\"`", action("wait: {until: \"00:00\"}")},
		{"凌晨12点", action("wait: {until: \"凌晨12点\"}"), "write `\"00:00\"`", action("wait: {until: \"00:00\"}")},
		{"午夜", action("wait: {until: \"午夜\"}"), "write `\"00:00\"`", action("wait: {until: \"00:00\"}")},
		{"半夜12点", action("wait: {until: \"半夜12点\"}"), "write `\"00:00\"`", action("wait: {until: \"00:00\"}")},
		{"晚上0点", action("wait: {until: \"晚上0点\"}"), "write `\"00:00\"`", action("wait: {until: \"00:00\"}")},
		{"晚上10点", action("wait: {until: \"晚上10点\"}"), "write `\"22:00\"`", action("wait: {until: \"22:00\"}")},
		{"晚上22点", action("wait: {until: \"晚上22点\"}"), "write `\"22:00\"`", action("wait: {until: \"22:00\"}")},
		{"早上8点半", action("wait: {until: \"早上8点半\"}"), "write `\"08:30\"`", action("wait: {until: \"08:30\"}")},
		{"下午3点", action("wait: {until: \"下午3点\"}"), "write `\"15:00\"`", action("wait: {until: \"15:00\"}")},
		{"下午15:00", action("wait: {until: \"下午15:00\"}"), "write `\"15:00\"`", action("wait: {until: \"15:00\"}")},
		{"凌晨3点", action("wait: {until: \"凌晨3点\"}"), "write `\"03:00\"`", action("wait: {until: \"03:00\"}")},
		{"中午12点", action("wait: {until: \"中午12点\"}"), "write `\"12:00\"`", action("wait: {until: \"12:00\"}")},
		{"正午", action("wait: {until: \"正午\"}"), "write `\"12:00\"`", action("wait: {until: \"12:00\"}")},
		{"22点", action("wait: {until: \"22点\"}"), "write `\"22:00\"`", action("wait: {until: \"22:00\"}")},
		{"晚上1点", action("wait: {until: \"晚上1点\"}"), "write `\"01:00\"`", ""},
		{"中午1点", action("wait: {until: \"中午1点\"}"), "write `\"13:00\"`", ""},
		{"早上12点", action("wait: {until: \"早上12点\"}"), "write `\"00:00\"`", ""},
		{"上午12点", action("wait: {until: \"上午12点\"}"), "write `\"00:00\"`", ""},
		{"下午12点", action("wait: {until: \"下午12点\"}"), "write `\"00:00\"`", ""},
		{"3点", action("wait: {until: \"3点\"}"), "write `\"03:00\"`", ""},
		{"3点半", action("wait: {until: \"3点半\"}"), "write `\"03:30\"`", ""},
		{"12点", action("wait: {until: \"12点\"}"), "write `\"12:00\"`", ""},
		{"12am", action("wait: {until: \"12am\"}"), "write `\"00:00\"`", ""},
		{"12:30pm", action("wait: {until: \"12:30pm\"}"), "write `\"12:30\"`", ""},
		{"a morning in the evening", action("wait: {until: \"上午15点\"}"), "as in \"18:00\"", ""},
		{"an hour past the day", action("wait: {until: \"25点\"}"), "hours go from 00 to 23", ""},
		{"a date as in a spreadsheet", action("wait: {until: 2026/3/2}"), "write `2026-03-02T00:00:00", ""},
		{"a Chinese date to wait until", action("wait: {until: 2026年3月2日}"), "write `2026-03-02T00:00:00", ""},
		{
			"an offset without its colon", action("wait: {until: 2026-11-11T10:00:00-0500}"),
			"write `2026-11-11T10:00:00-05:00`", "",
		},
		{"a day in words", action("wait: {until: 明天}"), "wait: 1d", ""},
		{"a day of the week", action("wait: {until: 周一}"), "write `{weekday: mon}`", ""},
		{"nothing to wait for", action("wait: 0"), "longer than nothing", ""},
		{"no days", action("wait: 0天"), "longer than nothing", ""},
		{"yes for reentry", head + trigger + "reentry: yes\n" + tail, "write `always`", ""},
		{"true for reentry", head + trigger + "reentry: true\n" + tail, "write `always`", ""},
		{"每次", head + trigger + "reentry: 每次\n" + tail, "write `always`", ""},
		{"一次", head + trigger + "reentry: 一次\n" + tail, "write `never`", ""},
		{"a percentage in words", head + trigger + "holdout: 百分之十\n" + tail, "write 10%", ""},
		{"a percentage with a space", head + trigger + "holdout: 10 %\n" + tail, "write 10%", ""},
		{"every day", head + "trigger: {schedule: 每天, segment: dormant}\n" + tail, "at ten that is \"0 10 * * *\"", ""},
		{"Mondays in words", head + "trigger: {schedule: 每周一 晚上8点半, segment: dormant}\n" + tail, "write \"30 20 * * 1\"", ""},
		{
			"a day of the month in words", head + "trigger: {schedule: 每月1号 9:00, segment: dormant}\n" + tail,
			"write \"0 9 1 * *\"", "",
		},
		{
			"full-width brackets in an id", "id: a（1）\nstage: retention\n" + trigger + tail, "`（` is full-width: write `a-1`",
			"",
		},
		{
			"a comma missing at a line's end", head + "trigger: {\n  event: cart.updated\n  if: event.total > 3\n}\n" + tail,
			"a comma is missing at the end of this line", "",
		},
		{"a date without its zone", action("wait: {until: 2026-11-11}"), "write `2026-11-11T00:00:00", ""},
		{"a full-width comma among digits", action("tag: {add: [1，000]}"), "full-width", ""},
		{"a full-width comma in one tag", action("tag: 老客，新客"), "write `[老客, 新客]`", ""},
		{"a full-width comma in one tag to add", action("tag: {add: 老客、新客}"), "write `[老客, 新客]`", ""},
		{"a quoted tag with a full-width comma", action("tag: '老客，新客'"), "", ""},
		{"a full-width comma in a list", action("tag: {add: [老客，新客]}"), "full-width", action("tag: {add: [老客, 新客]}")},

		{"an exit without its list", head + trigger + "exit: order.paid\n" + tail, "write `[{event: order.paid}]`", head +
			trigger + "exit: [{event: order.paid}]\n" + tail},
		{"an exit in braces alone", head + trigger + "exit: {event: order.paid}\n" + tail, "put brackets around it", head +
			trigger + "exit: [{event: order.paid}]\n" + tail},
		{
			"a full-width comma between exits", head + trigger + "exit: [{event: order.paid}，{event: cart.updated}]\n" + tail,
			"this comma is full-width", head + trigger + "exit: [{event: order.paid}, {event: cart.updated}]\n" + tail,
		},
		{
			"two triggers", head + "trigger: [{event: order.paid}, {event: cart.updated}]\n" + tail,
			"put the list under `any`, each with an `id`", "",
		},
		{"an id of digits", "id: 2026\nstage: retention\n" + trigger + tail, "the id of a playbook must be a string", ""},
		{"a full-width comment", head + trigger + "actions:\n  - tag: x\n  ＃ 打标签\n  - tag: y\n", "write `# `", head +
			trigger + "actions:\n  - tag: x\n  # 打标签\n  - tag: y\n"},
		{"pasted HTML", head + trigger + "actions:\n&nbsp;&nbsp;- tag: x\n", "is HTML, pasted from a page", ""},

		{"a zero width space in a key", head + trigger + "re\u200bentry: never\n" + tail, "U+200B ZERO WIDTH SPACE", head +
			trigger + "reentry: never\n" + tail},
		{"a soft hyphen in a key", head + trigger + "reen\u00adtry: never\n" + tail, "U+00AD SOFT HYPHEN", head + trigger +
			"reentry: never\n" + tail},
		{
			"a mark of direction behind a value", head + trigger + "reentry: never\u200f\n" + tail,
			"U+200F RIGHT-TO-LEFT MARK", head + trigger + "reentry: never\n" + tail,
		},
		{
			"a zero width space in an expression", condition("member.poi\u200bnts == 0"), "U+200B ZERO WIDTH SPACE",
			condition("member.points == 0"),
		},
		{
			"a no-break space in an expression", condition("member.points\u00a0== 0"), "U+00A0 NO-BREAK SPACE",
			condition("member.points == 0"),
		},
		{
			"a zero width space in a name", head + "trigger: {event: cart.updated\u200b}\n" + tail, "U+200B ZERO WIDTH SPACE",
			head + trigger + tail,
		},
		{"a word joiner in a duration", action("wait: 3\u2060d"), "U+2060 WORD JOINER", action("wait: 3d")},
		{"a wide space in a tag", action("tag: 老\u3000客"), "U+3000 IDEOGRAPHIC SPACE", ""},
		{"a byte order mark inside", head + trigger + "reentry: ne\ufeffver\n" + tail, "U+FEFF", head + trigger +
			"reentry: never\n" + tail},
		{"an escape that all see", action(`tag: "a\u200bb"`), "", ""},
		{"a joined emoji", action("tag: 👩‍💻"), "", ""},
		{"a wide space in a text", action("message: {channel: wecom, text: 你\u3000好}"), "", ""},
		{"a comment", head + trigger + tail + "# a\u200bb\n", "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { answersForeignSyntax(t, c.text, c.says, c.fixed) })
	}
}

// answersForeignSyntax checks a playbook with one mistake: what is said of it, and what it is fixed
// to; "" when it is left to its author.
func answersForeignSyntax(t *testing.T, text, says, fixed string) {
	t.Helper()
	fsys := fstest.MapFS{
		playbooks.SchemaFile: example(t, "")[playbooks.SchemaFile],
		"playbooks/a.yaml":   {Data: []byte(text)},
	}
	ws, diags := Load(fsys, testRegistry())
	var found []string
	for _, d := range diags {
		if d.File == "playbooks/a.yaml" && d.Severity == diag.Error {
			found = append(found, d.Message+" "+d.Label)
		}
	}
	switch {
	case says == "" && len(found) > 0:
		t.Errorf("it is right, and not %q", found)
	case says != "" && (len(found) != 1 || !strings.Contains(found[0], says)):
		t.Errorf("got %q, want one that says %q", found, says)
	}
	want := fixed
	if want == "" {
		want = text
	}
	got := text
	if data, ok := Fix(ws.Files, testRegistry()).Files["playbooks/a.yaml"]; ok {
		got = string(data)
	}
	if got != want {
		t.Errorf("fixed to\n%s\nwant\n%s", got, want)
	}
}

// TestSuggestedZones writes zones as people call them: none is taken for another.
func TestSuggestedZones(t *testing.T) {
	for wrote, says := range map[string]string{
		"UTC+8": "Asia/Shanghai", "GMT+8": "Asia/Shanghai", "utc+08:00": "Asia/Shanghai", "UTC + 8": "Asia/Shanghai",
		"UTC+0800": "Asia/Shanghai", "北京": "Asia/Shanghai",
		"北京时间": "Asia/Shanghai", "东八区": "Asia/Shanghai", "CST": "`America/Chicago` for North America",
		"Asia/Beijing": "Asia/Shanghai", "UTC+9": "a place with this offset",
		"UTC-8": "a place with this offset", "GMT-5": "a place with this offset",
	} {
		text := example(t, "")[playbooks.SchemaFile].Data
		lines := regexp.MustCompile(`(?m)^timezone:.*\n`).ReplaceAll(text, nil)
		fsys := fstest.MapFS{playbooks.SchemaFile: {Data: append([]byte("timezone: "+wrote+"\n"), lines...)}}
		ws, diags := Load(fsys, testRegistry())
		found := ""
		for _, d := range diags {
			if d.Code == "bad-timezone" {
				found += d.Label
			}
		}
		if !strings.Contains(found, says) || strings.Contains(found, "did you mean") {
			t.Errorf("%s: got %q, want one that says %q", wrote, found, says)
		}
		if fixed, ok := Fix(ws.Files, testRegistry()).Files[playbooks.SchemaFile]; ok &&
			!strings.HasPrefix(string(fixed), "timezone: "+wrote+"\n") {
			t.Errorf("%s: it was fixed", wrote)
		}
	}
}
