package loader

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/check"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/files"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/syntax"
	"github.com/usher-run/usher/playbooks/text"
)

// Load reads a workspace and checks it whole: the first mistake stops nothing. The diagnostics are
// sorted by place, each once. A workspace with a diagnostic of severity [Error] holds what could be
// read, and must not be used.
func Load(fsys fs.FS, reg *schema.Registry) (*playbooks.Workspace, []diag.Diagnostic) {
	return load(fsys, reg, nil, nil)
}

func load(fsys fs.FS, reg *schema.Registry, open map[string][]byte, places *[]ExpressionSite) (*playbooks.Workspace,
	[]diag.Diagnostic,
) {
	c := newChecker(reg)
	ws := c.ws
	c.sites = places
	if !c.readFiles(fsys, open) {
		return ws, diag.Sorted(c.Diags)
	}
	c.loadSchema()
	c.loadTemplates()
	c.loadPlaybooks()
	c.loadTests()
	r := check.NewRules(&c.Collector, c.Notes, ws, reg)
	if !hasError(c.Diags) {
		c.unused()
		r.Judge()
	}
	ws.Labels = c.Labels
	return ws, atMost(maxMistakes, diag.Sorted(r.Refine(c.Diags)))
}

func newChecker(reg *schema.Registry) *checker {
	ws := &playbooks.Workspace{
		Schema: newSchema(), Templates: map[string]*playbooks.Template{},
		Files: map[string][]byte{},
	}
	return &checker{
		Reader: syntax.Reader{PlaybookKeys: playbookKeys, SuggestType: suggestType},
		reg:    reg, ws: ws, schema: ws.Schema, used: map[string]bool{}, playbookNodes: map[string]*syntax.Node{},
		declared: map[string]bool{}, texts: map[string]*diag.File{}, brokenNames: map[string]bool{},
		sources: map[string]*syntax.Node{},
		Notes:   check.NewNotes(),
	}
}

// maxMistakes is how many mistakes of one file are told: beyond that it is no playbook that went
// wrong.
const maxMistakes = 1000

// atMost keeps the first of each file's mistakes.
func atMost(most int, diags []diag.Diagnostic) []diag.Diagnostic {
	count := map[string]int{}
	return slices.DeleteFunc(diags, func(d diag.Diagnostic) bool {
		count[d.File]++
		return count[d.File] > most
	})
}

func hasError(diags []diag.Diagnostic) bool {
	return slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return d.Severity == diag.Error })
}

func (c *checker) loadSchema() {
	data, ok := c.ws.Files[playbooks.SchemaFile]
	switch {
	case !ok:
		c.schemaUnreadable = true
		hint := "begin one with `usher init`"
		if c.wrongName {
			hint = "rename usher.yml to usher.yaml"
		}
		// of another workspace
		c.Diags = slices.DeleteFunc(c.Diags, func(d diag.Diagnostic) bool { return d.Code == "unread-file" && !c.wrongName })
		c.Error("no-workspace", playbooks.WholeFile(playbooks.SchemaFile),
			"there is no usher.yaml: a workspace declares its events and attributes there").Label(hint)
	case data == nil:
		c.schemaUnreadable = true
	default:
		if n := c.Read(diag.NewFile(playbooks.SchemaFile, data)); n != nil {
			c.readSchema(n)
		} else {
			c.schemaUnreadable = true
		}
	}
}

// loadTemplates reads the templates. Their variables are judged where they are used: what is in
// scope depends on the playbook.
func (c *checker) loadTemplates() {
	for _, name := range slices.Sorted(maps.Keys(c.ws.Files)) {
		data := c.ws.Files[name]
		if !strings.HasPrefix(name, playbooks.TemplateDir+"/") || data == nil {
			continue
		}
		short := strings.TrimSuffix(strings.TrimPrefix(name, playbooks.TemplateDir+"/"), path.Ext(name))
		if first := c.texts[short]; first != nil {
			c.Error("duplicate-id", playbooks.WholeFile(name), fmt.Sprintf("there are two templates `%s`", short)).
				Label("rename one of them").Related("first here", playbooks.WholeFile(first.Name))
			continue
		}
		f := diag.NewFile(name, data)
		c.texts[short] = f
		if !c.TextFile(f) {
			c.ws.Templates[short] = nil
			continue
		}
		t, diags := text.Compile(templateOf(f, short), positionsOf(f), nil)
		if c.Running { // it is read again where it is used
			t, diags = &playbooks.Template{}, nil
		}
		c.Diags = append(c.Diags, diags...)
		c.ws.Templates[short] = t
	}
	for name, t := range c.ws.Templates {
		if t == nil {
			delete(c.ws.Templates, name)
		}
	}
}

// template gives the template that the file holds, not compiled yet. The line break at the end is
// the file's, not the message's.
func templateOf(f *diag.File, name string) playbooks.Template {
	return playbooks.Template{Name: name, Text: strings.TrimSuffix(f.Text, "\n"), HTML: path.Ext(f.Name) == ".html"}
}

// at gives the places of a whole file's characters.
func positionsOf(f *diag.File) func(from, to int) diag.Pos {
	var offsets []int
	return func(from, to int) diag.Pos {
		if offsets == nil {
			for i := range f.Text {
				offsets = append(offsets, i)
			}
			offsets = append(offsets, len(f.Text))
		}
		last := len(offsets) - 1
		return f.Pos(offsets[min(from, last)], offsets[min(to, last)])
	}
}

func (c *checker) loadPlaybooks() {
	for _, name := range slices.Sorted(maps.Keys(c.ws.Files)) {
		data := c.ws.Files[name]
		if !strings.HasPrefix(name, playbooks.PlaybookDir+"/") || strings.HasSuffix(name, playbooks.TestSuffix) ||
			data == nil {
			continue
		}
		if n := c.Read(diag.NewFile(name, data)); n != nil {
			if !c.testNamedOtherwise(n) {
				c.readPlaybook(n)
			}
		} else {
			c.playbookIDUnread = true
		}
	}
	slices.SortFunc(c.ws.Playbooks, func(a, b *playbooks.Playbook) int { return strings.Compare(a.ID, b.ID) })
}

func (c *checker) loadTests() {
	for _, name := range slices.Sorted(maps.Keys(c.ws.Files)) {
		data := c.ws.Files[name]
		if !strings.HasPrefix(name, playbooks.PlaybookDir+"/") || !strings.HasSuffix(name, playbooks.TestSuffix) ||
			data == nil {
			continue
		}
		if n := c.Read(diag.NewFile(name, data)); n != nil && !c.playbookNamedTest(n) {
			c.readTests(n)
		}
	}
}

// unused warns of declarations that nothing refers to.
func (c *checker) unused() {
	warn := func(what, name string, p diag.Pos) {
		if !c.used[what+" "+name] {
			c.Warn("unused", p, fmt.Sprintf("no playbook uses the %s `%s`", what, name)).Label("leave it out, or use it")
		}
	}
	for i := range c.schema.Segments {
		before := len(c.Diags)
		warn("segment", c.schema.Segments[i].Name, c.schema.Segments[i].Pos)
		if len(c.Diags) > before && len(c.forAll) == 1 { // of several, who knows which one forgot it
			c.Diags[before].Relate("this schedule names no segment: it is for all members", c.forAll[0])
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
		warn("template", name, playbooks.WholeFile(c.texts[name].Name))
	}
}

// testName matches what the name of a test's file has beside that of its playbook.
var testName = regexp.MustCompile(`(?i)^tests?[-_. ]+|[-_. ]*tests?$`)

// testNamedOtherwise reports a test whose file is not named as one: it would be taken for a
// playbook.
func (c *checker) testNamedOtherwise(n *syntax.Node) bool {
	if n.Kind != syntax.MappingNode || n.Get("playbook") == nil || n.Get("tests") == nil || n.Get("trigger") != nil {
		return false
	}
	stem := strings.TrimSuffix(path.Base(n.F.Name), playbooks.YamlSuffix)
	better := testName.ReplaceAllString(stem, "")
	if id := n.Get("playbook").Value; better == "" && syntax.Kebab.MatchString(id) {
		better = id
	}
	c.Error("file-name", n.Key("tests").Pos(), "this is a test, and its file is not named as one").
		Label("rename it to " + better + playbooks.TestSuffix)
	return true
}

// playbookNamedTest reports a playbook whose file is named as a test.
func (c *checker) playbookNamedTest(n *syntax.Node) bool {
	if n.Kind != syntax.MappingNode || n.Get("tests") != nil || n.Get("trigger") == nil || n.Get("actions") == nil {
		return false
	}
	stem := strings.TrimSuffix(path.Base(n.F.Name), playbooks.TestSuffix)
	c.Error("file-name", n.Key("trigger").Pos(), "this is a playbook, and its file is named as a test").
		Label("rename it to " + stem + playbooks.YamlSuffix)
	return true
}

// readFiles reads the files of the workspace; false when they are too many for one.
func (c *checker) readFiles(fsys fs.FS, open map[string][]byte) bool {
	read := files.Read(fsys, open, &c.Collector)
	c.ws.Files, c.wrongName = read.Files, read.WrongName
	return !read.Full
}
