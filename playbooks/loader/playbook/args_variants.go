package playbook

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
)

// variants reads a list of {name, weight, text} or {name, weight, template}.
func (p *reader) variants(v *syntax.Node, step *playbooks.Step, sc *scope.Scope) {
	const what = "a variant"
	if v.Broken {
		return
	}
	if v.Kind != syntax.SequenceNode {
		p.WrongType(v, "`variants` must be a list").Label("as in - {name: warm, weight: 50, text: …}")
		return
	}
	names := map[string]*syntax.Node{}
	known, sum := len(v.Items) > 0, 0
	var weights []string
	for _, item := range v.Items {
		if !p.Mapping(item, what, "name", "weight", "text", "template") {
			known = false
			continue
		}
		variant := playbooks.Variation{}
		if name := p.Require(item, what, "name", "name: warm"); name != nil {
			variant.Name, _ = p.wayName(name, "variant", names)
			variant.Pos = name.Pos()
		}
		var ok bool
		if variant.Weight, ok = p.weight(p.Require(item, what, "weight", "weight: 50")); !ok {
			known = false
		}
		sum += int(math.Round(variant.Weight * hundredths))
		weights = append(weights, schema.FormatNumber(variant.Weight))
		p.OneOfFields(item, what, []schema.FieldSpec{{Name: "text", OneOf: "text"}, {Name: "template", OneOf: "text"}})
		switch text, template := item.Get("text"), item.Get("template"); {
		case text != nil && !text.Broken:
			variant.Field, variant.Value = "text", p.inlineText(text, "text", sc)
		case template != nil && !template.Broken:
			variant.Field, variant.Value = "template", p.template(template, sc)
		}
		step.Variants = append(step.Variants, variant)
	}
	if len(v.Items) == 0 {
		p.Error("bad-value", v.Pos(), "`variants` lists nothing")
	}
	if known && sum != 100*hundredths {
		p.Error("split-weights", v.Pos(), "the weights of variants sum to 100").
			Label(strings.Join(weights, " + ") + " = " + schema.FormatNumber(float64(sum)/hundredths))
	}
	p.varied++
	if step.Salt = step.ID; step.Salt == "" {
		step.Salt = fmt.Sprintf("#%d", p.varied)
	}
}

// withVariant gives the field `variant` of a result the names there are; an action without variants
// leaves none.
func withVariant(step *playbooks.Step, spec *schema.ActionSpec, fields []schema.Field) []schema.Field {
	if !slices.ContainsFunc(spec.Fields, func(f schema.FieldSpec) bool { return f.Kind == schema.FieldVariants }) {
		return fields
	}
	i := slices.IndexFunc(fields, func(f schema.Field) bool { return f.Name == "variant" })
	if len(step.Variants) == 0 {
		return slices.Delete(fields, i, i+1)
	}
	t := &schema.Type{Kind: schema.KindString}
	for _, variant := range step.Variants {
		t.Enum = append(t.Enum, variant.Name)
	}
	fields[i].Type = t
	return fields
}
