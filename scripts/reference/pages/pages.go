// Package pages makes the reference from declarations: what the checker reads is what the reader
// reads.
package pages

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
)

// All returns the pages of docs/reference by file name.
func All() map[string]string {
	reg := actions.Registry()
	return map[string]string{
		"actions.md": actionsPage(reg), "channels.md": channelsPage(reg), "functions.md": functionsPage(),
		"events.md": eventsPage(), "diagnostics.md": diagnosticsPage(diag.Codes), "files.md": filesPage(reg), "triggers.md": triggersPage(),
	}
}

const generated = "<!-- Made from declarations by `go run ./scripts/reference`. Do not edit. -->\n\n"

// page collects Markdown.
type page struct{ strings.Builder }

func (p *page) f(format string, args ...any) { fmt.Fprintf(&p.Builder, format, args...) }

// table writes a table; columns that are empty in every row are left out.
func (p *page) table(head []string, rows [][]string) {
	var keep []int
	for i := range head {
		if slices.ContainsFunc(rows, func(r []string) bool { return r[i] != "" }) {
			keep = append(keep, i)
		}
	}
	line := func(cells []string) {
		for _, i := range keep {
			p.f("| %s ", strings.ReplaceAll(cells[i], "|", `\|`))
		}
		p.f("|\n")
	}
	line(head)
	p.f("%s|\n", strings.Repeat("| --- ", len(keep)))
	for _, r := range rows {
		line(r)
	}
	p.f("\n")
}

func (p *page) yaml(check, text string) {
	p.f("<!-- check: %s -->\n```yaml\n%s\n```\n\n", check, strings.TrimRight(text, "\n"))
}

func code(s string) string {
	if s == "" {
		return ""
	}
	if strings.Contains(s, "`") {
		return "`` " + s + " ``"
	}
	return "`" + s + "`"
}

func sentence(s string) string {
	if s == "" || strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}

var kinds = map[schema.FieldKind]string{
	schema.FieldText: "text in Liquid", schema.FieldTemplate: "template", schema.FieldChannel: "channel",
	schema.FieldPool: "coupon pool", schema.FieldRaffle: "raffle", schema.FieldTags: "a tag or a list", schema.FieldAttributes: "attribute: value",
	schema.FieldProperties: "property: value", schema.FieldURL: "an address", schema.FieldHeaders: "header: value",
	schema.FieldAddress: "string, or kind: id of an object", schema.FieldCarried: "name: value",
	schema.FieldJSON: "any value", schema.FieldReturns: "name: type",
	schema.FieldSecret:  "string, may hold `${NAME}`",
	shapes.FieldMoment:  "a time of the day, a day of the week or month, a datetime or an expression of one",
	shapes.FieldActions: "a list of actions", shapes.FieldSnippet: "snippet",
	shapes.FieldMatches: "a list of events with their ids",
}

func kindOf(f schema.FieldSpec) string {
	if f.Kind == schema.FieldEnum {
		var words []string
		for _, w := range f.Enum {
			words = append(words, code(w))
		}
		return strings.Join(words, " or ")
	}
	if k, ok := kinds[f.Kind]; ok {
		return k
	}
	return string(f.Kind)
}

func required(f schema.FieldSpec, all, atLeast []schema.FieldSpec) string {
	others := func(list []schema.FieldSpec, is func(schema.FieldSpec) bool) string {
		var names []string
		for _, o := range list {
			if o.Name != f.Name && is(o) {
				names = append(names, code(o.Name))
			}
		}
		return strings.Join(names, " or ")
	}
	switch {
	case f.Required:
		return "yes"
	case f.OneOf != "":
		return "this or " + others(all, func(o schema.FieldSpec) bool { return o.OneOf == f.OneOf })
	case slices.ContainsFunc(atLeast, func(o schema.FieldSpec) bool { return o.Name == f.Name }):
		return "this, " + others(atLeast, func(schema.FieldSpec) bool { return true }) + " or both"
	}
	return "no"
}

func (p *page) fields(list []schema.FieldSpec, least []string) {
	var atLeast []schema.FieldSpec
	for _, f := range list {
		if slices.Contains(least, f.Name) {
			atLeast = append(atLeast, f)
		}
	}
	var rows [][]string
	for _, f := range list {
		def := ""
		if f.Default != nil {
			def = code(fmt.Sprint(f.Default))
		}
		rows = append(rows, []string{code(f.Name), kindOf(f), required(f, list, atLeast), def, f.Doc})
	}
	if len(rows) > 0 {
		p.table([]string{"field", "value", "required", "default", "meaning"}, rows)
	}
}

func actionsPage(reg *schema.Registry) string {
	p := &page{}
	p.f("%s# Actions\n\nWhat a playbook can do. An item of `actions` has exactly one of these keys; beside it may stand `id`, under which its\nresult is found, and `if`, without which it is always carried out.\n\n", generated)
	p.f("A field takes a literal, or a text that begins with `= ` and is an [expression](../language.md#expressions). A channel, a pool\nand a template may be an expression of names that are known, a text in Liquid is always literal.\n\n")
	for _, a := range append(slices.Clone(reg.Actions), shapes.Controls()...) {
		p.f("## %s\n\n%s\n\n", a.Key, sentence(a.Doc))
		p.yaml("action", "- "+strings.ReplaceAll(a.Example, "\n", "\n  "))
		bare := ""
		for _, f := range a.Fields {
			if f.Name == a.Shorthand && f.Kind == schema.FieldAttributes {
				bare = f.Doc
			}
		}
		if bare != "" {
			p.f("The value is a mapping: %s.\n\n", bare)
		} else {
			p.fields(a.Fields, a.AtLeast)
			if a.Shorthand != "" {
				p.f("A bare value stands for `%s`.\n\n", a.Shorthand)
			}
		}
		if len(a.Results) > 0 {
			p.f("Result under `actions.<id>`:\n\n")
			var rows [][]string
			for _, r := range a.Results {
				missing := ""
				if r.Type.Optional {
					missing = "yes"
				}
				if when, not := strings.CutPrefix(r.When, "!"); not {
					missing = "when " + code(when)
				} else if when != "" {
					missing = "unless " + code(when)
				}
				if r.With != "" {
					missing = "it is there with " + code(r.With) + " alone"
				}
				rows = append(rows, []string{code(r.Name), r.Type.Required().String(), missing, r.Doc})
			}
			p.table([]string{"name", "type", "may be missing", "meaning"}, rows)
		}
	}
	return p.String()
}

func channelsPage(reg *schema.Registry) string {
	p := &page{}
	p.f("%s# Channels\n\nThe ways a message can take. A channel is declared in `usher.yaml` under a name of your own; playbooks write that name. Secrets\ncome from the environment: `${NAME}` is replaced when the server starts, and it refuses to start without.\n\n", generated)
	for _, c := range reg.Channels {
		p.f("## %s\n\n%s\n\n", c.Type, sentence(c.Doc))
		p.yaml("declarations", "channels:\n  "+strings.ReplaceAll(c.Example, "\n", "\n  "))
		p.fields(c.Fields, nil)
		if c.NeedsTo {
			p.f("A message needs an address: its `to`, else the member's attribute `%s`, which the schema then declares. A member without one is\nskipped, with the reason `no address`.\n\n", c.Address)
		}
		if c.Subjects {
			p.f("A message has a subject line: `check` warns of one without `subject`.\n\n")
		}
		p.f("%s", sends(&c))
	}
	return p.String()
}

// sends says what a message over a channel may have beside its text.
func sends(c *schema.ChannelSpec) string {
	if c.Mute {
		return ""
	}
	var parts []string
	for _, a := range c.Attach {
		parts = append(parts, fmt.Sprintf("%s (%d at most)", code(a.Kind), a.Most))
	}
	out := "A message has no attachments"
	if len(parts) > 0 {
		out = "`attach` takes " + strings.Join(parts, ", ")
	}
	switch {
	case c.AnyData:
		return out + "; `data` may hold any fields.\n\n"
	case c.Data == nil:
		return out + " and no `data`.\n\n"
	}
	parts = nil
	for _, f := range c.Data.Fields {
		parts = append(parts, fmt.Sprintf("%s (%s)", code(f.Name), f.Type))
	}
	return out + "; `data` takes " + strings.Join(parts, ", ") + ".\n\n"
}

func functionsPage() string {
	p := &page{}
	p.f("%s# Functions\n\nWhat [expressions](../language.md#expressions) may call.\n\n## The language's own\n\n",
		generated)
	var own, library [][]string
	for _, f := range shapes.Functions() {
		row := []string{code(f.Usage), f.Doc}
		if f.Own {
			own = append(own, row)
		} else {
			library = append(library, row)
		}
	}
	p.table([]string{"write", "gives"}, own)
	p.f("## Lists, numbers and texts\n\n`.x` is a field of the item that is looked at; `#` is the item itself.\n\n")
	p.table([]string{"write", "gives"}, library)
	p.f("## Left out on purpose\n\nThe expression library has these; here they are the mistake `forbidden-function`.\n\n")
	var out [][]string
	forbidden := shapes.ForbiddenFunctions()
	for _, name := range slices.Sorted(maps.Keys(forbidden)) {
		out = append(out, []string{code(name), forbidden[name]})
	}
	p.table([]string{"function", "why"}, out)
	list := func(names []string) string { return "`" + strings.Join(names, "` `") + "`" }
	p.f("## In texts\n\nTexts are Liquid. Tags: %s. Variables: `member`, `trigger`, `actions` and `now`, the instant of the decision in the\n"+
		"member's zone. A filter stands behind a bar; what a value must be is checked.\n\n", list(shapes.LiquidTags()))
	var filters [][]string
	for _, f := range shapes.LiquidFilters() {
		filters = append(filters, []string{code(f.Usage), f.Takes, f.Doc})
	}
	p.table([]string{"filter", "takes", "gives"}, filters)
	return p.String()
}

func diagnosticsPage(codes []diag.Code) string {
	p := &page{}
	p.f("%s# Diagnostics\n\nEvery mistake and warning of `usher check`. `usher explain CODE` prints the same.\n\n",
		generated)
	var rows [][]string
	for _, c := range codes {
		rows = append(rows, []string{fmt.Sprintf("[`%s`](#%s)", c.Name, c.Name), c.Title})
	}
	p.table([]string{"code", "what is wrong"}, rows)
	for _, c := range codes {
		p.f("## %s\n\n%s.\n\n%s\n\n", c.Name, strings.ToUpper(c.Title[:1])+c.Title[1:], strings.TrimSpace(c.Doc))
		p.example("Wrong", "mistake "+c.Name, c.Bad)
		p.example("Right", "part", c.Good)
	}
	return strings.TrimRight(p.String(), "\n") + "\n"
}

func (p *page) example(head, check, text string) {
	if text == "" {
		return
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' }) {
		return // a character that cannot be shown
	}
	p.f("%s:\n\n", head)
	p.yaml(check, text)
}
