package engine_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Rules of docs/language.md begin with their number and a bold title; decide.go repeats both and
// names functions, each with what it is declared in.
var (
	docRule  = regexp.MustCompile(`(?m)^(\d+)\. \*\*(.+?)\.?\*\*`)
	codeRule = regexp.MustCompile(`(?m)^//\t *(\d+) ([A-Z][a-z, ]*?)  +((?:[\w.]+, )*[\w.]+)$`)
)

func TestEveryRuleNamesTheFunctionsThatKeepIt(t *testing.T) {
	_, meaning, found := strings.Cut(read(t, "../docs/language.md"), "\n## Meaning\n")
	if !found {
		t.Fatal("docs/language.md has no section Meaning")
	}
	meaning, _, _ = strings.Cut(meaning, "\n## ")
	rules := docRule.FindAllStringSubmatch(meaning, -1)
	listed := codeRule.FindAllStringSubmatch(read(t, "decide.go"), -1)
	if len(rules) == 0 || len(rules) != len(listed) {
		t.Fatalf("docs/language.md has %d rules, decide.go lists %d", len(rules), len(listed))
	}
	declared := map[string]bool{}
	for prefix, dir := range map[string]string{
		"": ".", "index.": "index", "eval.": "eval", "worker.": "worker", "schema.": "../playbooks/schema", "expression.": "../playbooks/expression",
	} {
		for _, f := range parse(t, dir) {
			for _, fn := range functions(f) {
				declared[prefix+nameOf(fn)] = true
			}
		}
	}
	for i, rule := range rules {
		if rule[1] != listed[i][1] || rule[2] != listed[i][2] {
			t.Errorf("rule %s, %s, stands in decide.go as %s, %s", rule[1], rule[2], listed[i][1], listed[i][2])
		}
		for _, name := range strings.Split(listed[i][3], ", ") {
			if !declared[name] {
				t.Errorf("rule %s names %s, which does not exist", rule[1], name)
			}
		}
	}
}

// stages are the files of the core's stages, those of one stage together. See doc.go.
var stages = [][]string{
	{"due.go"},
	{"apply.go", "backfill.go"},
	{"goals.go"},
	{"resume.go", "park.go"},
	{"judge.go"},
	{"run.go", "branch.go", "wait.go", "act.go", "act_emit.go", "act_webhook.go"},
	{"segment.go", "date.go"},
	{"cascade.go"},
}

// A reader follows an event from top to bottom once: only the page calls a stage.
func TestNoStageCallsAnother(t *testing.T) {
	files := parse(t, ".")
	in := map[string]string{} // the file that declares a method of the decider
	for name, f := range files {
		for _, fn := range functions(f) {
			if strings.HasPrefix(nameOf(fn), "decider.") {
				in[fn.Name.Name] = name
			}
		}
	}
	for _, stage := range stages {
		for _, name := range stage {
			if files[name] == nil {
				t.Fatalf("there is no %s", name)
			}
			ast.Inspect(files[name], func(n ast.Node) bool {
				call, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				to := in[call.Sel.Name]
				if !isDecider(call.X) || to == "" || slices.Contains(stage, to) {
					return true
				}
				if to == "decide.go" || slices.ContainsFunc(stages, func(s []string) bool { return slices.Contains(s, to) }) {
					t.Errorf("%s calls %s of %s: only decide.go calls a stage", name, call.Sel.Name, to)
				}
				return true
			})
		}
	}
}

// isDecider reports whether an expression is a decider: `d`, or the field of an action.
func isDecider(x ast.Expr) bool {
	if field, ok := x.(*ast.SelectorExpr); ok {
		return field.Sel.Name == "d"
	}
	id, ok := x.(*ast.Ident)
	return ok && id.Name == "d"
}

func read(t *testing.T, path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// parse returns the files of a folder that are no tests, by name.
func parse(t *testing.T, dir string) map[string]*ast.File {
	names, err := fs.Glob(os.DirFS(dir), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if files[name], err = parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, 0); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func functions(f *ast.File) (out []*ast.FuncDecl) {
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok {
			out = append(out, fn)
		}
	}
	return out
}

// nameOf returns the name of a function; of a method, behind that of its type.
func nameOf(fn *ast.FuncDecl) string {
	if fn.Recv == nil {
		return fn.Name.Name
	}
	of := fn.Recv.List[0].Type
	if p, ok := of.(*ast.StarExpr); ok {
		of = p.X
	}
	if id, ok := of.(*ast.Ident); ok {
		return id.Name + "." + fn.Name.Name
	}
	return fn.Name.Name
}
