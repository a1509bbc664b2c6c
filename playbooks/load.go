package playbooks

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// Load reads a workspace and checks it whole: the first mistake stops nothing. The diagnostics are sorted by place, each once.
// A workspace with a diagnostic of severity [Error] holds what could be read, and must not be used.
func Load(fsys fs.FS, reg *Registry) (*Workspace, []Diagnostic) {
	return load(fsys, reg, nil, nil)
}

func load(fsys fs.FS, reg *Registry, open map[string][]byte, places *[]Place) (*Workspace, []Diagnostic) {
	c := newChecker(reg)
	ws := c.ws
	c.places = places
	if !c.readFiles(fsys, open) {
		return ws, sorted(c.diags)
	}
	c.loadSchema()
	c.loadTemplates()
	c.loadPlaybooks()
	c.loadTests()
	r := newRules(&c.collector, c.notes, ws, reg)
	if !hasError(c.diags) {
		c.unused()
		r.judge()
	}
	ws.Words = c.words
	return ws, atMost(maxMistakes, sorted(r.settle(c.diags)))
}

func newChecker(reg *Registry) *checker {
	ws := &Workspace{Schema: newSchema(), Templates: map[string]*Template{}, Files: map[string][]byte{}}
	return &checker{
		yamlReader: yamlReader{playbookKeys: playbookKeys, typeMeant: typeMeant},
		reg:        reg, ws: ws, schema: ws.Schema, used: map[string]bool{}, playbookNodes: map[string]*node{},
		declared: map[string]bool{}, texts: map[string]*file{}, brokenNames: map[string]bool{}, sources: map[string]*node{},
		notes: newNotes(),
	}
}

// maxMistakes is how many mistakes of one file are told: beyond that it is no playbook that went wrong.
const maxMistakes = 1000

// atMost keeps the first of each file's mistakes.
func atMost(most int, diags []Diagnostic) []Diagnostic {
	count := map[string]int{}
	return slices.DeleteFunc(diags, func(d Diagnostic) bool {
		count[d.File]++
		return count[d.File] > most
	})
}

func hasError(diags []Diagnostic) bool {
	return slices.ContainsFunc(diags, func(d Diagnostic) bool { return d.Severity == Error })
}

func (c *checker) loadSchema() {
	data, ok := c.ws.Files[schemaFile]
	switch {
	case !ok:
		c.blind = true
		hint := "begin one with `usher init`"
		if c.wrongName {
			hint = "rename usher.yml to usher.yaml"
		}
		c.diags = slices.DeleteFunc(c.diags, func(d Diagnostic) bool { return d.Code == "unread-file" && !c.wrongName }) // of another workspace
		c.error("no-workspace", wholeFile(schemaFile), "there is no usher.yaml: a workspace declares its events and attributes there").label(hint)
	case data == nil:
		c.blind = true
	default:
		if n := c.readYAML(newFile(schemaFile, data)); n != nil {
			c.readSchema(n)
		} else {
			c.blind = true
		}
	}
}

// loadTemplates reads the templates. Their variables are judged where they are used: what is in scope depends on the playbook.
func (c *checker) loadTemplates() {
	for _, name := range slices.Sorted(maps.Keys(c.ws.Files)) {
		data := c.ws.Files[name]
		if !strings.HasPrefix(name, templateDir+"/") || data == nil {
			continue
		}
		short := strings.TrimSuffix(strings.TrimPrefix(name, templateDir+"/"), path.Ext(name))
		if first := c.texts[short]; first != nil {
			c.error("duplicate-id", wholeFile(name), fmt.Sprintf("there are two templates `%s`", short)).
				label("rename one of them").related("first here", wholeFile(first.name))
			continue
		}
		f := newFile(name, data)
		c.texts[short] = f
		if !c.textFile(f) {
			c.ws.Templates[short] = nil
			continue
		}
		t, diags := parseTemplate(templateOf(f, short), placesOf(f), nil)
		if c.running { // it is read again where it is used
			t, diags = &Template{}, nil
		}
		c.diags = append(c.diags, diags...)
		c.ws.Templates[short] = t
	}
	for name, t := range c.ws.Templates {
		if t == nil {
			delete(c.ws.Templates, name)
		}
	}
}

// template gives the template that the file holds, not compiled yet. The line break at the end is the file's, not the message's.
func templateOf(f *file, name string) Template {
	return Template{Name: name, Text: strings.TrimSuffix(f.text, "\n"), HTML: path.Ext(f.name) == ".html"}
}

// at gives the places of a whole file's characters.
func placesOf(f *file) func(from, to int) Pos {
	var offsets []int
	return func(from, to int) Pos {
		if offsets == nil {
			for i := range f.text {
				offsets = append(offsets, i)
			}
			offsets = append(offsets, len(f.text))
		}
		last := len(offsets) - 1
		return f.pos(offsets[min(from, last)], offsets[min(to, last)])
	}
}

func (c *checker) loadPlaybooks() {
	for _, name := range slices.Sorted(maps.Keys(c.ws.Files)) {
		data := c.ws.Files[name]
		if !strings.HasPrefix(name, playbookDir+"/") || strings.HasSuffix(name, testSuffix) || data == nil {
			continue
		}
		if n := c.readYAML(newFile(name, data)); n != nil {
			if !c.testNamedOtherwise(n) {
				c.readPlaybook(n)
			}
		} else {
			c.lostID = true
		}
	}
	slices.SortFunc(c.ws.Playbooks, func(a, b *Playbook) int { return strings.Compare(a.ID, b.ID) })
}

func (c *checker) loadTests() {
	for _, name := range slices.Sorted(maps.Keys(c.ws.Files)) {
		data := c.ws.Files[name]
		if !strings.HasPrefix(name, playbookDir+"/") || !strings.HasSuffix(name, testSuffix) || data == nil {
			continue
		}
		if n := c.readYAML(newFile(name, data)); n != nil && !c.playbookNamedTest(n) {
			c.readTests(n)
		}
	}
}

// unused warns of declarations that nothing refers to.
func (c *checker) unused() {
	warn := func(what, name string, p Pos) {
		if !c.used[what+" "+name] {
			c.warn("unused", p, fmt.Sprintf("no playbook uses the %s `%s`", what, name)).label("leave it out, or use it")
		}
	}
	for i := range c.schema.Segments {
		before := len(c.diags)
		warn("segment", c.schema.Segments[i].Name, c.schema.Segments[i].Pos)
		if len(c.diags) > before && len(c.forAll) == 1 { // of several, who knows which one forgot it
			c.diags[before].beside("this schedule names no segment: it is for all members", c.forAll[0])
		}
	}
	for i := range c.schema.Channels {
		if spec := c.reg.Channel(c.schema.Channels[i].Type); spec != nil && spec.Mute {
			continue // no playbook names it
		}
		warn("channel", c.schema.Channels[i].Name, c.schema.Channels[i].Pos)
	}
	for i := range c.schema.Pools {
		warn("pool", c.schema.Pools[i].Name, c.schema.Pools[i].Pos)
	}
	for name := range c.ws.Templates {
		warn("template", name, wholeFile(c.texts[name].name))
	}
}

// Untested warns of live playbooks that no test runs, neither as its own nor beside another by `with`. It is apart from [Load]
// because only --strict asks for it.
func Untested(w *Workspace) []Diagnostic {
	tested := map[string]bool{}
	for _, t := range w.Tests {
		if len(t.Tests) > 0 {
			tested[t.Playbook] = true
			for _, id := range t.With {
				tested[id] = true
			}
		}
	}
	var out []Diagnostic
	for _, p := range w.Playbooks {
		if p.Status == Live && !tested[p.ID] {
			out = append(out, Diagnostic{
				Severity: Warning, Code: "untested", Message: fmt.Sprintf("the live playbook `%s` has no test", p.ID), Pos: p.Pos,
				Label: "write one in " + strings.TrimSuffix(p.File, yamlSuffix) + testSuffix,
			})
		}
	}
	return sorted(out)
}
