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
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/files"
	"github.com/usher-run/usher/playbooks/loader/declarations"
	"github.com/usher-run/usher/playbooks/loader/playbook"
	"github.com/usher-run/usher/playbooks/loader/reading"
	"github.com/usher-run/usher/playbooks/loader/testfile"
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
	c := newLoading(reg)
	ws := c.Workspace
	if places != nil {
		c.Site = func(p diag.Pos, text string, sc *scope.Scope, want *schema.Type) {
			*places = append(*places, ExpressionSite{p, text, sc, want})
		}
	}
	if !c.readFiles(fsys, open) {
		return ws, diag.Sorted(c.Diags)
	}
	c.loadSchema()
	c.loadTemplates()
	c.loadSnippets()
	c.loadPlaybooks()
	c.loadTests()
	r := check.NewRules(&c.Collector, c.Notes, ws, reg)
	if !diag.HasError(c.Diags) {
		c.unused()
		r.Judge()
	}
	ws.Labels = c.Labels
	return ws, atMost(maxMistakes, diag.Sorted(r.Refine(c.Diags)))
}

// loading reads the files of a workspace one after the other.
type loading struct {
	*reading.Reader
	wrongName bool // there is a usher.yml instead of usher.yaml
}

func newLoading(reg *schema.Registry) *loading {
	return &loading{Reader: reading.New(reg, syntax.Reader{PlaybookKeys: playbook.Keys, SuggestType: suggestType})}
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

func (c *loading) loadSchema() {
	data, ok := c.Workspace.Files[playbooks.SchemaFile]
	switch {
	case !ok:
		c.SchemaUnreadable = true
		hint := "begin one with `usher init`"
		if c.wrongName {
			hint = "rename usher.yml to usher.yaml"
		}
		// of another workspace
		c.Diags = slices.DeleteFunc(c.Diags, func(d diag.Diagnostic) bool { return d.Code == "unread-file" && !c.wrongName })
		c.Error("no-workspace", playbooks.WholeFile(playbooks.SchemaFile),
			"there is no usher.yaml: a workspace declares its events and attributes there").Label(hint)
	case data == nil:
		c.SchemaUnreadable = true
	default:
		if n := c.Read(diag.NewFile(playbooks.SchemaFile, data)); n != nil {
			declarations.Read(c.Reader, n)
		} else {
			c.SchemaUnreadable = true
		}
	}
}

// loadTemplates reads the templates. Their variables are judged where they are used: what is in
// scope depends on the playbook.
func (c *loading) loadTemplates() {
	for _, name := range slices.Sorted(maps.Keys(c.Workspace.Files)) {
		data := c.Workspace.Files[name]
		if !strings.HasPrefix(name, playbooks.TemplateDir+"/") || data == nil {
			continue
		}
		short := strings.TrimSuffix(strings.TrimPrefix(name, playbooks.TemplateDir+"/"), path.Ext(name))
		if first := c.Texts[short]; first != nil {
			c.Error("duplicate-id", playbooks.WholeFile(name), fmt.Sprintf("there are two templates `%s`", short)).
				Label("rename one of them").Related("first here", playbooks.WholeFile(first.Name))
			continue
		}
		f := diag.NewFile(name, data)
		c.Texts[short] = f
		if !c.TextFile(f) {
			c.Workspace.Templates[short] = nil
			continue
		}
		t, diags := text.Compile(reading.TemplateOf(f, short), f.Positions(), nil)
		if c.Running { // it is read again where it is used
			t, diags = &playbooks.Template{}, nil
		}
		c.Diags = append(c.Diags, diags...)
		c.Workspace.Templates[short] = t
	}
	c.variants()
	for name, t := range c.Workspace.Templates {
		if t == nil {
			delete(c.Workspace.Templates, name)
		}
	}
}

// loadSnippets reads what snippets take. Their actions are read where they are used.
func (c *loading) loadSnippets() {
	for _, name := range slices.Sorted(maps.Keys(c.Workspace.Files)) {
		data := c.Workspace.Files[name]
		if short, ok := strings.CutPrefix(name, playbooks.SnippetDir+"/"); ok && data != nil {
			playbook.ReadSnippet(c.Reader, strings.TrimSuffix(short, playbooks.YamlSuffix), c.Read(diag.NewFile(name, data)))
		}
	}
}

func (c *loading) loadPlaybooks() {
	for _, name := range slices.Sorted(maps.Keys(c.Workspace.Files)) {
		data := c.Workspace.Files[name]
		if !strings.HasPrefix(name, playbooks.PlaybookDir+"/") || strings.HasSuffix(name, playbooks.TestSuffix) ||
			data == nil {
			continue
		}
		if n := c.Read(diag.NewFile(name, data)); n != nil {
			if !c.testNamedOtherwise(n) {
				playbook.Read(c.Reader, n)
			}
		} else {
			c.PlaybookIDUnread = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Snippets)) {
		playbook.CheckDefaults(c.Reader, c.Snippets[name])
		if !c.IsUsed("snippet", name) {
			playbook.CheckSnippet(c.Reader, c.Snippets[name])
		}
	}
	slices.SortFunc(c.Workspace.Playbooks, func(a, b *playbooks.Playbook) int { return strings.Compare(a.ID, b.ID) })
}

func (c *loading) loadTests() {
	for _, name := range slices.Sorted(maps.Keys(c.Workspace.Files)) {
		data := c.Workspace.Files[name]
		if !strings.HasPrefix(name, playbooks.PlaybookDir+"/") || !strings.HasSuffix(name, playbooks.TestSuffix) ||
			data == nil {
			continue
		}
		if n := c.Read(diag.NewFile(name, data)); n != nil && !c.playbookNamedTest(n) {
			testfile.Read(c.Reader, n)
		}
	}
}

// unused warns of declarations that nothing refers to.
func (c *loading) unused() {
	warn := func(what, name string, p diag.Pos) {
		if !c.IsUsed(what, name) {
			c.Warn("unused", p, fmt.Sprintf("no playbook uses the %s `%s`", what, name)).Label("leave it out, or use it")
		}
	}
	for i := range c.Schema.Segments {
		before := len(c.Diags)
		warn("segment", c.Schema.Segments[i].Name, c.Schema.Segments[i].Pos)
		if len(c.Diags) > before && len(c.ForAll) == 1 { // of several, who knows which one forgot it
			c.Diags[before].Relate("this schedule names no segment: it is for all members", c.ForAll[0])
		}
	}
	for i := range c.Schema.Objects {
		for _, g := range c.Schema.Objects[i].Segments {
			warn("segment", g.Name, g.Pos)
		}
	}
	for i := range c.Schema.Channels {
		if spec := c.Registry.Channel(c.Schema.Channels[i].Type); spec != nil && spec.Mute {
			continue // no playbook names it
		}
		warn("channel", c.Schema.Channels[i].Name, c.Schema.Channels[i].Pos)
	}
	for i := range c.Schema.Tables {
		warn("table", c.Schema.Tables[i].Name, c.Schema.Tables[i].Pos)
	}
	for i := range c.Schema.Raffles {
		warn("raffle", c.Schema.Raffles[i].Name, c.Schema.Raffles[i].Pos)
	}
	for i := range c.Schema.Pools {
		warn("pool", c.Schema.Pools[i].Name, c.Schema.Pools[i].Pos)
	}
	for name := range c.Workspace.Templates {
		if base, _, ok := c.Workspace.VariantOf(name); !ok || !c.IsUsed("template", base) {
			warn("template", name, playbooks.WholeFile(c.Texts[name].Name))
		}
	}
	for name, s := range c.Snippets {
		warn("snippet", name, s.Node.Pos())
	}
	c.lacking()
}

// testName matches what the name of a test's file has beside that of its playbook.
var testName = regexp.MustCompile(`(?i)^tests?[-_. ]+|[-_. ]*tests?$`)

// testNamedOtherwise reports a test whose file is not named as one: it would be taken for a
// playbook.
func (c *loading) testNamedOtherwise(n *syntax.Node) bool {
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
func (c *loading) playbookNamedTest(n *syntax.Node) bool {
	if n.Kind != syntax.MappingNode || n.Get("tests") != nil || n.Get("trigger") == nil || n.Get("actions") == nil {
		return false
	}
	stem := strings.TrimSuffix(path.Base(n.F.Name), playbooks.TestSuffix)
	c.Error("file-name", n.Key("trigger").Pos(), "this is a playbook, and its file is named as a test").
		Label("rename it to " + stem + playbooks.YamlSuffix)
	return true
}

// readFiles reads the files of the workspace; false when they are too many for one.
func (c *loading) readFiles(fsys fs.FS, open map[string][]byte) bool {
	read := files.Read(fsys, open, &c.Collector)
	c.Workspace.Files, c.wrongName = read.Files, read.WrongName
	return !read.Full
}

// suggestType returns the type that a text of usher.yaml stands for as other tools write it; ""
// when it is none.
func suggestType(file, text string) string {
	if file != playbooks.SchemaFile {
		return ""
	}
	return schema.SuggestOptional(text)
}
