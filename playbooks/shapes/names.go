package shapes

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
)

// Named is a name of the workspace, for those who complete, describe or find it.
type Named struct {
	Name   string
	Detail string   // its type or kind, in a few words
	Pos    diag.Pos // where it is declared; the zero Pos of what is built in
}

// Names returns the names that may stand where the kind is wanted, in the order of their
// declaration; nothing for a kind that is no name of the workspace.
func Names(w *playbooks.Workspace, kind ShapeKind) []Named {
	var out []Named
	add := func(name, detail string, p diag.Pos) { out = append(out, Named{name, detail, p}) }
	switch kind {
	case ShapeEvent:
		for _, e := range w.Schema.Events {
			add(e.Name, "event "+schema.DescribeFields(e.Properties), e.Pos)
		}
	case ShapeType:
		add(schema.RefTo(schema.Member).String(), "the id of a member, or their referral code", diag.Pos{})
		for _, o := range w.Schema.Objects {
			add(schema.RefTo(o.Name).String(), "the id of a "+o.Name, o.Pos)
		}
	case ShapeReferral:
		for _, e := range w.Schema.Events {
			for _, f := range e.Properties.Fields {
				if f.Type.Ref == schema.Member {
					add(e.Name+"."+f.Name, f.Type.String(), f.Pos)
				}
			}
		}
	case ShapeSegment:
		for _, g := range w.Schema.Segments {
			add(g.Name, "segment: "+g.Source.Text, g.Pos)
		}
		for i := range w.Schema.Objects {
			o := &w.Schema.Objects[i]
			for _, g := range o.Segments {
				add(g.Name, "segment of "+o.Name+": "+g.Source.Text, g.Pos)
			}
		}
	case ShapeKindOfObjects:
		for _, o := range w.Schema.Objects {
			add(o.Name, "kind of objects", o.Pos)
		}
	case ShapeChannel:
		for _, c := range w.Schema.Channels {
			add(c.Name, "channel of type "+c.Type, c.Pos)
		}
	case ShapePool:
		for _, p := range w.Schema.Pools {
			add(p.Name, strings.TrimSpace("coupon pool "+p.Title), p.Pos)
		}
	case ShapeRaffle:
		for _, r := range w.Schema.Raffles {
			add(r.Name, "raffle", r.Pos)
		}
	case ShapeLevel:
		for _, a := range w.Schema.Attributes {
			if a.Computed == nil && a.Type != nil && len(a.Type.Enum) > 0 {
				add(a.Name, a.Type.String(), a.Pos)
			}
		}
	case ShapeTemplate:
		files := map[string]string{} // that of a template which has variants alone is the first of these
		for name, list := range w.Variants {
			files[name] = list[0].Name
		}
		for name := range w.Templates {
			files[name] = name
		}
		for _, name := range slices.Sorted(maps.Keys(files)) {
			add(name, "template", playbooks.WholeFile(templateFile(w, files[name])))
		}
	case ShapeSnippet:
		for _, name := range slices.Sorted(maps.Keys(w.Files)) {
			if short, ok := strings.CutPrefix(name, playbooks.SnippetDir+"/"); ok {
				add(strings.TrimSuffix(short, playbooks.YamlSuffix), "snippet", playbooks.WholeFile(name))
			}
		}
	case ShapePlaybook:
		for _, p := range w.Playbooks {
			add(p.ID, strings.TrimSpace("playbook "+p.Name), p.Pos)
		}
	}
	return out
}

func templateFile(w *playbooks.Workspace, name string) string {
	for _, ext := range playbooks.TemplateSuffixes {
		if file := playbooks.TemplateDir + "/" + name + ext; w.Files[file] != nil {
			return file
		}
	}
	return playbooks.TemplateDir + "/" + name
}

// Mention is a place of a name that is declared nowhere: of a tag, an owner or an exit reason.
type Mention struct {
	Pos    diag.Pos
	format string
}

// Write returns what stands at the place when the name is another.
func (m Mention) Write(name string) string { return fmt.Sprintf(m.format, name) }

// Mentions returns the places of the undeclared names of a kind by name; nothing for a kind whose
// names are declared.
func Mentions(w *playbooks.Workspace, kind ShapeKind) map[string][]Mention {
	words, ok := map[ShapeKind]playbooks.LabelKind{
		ShapeTag: playbooks.TagLabel, ShapeOwner: playbooks.OwnerLabel,
		ShapeReason: playbooks.ReasonLabel,
	}[kind]
	if !ok {
		return nil
	}
	out := map[string][]Mention{}
	for name, uses := range w.Labels[words] {
		for _, u := range uses {
			out[name] = append(out[name], Mention{u.Pos, u.Text})
		}
		slices.SortFunc(out[name], func(a, b Mention) int { return diag.ComparePos(a.Pos, b.Pos) })
	}
	return out
}
