package loader

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
)

// codeCalls are the functions that take a code, with the place of it among their arguments.
var codeCalls = map[string]int{
	"error": 0, "warn": 0, "Error": 0, "Warn": 0, "Unknown": 0, "report": 1, "Report": 1, "Text": 1,
}

var kebabCode = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)

// codesInSource finds every code that the source of the language names.
func codesInSource(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	add := func(e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil && kebabCode.MatchString(s) {
				found[s] = true
			}
		}
	}
	files, err := filepath.Glob("../*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	below, err := filepath.Glob("../*/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Concat(files, below) {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if sel, ok := n.Fun.(*ast.SelectorExpr); ok {
					if i, ok := codeCalls[sel.Sel.Name]; ok && i < len(n.Args) {
						add(n.Args[i])
					}
				}
			case *ast.AssignStmt: // a code chosen beforehand
				for _, e := range n.Rhs {
					add(e)
				}
			case *ast.KeyValueExpr:
				if k, ok := n.Key.(*ast.Ident); ok && k.Name == "Code" {
					add(n.Value)
				}
			}
			return true
		})
	}
	return found
}

var printedCode = regexp.MustCompile(`(?m)^(?:error|warning)\[([a-z-]+)\]:`)

// codesInGolden finds every code that a case expects.
func codesInGolden(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	files, _ := filepath.Glob("testdata/rendered/*.out")
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range printedCode.FindAllStringSubmatch(string(data), -1) {
			found[m[1]] = true
		}
	}
	for _, file := range chunkFiles(t) {
		for _, c := range file.Cases {
			for _, w := range c.Wants {
				found[w.Code] = true
			}
		}
	}
	return found
}

// shownElsewhere are codes whose cases are too large for a golden file, or need a file system that
// fails: see files_test.go.
var shownElsewhere = []string{
	"file-too-large", "unreadable", "expression-too-long", "not-a-file",
	"workspace-too-large", "too-many-actions",
}

func TestEveryCodeIsDeclaredAndShown(t *testing.T) {
	source, shown := codesInSource(t), codesInGolden(t)
	for code := range source {
		if diag.CodeByName(code) == nil && strings.Contains(code, "-") {
			t.Errorf("the code %q is used and not declared", code)
		}
	}
	seen := map[string]bool{}
	for _, c := range diag.Codes {
		if seen[c.Name] {
			t.Errorf("%s is declared twice", c.Name)
		}
		seen[c.Name] = true
		if !source[c.Name] {
			t.Errorf("%s is declared and never used", c.Name)
		}
		if !shown[c.Name] && !slices.Contains(shownElsewhere, c.Name) {
			t.Errorf("%s has no case", c.Name)
		}
		if c.Title == "" || c.Doc == "" || !kebabCode.MatchString(c.Name) {
			t.Errorf("%s is not fully declared", c.Name)
		}
	}
}

// example puts a code's example into a workspace that is sound but for it.
func example(t *testing.T, text string) fstest.MapFS {
	t.Helper()
	base, err := os.ReadFile(baseSchema)
	if err != nil {
		t.Fatal(err)
	}
	playbook := map[string]string{
		"id": "id: example\n", "stage": "stage: retention\n", "trigger": "trigger: {event: cart.updated}\n",
		"actions": "actions:\n  - tag: x\n",
	}
	fsys := fstest.MapFS{playbooks.SchemaFile: {Data: base}}
	switch {
	case strings.HasPrefix(text, "usher:"):
		fsys[playbooks.SchemaFile] = &fstest.MapFile{Data: []byte(text)}
		return fsys
	case strings.HasPrefix(text, "playbook:"):
		fsys["playbooks/example_test.yaml"] = &fstest.MapFile{Data: []byte(text)}
		text = ""
	}
	whole := ""
	for _, key := range []string{"id", "stage", "trigger"} {
		if !strings.HasPrefix(text, key+":") {
			whole += playbook[key]
		}
	}
	whole += text + "\n"
	if !strings.HasPrefix(text, "actions:") {
		whole += playbook["actions"]
	}
	fsys["playbooks/example.yaml"] = &fstest.MapFile{Data: []byte(whole)}
	return fsys
}

func TestExamplesOfCodes(t *testing.T) {
	for _, c := range diag.Codes {
		if c.Bad == "" {
			continue
		}
		t.Run(c.Name, func(t *testing.T) {
			_, diags := Load(example(t, c.Bad), testRegistry())
			if !slices.ContainsFunc(diags, func(d diag.Diagnostic) bool { return d.Code == c.Name }) {
				t.Errorf("the bad example has not this mistake, but %v", diags)
			}
			_, diags = Load(example(t, c.Good), testRegistry())
			for _, d := range diags {
				if d.Code != "unused" {
					t.Errorf("the good example has a mistake: %+v", d)
				}
			}
		})
	}
}
