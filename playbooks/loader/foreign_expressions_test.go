package loader

import "testing"

// TestForeignExpressions writes conditions in the words of SQL, of spreadsheets, of other languages
// and of Chinese: each is answered with what is written here, and fixed only where nothing else can
// be meant.
func TestForeignExpressions(t *testing.T) {
	const noDay = "a day of the week is a number, as in weekday(now()) == 1"
	for wrote, want := range map[string]struct{ says, fixed string }{
		"NOT member.points == 0": {"write `not`", "not (member.points == 0)"},
		"member.points == 0 AND member.points > -1 AND member.vip": {
			"write `and`",
			"member.points == 0 and member.points > -1 and member.vip",
		},
		"member.points == 0 OR member.points > 3":   {"write `or`", "member.points == 0 or member.points > 3"},
		"member.points mod 2 == 0":                  {"write `%`", "member.points % 2 == 0"},
		"member.points MOD 2 == 0":                  {"write `%`", "member.points % 2 == 0"},
		"mod(member.points, 2) == 0":                {"write member.points % 2", ""},
		"member.points div 2 == 0":                  {"int(a / b)", ""},
		"member.nickname IS NOT \"a\"":              {"write `!=`", ""},
		"member.nickname is empty":                  {"write `== nil` for what is missing", ""},
		"member.nickname is not empty":              {"write `!= nil` for what is there", ""},
		"member.points is not in [1, 2]":            {"write `not in`", "member.points not in [1, 2]"},
		"ifnull(member.points, 0) > 3":              {"write member.points ?? 0", ""},
		"COALESCE(member.points, 0) > 3":            {"write member.points ?? 0", ""},
		"isnull(member.nickname)":                   {"write member.nickname == nil", ""},
		"member.points * 10% > 3":                   {"write 0.1", ""},
		"10% * member.points > 3":                   {"write 0.1", ""},
		"mean(events(\"order.paid\"), .amount) > 3": {"write avg(list, .x) ?? 0", ""},
		"hour > 20":                                 {"write hour(t)", ""},
		"hour() > 20":                               {"write hour(now())", ""},
		"now() > 晚上十点":                              {"hour(now()) >= 22", ""},
		"now().hour() > 3":                          {"write hour(now())", ""},
		"dow == 1":                                  {"write weekday(now())", ""},
		"isWeekend(now())":                          {"write weekday(now()) >= 6", ""},
		"today() == 周一":                             {noDay, ""},
		"today() == \"星期日\"":                        {noDay, ""},
		"getMonth(now()) == 3":                      {"write month(now())", ""},
		"member.created_at.year == 2026":            {"write year(member.created_at)", ""},
		"now > member.created_at":                   {"write now()", "now() > member.created_at"},
		"days_since > 3":                            {"write days_since(t)", ""},
		"member.nickname LIKE \"a%\"":               {"write `contains`", ""},
		"member.points BETWEEN 1 AND 3":             {"x >= 1 and x <= 9", ""},
		"member.points in 1..3":                     {"x >= 1 and x <= 3", ""},
		"member.points = 0":                         {"compare with `==`", "member.points == 0"},
		"member.points > 0 & member.points < 3":     {"write `and`", ""},
		"member.points > 0 | member.points < 3":     {"write `or`", ""},
		"member.points == 0 和 member.vip":           {"write `and`", ""},
		"member.points == 0 以及 member.vip":          {"write `and`", ""},
		"非 member.points > 3":                       {"write `not`", "not (member.points > 3)"},
		"member.level 是 \"gold\"":                   {"write `==`", ""},
		"member.level 不是 \"gold\"":                  {"write `!=`", ""},
		"member.level 属于 [\"gold\"]":                {"write `in`", ""},
		"member.points 至少 3":                        {"write `>=`", "member.points >= 3"},
		"member.nickname 为空":                        {"write `== nil`", ""},
		"如果 member.points > 3":                      {"a condition stands alone", ""},
		"if member.points > 3":                      {"a condition stands alone", ""},
		"IF(member.points > 3, true, false)":        {"? true : false", ""},
		"if(member.points > 3, true, false)":        {"write c ? a : b", ""},
		"member.points > 3 ? true":                  {"write ` : …` behind it", ""},
		"member.points > 3 then true":               {"write c ? a : b", ""},
		"case when member.points > 3 then true end": {"write c ? a : b", ""},
		"True":                                   {"write `true`", "true"},
		"member.points > 3 and TRUE":             {"write `true`", "member.points > 3 and true"},
		"member.nickname == NULL":                {"write `nil`", "member.nickname == nil"},
		"member.nickname == none":                {"write `nil`", ""},
		"length(member.tags) > 3":                {"write len(member.tags)", ""},
		"member.tags.length > 3":                 {"write len(member.tags)", ""},
		"member.tags has \"vip\"":                {"\"vip\" in member.tags", ""},
		"has_tag(\"vip\")":                       {"write \"vip\" in member.tags", ""},
		"any(member.tags, \"vip\")":              {"write \"vip\" in member.tags", ""},
		"in_segment(dormant)":                    {"write in_segment(\"dormant\")", "in_segment(\"dormant\")"},
		"now() - member.created_at > \"3d\"":     {"duration(\"72h\")", ""},
		"member.points > \"3\"":                  {"without quotes: 3", ""},
		"member.points == 三":                     {"write `3`", ""},
		"member.points > 3。":                     {"leave it out", "member.points > 3"},
		"member.points > 3)":                     {"leave it out", ""},
		"member.points > 3, member.vip":          {"joined by `and` or `or`", ""},
		"member->points > 3":                     {"write `.`", "member.points > 3"},
		"member.points++ > 3":                    {"changes nothing", ""},
		"member.points not > 3":                  {"write `<=`", ""},
		"round(member.points / 3, 2) > 3":        {"* 100) / 100", ""},
		"rand() < 0.5":                           {"bucket(100) < 50", ""},
		"member.nickname.startsWith(\"a\")":      {"member.nickname startsWith \"a\"", ""},
		"contains(member.nickname, \"a\")":       {"stands between two values", ""},
		"substr(member.nickname, 0, 1) == \"a\"": {"member.nickname[0:3]", ""},
		"member.nickname =~ \"a\"":               {"write `matches`", ""},
		"datediff(now(), member.created_at) > 3": {"days_between(a, b)", ""},
		"sum(events(\"order.paid\").amount) > 3": {"map(events(\"order.paid\"), .amount)", ""},
		"nobody_has_this(3)":                     {"there is abs", ""},
	} {
		t.Run(wrote, func(t *testing.T) {
			playbook := func(condition string) string {
				return "id: a\nstage: retention\ntrigger: {event: cart.updated}\ncondition: " + condition +
					"\nactions: [{tag: x}]\n"
			}
			fixed := want.fixed
			if fixed != "" {
				fixed = playbook(fixed)
			}
			answersForeignSyntax(t, playbook(wrote), want.says, fixed)
		})
	}
}
