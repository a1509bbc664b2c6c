package docs

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// fileNamed matches the name of a Go file in a comment, with what stands before it in its path. A
// `*` stands for a part of the name.
var fileNamed = regexp.MustCompile(`[\w/*.-]*\b[a-z][a-z0-9_*]*\.go\b`)

// TestPreamblesNameFilesThatExist holds that a comment which opens a package sends nobody to a file
// that was renamed.
func TestPreamblesNameFilesThatExist(t *testing.T) {
	named := 0
	for _, top := range []string{"engine", "playbooks", "actions", "api", "cmd", "internal"} {
		err := filepath.WalkDir(filepath.Join("..", top), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil || f.Doc == nil {
				return err
			}
			for _, name := range fileNamed.FindAllString(f.Doc.Text(), -1) {
				named++
				here, _ := filepath.Glob(filepath.Join(filepath.Dir(path), name))
				fromRoot, _ := filepath.Glob(filepath.Join("..", name))
				if len(here)+len(fromRoot) == 0 {
					t.Errorf("%s names %s, and there is no such file", path, name)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if named < 20 {
		t.Errorf("only %d files are named: the pattern finds nothing", named)
	}
}
