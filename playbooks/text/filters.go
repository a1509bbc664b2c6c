package text

import (
	"fmt"
	"slices"

	"github.com/usher-run/usher/playbooks/schema"
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
	takesEnum   // a value of an enum whose values have labels
)

var takesNames = [...]string{
	"anything", "a text", "a number", "a whole number", "a time", "a list",
	"a list or a text", "a date format", "the name of a field", "a value of an enum with labels",
}

func (k filterTakes) String() string { return takesNames[k] }

// filterArg is an argument of a filter.
type filterArg struct {
	name     string
	takes    filterTakes
	optional bool
}

// textFilter declares a filter once: the checker reads its types, editors and the reference its
// words.
type textFilter struct {
	Name, Doc string
	In        filterTakes
	needs     bool // a missing value would fail or count as 0
	args      []filterArg
	named     []string                                  // names that may stand before arguments
	gives     func(c *textTyper, f filterUse) textValue // nil: a text
}

// filterUse is a filter with what it is given.
type filterUse struct {
	in   textValue
	args []textValue
	at   *Filter
}

func arg(name string, takes filterTakes) filterArg { return filterArg{name, takes, false} }
func opt(name string, takes filterTakes) filterArg { return filterArg{name, takes, true} }
func args(list ...filterArg) []filterArg           { return list }

// TextFilters are the filters of the language: those of the library that are bounded and look at no
// clock, and a few of our own.
var TextFilters = []textFilter{
	{Name: "abs", Doc: "the number without its sign", In: takesNumber, needs: true, gives: givesSame},
	{
		Name: "add_days", Doc: "the same wall clock so many days later, in the member's zone", In: takesTime,
		args: args(arg("days", takesInt)), gives: givesTime,
	},
	{Name: "append", Doc: "the text with another behind it", In: takesText, args: args(arg("text", takesText))},
	{
		Name: "at_least", Doc: "the number, or the limit when it is less", In: takesNumber, needs: true,
		args: args(arg("limit", takesNumber)), gives: givesNumber,
	},
	{
		Name: "at_most", Doc: "the number, or the limit when it is more", In: takesNumber, needs: true,
		args: args(arg("limit", takesNumber)), gives: givesNumber,
	},
	{Name: "capitalize", Doc: "the first letter large, the others small", In: takesText},
	{Name: "ceil", Doc: "the next whole number up", In: takesNumber, needs: true, gives: givesInt},
	{Name: "compact", Doc: "the list without what is missing", In: takesList, gives: givesPresent},
	{Name: "concat", Doc: "two lists in one", In: takesList, args: args(arg("list", takesList)), gives: givesBoth},
	{
		Name: "date", Doc: "the time as text, by a format as %Y-%m-%d %H:%M; days and months are called as in the member's locale",
		In:   takesTime,
		args: args(opt("format", takesFormat)), gives: givesDate,
	},
	{
		Name: "default", Doc: "another value when this one is missing, false or empty", In: takesAny,
		args: args(arg("value", takesAny)), named: []string{"allow_false"}, gives: givesDefault,
	},
	{
		Name: "divided_by", Doc: "the quotient; two whole numbers give a whole number", In: takesNumber, needs: true,
		args: args(arg("number", takesNumber)), gives: givesQuotient,
	},
	{Name: "downcase", Doc: "the text in small letters", In: takesText},
	{Name: "escape", Doc: "the text with HTML's own characters escaped", In: takesText},
	{Name: "escape_once", Doc: "the same, but what is escaped already stays", In: takesText},
	{Name: "first", Doc: "the first item; may be missing", In: takesList, gives: givesItem},
	{Name: "floor", Doc: "the next whole number down", In: takesNumber, needs: true, gives: givesInt},
	{
		Name: "join", Doc: "the items as one text, with something between them", In: takesList,
		args: args(opt("between", takesText)),
	},
	{Name: "json", Doc: "the value as JSON", In: takesAny},
	{
		Name: "label", Doc: "the label of a value of an enum: 花期 for bloom of {enum: {bloom: 花期}}", In: takesEnum,
		gives: givesLabel,
	},
	{Name: "last", Doc: "the last item; may be missing", In: takesList, gives: givesItem},
	{Name: "lstrip", Doc: "the text without blanks at its start", In: takesText},
	{Name: "map", Doc: "one field of every item", In: takesList, args: args(arg("field", takesField)), gives: givesFields},
	{
		Name: "minus", Doc: "the difference", In: takesNumber, needs: true, args: args(arg("number", takesNumber)),
		gives: givesNumber,
	},
	{
		Name: "modulo", Doc: "the rest of a division", In: takesNumber, needs: true, args: args(arg("number", takesNumber)),
		gives: givesQuotient,
	},
	{Name: "money", Doc: "the number with two decimals, as a price", In: takesNumber, gives: givesMoney},
	{Name: "newline_to_br", Doc: "line breaks as <br />", In: takesText},
	{
		Name: "plus", Doc: "the sum of two numbers", In: takesNumber, needs: true, args: args(arg("number", takesNumber)),
		gives: givesNumber,
	},
	{
		Name: "pluralize", Doc: "the first word for 1, else the second", In: takesNumber, needs: true,
		args: args(arg("one", takesText), arg("many", takesText)),
	},
	{Name: "prepend", Doc: "the text with another before it", In: takesText, args: args(arg("text", takesText))},
	{Name: "remove", Doc: "the text without each such part", In: takesText, args: args(arg("part", takesText))},
	{Name: "remove_first", Doc: "the text without the first such part", In: takesText, args: args(arg("part", takesText))},
	{Name: "remove_last", Doc: "the text without the last such part", In: takesText, args: args(arg("part", takesText))},
	{
		Name: "replace", Doc: "the text with each such part replaced", In: takesText,
		args: args(arg("part", takesText), arg("by", takesText)),
	},
	{
		Name: "replace_first", Doc: "the text with the first such part replaced", In: takesText,
		args: args(arg("part", takesText), arg("by", takesText)),
	},
	{
		Name: "replace_last", Doc: "the text with the last such part replaced", In: takesText,
		args: args(arg("part", takesText), arg("by", takesText)),
	},
	{Name: "reverse", Doc: "the list from its end", In: takesList, gives: givesSame},
	{
		Name: "round", Doc: "the nearest whole number, or with so many decimals", In: takesNumber, needs: true,
		args: args(opt("decimals", takesInt)), gives: givesRounded,
	},
	{Name: "rstrip", Doc: "the text without blanks at its end", In: takesText},
	{Name: "size", Doc: "how many items a list has, or characters a text", In: takesListOrText, gives: givesInt},
	{Name: "slice", Doc: "so many items or characters from a place on; counted from 0, or from the end by a negative number", In: takesListOrText, needs: true, args: args(arg("from", takesInt), opt("count", takesInt)), gives: givesSame},
	{
		Name: "sort", Doc: "the list in order, of objects by a field", In: takesList, args: args(opt("field", takesField)),
		gives: givesSame,
	},
	{
		Name: "sort_natural", Doc: "the same, small and large letters alike", In: takesList,
		args: args(opt("field", takesField)), gives: givesSame,
	},
	{
		Name: "split", Doc: "the parts of a text between separators", In: takesText, args: args(arg("between", takesText)),
		gives: givesParts,
	},
	{Name: "strip", Doc: "the text without blanks at its ends", In: takesText},
	{Name: "strip_html", Doc: "the text without HTML's tags", In: takesText},
	{Name: "strip_newlines", Doc: "the text without line breaks", In: takesText},
	{
		Name: "sum", Doc: "the sum of the items, of objects that of a field", In: takesList,
		args: args(opt("field", takesField)), gives: givesSum,
	},
	{
		Name: "times", Doc: "the product", In: takesNumber, needs: true, args: args(arg("number", takesNumber)),
		gives: givesNumber,
	},
	{
		Name: "truncate", Doc: "the first characters, with … behind them; 50 when not said", In: takesText,
		args: args(opt("characters", takesInt), opt("behind", takesText)),
	},
	{
		Name: "truncatewords", Doc: "the first words, with … behind them; 15 when not said", In: takesText,
		args: args(opt("words", takesInt), opt("behind", takesText)),
	},
	{Name: "uniq", Doc: "the list without repeats", In: takesList, gives: givesSame},
	{Name: "upcase", Doc: "the text in capitals", In: takesText},
	{Name: "url_decode", Doc: "the text of a part of an address", In: takesText},
	{Name: "url_encode", Doc: "the text as it may stand in an address", In: takesText},
	{
		Name: "weekday", Doc: "the day of the week in the member's locale, as 星期四", In: takesTime,
		gives: givesWeekday,
	},
	{
		Name: "where", Doc: "the items whose field has the value, or is true", In: takesList,
		args: args(arg("field", takesField), opt("value", takesAny)), gives: givesSame,
	},
}

// filterNamed returns the declaration of a filter, or nil.
func filterNamed(name string) *textFilter {
	if i := slices.IndexFunc(TextFilters, func(f textFilter) bool { return f.Name == name }); i >= 0 {
		return &TextFilters[i]
	}
	return nil
}

// filterNames returns the names of all filters.
func filterNames() []string {
	out := make([]string, len(TextFilters))
	for i := range TextFilters {
		out[i] = TextFilters[i].Name
	}
	return out
}

// Usage shows how the filter is written.
func (f *textFilter) Usage() string {
	s := "| " + f.Name
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

// count returns how many arguments the filter takes.
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

func givesInt(*textTyper, filterUse) textValue { return textValue{t: schema.Int} }

func givesTime(_ *textTyper, f filterUse) textValue {
	t := f.in.t
	if !schema.IsTime(t) {
		t = schema.Datetime
		if f.in.t.Optional {
			t = t.AsOptional()
		}
	}
	return textValue{t: t}
}

// givesNumber returns an int when all are ints.
func givesNumber(_ *textTyper, f filterUse) textValue {
	for _, v := range append([]textValue{f.in}, f.args...) {
		if v.t.Kind != schema.KindInt {
			return textValue{t: schema.Number}
		}
	}
	return textValue{t: schema.Int}
}

func givesRounded(_ *textTyper, f filterUse) textValue {
	if len(f.args) == 0 || f.in.t.Kind == schema.KindInt {
		return textValue{t: schema.Int}
	}
	return textValue{t: schema.Number}
}

func givesPresent(_ *textTyper, f filterUse) textValue {
	if f.in.t.Kind != schema.KindList || f.in.t.Elem == nil {
		return textValue{t: f.in.t}
	}
	return textValue{t: schema.ListOf(f.in.t.Elem.Required())}
}

func givesItem(_ *textTyper, f filterUse) textValue {
	if f.in.t.Kind != schema.KindList || f.in.t.Elem == nil {
		return textValue{t: schema.Any}
	}
	return textValue{t: f.in.t.Elem.AsOptional()}
}

func givesParts(*textTyper, filterUse) textValue { return textValue{t: schema.ListOf(schema.String)} }

// itemField returns the type of a field of a list's items, when both are known.
func itemField(f filterUse) *schema.Type {
	if len(f.args) == 0 || f.in.t.Kind != schema.KindList || f.in.t.Elem == nil {
		return schema.Any
	}
	name, ok := f.args[0].literal.(string)
	if t, known := f.in.t.Elem.Field(name); ok && known && t != nil {
		return t
	}
	return schema.Any
}

// givesBoth returns the type of two lists in one. Their items are of one type, or a later filter
// could not tell what it is given.
func givesBoth(c *textTyper, f filterUse) textValue {
	if len(f.args) == 0 || f.in.t.Elem == nil || f.args[0].t.Elem == nil {
		return givesSame(c, f)
	}
	a, b := f.in.t.Elem.Required(), f.args[0].t.Elem.Required()
	both := eitherOf(textValue{t: f.in.t.Elem}, textValue{t: f.args[0].t.Elem})
	if both.mixed || a.Kind == b.Kind && a.Kind != schema.KindString && a.String() != b.String() {
		c.error("type-mismatch", f.at.Args[0].Place(), fmt.Sprintf("`concat` takes two lists of one type, these are lists of %s and of %s", a, b),
			"make both texts before, as in | join: ', '")
		return givesSame(c, f)
	}
	return textValue{t: schema.ListOf(both.t)}
}

func givesFields(_ *textTyper, f filterUse) textValue {
	return textValue{t: schema.ListOf(itemField(f))}
}

func givesSum(c *textTyper, f filterUse) textValue {
	t := itemField(f)
	if len(f.args) == 0 && f.in.t.Kind == schema.KindList && f.in.t.Elem != nil {
		t = f.in.t.Elem
	}
	switch t.Kind {
	case schema.KindInt:
		return textValue{t: schema.Int}
	case schema.KindAny, schema.KindNumber:
		return textValue{t: schema.Number}
	}
	label := ""
	if t.Kind == schema.KindObject {
		label = "as in | sum: 'field'"
	}
	c.error("type-mismatch", f.at.Name.Span, "`sum` takes a list of numbers, this is a list of "+t.Required().String(), label)
	return textValue{t: schema.Number}
}

func givesDefault(_ *textTyper, f filterUse) textValue {
	if len(f.args) == 0 {
		return f.in
	}
	return eitherOf(textValue{t: f.in.t.Required(), mixed: f.in.mixed, numeral: f.in.numeral, sign: f.in.sign}, f.args[0])
}

// eitherOf returns what may be the one or the other.
func eitherOf(a, b textValue) textValue {
	optional := a.t.Optional || b.t.Optional
	out := textValue{
		t: a.t.Required(), mixed: a.mixed || b.mixed, numeral: a.numeral && b.numeral,
		sign: a.sign & b.sign, divides: a.divides,
	}
	if out.divides == nil {
		out.divides = b.divides
	}
	switch {
	case b.t.Kind == schema.KindNil:
	case a.t.Kind == schema.KindNil:
		out.t = b.t.Required()
	case schema.IsNumeric(a.t) && schema.IsNumeric(b.t) && a.t.Kind != b.t.Kind:
		out.t = schema.Number
	case a.t.Kind != b.t.Kind:
		out.mixed = out.mixed || a.t.Kind != schema.KindAny && b.t.Kind != schema.KindAny
		out.t = schema.Any
	case a.t.Kind == schema.KindString && !slices.Equal(a.t.Enum, b.t.Enum):
		out.t = schema.String
	}
	if optional {
		out.t = out.t.AsOptional()
	}
	return out
}

// givesWeekday returns a text, missing when the time is.
func givesWeekday(c *textTyper, f filterUse) textValue {
	c.localized = true
	c.edit(f.at.Name.To, ": "+varLocale)
	v := textValue{t: schema.String}
	if c.missing(f.in) {
		v.t = v.t.AsOptional()
	}
	return v
}

// givesLabel returns a text, missing when the value is.
func givesLabel(c *textTyper, f filterUse) textValue {
	labels := make(map[string]any, len(f.in.t.Enum))
	for i, value := range f.in.t.Enum {
		if i < len(f.in.t.Labels) {
			labels[value] = f.in.t.Labels[i]
		}
	}
	c.edit(f.at.Name.To, fmt.Sprintf(": %s%d", varLabels, len(c.labels)))
	c.labels = append(c.labels, labels)
	v := textValue{t: schema.String}
	if c.missing(f.in) {
		v.t = v.t.AsOptional()
	}
	return v
}

// givesDate returns a text, missing when the time is; one of digits alone may be calculated with.
func givesDate(c *textTyper, f filterUse) textValue {
	format, ok := "%Y-%m-%d", true
	if len(f.args) > 0 {
		format, ok = f.args[0].literal.(string)
	}
	if !ok || namedPart.MatchString(format) {
		c.localized = true
		c.edit(f.at.Args[0].Place().To, ", "+varLocale)
	}
	v := textValue{t: schema.String, numeral: ok && numeralFormat.MatchString(format)}
	if c.missing(f.in) {
		v.t = v.t.AsOptional()
	}
	return v
}
