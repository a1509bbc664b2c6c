package text

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
	"pgregory.net/rapid"
)

// textAttributes are what random texts name: of each type one that is always there and one that may
// be missing.
var textAttributes = []schema.Field{
	{Name: "text", Type: schema.String},
	{Name: "text_or_none", Type: schema.String.AsOptional()},
	{Name: "int", Type: schema.Int},
	{Name: "int_or_none", Type: schema.Int.AsOptional()},
	{Name: "number", Type: schema.Number},
	{Name: "number_or_none", Type: schema.Number.AsOptional()},
	{Name: "bool", Type: schema.Bool},
	{Name: "bool_or_none", Type: schema.Bool.AsOptional()},
	{Name: "day", Type: schema.Date},
	{Name: "day_or_none", Type: schema.Date.AsOptional()},
	{Name: "time_or_none", Type: schema.Datetime.AsOptional()},
	{Name: "enum", Type: &schema.Type{Kind: schema.KindString, Enum: []string{"silver", "gold"}}},
	{Name: "list", Type: schema.ListOf(schema.String)},
	{Name: "list_or_none", Type: schema.ListOf(schema.String).AsOptional()},
	{Name: "items", Type: schema.ListOf(schema.ObjectOf(schema.Field{Name: "n", Type: schema.Int},
		schema.Field{Name: "s", Type: schema.String.AsOptional()})).AsOptional()},
}

func propertyScope() *scope.Scope {
	s := &playbooks.Schema{Timezone: time.UTC}
	for _, f := range textAttributes {
		s.Attributes = append(s.Attributes, playbooks.Attribute{Name: f.Name, Type: f.Type})
	}
	return &scope.Scope{Schema: s, Trigger: schema.ObjectOf(schema.Field{Name: "time", Type: schema.Datetime})}
}

// drawValue draws a value of a type.
func drawValue(t *rapid.T, typ *schema.Type) any {
	if typ.Optional && rapid.Bool().Draw(t, "missing") {
		return nil
	}
	switch typ.Kind {
	case schema.KindString:
		if len(typ.Enum) > 0 {
			return rapid.SampledFrom(typ.Enum).Draw(t, "enum")
		}
		return rapid.SampledFrom([]string{"", " ", "小王", "12", "<b>", "a,b", "%Y", "now"}).Draw(t, "text")
	case schema.KindInt:
		return rapid.IntRange(-3, 400).Draw(t, "int")
	case schema.KindNumber:
		return rapid.SampledFrom([]float64{0, 1, -2.5, 39.9, 1e15}).Draw(t, "number")
	case schema.KindBool:
		return rapid.Bool().Draw(t, "bool")
	case schema.KindDate, schema.KindDatetime:
		return time.Unix(int64(rapid.IntRange(0, 2e9).Draw(t, "time")), 0).UTC()
	case schema.KindList:
		out := make([]any, rapid.IntRange(0, 3).Draw(t, "length"))
		for i := range out {
			out[i] = drawValue(t, typ.Elem)
		}
		return out
	case schema.KindObject:
		out := map[string]any{}
		for _, f := range typ.Fields {
			if v := drawValue(t, f.Type); v != nil {
				out[f.Name] = v
			}
		}
		return out
	}
	return nil
}

// drawAtom draws a variable or a constant.
func drawAtom(t *rapid.T) string {
	if rapid.IntRange(0, 3).Draw(t, "constant") == 0 {
		return rapid.SampledFrom([]string{
			"'a'", "'%Y-%m'", "'n'", "1", "0", "2.5", "true", "nil", "now", "x",
			"'2026-01-01'", "i.n", "i",
		}).Draw(t, "literal")
	}
	return "member." + rapid.SampledFrom(textAttributes).Draw(t, "attribute").Name
}

func drawFiltered(t *rapid.T) string {
	s := drawAtom(t)
	for range rapid.IntRange(0, 2).Draw(t, "filters") {
		f := rapid.SampledFrom(TextFilters).Draw(t, "filter")
		s += " | " + f.Name
		sep := ": "
		for i := range rapid.IntRange(f.least(), len(f.args)).Draw(t, "arguments") {
			a := drawAtom(t)
			if k := f.args[i].takes; k == takesField || k == takesFormat {
				a = rapid.SampledFrom([]string{"'n'", "'s'", "'%Y-%m-%d'", "'%H'"}).Draw(t, "constant")
			}
			s, sep = s+sep+a, ", "
		}
	}
	return s
}

func drawCondition(t *rapid.T) string {
	one := func() string {
		if rapid.Bool().Draw(t, "bare") {
			return drawAtom(t)
		}
		op := rapid.SampledFrom([]string{"==", "!=", "<", ">", "<=", ">=", "contains"}).Draw(t, "operator")
		right := rapid.SampledFrom([]string{drawAtom(t), "nil", "blank", "empty"}).Draw(t, "right")
		return drawAtom(t) + " " + op + " " + right
	}
	s := one()
	for range rapid.IntRange(0, 2).Draw(t, "terms") {
		s += rapid.SampledFrom([]string{" and ", " or "}).Draw(t, "joint") + one()
	}
	return s
}

// drawLiquid draws a text of a few parts. Each is checked alone before, so that not every text has
// a mistake.
func drawLiquid(t *rapid.T, depth int) string {
	var b strings.Builder
	for range rapid.IntRange(1, 3).Draw(t, "parts") {
		body := func() string {
			if depth == 0 {
				return "·"
			}
			return drawLiquid(t, depth-1)
		}
		part := ""
		switch rapid.IntRange(0, 6).Draw(t, "part") {
		case 0, 1:
			part = "{{ " + drawFiltered(t) + " }}"
		case 2:
			part = "{% if " + drawCondition(t) + " %}" + body() + "{% elsif " + drawCondition(t) + " -%} " + body() +
				"{%- else %}" + body() + "{% endif %}"
		case 3:
			part = "{% unless " + drawCondition(t) + " %}" + body() + "{% endunless %}"
		case 4:
			part = "{% for i in member." + rapid.SampledFrom([]string{"list", "list_or_none", "items"}).Draw(t, "list") +
				" %}" + body() + "{% else %}" + body() + "{% endfor %}"
		case 5:
			part = "{% assign x = " + drawFiltered(t) + " %}" + body()
		case 6:
			part = "{% case " + drawAtom(t) + " %}{% when " + drawAtom(t) + " %}" + body() + "{% endcase %}"
		}
		if _, diags := ParseTemplate("", b.String()+part, nil, propertyScope()); !slicesHasError(diags) {
			b.WriteString(part)
		}
	}
	return b.String()
}

func slicesHasError(diags []diag.Diagnostic) bool {
	for _, d := range diags {
		if d.Severity == diag.Error {
			return true
		}
	}
	return false
}

// ownReasons are errors of rendering that depend on values alone: no type could tell them
// beforehand.
var ownReasons = []string{
	"zero", "overflow", "too large", "too long", "grows beyond", "a thousand years",
	"is no number", "invalid URL escape",
}

// TestSoundTextsRender holds that a text which check lets through can be rendered whatever the
// data, missing values among it, and that it takes only branches that it has.
func TestSoundTextsRender(t *testing.T) {
	sound := 0
	rapid.Check(t, func(t *rapid.T) {
		src := drawLiquid(t, 2) + "."
		for _, html := range []bool{false, true} {
			tpl, diags := Compile(playbooks.Template{Text: src, HTML: html}, nil, propertyScope())
			if slicesHasError(diags) {
				return
			}
			sound++
			member := drawValue(t, schema.ObjectOf(textAttributes...)).(map[string]any)
			vars := map[string]any{
				"member": member, "trigger": map[string]any{}, "actions": map[string]any{},
				"now": time.Unix(1.8e9, 0).UTC(),
			}
			_, err := tpl.RenderObserved(vars, func(branch int) {
				if branch < 0 || branch >= len(tpl.Branches) {
					t.Fatalf("%s took branch %d of %d", src, branch, len(tpl.Branches))
				}
			})
			if err != nil && !containsAny(err.Error(), ownReasons) {
				t.Fatalf("%s\nwith %s: %v", src, fmt.Sprint(member), err)
			}
		}
	})
	if sound == 0 {
		t.Error("no text was sound")
	}
}

func containsAny(s string, parts []string) bool {
	for _, p := range parts {
		if strings.Contains(s, p) {
			return true
		}
	}
	return false
}
