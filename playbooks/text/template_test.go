package text

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/osteele/liquid"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
)

// textScope is what a text sees in these tests.
func textScope() *scope.Scope {
	s := &playbooks.Schema{
		Attributes: []playbooks.Attribute{
			{Name: "nickname", Type: schema.String.AsOptional()},
			{Name: "birthday", Type: schema.Date.AsOptional()},
			{Name: "level", Type: &schema.Type{Kind: schema.KindString, Enum: []string{"silver", "gold"}}},
		},
		Timezone: time.UTC,
	}
	items := schema.ListOf(schema.ObjectOf(schema.Field{Name: "sku", Type: schema.String},
		schema.Field{Name: "qty", Type: schema.Int}))
	return &scope.Scope{
		Schema: s,
		Trigger: schema.ObjectOf(schema.Field{Name: "total", Type: schema.Number}, schema.Field{Name: "items", Type: items},
			schema.Field{Name: "time", Type: schema.Datetime}),
		Actions: []scope.ActionResult{
			{ID: "gift", Type: schema.ObjectOf(schema.Field{Name: "code", Type: schema.String.AsOptional()},
				schema.Field{Name: "codes", Type: schema.ListOf(schema.String).AsOptional()})},
			{ID: "pass", Type: schema.ObjectOf(schema.Field{Name: "expires_at", Type: schema.Datetime},
				schema.Field{Name: "day", Type: schema.Date}, schema.Field{Name: "sum", Type: schema.Number})},
		},
		Later: map[string]bool{"later": true},
	}
}

func parseText(t testing.TB, text string) *playbooks.Template {
	t.Helper()
	tpl, diags := ParseTemplate("", text, nil, textScope())
	if tpl == nil {
		t.Fatalf("%q: %v", text, diags)
	}
	return tpl
}

func textVars() map[string]any {
	shanghai := time.FixedZone("CST", 8*3600)
	return map[string]any{
		"member": map[string]any{
			"id": "m1", "nickname": "小王", "level": "gold", "tags": []any{"a", "b"},
			"birthday": time.Date(1990, 5, 1, 0, 0, 0, 0, time.UTC), "created_at": time.Date(2026, 3, 28, 9, 5, 7, 0, shanghai),
		},
		"trigger": map[string]any{
			"total": 40.5, "time": time.Date(2026, 3, 28, 9, 5, 0, 0, shanghai),
			"items": []any{map[string]any{"sku": "x", "qty": 2}},
		},
		"actions": map[string]map[string]any{"pass": {
			"expires_at": time.Date(2026, 4, 1, 10, 0, 7, 0, shanghai), "day": time.Date(2026, 4, 1, 0, 0, 0, 0, shanghai),
			"sum": 1e21,
		}},
		"now": time.Date(2026, 3, 29, 9, 5, 0, 0, shanghai),
	}
}

func TestTemplateRender(t *testing.T) {
	for text, want := range map[string]string{
		"你好 {{ member.nickname }}":                                                                       "你好 小王",
		"{{ actions.gift.code }}|":                                                                       "|",
		"{{ actions.gift.code | default: '无' }}":                                                         "无",
		"{{ trigger.total }} 元":                                                                          "40.5 元",
		"{{ member.birthday }} {{ member.created_at }}":                                                  "1990-05-01 2026-03-28 09:05",
		"{{ actions.pass.expires_at }} {{ actions.pass.day }} {{ actions.pass.sum }}":                    "2026-04-01 10:00 2026-04-01 1000000000000000000000",
		"{{ member.created_at | date: '%d.%m.%Y' }}":                                                     "28.03.2026",
		"{% for i in trigger.items %}{{ i.sku }}×{{ i.qty }}{% endfor %}":                                "x×2",
		"{% if member.level == 'gold' %}金{% else %}银{% endif %}":                                         "金",
		"{% assign n = member.nickname | append: '!' %}{{ n }}":                                          "小王!",
		"{{ member.tags | join: ',' }} {{ member.tags.size }}":                                           "a,b 2",
		"{% for i in (1..3) %}{{ i }}{% endfor %}":                                                       "123",
		"{% raw %}{{ nobody }}{% endraw %}":                                                              "{{ nobody }}",
		"{{ 'a,b' | split: ',' | first }}":                                                               "a",
		"{%- comment -%}{{ nobody }}{%- endcomment -%}x":                                                 "x",
		"{{ \"a\" | replace: 'a', 'bb' }}":                                                               "bb",
		"a { b % c } 100%":                                                                               "a { b % c } 100%",
		"{% case member.level %}{% when 'gold' %}g{% else %}-{% endcase %}":                              "g",
		"{{ member.created_at | date: '%Y' | plus: 1 }}":                                                 "2027",
		"{% if true or false and false %}yes{% else %}no{% endif %}":                                     "yes",
		"{% if true and false and false or true %}yes{% else %}no{% endif %}":                            "no",
		"{% if (true and false and false) or true %}yes{% else %}no{% endif %}":                          "yes",
		"{% if false and true or true %}yes{% else %}no{% endif %}":                                      "no",
		"{% if actions.gift.code == blank %}y{% endif %}{% if actions.gift.code == empty %}y{% endif %}": "y",
		"{% if member.nickname != blank and member.nickname != empty %}y{% endif %}":                     "y",
		"{% assign s = ' ' %}{% if s == blank %}b{% endif %}{% if s == empty %}e{% endif %}":             "b",
		"{{ member.nickname.size }}{{ member.nickname | size }}":                                         "22",
		"{% if member.birthday < now and trigger.time < now %}y{% endif %}":                              "y",
		"{% if member.birthday == member.birthday %}y{% endif %}":                                        "y",
		"{{ now | add_days: 3 }} {{ now | add_days: -1 | date: '%d' }}":                                  "2026-04-01 09:05 28",
		"{% for x in actions.gift.codes %}x{% else %}none{% endfor %}":                                   "none",
		"{% for x in member.tags limit: 1 %}{{ x }}{% else %}none{% endfor %}":                           "a",
		"{% capture x %}{{ member.nickname }}!{% endcapture %}{{ x }}{{ x | upcase }}":                   "小王!小王!",
		"a {%- if member.nickname -%} b {%- endif -%} c":                                                 "abc",
		"a {%- if member.nickname == 'x' -%} b {%- endif -%} c":                                          "ac",
		"a {% if member.nickname == 'x' -%} b {%- endif %} c":                                            "a  c",
	} {
		got, err := parseText(t, text).Render(textVars())
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestHTMLIsEscaped(t *testing.T) {
	for text, want := range map[string]string{
		"<b>{{ member.nickname }}</b>":                                       "<b>&lt;i&gt;\n&amp;</b>",
		"{{ member.nickname | escape }}":                                     "&lt;i&gt;\n&amp;",
		"{{ member.nickname | newline_to_br | upcase }}":                     "&lt;I&gt;<br />\n&amp;",
		"{% assign x = member.nickname | escape_once %}{{ x }}":              "&lt;i&gt;\n&amp;",
		"{{ member.tags }}{{ trigger.total }}":                               "ab40.5",
		"{% capture x %}<b>{{ member.nickname }}</b>{% endcapture %}{{ x }}": "<b>&lt;i&gt;\n&amp;</b>",
	} {
		tpl, diags := Compile(playbooks.Template{Text: text, HTML: true}, nil, textScope())
		if len(diags) > 0 {
			t.Fatalf("%s: %v", text, diags)
		}
		vars := textVars()
		vars["member"].(map[string]any)["nickname"] = "<i>\n&"
		if got, err := tpl.Render(vars); err != nil || got != want {
			t.Errorf("%s: got %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestTemplateRefs(t *testing.T) {
	tpl := parseText(t, "{{ member.nickname }}{{ member.nickname }}{{ member.level }}{{ actions.gift.code }}{% for x in member.tags %}{{ x }}{% endfor %}")
	if want := []string{"level", "nickname", "tags"}; !slices.Equal(tpl.Refs.Attributes, want) {
		t.Errorf("attributes: got %v, want %v", tpl.Refs.Attributes, want)
	}
	if want := []string{"gift"}; !slices.Equal(tpl.Refs.Actions, want) {
		t.Errorf("actions: got %v, want %v", tpl.Refs.Actions, want)
	}
}

func TestTemplateMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"{{ member.nicknme }}":                                  "unknown-variable",
		"{{ nickname }}":                                        "unknown-variable",
		"{{ event.total }}":                                     "unknown-variable",
		"{{ actions.later.code }}":                              "unknown-variable",
		"{{ actions.gift.cod }}":                                "unknown-variable",
		"{{ trigger.items.sku }}":                               "unknown-variable",
		"{{ trigger.items[0].sk }}":                             "unknown-variable",
		"{% for i in trigger.items %}{{ i.nope }}{% endfor %}":  "unknown-variable",
		"{{ i }}{% for i in trigger.items %}{% endfor %}":       "unknown-variable",
		"{{ member[trigger.total] }}":                           "template-syntax",
		"{{ now | date: '%Y' | nope }}":                         "unknown-filter",
		"{{ member.nickname | inspect }}":                       "unknown-filter",
		"{{ }}":                                                 "template-syntax",
		"{{ member.nickname":                                    "template-syntax",
		"{{ member.nickname\n}}":                                "template-syntax",
		"{% if %}x{% endif %}":                                  "template-syntax",
		"{% if member.nickname %}x":                             "template-syntax",
		"{% endif %}":                                           "template-syntax",
		"{% else %}":                                            "template-syntax",
		"{% capture x %}{% endcapture %}":                       "empty-text",
		"{% capture x y %}z{% endcapture %}":                    "template-syntax",
		"{% include 'x' %}":                                     "template-syntax",
		"{% for %}{% endfor %}":                                 "template-syntax",
		"{% for i in (1..100000) %}{% endfor %}":                "template-syntax",
		"{% for i in (1..trigger.total) %}{% endfor %}":         "template-syntax",
		"{% assign member = 1 %}":                               "template-syntax",
		"{{ member.nickname | }}":                               "template-syntax",
		"{{ 'abc }}":                                            "template-syntax",
		"{{ 99999999999999999999 }}":                            "template-syntax",
		"{% comment %}":                                         "template-syntax",
		"{% %}":                                                 "template-syntax",
		"{{ member.nickname | default: nobody }}":               "unknown-variable",
		"{% if member.level == 'gold' and nobody %}{% endif %}": "unknown-variable",
		"{% for a in (1..2) %}{% for b in (1..2) %}{% for c in (1..2) %}{% endfor %}{% endfor %}{% endfor %}": "template-syntax",
	} {
		tpl, diags := ParseTemplate("", text, nil, textScope())
		if tpl != nil || len(diags) == 0 || diags[0].Code != want {
			t.Errorf("%s: got %v, want %s", text, diags, want)
		}
		if len(diags) > 1 {
			t.Errorf("%s: one cause, one mistake: %v", text, diags)
		}
	}
}

func TestTemplateIsBounded(t *testing.T) {
	for _, text := range []string{
		"{% assign s = 'xxxxxxxxxx' %}" + strings.Repeat("{% assign s = s | append: s %}", 40) + "{{ s }}",
		"{% assign s = 'xx' %}" + strings.Repeat("{% assign s = s | replace: 'x', 'xxxx' %}", 40) + "!",
		"{% capture s %}xxxxxxxxxx{% endcapture %}" + strings.Repeat("{% capture s %}{{ s }}{{ s }}{% endcapture %}", 40) +
			"!",
		"{% assign s = 'xxxxxxxxxx' %}{% capture t %}{% for i in (1..500) %}{% for j in (1..500) %}{{ s }}{% endfor %}{% endfor %}{% endcapture %}!",
		"{% assign s = '\"' %}" + strings.Repeat("{% assign s = s | json %}", 60) + "{{ s }}",
		"{% for i in (1..500) %}{% for j in (1..500) %}xxxxxxxxxxxxxxxxxxxx{% endfor %}{% endfor %}",
		"{% assign f = '%999999999d' | append: '' %}{{ member.created_at | date: f }}",
		"{% assign l = 'a,b' | split: ',' %}" + strings.Repeat("{% assign l = l | concat: l %}", 20) + "!",
	} {
		start := time.Now()
		if out, err := parseText(t, text).Render(textVars()); err == nil {
			t.Errorf("%.60s…: %d bytes and no error", text, len(out))
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%.60s…: took %s", text, took)
		}
	}
}

func TestTemplateConcurrently(t *testing.T) {
	tpl := parseText(t, "{% for t in member.tags %}{{ forloop.index }}{{ t }}{% endfor %}{% assign n = member.nickname %}{{ n }}")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				if got, err := tpl.Render(textVars()); err != nil || got != "1a2b小王" {
					t.Errorf("got %q, %v", got, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestLiquidFiltersExist holds that each filter we let pass is known to the library.
func TestLiquidFiltersExist(t *testing.T) {
	for _, engine := range []*liquid.Engine{textEngine(), htmlEngine()} {
		for _, f := range TextFilters {
			_, err := engine.ParseAndRenderString("{{ x | "+f.Name+": 1, 1 }}", map[string]any{"x": "a"})
			if err != nil && strings.Contains(err.Error(), "undefined filter") {
				t.Errorf("the library has no filter %s", f.Name)
			}
		}
	}
}
