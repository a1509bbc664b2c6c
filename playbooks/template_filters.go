package playbooks

import (
	"fmt"
	"slices"

	"github.com/usher-run/usher/playbooks/text"
)

// filterTakes says what a filter takes before its bar or behind its colon.
type filterTakes int

const (
	takesAny filterTakes = iota
	takesText
	takesNumber
	takesInt
	takesTime
	takesList
	takesListOrText
	takesFormat // a date format
	takesField  // the name of a field of the list's items
)

var takesNames = [...]string{"anything", "a text", "a number", "a whole number", "a time", "a list", "a list or a text", "a date format", "the name of a field"}

func (k filterTakes) String() string { return takesNames[k] }

// filterArg is an argument of a filter.
type filterArg struct {
	name     string
	takes    filterTakes
	optional bool
}

// textFilter declares a filter once: the checker reads its types, editors and the reference its words.
type textFilter struct {
	name, doc string
	in        filterTakes
	needs     bool // a missing value would fail or count as 0
	args      []filterArg
	named     []string                                  // names that may stand before arguments
	gives     func(c *textTyper, f filterUse) textValue // nil: a text
}

// filterUse is a filter with what it is given.
type filterUse struct {
	in   textValue
	args []textValue
	at   *text.Filter
}

func arg(name string, takes filterTakes) filterArg { return filterArg{name, takes, false} }
func opt(name string, takes filterTakes) filterArg { return filterArg{name, takes, true} }
func args(list ...filterArg) []filterArg           { return list }

// textFilters are the filters of the language: those of the library that are bounded and look at no clock, and a few of our own.
var textFilters = []textFilter{
	{name: "abs", doc: "the number without its sign", in: takesNumber, needs: true, gives: givesSame},
	{name: "add_days", doc: "the same wall clock so many days later, in the member's zone", in: takesTime, args: args(arg("days", takesInt)), gives: givesTime},
	{name: "append", doc: "the text with another behind it", in: takesText, args: args(arg("text", takesText))},
	{name: "at_least", doc: "the number, or the limit when it is less", in: takesNumber, needs: true, args: args(arg("limit", takesNumber)), gives: givesNumber},
	{name: "at_most", doc: "the number, or the limit when it is more", in: takesNumber, needs: true, args: args(arg("limit", takesNumber)), gives: givesNumber},
	{name: "capitalize", doc: "the first letter large, the others small", in: takesText},
	{name: "ceil", doc: "the next whole number up", in: takesNumber, needs: true, gives: givesInt},
	{name: "compact", doc: "the list without what is missing", in: takesList, gives: givesPresent},
	{name: "concat", doc: "two lists in one", in: takesList, args: args(arg("list", takesList)), gives: givesSame},
	{name: "date", doc: "the time as text, by a format as %Y-%m-%d %H:%M", in: takesTime, args: args(opt("format", takesFormat)), gives: givesDate},
	{name: "default", doc: "another value when this one is missing, false or empty", in: takesAny, args: args(arg("value", takesAny)), named: []string{"allow_false"}, gives: givesDefault},
	{name: "divided_by", doc: "the quotient; two whole numbers give a whole number", in: takesNumber, needs: true, args: args(arg("number", takesNumber)), gives: givesQuotient},
	{name: "downcase", doc: "the text in small letters", in: takesText},
	{name: "escape", doc: "the text with HTML's own characters escaped", in: takesText},
	{name: "escape_once", doc: "the same, but what is escaped already stays", in: takesText},
	{name: "first", doc: "the first item; may be missing", in: takesList, gives: givesItem},
	{name: "floor", doc: "the next whole number down", in: takesNumber, needs: true, gives: givesInt},
	{name: "join", doc: "the items as one text, with something between them", in: takesList, args: args(opt("between", takesText))},
	{name: "json", doc: "the value as JSON", in: takesAny},
	{name: "last", doc: "the last item; may be missing", in: takesList, gives: givesItem},
	{name: "lstrip", doc: "the text without blanks at its start", in: takesText},
	{name: "map", doc: "one field of every item", in: takesList, args: args(arg("field", takesField)), gives: givesFields},
	{name: "minus", doc: "the difference", in: takesNumber, needs: true, args: args(arg("number", takesNumber)), gives: givesNumber},
	{name: "modulo", doc: "the rest of a division", in: takesNumber, needs: true, args: args(arg("number", takesNumber)), gives: givesQuotient},
	{name: "money", doc: "the number with two decimals, as a price", in: takesNumber, gives: givesMoney},
	{name: "newline_to_br", doc: "line breaks as <br />", in: takesText},
	{name: "plus", doc: "the sum of two numbers", in: takesNumber, needs: true, args: args(arg("number", takesNumber)), gives: givesNumber},
	{name: "pluralize", doc: "the first word for 1, else the second", in: takesNumber, needs: true, args: args(arg("one", takesText), arg("many", takesText))},
	{name: "prepend", doc: "the text with another before it", in: takesText, args: args(arg("text", takesText))},
	{name: "remove", doc: "the text without each such part", in: takesText, args: args(arg("part", takesText))},
	{name: "remove_first", doc: "the text without the first such part", in: takesText, args: args(arg("part", takesText))},
	{name: "remove_last", doc: "the text without the last such part", in: takesText, args: args(arg("part", takesText))},
	{name: "replace", doc: "the text with each such part replaced", in: takesText, args: args(arg("part", takesText), arg("by", takesText))},
	{name: "replace_first", doc: "the text with the first such part replaced", in: takesText, args: args(arg("part", takesText), arg("by", takesText))},
	{name: "replace_last", doc: "the text with the last such part replaced", in: takesText, args: args(arg("part", takesText), arg("by", takesText))},
	{name: "reverse", doc: "the list from its end", in: takesList, gives: givesSame},
	{name: "round", doc: "the nearest whole number, or with so many decimals", in: takesNumber, needs: true, args: args(opt("decimals", takesInt)), gives: givesRounded},
	{name: "rstrip", doc: "the text without blanks at its end", in: takesText},
	{name: "size", doc: "how many items a list has, or characters a text", in: takesListOrText, gives: givesInt},
	{name: "slice", doc: "so many items or characters from a place on; counted from 0, or from the end by a negative number", in: takesListOrText, needs: true, args: args(arg("from", takesInt), opt("count", takesInt)), gives: givesSame},
	{name: "sort", doc: "the list in order, of objects by a field", in: takesList, args: args(opt("field", takesField)), gives: givesSame},
	{name: "sort_natural", doc: "the same, small and large letters alike", in: takesList, args: args(opt("field", takesField)), gives: givesSame},
	{name: "split", doc: "the parts of a text between separators", in: takesText, args: args(arg("between", takesText)), gives: givesParts},
	{name: "strip", doc: "the text without blanks at its ends", in: takesText},
	{name: "strip_html", doc: "the text without HTML's tags", in: takesText},
	{name: "strip_newlines", doc: "the text without line breaks", in: takesText},
	{name: "sum", doc: "the sum of the items, of objects that of a field", in: takesList, args: args(opt("field", takesField)), gives: givesSum},
	{name: "times", doc: "the product", in: takesNumber, needs: true, args: args(arg("number", takesNumber)), gives: givesNumber},
	{name: "truncate", doc: "the first characters, with … behind them; 50 when not said", in: takesText, args: args(opt("characters", takesInt), opt("behind", takesText))},
	{name: "truncatewords", doc: "the first words, with … behind them; 15 when not said", in: takesText, args: args(opt("words", takesInt), opt("behind", takesText))},
	{name: "uniq", doc: "the list without repeats", in: takesList, gives: givesSame},
	{name: "upcase", doc: "the text in capitals", in: takesText},
	{name: "url_decode", doc: "the text of a part of an address", in: takesText},
	{name: "url_encode", doc: "the text as it may stand in an address", in: takesText},
	{name: "where", doc: "the items whose field has the value, or is true", in: takesList, args: args(arg("field", takesField), opt("value", takesAny)), gives: givesSame},
}

// filterNamed gives the declaration of a filter, or nil.
func filterNamed(name string) *textFilter {
	if i := slices.IndexFunc(textFilters, func(f textFilter) bool { return f.name == name }); i >= 0 {
		return &textFilters[i]
	}
	return nil
}

// filterNames returns the names of all filters.
func filterNames() []string {
	out := make([]string, len(textFilters))
	for i := range textFilters {
		out[i] = textFilters[i].name
	}
	return out
}

// usage shows how the filter is written.
func (f *textFilter) usage() string {
	s := "| " + f.name
	for i, a := range f.args {
		sep := ", "
		if i == 0 {
			sep = ": "
		}
		if a.optional {
			s += "[" + sep + a.name + "]"
		} else {
			s += sep + a.name
		}
	}
	return s
}

func (f *textFilter) least() int {
	return len(slices.DeleteFunc(slices.Clone(f.args), func(a filterArg) bool { return a.optional }))
}

// count says how many arguments the filter takes.
func (f *textFilter) count() string {
	least, most := f.least(), len(f.args)
	switch {
	case most == 0:
		return "no argument"
	case least == most && most == 1:
		return "1 argument"
	case least == most:
		return fmt.Sprintf("%d arguments", most)
	case least == 0 && most == 1:
		return "1 argument or none"
	}
	return fmt.Sprintf("%d to %d arguments", least, most)
}

func givesSame(_ *textTyper, f filterUse) textValue { return textValue{t: f.in.t, mixed: f.in.mixed} }

func givesInt(*textTyper, filterUse) textValue { return textValue{t: Int} }

func givesTime(_ *textTyper, f filterUse) textValue {
	t := f.in.t
	if !isTime(t) {
		t = Datetime
		if f.in.t.Optional {
			t = t.AsOptional()
		}
	}
	return textValue{t: t}
}

// givesNumber gives an int when all are ints.
func givesNumber(_ *textTyper, f filterUse) textValue {
	for _, v := range append([]textValue{f.in}, f.args...) {
		if v.t.Kind != KindInt {
			return textValue{t: Number}
		}
	}
	return textValue{t: Int}
}

func givesRounded(_ *textTyper, f filterUse) textValue {
	if len(f.args) == 0 || f.in.t.Kind == KindInt {
		return textValue{t: Int}
	}
	return textValue{t: Number}
}

func givesPresent(_ *textTyper, f filterUse) textValue {
	if f.in.t.Kind != KindList || f.in.t.Elem == nil {
		return textValue{t: f.in.t}
	}
	return textValue{t: ListOf(f.in.t.Elem.Required())}
}

func givesItem(_ *textTyper, f filterUse) textValue {
	if f.in.t.Kind != KindList || f.in.t.Elem == nil {
		return textValue{t: Any}
	}
	return textValue{t: f.in.t.Elem.AsOptional()}
}

func givesParts(*textTyper, filterUse) textValue { return textValue{t: ListOf(String)} }

// itemField gives the type of a field of a list's items, when both are known.
func itemField(f filterUse) *Type {
	if len(f.args) == 0 || f.in.t.Kind != KindList || f.in.t.Elem == nil {
		return Any
	}
	name, ok := f.args[0].literal.(string)
	if t, known := f.in.t.Elem.Field(name); ok && known && t != nil {
		return t
	}
	return Any
}

func givesFields(_ *textTyper, f filterUse) textValue { return textValue{t: ListOf(itemField(f))} }

func givesSum(c *textTyper, f filterUse) textValue {
	t := itemField(f)
	if len(f.args) == 0 && f.in.t.Kind == KindList && f.in.t.Elem != nil {
		t = f.in.t.Elem
	}
	switch t.Kind {
	case KindInt:
		return textValue{t: Int}
	case KindAny, KindNumber:
		return textValue{t: Number}
	}
	c.error("type-mismatch", f.at.Name.Span, "`sum` takes a list of numbers, this is a list of "+t.Required().String(), "as in | sum: 'field'")
	return textValue{t: Number}
}

func givesDefault(_ *textTyper, f filterUse) textValue {
	if len(f.args) == 0 {
		return f.in
	}
	return eitherOf(textValue{t: f.in.t.Required(), mixed: f.in.mixed, numeral: f.in.numeral, sign: f.in.sign}, f.args[0])
}

// eitherOf gives what may be the one or the other.
func eitherOf(a, b textValue) textValue {
	optional := a.t.Optional || b.t.Optional
	out := textValue{t: a.t.Required(), mixed: a.mixed || b.mixed, numeral: a.numeral && b.numeral, sign: a.sign & b.sign, divides: a.divides}
	if out.divides == nil {
		out.divides = b.divides
	}
	switch {
	case b.t.Kind == KindNil:
	case a.t.Kind == KindNil:
		out.t = b.t.Required()
	case isNumeric(a.t) && isNumeric(b.t) && a.t.Kind != b.t.Kind:
		out.t = Number
	case a.t.Kind != b.t.Kind:
		out.mixed = out.mixed || a.t.Kind != KindAny && b.t.Kind != KindAny
		out.t = Any
	case a.t.Kind == KindString && !slices.Equal(a.t.Enum, b.t.Enum):
		out.t = String
	}
	if optional {
		out.t = out.t.AsOptional()
	}
	return out
}

// givesDate gives a text, missing when the time is; one of digits alone may be calculated with.
func givesDate(c *textTyper, f filterUse) textValue {
	format, ok := "%Y-%m-%d", true
	if len(f.args) > 0 {
		format, ok = f.args[0].literal.(string)
	}
	v := textValue{t: String, numeral: ok && numeralFormat.MatchString(format)}
	if c.missing(f.in) {
		v.t = v.t.AsOptional()
	}
	return v
}
