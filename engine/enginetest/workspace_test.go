package enginetest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
	"pgregory.net/rapid"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
)

// words are the words of the language that are declared, or those that files use.
type words map[string]bool

// declaredWords returns all words, from the declarations that the schema and the reference are made of.
func declaredWords(all *shapes.Shapes, reg *schema.Registry) words {
	out := words{}
	seen := map[*shapes.Shape]bool{}
	for _, s := range []*shapes.Shape{all.Schema, all.Playbook, all.Snippet} {
		out.declared(s, "", seen)
	}
	for _, f := range shapes.Functions() {
		out["function "+f.Name] = true
	}
	for _, f := range shapes.LiquidFilters() {
		out["filter "+f.Name] = true
	}
	for _, tag := range shapes.LiquidTags() {
		out["tag "+tag] = true
	}
	for _, w := range schema.WindowNames() {
		out["window "+w] = true
	}
	for _, e := range playbooks.BuiltinEvents() {
		out["event "+e.Name] = true
	}
	for _, name := range append(shapes.TypeNames(), "ref member", "ref object", "optional", "list", "enum", "labels") {
		out["type "+name] = true
	}
	for _, a := range append(slices.Clone(reg.Actions), shapes.Controls()...) {
		for _, r := range a.Results {
			out["result "+r.Name] = true
		}
	}
	return out
}

// declared adds the keys of a shape, and the words that stand as values.
func (w words) declared(s *shapes.Shape, at string, seen map[*shapes.Shape]bool) {
	if s == nil || seen[s] {
		return
	}
	seen[s] = true
	for _, f := range s.Forms() {
		at := place(f, place(s, at))
		for _, word := range f.Keywords {
			if word != "" {
				w.value(at, word)
			}
		}
		for i := range f.Keys {
			k := &f.Keys[i]
			w[at+"."+k.Name] = true
			w.declared(k.Value, at+"."+k.Name, seen)
		}
		w.declared(f.Rest, at+".*", seen)
		w.declared(f.Item, at, seen)
		if f != s {
			w.declared(f, at, seen)
		}
	}
}

// value adds a word that stands as a value. A param is the same in both of its forms.
func (w words) value(at, word string) { w[strings.TrimSuffix(at, ".type")+": "+word] = true }

// place returns what the keys of a shape are named after.
func place(s *shapes.Shape, at string) string {
	if s.Name != "" {
		return s.Name
	}
	return at
}

// used adds what a node of a file uses.
func (w words) used(s *shapes.Shape, n *yaml.Node, at string) {
	if s == nil {
		return
	}
	if n.Kind == yaml.SequenceNode {
		for _, f := range s.Forms() {
			if f.Kind == shapes.ShapeList {
				for _, item := range n.Content {
					w.used(f.Item, item, place(f, place(s, at)))
				}
			}
		}
		return
	}
	for _, f := range s.Forms() {
		at := place(f, place(s, at))
		switch {
		case n.Kind == yaml.ScalarNode && slices.Contains(f.Keywords, n.Value):
			w.value(at, n.Value)
		case n.Kind == yaml.MappingNode && f.Kind != shapes.ShapeList && takes(f, n):
			for i := 0; i+1 < len(n.Content); i += 2 {
				name := n.Content[i].Value
				if k := f.Key(name); k != nil {
					w[at+"."+name] = true
					w.used(k.Value, n.Content[i+1], at+"."+name)
				} else {
					w.used(f.Rest, n.Content[i+1], at+".*")
				}
			}
			return
		}
	}
}

// takes reports whether a mapping may be of that form: it knows its keys, and the words that stand as their values.
func takes(s *shapes.Shape, n *yaml.Node) bool {
	if s.Kind != shapes.ShapeMapping && s.Kind != shapes.ShapeMember {
		return false
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := s.Key(n.Content[i].Value), n.Content[i+1]
		switch {
		case k == nil && s.Rest == nil && s.Kind == shapes.ShapeMapping:
			return false
		case k != nil && k.Value.Kind == shapes.ShapeKeyword && len(k.Value.Or) == 0 && v.Kind == yaml.ScalarNode &&
			!slices.Contains(k.Value.Keywords, v.Value) && !strings.HasPrefix(v.Value, "= "):
			return false
		}
	}
	return true
}

// How words look in texts.
var (
	calls     = regexp.MustCompile(`\b(\w+)\(`)
	filters   = regexp.MustCompile(`\| *(\w+)`)
	tags      = regexp.MustCompile(`{%-? *(\w+)`)
	windows   = regexp.MustCompile(`events\("[\w.]+", "([a-z ]+)"\)`)
	events    = regexp.MustCompile(`\b(?:coupon|points|raffle)\.[a-z]+`)
	results   = regexp.MustCompile(`actions\.\w+(?:\.\w+)?\.(\w+)`)
	types     = regexp.MustCompile(`\b(?:string|int|number|bool|date|datetime|optional|ref member)\b`)
	refs      = regexp.MustCompile(`\bref (?:group|store)`)
	lists     = regexp.MustCompile(`: \[(?:string|int|number|ref)`)
	enums     = regexp.MustCompile(`enum: [\[{]`)
	labelled  = regexp.MustCompile(`enum: {`)
	playbook  = regexp.MustCompile(`(?m)^for: `)
	textually = []struct {
		kind string
		re   *regexp.Regexp
	}{
		{"function ", calls},
		{"filter ", filters},
		{"tag ", tags},
		{"window ", windows},
		{"event ", events},
		{"result ", results},
		{"type ", types},
	}
)

// text adds what a text uses.
func (w words) text(text string) {
	for _, t := range textually {
		for _, m := range t.re.FindAllStringSubmatch(text, -1) {
			w[t.kind+m[len(m)-1]] = true
		}
	}
	for name, re := range map[string]*regexp.Regexp{"ref object": refs, "list": lists, "enum": enums, "labels": labelled} {
		if re.MatchString(text) {
			w["type "+name] = true
		}
	}
}

// drawnWords returns the words that many workspaces use: those of all files, and those of playbooks for objects.
func drawnWords(t *testing.T, all *shapes.Shapes) (anywhere, objects words) {
	anywhere, objects = words{}, words{}
	draw := rapid.Custom(Workspace)
	for seed := range 600 {
		files := draw.Example(seed)
		for name, text := range files {
			of := []words{anywhere}
			if playbook.MatchString(text) {
				of = append(of, objects)
			}
			for _, w := range of {
				w.text(text)
				s := all.For(name)
				if s == nil {
					continue
				}
				var doc yaml.Node
				if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
					t.Fatalf("%s: %v\n%s", name, err, text)
				}
				w.used(s, doc.Content[0], "")
			}
		}
	}
	return anywhere, objects
}

// unused are the words that no workspace uses, with the reason: those that begin so.
var unused = map[string]string{
	"channel dingtalk_robot.": "where it is sent to decides nothing", "channel feishu_robot.": "where it is sent to decides nothing",
	"channel wecom_robot.url": "where it is sent to decides nothing", "channel http.secret": "how it is sent decides nothing",
	"channel webhook.": "how it is sent decides nothing", "id.normalize: phone": "the ids of these members are no numbers",
}

// ofMembers are the words that no playbook for objects uses, with the reason.
var ofMembers = map[string]string{
	"action.coupon": "objects get none", "result issued": "objects get no coupons", "result code": "objects get no coupons",
	"result expires_at": "objects get no coupons", "result redeemed_at": "objects get no coupons",
	"action.points": "objects have none", "result balance": "objects have no points", "result taken": "objects have no points",
	"function points_expiring": "objects have no points", "action.raffle": "objects enter none",
	"result entered": "objects enter no raffle", "result prize": "objects enter no raffle", "result ticket": "objects enter no raffle",
	"event ": "it is about members alone", "filter map": "objects have no list of that", "filter sum": "objects have no list of that",
	"filter where": "objects have no list of that",
}

// ofAll are words of files that are for members and objects alike.
var ofAll = regexp.MustCompile(`^(workspace|channel|cap|quiet hours|quota|levels|pool|prize|raffle|expiry|points|id|segment|snippet|param|type)\b`)

// Workspaces use each word that files may have, playbooks for members and those for objects: one that is declared
// anew needs a part that uses it, or a reason why none does.
func TestWorkspacesUseEveryWord(t *testing.T) {
	reg := actions.Registry()
	all := shapes.NewShapes(reg)
	declared := declaredWords(all, reg)
	anywhere, objects := drawnWords(t, all)
	excused := func(word string, by map[string]string) bool {
		for start := range by {
			if strings.HasPrefix(word, start) {
				return true
			}
		}
		return false
	}
	for _, word := range slices.Sorted(maps.Keys(declared)) {
		switch {
		case !anywhere[word] && !excused(word, unused):
			t.Errorf("no workspace uses %q: add a part that does, to parts.go or declarations.go", word)
		case anywhere[word] && !objects[word] && !ofAll.MatchString(word) && !excused(word, ofMembers):
			t.Errorf("no playbook for objects uses %q", word)
		}
	}
	for _, by := range []map[string]string{unused, ofMembers} {
		for start := range by {
			list := slices.Collect(maps.Keys(declared))
			if !slices.ContainsFunc(list, func(w string) bool { return strings.HasPrefix(w, start) }) {
				t.Errorf("there is a reason for %q, which is no word", start)
			}
		}
	}
}

// Each part can stand in a playbook, as it is for members and as it is for groups.
func TestPartsCanStand(t *testing.T) {
	usher := usher
	for _, d := range drawn {
		usher = strings.ReplaceAll(usher, d.name, d.forms[0])
	}
	files := maps.Clone(shared)
	files["usher.yaml"], files["playbooks/shop.yaml"] = usher, ofShops
	add := func(b book, trigger, rest string) {
		id := fmt.Sprint("p", len(files))
		files["playbooks/"+id+".yaml"] = b.whole("id: " + id + "\nstage: activation\ntrigger: " + trigger + "\n" + rest)
	}
	for _, b := range []book{ofMember(), ofGroup()} {
		const any = "{event: buy}"
		simple := "actions: [{tag: x}]\n"
		for _, trigger := range b.triggers {
			add(b, trigger, simple)
		}
		for _, extra := range b.extras {
			add(b, any, extra+"\n"+simple)
		}
		conditions, actions := b.about(any)
		for _, c := range conditions {
			add(b, any, "condition: '"+c+"'\n"+simple)
		}
		for _, action := range actions {
			add(b, any, "actions:\n"+Indented("- "+strings.ReplaceAll(action, "{N}", "1"), "  "))
		}
		for _, fork := range b.forks {
			add(b, any, "actions:\n"+Indented(fmt.Sprintf(fork, "        - tag: x\n", "        - tag: y\n"), "  "))
		}
	}
	_, diags := loader.Load(FilesOf(files), actions.Registry())
	for _, d := range diags {
		if d.Severity == diag.Error {
			t.Errorf("%s:%d:%d %s: %s\n%s", d.File, d.Line, d.Column, d.Code, d.Message, files[d.File])
		}
	}
}
