// Package docs tests what the documentation prints: YAML is checked, tests are run, links and
// commands exist.
//
// Each ```yaml block has a marker before it that says what it is, an HTML comment that readers do
// not see:
//
//	<!-- check: usher.yaml -->     a whole usher.yaml; what follows on the page is checked against it
//	<!-- check: declarations -->   sections of usher.yaml; the others are those of the page's usher.yaml
//	<!-- check: playbook -->       a whole playbook
//	<!-- check: part -->           keys of a playbook; what is missing is filled in
//	<!-- check: snippet NAME -->   a snippet, which the page's other blocks may use
//	<!-- check: action -->         items of `actions`
//	<!-- check: test for ID -->    tests, which are run, of a playbook that stands before them
//	<!-- check: mistake CODE -->   a part that must have this mistake
//	<!-- check: yaml -->           a file of another program
//
// A ```liquid block may be named too: <!-- check: template NAME -->. A page without a usher.yaml is
// checked against docs/testdata.
package docs

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine/sim"
	"github.com/usher-run/usher/internal/settings"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
	"github.com/usher-run/usher/playbooks/shapes"
	"github.com/usher-run/usher/scripts/reference/pages"
	"gopkg.in/yaml.v3"
)

// block is a fenced block of a page.
type block struct {
	line        int // of its first line
	lang, check string
	run, shown  string // of commands: see commands_test.go
	text        string
	whole       bool // its tests reach everything of their playbook
}

var (
	fence  = regexp.MustCompile("^```([a-z]*)$")
	marker = regexp.MustCompile(`^<!-- check: (.+) -->$`)
	runs   = regexp.MustCompile(`^<!-- (run|shown): (.+) -->$`)
)

// pagesOf gives the names of all pages of the repository, as seen from docs.
func pagesOf(t *testing.T) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(d.Name(), ".") && d.Name() != ".." ||
			slices.Contains([]string{"testdata", "templates", "bin"}, d.Name())):
			return fs.SkipDir
		case strings.HasSuffix(path, ".md"):
			names = append(names, strings.TrimPrefix(filepath.ToSlash(path), "../docs/"))
		}
		return nil
	})
	if err != nil || len(names) < 10 {
		t.Fatalf("found %d pages: %v", len(names), err)
	}
	return names
}

// read splits a page into its blocks and the prose between them.
func read(t *testing.T, page string) (blocks []block, prose string) {
	t.Helper()
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var open *block
	var text []string
	before := ""
	for i, line := range strings.Split(string(data), "\n") {
		m := fence.FindStringSubmatch(line)
		switch {
		case open != nil && line == "```":
			open.text = strings.Join(text, "\n") + "\n"
			blocks, open, text = append(blocks, *open), nil, nil
		case open != nil:
			text = append(text, line)
		case m != nil:
			open = &block{line: i + 2, lang: m[1]}
			if c := marker.FindStringSubmatch(before); c != nil {
				open.check = c[1]
			}
			if c := runs.FindStringSubmatch(before); c != nil && c[1] == "run" {
				open.run = c[2]
			} else if c != nil {
				open.shown = c[2]
			}
		default:
			prose += line + "\n"
		}
		before = line
	}
	if open != nil {
		t.Fatalf("%s:%d: this block is not closed", page, open.line)
	}
	return blocks, prose
}

func forEachPage(t *testing.T, check func(t *testing.T, page string)) {
	for _, page := range pagesOf(t) {
		t.Run(strings.TrimPrefix(page, "../"), func(t *testing.T) { check(t, page) })
	}
}

// context is the workspace of a page: what its reader has seen so far.
type context struct {
	files     fstest.MapFS
	playbooks map[string]string // by id
}

func newContext(t *testing.T) *context {
	t.Helper()
	c := &context{files: fstest.MapFS{}, playbooks: map[string]string{}}
	err := fs.WalkDir(os.DirFS("testdata"), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join("testdata", path))
		c.files[path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// with returns the context's declarations and templates, and one file more or instead.
func (c *context) with(name, text string) fstest.MapFS {
	out := fstest.MapFS{}
	for n, f := range c.files {
		out[n] = f
	}
	out[name] = &fstest.MapFile{Data: []byte(text)}
	return out
}

var topKey = regexp.MustCompile(`(?m)^([a-z_]+):`)

// sections splits YAML at its top-level keys.
func sections(text string) (keys []string, byKey map[string]string) {
	byKey = map[string]string{}
	at := topKey.FindAllStringSubmatchIndex(text, -1)
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		key := text[m[2]:m[3]]
		keys, byKey[key] = append(keys, key), strings.TrimRight(text[m[0]:end], "\n")+"\n"
	}
	return keys, byKey
}

// filledIn adds to a text the sections that it lacks.
func filledIn(text, rest string) string {
	_, has := sections(text)
	keys, more := sections(rest)
	out := ""
	for _, k := range keys {
		if has[k] == "" {
			out += more[k]
		}
	}
	return out + text
}

const bare = "id: example\nstage: retention\ntrigger: {event: cart.updated}\nactions:\n  - wait: 1d\n  - tag: x\n"

// workspace puts a block into a workspace that is sound but for it.
func (c *context) workspace(check, text string) (fstest.MapFS, error) {
	const file = "playbooks/example.yaml"
	switch kind, rest, _ := strings.Cut(check, " "); kind {
	case "usher.yaml":
		return c.with("usher.yaml", text), nil
	case "declarations":
		return c.with("usher.yaml", filledIn(text, string(c.files["usher.yaml"].Data))), nil
	case "playbook":
		return c.with(file, text), nil
	case "snippet":
		return c.with("snippets/"+rest+".yaml", text), nil
	case "action":
		return c.with(file, filledIn("actions:\n"+text, bare)), nil
	case "part", "mistake":
		switch {
		case strings.HasPrefix(text, "usher:"):
			return c.with("usher.yaml", text), nil
		case strings.HasPrefix(text, "playbook:"):
			files := c.with(file, bare)
			files["playbooks/example_test.yaml"] = &fstest.MapFile{Data: []byte(text)}
			return files, nil
		}
		return c.with(file, filledIn(text, bare)), nil
	case "test":
		id := strings.TrimPrefix(rest, "for ")
		if c.playbooks[id] == "" {
			return nil, fmt.Errorf("no playbook %s stands before it", id)
		}
		files := c.with(file, c.playbooks[id])
		for other, text := range c.playbooks {
			if other != id {
				files["playbooks/"+other+".yaml"] = &fstest.MapFile{Data: []byte(text)}
			}
		}
		files["playbooks/example_test.yaml"] = &fstest.MapFile{Data: []byte(text)}
		return files, nil
	}
	return nil, fmt.Errorf("the marker %q is not known: see the head of docs/docs_test.go", check)
}

var idOf = regexp.MustCompile(`(?m)^id: ([a-z0-9-]+)`)

// see adds a block to what the page's reader has seen.
func (c *context) see(b block) {
	switch kind, rest, _ := strings.Cut(b.check, " "); kind {
	case "usher.yaml":
		c.files["usher.yaml"] = &fstest.MapFile{Data: []byte(b.text)}
	case "playbook":
		if m := idOf.FindStringSubmatch(b.text); m != nil {
			c.playbooks[m[1]] = b.text
		}
	case "snippet":
		c.files["snippets/"+rest+".yaml"] = &fstest.MapFile{Data: []byte(b.text)}
	case "template":
		c.files["templates/"+rest+".txt"] = &fstest.MapFile{Data: []byte(b.text)}
	}
}

func rendered(diags []diag.Diagnostic, ws *playbooks.Workspace) string {
	var out strings.Builder
	_ = diag.Render(&out, "text", diags, ws.Files) // to memory
	return out.String()
}

func (c *context) try(b block) error {
	if b.check == "yaml" {
		var v any
		return yaml.Unmarshal([]byte(b.text), &v)
	}
	files, err := c.workspace(b.check, b.text)
	if err != nil {
		return err
	}
	ws, diags := loader.Load(files, actions.Registry())
	if code, ok := strings.CutPrefix(b.check, "mistake "); ok {
		if !slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return d.Code == code }) {
			return fmt.Errorf("it has not the mistake %s, but:\n%s", code, rendered(diags, ws))
		}
		return nil
	}
	diags = slices.DeleteFunc(diags, func(d diag.Diagnostic) bool { return d.Code == "unused" })
	if len(diags) > 0 {
		return fmt.Errorf("it has mistakes:\n%s", rendered(diags, ws))
	}
	if !strings.HasPrefix(b.check, "test") {
		return nil
	}
	rep := sim.Test(ws, sim.TestOptions{Registry: actions.Registry(), Effects: actions.Effects()})
	if rep.Failed > 0 || rep.Passed == 0 {
		var out strings.Builder
		_ = rep.Write(&out, "text", false) // to memory
		return fmt.Errorf("its tests fail:\n%s", out.String())
	}
	for i := range rep.Coverage {
		if c := &rep.Coverage[i]; b.whole && c.Playbook == strings.TrimPrefix(b.check, "test for ") && len(c.Missed) > 0 {
			return fmt.Errorf("its tests miss %v", c.Missed)
		}
	}
	return nil
}

func TestYAMLInTheDocs(t *testing.T) {
	forEachPage(t, func(t *testing.T, page string) {
		c := newContext(t)
		blocks, _ := read(t, page)
		for _, b := range blocks {
			b.whole = strings.HasPrefix(page, "tour/")
			if b.lang == "yaml" {
				if b.check == "" {
					t.Errorf("%s:%d: a yaml block needs a marker: see the head of docs/docs_test.go", page, b.line)
				} else if err := c.try(b); err != nil {
					t.Errorf("%s:%d: %v", page, b.line, err)
				}
			}
			c.see(b)
		}
	})
}

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// anchor is how GitHub names a heading.
func anchor(heading string) string {
	drop := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	return strings.ReplaceAll(drop.ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), ""), " ", "-")
}

func anchorsOf(t *testing.T, page string) map[string]bool {
	_, prose := read(t, page)
	found := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(prose, -1) {
		found[anchor(m[1])] = true
	}
	return found
}

func TestLinksLeadSomewhere(t *testing.T) {
	forEachPage(t, func(t *testing.T, page string) {
		_, prose := read(t, page)
		prose = regexp.MustCompile("`[^`]*`").
			ReplaceAllStringFunc(prose, func(s string) string { return strings.ReplaceAll(s, "](", "] (") })
		for _, m := range link.FindAllStringSubmatch(prose, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			file, to, _ := strings.Cut(m[1], "#")
			target := filepath.Join(filepath.Dir(page), file)
			if file == "" {
				target = page
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: the link %s leads nowhere", page, m[1])
			} else if to != "" && strings.HasSuffix(target, ".md") && !anchorsOf(t, target)[to] {
				t.Errorf("%s: the link %s leads to no heading", page, m[1])
			}
		}
	})
}

// otherCommands may be shown too.
var otherCommands = []string{"cp", "curl", "git", "go", "redis-server", "sqlite3", "export", "umask"}

// words finds, in files of the repository, what a pattern's group names.
func words(t *testing.T, glob, pattern string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(glob)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %v", glob, err)
	}
	found := map[string]bool{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(data), -1) {
			found[m[1]] = true
		}
	}
	return found
}

// commands gives the command lines of a block: all lines of `sh`, those behind a prompt of
// `console`.
func commands(b block) []string {
	text := strings.ReplaceAll(b.text, "\\\n", " ")
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		prompt := false
		if b.lang == "console" {
			line, prompt = strings.CutPrefix(line, "$ ")
		}
		if (b.lang == "sh" || prompt) && line != "" && !strings.HasPrefix(line, "#") {
			line, _, _ = strings.Cut(line, " # ")
			out = append(out, strings.Split(line, " && ")...)
		}
	}
	return out
}

func TestCommandsExist(t *testing.T) {
	subcommands := map[string]bool{}
	_, names := helpOf(t)
	for _, name := range names {
		subcommands[name] = true
	}
	targets := words(t, "../Makefile", `(?m)^([a-z]+):`)
	flags := words(t, "../cmd/usher/*.go", `"([a-z][a-z-]+)", `)
	maps.Copy(flags, words(t, "../cmd/usher/internal/*/*.go", `"([a-z][a-z-]+)", `))
	flags["help"] = true
	for _, table := range settings.Tables {
		for _, s := range table.Settings {
			flags[s.Flag] = true
		}
	}
	flag := regexp.MustCompile(`\s--?([a-z][a-z-]+)`)
	setting := regexp.MustCompile(`^[A-Z_]+=\S*$`)
	forEachPage(t, func(t *testing.T, page string) {
		blocks, _ := read(t, page)
		for _, b := range blocks {
			for _, line := range commands(b) {
				first := strings.Fields(line)
				for len(first) > 0 && setting.MatchString(first[0]) {
					first = first[1:]
				}
				switch {
				case len(first) == 0:
				case first[0] == "make":
					if len(first) < 2 || !targets[first[1]] {
						t.Errorf("%s:%d: the Makefile has no target for %q", page, b.line, line)
					}
				case strings.HasSuffix("/"+first[0], "/usher"):
					if len(first) < 2 || !subcommands[first[1]] {
						t.Errorf("%s:%d: usher has no command for %q", page, b.line, line)
					}
					own, _, _ := strings.Cut(line, " | ")
					for _, m := range flag.FindAllStringSubmatch(own, -1) {
						if !flags[m[1]] {
							t.Errorf("%s:%d: usher has no flag --%s: %q", page, b.line, m[1], line)
						}
					}
				case !slices.Contains(otherCommands, first[0]):
					t.Errorf("%s:%d: %q is no command of usher or make", page, b.line, line)
				}
			}
		}
	})
}

// tourEdits are the slips that the tour asks its reader to make, by command.
var tourEdits = map[string][2]string{"check": {"member.orders", "member.order"}, "test": {"wait: 3d", "wait: 4d"}}

// tourCommand finds commands of the tour whose output is the same every time, with that output.
var tourCommand = regexp.MustCompile(`(?m)^\$ \./bin/usher ((check|test|simulate) [^|\n]*?)( \| head -(\d+))?\n((?:[^$\n].*\n|\n)*)`)

// runTour runs a command as the tour's reader does.
func runTour(t *testing.T, usher, command, sub string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "examples"), os.DirFS("../examples")); err != nil {
		t.Fatal(err)
	}
	if e, ok := tourEdits[sub]; ok {
		file := filepath.Join(dir, "examples/starter/playbooks/activation/first-order.yaml")
		data, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(data), e[0]) {
			t.Fatalf("%s has no %q: %v", file, e[0], err)
		}
		if err := os.WriteFile(file, []byte(strings.Replace(string(data), e[0], e[1], 1)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command(usher, strings.Fields(command)...)
	c.Dir = dir
	out, err := c.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out)
}

var program struct {
	once sync.Once
	path string
	err  error
}

// build builds usher, once for all tests.
func build(t *testing.T) string {
	t.Helper()
	program.once.Do(func() {
		dir, err := os.MkdirTemp("", "usher-docs-")
		if err != nil {
			program.err = err
			return
		}
		program.path = filepath.Join(dir, "usher")
		cmd := exec.Command("../scripts/build.sh", program.path)
		// the packages that `go test` has compiled already
		cmd.Env = append(os.Environ(), "VERSION=dev", "CGO_ENABLED="+cgo())
		if out, err := cmd.CombinedOutput(); err != nil {
			program.err = fmt.Errorf("build usher: %w\n%s", err, out)
		}
	})
	if program.err != nil {
		t.Fatal(program.err)
	}
	return program.path
}

// cgo tells with which CGO_ENABLED this test was built.
func cgo() string {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == "CGO_ENABLED" {
			return s.Value
		}
	}
	return "0"
}

var sizeLimit = regexp.MustCompile(`stays under (\d+) MB`)

func TestProgramIsNoLargerThanPromised(t *testing.T) {
	page, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	m := sizeLimit.FindSubmatch(page)
	if m == nil {
		t.Fatal("architecture.md does not say how large the program may be")
	}
	limit, err := strconv.ParseInt(string(m[1]), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(build(t))
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() >= limit*1_000_000 {
		t.Errorf("usher has %.1f MB, and %d are promised: `go tool nm -size -sort size` tells by what",
			float64(info.Size())/1e6, limit)
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	if program.path != "" {
		_ = os.RemoveAll(filepath.Dir(program.path)) // of the system's temporary files
	}
	os.Exit(code)
}

func TestTourPrintsWhatTheProgramPrints(t *testing.T) {
	usher := build(t)
	ran := map[string]string{}
	for _, page := range []string{"../README.md", "../README.zh-CN.md"} {
		blocks, _ := read(t, page)
		found := 0
		for _, b := range blocks {
			for _, m := range tourCommand.FindAllStringSubmatch(b.text, -1) {
				found++
				if _, ok := ran[m[1]]; !ok {
					ran[m[1]] = runTour(t, usher, m[1], m[2])
				}
				want := ran[m[1]]
				if n, err := strconv.Atoi(m[4]); err == nil {
					want = strings.Join(strings.SplitAfter(want, "\n")[:n], "")
				}
				if m[5] != want {
					t.Errorf("%s:%d: `usher %s` prints now:\n%s", page, b.line, m[1], want)
				}
			}
		}
		if found != 3 {
			t.Errorf("%s: found %d commands of the tour to try, want check, test and simulate", page, found)
		}
	}
}

func TestHookKeepsMistakesOut(t *testing.T) {
	usher, dir := build(t), t.TempDir()
	hook, err := os.ReadFile("../examples/git-hooks/pre-commit")
	if err != nil {
		t.Fatal(err)
	}
	name := ""
	// of a hook that runs this test
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "GIT_") })
	git := func(args ...string) (string, error) {
		c := exec.Command("git", append([]string{"-c", "user.name=A", "-c", "user.email=a@acme.test"}, args...)...)
		c.Dir = dir
		c.Env = append(slices.Clone(env), "USHER="+name, "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
		out, err := c.CombinedOutput()
		return string(out), err
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	edit := func(old, with string) {
		t.Helper()
		file := filepath.Join(dir, "shop/playbooks/activation/first-order.yaml")
		data, err := os.ReadFile(file)
		must(err)
		must(os.WriteFile(file, []byte(strings.Replace(string(data), old, with, 1)), 0o644))
	}
	_, err = git("init", "-q")
	must(err)
	must(os.WriteFile(filepath.Join(dir, ".git/hooks/pre-commit"), hook, 0o755))
	must(os.CopyFS(filepath.Join(dir, "shop"), os.DirFS("../examples/starter")))
	_, err = git("config", "usher.workspaces", "shop")
	must(err)
	for _, step := range []struct{ what, old, with, program, say string }{
		{"without usher", "", "", "no-such-usher", "there is no program `no-such-usher` on the path"},
		{"a sound workspace", "", "", usher, ""},
		{"a mistake", "wait: 3d", "wait: 3 d", usher, "shop has mistakes"},
		{"a failing test", "wait: 3 d", "wait: 4d", usher, "tests of shop fail or are missing"},
	} {
		name = step.program
		edit(step.old, step.with)
		_, err := git("add", ".")
		must(err)
		out, err := git("commit", "-qm", step.what)
		if (err == nil) != (step.say == "") || !strings.Contains(out, step.say) {
			t.Errorf("%s: %v\n%s", step.what, err, out)
		}
	}
}

func TestReferenceIsFresh(t *testing.T) {
	for name, want := range pages.All() {
		got, err := os.ReadFile(filepath.Join("reference", name))
		if err != nil || string(got) != want {
			t.Errorf("docs/reference/%s is stale: run `go run ./scripts/reference` at the top of the repository", name)
		}
	}
	for _, f := range shapes.Functions() {
		if f.Usage == "" || f.Doc == "" {
			t.Errorf("the function %s is not described", f.Name)
		}
	}
}

// The tables of settings in docs/operations.md are those that the flags are made of.
func TestSettingsAreFresh(t *testing.T) {
	got, err := os.ReadFile("operations.md")
	if err != nil {
		t.Fatal(err)
	}
	if want, err := settings.Page(string(got)); err != nil || want != string(got) {
		t.Errorf("docs/operations.md is stale (%v): run `go run ./scripts/reference` at the top of the repository", err)
	}
}

// Metrics and environment variables in docs/operations.md are those of the program, all of them.
func TestOperationsNameWhatThereIs(t *testing.T) {
	for _, check := range []struct{ what, pattern, source string }{
		{"metric", "`(usher_[a-z_]+)`", `Name: "(usher_[a-z_]+)"|(?:counter|vec|seconds)\("(usher_[a-z_]+)"`},
		{"environment variable", "`(USHER_[A-Z_]+)`", `"(USHER_[A-Z_]*[A-Z])"`}, // one that ends in _ begins names
	} {
		said := words(t, "operations.md", check.pattern)
		there := map[string]bool{}
		for _, glob := range []string{
			"../cmd/usher/*.go", "../cmd/usher/internal/*/*.go", "../internal/*/*.go", "../api/*.go", "../engine/worker/*.go",
		} {
			files, _ := filepath.Glob(glob)
			for _, f := range files {
				if strings.HasSuffix(f, "_test.go") {
					continue
				}
				data, err := os.ReadFile(f)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range regexp.MustCompile(check.source).FindAllStringSubmatch(string(data), -1) {
					there[strings.Join(m[1:], "")] = true
				}
			}
		}
		for name := range said {
			if !there[name] {
				t.Errorf("docs/operations.md: there is no %s %s", check.what, name)
			}
		}
		for name := range there {
			if !said[name] {
				t.Errorf("docs/operations.md does not name the %s %s", check.what, name)
			}
		}
	}
}

// Chinese text has Chinese punctuation.
func TestChinesePunctuation(t *testing.T) {
	for _, page := range pagesOf(t) {
		if !strings.HasSuffix(page, ".zh-CN.md") && !strings.Contains(page, "/zh/") {
			continue
		}
		_, prose := read(t, page)
		prose = regexp.MustCompile("`[^`]*`|\\]\\([^)]*\\)").ReplaceAllString(prose, "")
		for _, m := range regexp.MustCompile(`\p{Han}[,;:?!()]|[,;?!()]\p{Han}`).FindAllString(prose, -1) {
			t.Errorf("%s: %q has punctuation of half width", page, m)
		}
	}
}
