package text

import (
	"strings"
	"testing"
	"time"
)

// TestWorkIsBounded: a text that keeps the machine busy fails, whether it prints or not, at the
// same step everywhere.
func TestWorkIsBounded(t *testing.T) {
	loops := func(body string) string {
		return "{% for a in (1..500) %}{% for b in (1..500) %}" + body + "{% endfor %}{% endfor %}"
	}
	grown := `{% assign x = "0123456789abcdef" %}` + strings.Repeat("{% assign x = x | append: x %}", 11)
	for name, text := range map[string]string{
		"nothing":         loops(""),
		"an assignment":   loops("{% assign x = a %}"),
		"trimmed":         "{%- for a in (1..500) -%} {%- for b in (1..500) -%} {% assign x = b %} {%- endfor -%} {%- endfor -%}",
		"one after other": strings.Repeat("{% for a in (1..500) %}{% assign x = a | plus: 1 | minus: 1 %}{% endfor %}", 40),
		"replace":         grown + loops(`{% assign y = x | replace: "0", "1" %}`),
		"append":          grown + loops(`{% assign y = x | append: "" %}`),
		"strip_html":      grown + loops(`{% assign y = x | strip_html %}`),
		"split and sort":  grown + loops(`{% assign y = x | slice: 0, 400 | split: "" | sort | uniq %}`),
		"contains":        grown + loops(`{% if x contains "zz" %}{% endif %}`),
		"many branches":   grown + loops("{% if a == 0 %}"+strings.Repeat(`{% elsif x contains "zz" %}`, 500)+"{% endif %}"),
		"case":            loops("{% case a %}" + strings.Repeat("{% when 0 %}", 500) + "{% endcase %}"),
	} {
		sc := textScope()
		sc.Running = true // the checker would say that they print nothing
		tpl, diags := ParseTemplate("", text, nil, sc)
		if len(diags) > 0 {
			t.Errorf("%s: %.500v", name, diags)
			continue
		}
		began := time.Now()
		_, err := tpl.Render(map[string]any{})
		if err == nil || !strings.Contains(err.Error(), "too much work") {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(began); took > 20*time.Second { // a machine that has other things to do
			t.Errorf("%s took %s", name, took)
		}
		t.Log(name, time.Since(began))
	}
}

// TestWorkOfOrdinaryTexts: what people write is far from the bound, and reads as without the count.
func TestWorkOfOrdinaryTexts(t *testing.T) {
	for text, want := range map[string]string{
		"{% for a in (1..500) %}{{ a | plus: 1 }}{% endfor %}":                             "",
		"a {%- for i in (1..3) -%} {{ i }}, {%- endfor %} b":                               "a1,2,3, b",
		"a {% for i in (1..2) %} {{ i }} {% endfor %} b":                                   "a  1  2  b",
		"{% for i in (1..9) -%}\n{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}": "12",
		"{% raw %}{% for %}{{ {% endraw %}{% for i in (1..2) %}x{% endfor %}":              "{% for %}{{ xx",
		"{% comment %}{% for %}{% endcomment %}{% for i in (1..2) %}y{% endfor %}":         "yy",
	} {
		tpl, diags := ParseTemplate("", text, nil, textScope())
		if len(diags) > 0 {
			t.Errorf("%s: %v", text, diags)
			continue
		}
		got, err := tpl.Render(map[string]any{})
		if err != nil || want != "" && got != want {
			t.Errorf("%s: %q, %v; want %q", text, got, err, want)
		}
	}
}
