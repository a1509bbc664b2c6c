package text

import (
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/playbooks/schema"
	"pgregory.net/rapid"
)

// TestGuardedDivisionsPass holds that each way of guarding a division is seen.
func TestGuardedDivisionsPass(t *testing.T) {
	for _, src := range []string{
		"{{ 10 | divided_by: 3 }}{{ 10 | modulo: -3 }}{{ 10 | divided_by: 0.5 }}",
		"{{ 10 | divided_by: member.int | default: 0 }}",
		"{{ 10 | modulo: member.int_or_none | default: 0 | plus: 1 }}",
		"{{ 10 | divided_by: member.number | money | default: '-' }}",
		"{% if member.int != 0 %}{{ 10 | divided_by: member.int }}{% endif %}",
		"{% if member.int > 0 %}{{ 10 | modulo: member.int }}{% endif %}",
		"{% if member.int < 0 %}{{ 10 | divided_by: member.int }}{% endif %}",
		"{% if member.int == 3 %}{{ 10 | divided_by: member.int }}{% endif %}",
		"{% if 0 < member.int_or_none %}{{ 10 | divided_by: member.int_or_none }}{% endif %}",
		"{% if member.int_or_none >= 1 and member.number > 0 %}{{ 10 | divided_by: member.int_or_none | divided_by: member.number }}{% endif %}",
		"{% if member.int == 0 %}-{% else %}{{ 10 | divided_by: member.int }}{% endif %}",
		"{% if member.int == 0 %}-{% elsif member.bool %}{{ 10 | divided_by: member.int }}{% endif %}",
		"{% unless member.int == 0 %}{{ 10 | divided_by: member.int }}{% endunless %}",
		"{% case member.int %}{% when 0 %}-{% when 2 %}{{ 10 | divided_by: member.int }}{% else %}{{ 10 | divided_by: member.int }}{% endcase %}",
		"{% assign x = 10 | divided_by: member.int %}{{ x | default: 1 }}{% if x %}{{ x }}{% endif %}",
		"{% assign n = member.list | size %}{% if n > 0 %}{{ 10 | divided_by: n }}{% endif %}",
		"{% if member.list.size > 0 %}{{ 10 | divided_by: member.list.size }}{% endif %}",
		"{% assign n = member.list | size | plus: 1 %}{{ 10 | divided_by: n }}",
		"{% assign n = member.int | at_least: 1 %}{{ 10 | divided_by: n }}",
		"{% for i in member.list %}{{ 10 | divided_by: forloop.index }}{{ forloop.index0 | divided_by: forloop.length }}{% endfor %}",
		"{% if member.int > 0 %}{% for i in member.list %}{{ 10 | divided_by: member.int }}{% endfor %}{% endif %}",
	} {
		if _, diags := ParseTemplate("", src, nil, propertyScope()); len(diags) > 0 {
			t.Errorf("%s: %v", src, diags)
		}
	}
}

// drawDivisor draws a divisor and what stands around the division: the dot is the place of the
// division.
func drawDivisor(t *rapid.T) (divisor, around string) {
	divisor = rapid.SampledFrom([]string{
		"member.int", "member.int_or_none", "member.number", "member.number_or_none",
		"member.list.size", "member.points", "n",
	}).Draw(t, "divisor")
	around = "·"
	for range rapid.IntRange(0, 2).Draw(t, "guards") {
		other := rapid.SampledFrom([]string{divisor, divisor, "member.int", "0", "1", "-1", "0.5"}).Draw(t, "other")
		test := divisor + rapid.SampledFrom([]string{" != ", " > ", " >= ", " < ", " <= ", " == "}).Draw(t, "operator") +
			other
		if rapid.Bool().Draw(t, "turned") {
			test = other + rapid.SampledFrom([]string{" != ", " > ", " >= ", " < ", " <= ", " == "}).Draw(t, "operator") +
				divisor
		}
		if rapid.IntRange(0, 3).Draw(t, "two") == 0 {
			test += rapid.SampledFrom([]string{" and ", " or "}).Draw(t, "joint") + "member.bool"
		}
		switch rapid.IntRange(0, 4).Draw(t, "guard") {
		case 0, 1:
			around = "{% if " + test + " %}" + around + "{% endif %}"
		case 2:
			around = "{% if " + test + " %}{% else %}" + around + "{% endif %}"
		case 3:
			around = "{% unless " + test + " %}" + around + "{% endunless %}"
		case 4:
			around = "{% for i in member.list %}" + around + "{% assign n = n | minus: 1 %}{% endfor %}"
		}
	}
	start := rapid.SampledFrom([]string{
		"member.int", "member.list | size", "2", "0", "member.int | at_least: 1",
		"member.int | abs", "member.int | default: 1", "member.list | size | plus: 1",
	}).Draw(t, "start")
	return divisor, "{% assign n = " + start + " %}" + around
}

// TestPassedDivisionsGiveANumber holds that where check lets a division through, something stands
// there whatever the data.
func TestPassedDivisionsGiveANumber(t *testing.T) {
	sound := 0
	rapid.Check(t, func(t *rapid.T) {
		divisor, around := drawDivisor(t)
		division := rapid.SampledFrom([]string{
			"{{ 10 | divided_by: · }}", "{{ 10 | modulo: · }}", "{% assign q = 7 | divided_by: · %}{{ q }}",
			"{{ 7 | divided_by: · | money }}",
			"{{ 10 | divided_by: · | default: 1 }}",
		}).Draw(t, "division")
		src := strings.Replace(around, "·", "<"+strings.Replace(division, "·", divisor, 1)+">", 1)
		scope := propertyScope()
		tpl, diags := ParseTemplate("", src, nil, scope)
		if slicesHasError(diags) {
			return
		}
		sound++
		for range 20 {
			member := drawValue(t, schema.ObjectOf(textAttributes...)).(map[string]any)
			member["int"], member["points"] = rapid.IntRange(-2, 2).Draw(t, "int"), rapid.IntRange(0, 2).Draw(t, "points")
			out, err := tpl.Render(map[string]any{
				"member": member, "trigger": map[string]any{}, "actions": map[string]any{},
				"now": time.Unix(1.8e9, 0).UTC(),
			})
			if err != nil || strings.Contains(out, "<>") {
				t.Fatalf("%s\nwith %v gives %q %v", src, member, out, err)
			}
		}
	})
	if sound == 0 {
		t.Error("no division passed")
	}
}
