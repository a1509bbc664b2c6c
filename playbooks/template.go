package playbooks

import (
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/locale"
)

// Template is a checked Liquid text, from templates/ or inline. It is safe for concurrent use.
type Template struct {
	Name string // empty: inline
	Text string
	HTML bool            // from a .html file: what it prints is escaped
	Refs expression.Refs // the member's fields and the actions that it names

	Branches []TextBranch // the ways that it may take; RenderObserved tells which it took

	// Variants are the same text for other locales, by [locale.Key]; Refs are theirs too. nil: none.
	Variants map[string]*Template

	Localized bool // it needs the locales, under LocaleVar

	Compiled Renderer
}

// LocaleVar is the variable of the locales for [Template.Render]: the member's and the workspace's,
// as [JoinLocales] joins them.
const LocaleVar = "usher_locale"

// JoinLocales joins the tags of locales to one value; SplitLocales gives them back.
func JoinLocales(tags ...string) string { return strings.Join(tags, " ") }

// SplitLocales returns the tags that were joined.
func SplitLocales(joined string) []string { return strings.Split(joined, " ") }

// Renderer is a compiled text. took, which may be nil, is called with the index of each of the
// branches that the text takes.
type Renderer interface {
	Render(vars map[string]any, took func(branch int)) (text string, err error)
}

// Render returns the text for the variables member, trigger, actions and now; only what Refs names,
// the trigger and now need be there. A declared value that is missing renders empty. A time is
// written as local time of its location.
func (t *Template) Render(vars map[string]any) (text string, err error) {
	return t.RenderObserved(vars, nil)
}

// RenderObserved is Render that tells which of Branches the text took. took may be nil.
func (t *Template) RenderObserved(vars map[string]any, took func(branch int)) (text string, err error) {
	return t.Compiled.Render(vars, took)
}

// TextBranch is one way that a text may take.
type TextBranch struct {
	Pos  diag.Pos
	Name string
}

// Variant is the text of a template for a locale.
type Variant struct {
	Key  string // of the locale; see [locale.Key]
	Tag  string // as the name of the file has it
	Name string // of the file among the templates
}

// VariantFor returns the variant of a template that a locale or its language has, or nil.
func (w *Workspace) VariantFor(template, tag string) *Variant {
	for key := range locale.Lookup(tag) {
		for i := range w.Variants[template] {
			if v := &w.Variants[template][i]; v.Key == key {
				return v
			}
		}
	}
	return nil
}

// VariantOf returns the template that a file below templates/ is a variant of.
func (w *Workspace) VariantOf(file string) (template string, v Variant, ok bool) {
	template, _, ok = CutLocale(file)
	i := slices.IndexFunc(w.Variants[template], func(v Variant) bool { return v.Name == file })
	if !ok || i < 0 {
		return "", v, false
	}
	return template, w.Variants[template][i], true
}

// CutLocale cuts the tag of a locale off the name of a file below templates/.
func CutLocale(file string) (template, tag string, ok bool) {
	i := strings.LastIndexByte(file, '.')
	if i <= strings.LastIndexByte(file, '/')+1 {
		return "", "", false
	}
	_, ok = locale.Known(file[i+1:])
	return file[:i], file[i+1:], ok
}

// For returns the text for a member of a locale: its variant for the locale or the language of the
// member, else for that of the workspace, else the text itself.
func (t *Template) For(member, workspace string) *Template {
	if t.Variants == nil {
		return t
	}
	for _, tag := range [...]string{member, workspace} {
		for key := range locale.Lookup(tag) {
			if v := t.Variants[key]; v != nil {
				return v
			}
		}
	}
	return t
}
