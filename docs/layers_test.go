package docs

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

const module = "github.com/usher-run/usher/"

// layers reads the table "Folders, and who may import whom" of docs/architecture.md: for each
// folder the folders of this project that it may import. Names that are no folder of the table, as
// those of libraries, are left out.
func layers(t *testing.T) map[string][]string {
	t.Helper()
	page, err := os.ReadFile("architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "## Folders, and who may import whom\n")
	table, _, _ = strings.Cut(table, "\n\n")
	imports, names := map[string][]string{}, map[string]bool{}
	rows := regexp.MustCompile("(?m)^\\| `([a-z/]+)/` \\|.*\\| ([^|]*) ?\\|$").FindAllStringSubmatch(table, -1)
	for _, row := range rows {
		imports[row[1]] = strings.Split(strings.TrimSpace(row[2]), ", ")
		names[path.Base(row[1])] = true
	}
	for folder, list := range imports {
		imports[folder] = slices.DeleteFunc(list, func(s string) bool { return !names[strings.TrimSuffix(s, "/...")] })
	}
	return imports
}

// folders are those of the project with Go files that are no tests.
func folders(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == "bin" || len(d.Name()) > 2 && d.Name()[0] == '.'):
			return filepath.SkipDir
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			found[strings.TrimPrefix(filepath.ToSlash(filepath.Dir(name)), "../")] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// The table of docs/architecture.md and the rules of depguard in .golangci.yaml say the same, row
// by row. `name` is the package alone, `name/...` stands for all below it, too.
func TestLayersAreThoseThatTheLinterHolds(t *testing.T) {
	text, err := os.ReadFile("../.golangci.yaml")
	if err != nil {
		t.Fatal(err)
	}
	type rule struct {
		Mode         string `yaml:"list-mode"`
		Files, Allow []string
	}
	var config struct {
		Linters struct {
			Settings struct {
				Depguard struct{ Rules map[string]rule }
			}
		}
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	said, there := layers(t), folders(t)
	held := map[string][]string{}
	glob := regexp.MustCompile(`^\*\*/([a-z/]+)/(?:\*\*/)?\*\.go$`)
	for name, r := range config.Linters.Settings.Depguard.Rules {
		if r.Mode != "strict" {
			continue // it forbids something to everybody; it gives no folder its imports
		}
		m := glob.FindStringSubmatch(r.Files[0])
		if m == nil {
			t.Fatalf("the rule %s is about %s, which is no folder", name, r.Files[0])
		}
		var allowed []string
		for _, pkg := range r.Allow {
			p, own := strings.CutPrefix(pkg, module)
			p, exact := strings.CutSuffix(p, "$")
			switch {
			case !own || p == m[1]: // a library, or what is below the folder itself
				continue
			case !there[p]:
				t.Errorf("the rule %s allows %s, which is no package", name, pkg)
			}
			below := func(other string) bool { return strings.HasPrefix(other, p+"/") }
			if !exact && slices.ContainsFunc(slices.Collect(maps.Keys(there)), below) {
				p += "/..."
			}
			allowed = append(allowed, strings.TrimPrefix(p, path.Dir(strings.TrimSuffix(p, "/..."))+"/"))
		}
		held[m[1]] = allowed
	}
	for folder, list := range said {
		allowed, ok := held[folder]
		slices.Sort(list)
		slices.Sort(allowed)
		switch {
		case !ok && folder != "examples": // it has no Go files but tests
			t.Errorf("docs/architecture.md has %s/, which no rule of .golangci.yaml holds", folder)
		case !slices.Equal(list, allowed):
			t.Errorf("%s/ may import\n  %s by docs/architecture.md,\n  %s by .golangci.yaml",
				folder, strings.Join(list, ", "), strings.Join(allowed, ", "))
		}
	}
	for folder := range held {
		if _, ok := said[folder]; !ok {
			t.Errorf("docs/architecture.md has no row for %s/, which .golangci.yaml has a rule for", folder)
		}
	}
	for folder := range there { // the linter holds what a rule names, so that every folder needs one
		top, _, _ := strings.Cut(folder, "/")
		if _, ok := held[folder]; !ok && !slices.Contains([]string{"bench", "docs", "examples", "scripts"}, top) &&
			!slices.Contains([]string{
				"engine/clock/clocktest", "engine/enginetest", "engine/sim/eventfile", "engine/store/storetest",
				"engine/worker/redistest",
			}, folder) {
			t.Errorf("no rule of .golangci.yaml and no row of docs/architecture.md is about %s/", folder)
		}
	}
}
