package text

import (
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
)

// TestTextMistakes writes texts as people do who come from another language or keyboard, or who
// copied them from a page: each is answered with what to write.
func TestTextMistakes(t *testing.T) {
	trigger := schema.ObjectOf(schema.Field{Name: "total", Type: schema.Number},
		schema.Field{Name: "paid_at", Type: schema.Datetime})
	for src, says := range map[string]string{
		"{{ member.nickname or '书友' }}":              "write member.nickname | default: '书友'",
		"{{ member.points > 3 }}":                    "as in {% if member.points > 3 %}",
		"{{ member.points | round: 'a' }}":           "a number stands here",
		"{{ now | add_days: '3天' }}":                 "write 3",
		"{{ now | add_days: 3天 }}":                   "write 3",
		"{{ trigger.total | plus: 100元 }}":           "write 100",
		"{% if trigger.total > 1万 %}a{% endif %}":    "write 10000",
		"{% if trigger.total > 1.5万 %}a{% endif %}":  "write it in digits alone",
		"{% if trigger.total > 1,000 %}a{% endif %}": "write 1000",
		"{{ trigger.total * 2 }}":                    "| times: 2",
		"{{ now + 3 }}":                              "| add_days: 3",
		"{{ now() | date: '%Y' }}":                   "write now, without brackets",
		"{{ 'now' | date: '%Y' }}":                   "write now, without quotes",
		"{{ '2026/3/2' | date: '%Y' }}":              "write '2026-03-02'",
		"{{ 20260302 | date: '%Y' }}":                "write '2026-03-02'",
		"{{ now | date: 'YYYY-MM-DD' }}":             "write '%Y-%m-%d'",
		"{{ now | date: 'yyyy年MM月dd日' }}":            "write '%Y年%m月%d日'",
		"{{ now | date: '月' }}":                      "as in date: '%Y年%m月%d日'",
		"{{ user.nickname }}":                        "write member.nickname",
		"{ member.nickname }":                        "write {{ member.nickname }}",
		"${member.nickname}":                         "write {{ member.nickname }}",
		"{{member.nickname}":                         "one of its characters is missing",
		"{｛member.nickname｝}":                        "plain braces",
		"{％ if member.vip ％}a{％ endif ％}":            "write {% … %} with plain characters",
		"{％ endif ％}a":                               "write {% … %} with plain characters",
		"{% unless member.vip %}a{% elsif member.points > 1 %}b{% endunless %}": "`unless` has no `elsif` write {% else %}",
		"{% if member.vip %}a{% elseif member.points > 1 %}{% endif %}":         "write elsif",
		"{% if member.vip %}a{% endfi %}":                                       "did you mean `endif`?",
		"{% if member.vip %}a{% else member.points %}b{% endif %}":              "a further condition is {% elsif … %}",
		"{% 如果 member.vip %}a{% endif %}":                                       "write if",
		"{% if member.points 大于 3 %}a{% endif %}":                               "write `>`",
		"{%%}a":                     "nothing stands between {% and %}",
		"{% if true %}a{% endif %}": "this always holds",
		"{% for t of member.tags %}{{ t }}{% endfor %}":         "write {% for t in member.tags %}",
		"{% for t in member.tags limit 3 %}{{ t }}{% endfor %}": "write limit: 3",
		"{% foreach t in member.tags %}{{ t }}{% endfor %}":     "write for",
		"{% set x = 3 %}{{ x }}":                                "write assign",
		"{% assign x: 3 %}{{ x }}":                              "{% assign name = value %}",
		"{# 注释 #}你好":                                            "{% comment %}",
		"":                                                      "nothing would be sent",
		" \u3000\n":                                             "nothing would be sent",
		"{{ '' }}":                                              "nothing would be sent",
	} {
		_, diags := ParseTemplate("", src, nil, &scope.Scope{Schema: mistakeSchema(), Trigger: trigger})
		var errs []string
		for _, d := range diags {
			if d.Severity == diag.Error {
				errs = append(errs, d.Message+" "+d.Label)
			}
		}
		if len(errs) != 1 || !strings.Contains(errs[0], says) {
			t.Errorf("%s: got %q, want one that says %q", src, errs, says)
		}
	}
}

// TestInvisibleInTexts holds that what nobody sees is named where it would be sent, and that what
// belongs to a script or an emoji is not.
func TestInvisibleInTexts(t *testing.T) {
	for src, want := range map[string]string{
		"你好\u200b": "U+200B ZERO WIDTH SPACE",
		"你\ufeff好": "U+FEFF",
		"a\u2060b": "U+2060",
		"a\u202eb": "U+202E RIGHT-TO-LEFT OVERRIDE",
		"a\u2066b": "U+2066",
		"\u200e你好": "U+200E",
		"a\u00adb": "U+00AD SOFT HYPHEN",
		"a\u200db": "U+200D ZERO WIDTH JOINER",
		"{{ member.nickname | default: '友\u200b' }}": "U+200B",
		"\u3000你好\u3000":                             "",
		"100\u00a0元":                                 "",
		"👩\u200d💻":                                   "",
		"❤\ufe0f\u200d🔥":                             "",
		"می\u200cخواهم":                              "",
		"שלום\u200f":                                 "",
	} {
		_, diags := ParseTemplate("", src, nil, &scope.Scope{Schema: mistakeSchema()})
		got := ""
		for _, d := range diags {
			got += d.Code + ": " + d.Message
		}
		if (want == "") != (got == "") || !strings.Contains(got, want) || want != "" &&
			!strings.HasPrefix(got, "invisible-character") {
			t.Errorf("%q: got %q, want %q", src, got, want)
		}
	}
}

// mistakeSchema declares what these texts name.
func mistakeSchema() *playbooks.Schema {
	return &playbooks.Schema{Timezone: time.UTC, Attributes: []playbooks.Attribute{
		{Name: "nickname", Type: schema.String},
		{Name: "vip", Type: schema.Bool},
		{Name: "age", Type: schema.Int},
		{Name: "birthday", Type: schema.Date},
		{
			Name: "level", Type: &schema.Type{Kind: schema.KindString, Enum: []string{"bronze", "silver", "gold"}},
			Default: "bronze",
		},
	}}
}
