package shapes

import (
	"maps"
	"slices"

	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/expression/foreign"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/text"
)

// FunctionDoc describes a function of expressions, for the reference.
type FunctionDoc struct {
	Name, Usage, Doc string
	Takes            string // of a filter: what stands before it
	Own              bool   // the language's own; else one of the library
}

// Functions returns every function that expressions may call: the language's own in their order,
// then the library's by name.
func Functions() []FunctionDoc {
	var out []FunctionDoc
	for _, f := range expression.Functions() {
		out = append(out, FunctionDoc{Name: f.Name, Usage: f.Usage, Doc: f.Doc, Own: true})
	}
	rules := expression.BuiltinRules()
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		out = append(out, FunctionDoc{Name: name, Usage: rules[name].Usage, Doc: builtinDocs[name]})
	}
	return out
}

// ForbiddenFunctions returns the functions of the expr library that the language leaves out, with
// the reason.
func ForbiddenFunctions() map[string]string { return maps.Clone(foreign.Forbidden) }

// LiquidTags returns what tags texts may use.
func LiquidTags() []string { return slices.Clone(text.Tags) }

// LiquidFilters describes every filter that texts may use, by name.
func LiquidFilters() []FunctionDoc {
	var out []FunctionDoc
	for i := range text.TextFilters {
		f := &text.TextFilters[i]
		out = append(out, FunctionDoc{
			Name: f.Name, Usage: f.Usage(), Doc: f.Doc, Takes: f.In.String(),
			Own: f.Name == "add_days",
		})
	}
	return out
}

// builtinDocs says in a few words what each function of the library gives.
var builtinDocs = map[string]string{
	"all":  "whether the condition holds for every item; true for an empty list",
	"any":  "whether it holds for at least one item",
	"none": "whether it holds for no item", "one": "whether it holds for exactly one item",
	"filter": "the items for which the condition holds", "count": "how many items the condition holds for",
	"find":     "the first item for which it holds; may be missing",
	"findLast": "the last item for which it holds; may be missing",
	"first":    "the first item; may be missing", "last": "the last item; may be missing",
	"reverse": "the list from its end", "take": "the first n items", "map": "a list made of one value an item",
	"len": "how many items a list has, or characters a text", "sum": "the sum of numbers; 0 for an empty list",
	"distinct":    "the different values, in the order in which they come first; missing ones are left out",
	"most_common": "the value that is there most often, of several the latest; may be missing",
	"avg":         "the average of numbers; missing for none",
	"largest":     "the item with the largest value, of several the last; may be missing",
	"smallest":    "the item with the smallest value, of several the last; may be missing",
	"min":         "the smaller of two or more numbers", "max": "the larger of two or more numbers",
	"abs": "the number without its sign", "ceil": "the next whole number up", "floor": "the next whole number down",
	"round": "the nearest whole number", "int": "the number without its fraction, as an int",
	"float":  "an int as a number",
	"string": "a number as text", "trim": "the text without blanks at its ends", "upper": "the text in capitals",
	"lower": "the text in small letters", "split": "the parts of a text between separators",
}

// CommonZones returns time zones that are often meant.
func CommonZones() []string { return slices.Clone(schema.CommonZones) }

// TypeNames returns the words for types.
func TypeNames() []string { return slices.Clone(schema.TypeNames) }
