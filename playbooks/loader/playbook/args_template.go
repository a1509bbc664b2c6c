package playbook

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/loader/reading"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
	"github.com/usher-run/usher/playbooks/text"
)

// template reads the name of a template and judges its variables by what is in scope here, those of
// its variants too.
func (p *reader) template(v *syntax.Node, sc *scope.Scope) *playbooks.Value {
	if isExpression(v) && p.isNoParam(v) {
		return p.named(v, &schema.FieldSpec{Name: "template", Kind: schema.FieldTemplate}, sc)
	}
	name, ok := p.Str(v, "template")
	if !ok {
		return nil
	}
	p.Use("template", name)
	if !p.KnownTemplate(v, name) {
		return nil
	}
	if t := p.templateNamed(v, name, sc); t != nil {
		return &playbooks.Value{Text: t}
	}
	return nil
}

// templateNamed compiles a template that there is, with its variants, for what is in scope; nil
// after a mistake.
func (p *reader) templateNamed(v *syntax.Node, name string, sc *scope.Scope) *playbooks.Template {
	sc = p.readerOf(sc)
	if p.SchemaUnreadable {
		sc = nil
	}
	base := name
	if p.Texts[name] == nil {
		spare := p.Workspace.VariantFor(name, p.Schema.Locale)
		if spare == nil {
			p.noTextForOthers(v, name)
			return nil
		}
		base = spare.Name
	}
	t := p.templateFile(v, base, name, sc)
	variants := map[string]*playbooks.Template{}
	for _, variant := range p.Workspace.Variants[name] {
		if variant.Name == base {
			variants[variant.Key] = t
			continue
		}
		variants[variant.Key] = p.templateFile(v, variant.Name, variant.Name, sc)
	}
	if t == nil || slices.Contains(slices.Collect(maps.Values(variants)), nil) {
		return nil
	}
	if len(variants) > 0 {
		t.Variants = variants
		for _, variant := range variants {
			t.Refs = t.Refs.With(variant.Refs)
		}
	}
	return t
}

// noTextForOthers reports a template that has nothing to say to members of other locales than those
// of its variants.
func (p *reader) noTextForOthers(v *syntax.Node, name string) {
	first := p.Workspace.Variants[name][0]
	r := p.Error("unknown-template", v.Pos(), fmt.Sprintf("the template `%s` has no text for members of other locales", name)).
		Related("this is for "+first.Tag, playbooks.WholeFile(p.Texts[first.Name].Name))
	add := "add " + name + path.Ext(p.Texts[first.Name].Name)
	if p.Schema.Locale != "" {
		r.Label(add + ", or a variant for " + p.Schema.Locale + ", the workspace's locale")
	} else {
		r.Label(add + ", or declare the workspace's locale in usher.yaml")
	}
}

// templateFile compiles a file below templates/ for what is in scope; nil after a mistake.
func (p *reader) templateFile(v *syntax.Node, file, name string, sc *scope.Scope) *playbooks.Template {
	f := p.Texts[file]
	p.NoteSiteAt(playbooks.WholeFile(f.Name), f.Text, sc, nil)
	if p.Workspace.Templates[file] == nil {
		p.dropped = true
		return nil // its own mistakes are reported
	}
	t, diags := text.Compile(reading.TemplateOf(f, name), f.Positions(), p.lenient(sc))
	for i := range diags {
		diags[i].Related = append(diags[i].Related, diag.Related{Message: "used here", Pos: v.Pos()})
	}
	p.Diags = append(p.Diags, diags...)
	if t == nil {
		return nil
	}
	p.keepTemplate(file, t)
	p.NoteLabelsOfText(t.Text, f.Positions())
	return t
}

func (p *reader) keepTemplate(name string, t *playbooks.Template) {
	if name == "" {
		name = fmt.Sprintf("inline %d", len(p.templates))
	}
	if p.side != nil {
		p.handedTexts = append(p.handedTexts, handedText{p.side.kind, t})
		return
	}
	p.templates[name] = t
}
