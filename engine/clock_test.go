package engine_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The core and the language take each instant as an input: no file of theirs asks the machine.
func TestCoreReadsNoClock(t *testing.T) {
	asks := []string{"Now", "Since", "Until", "After", "AfterFunc", "Sleep", "Tick", "NewTimer", "NewTicker"}
	read := 0
	for _, dir := range []string{
		".", "../playbooks", "../playbooks/schema", "../playbooks/expression", "../playbooks/text", "../playbooks/decimal",
	} {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		files := token.NewFileSet()
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(files, name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			read++
			ast.Inspect(f, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(asks, sel.Sel.Name) {
					t.Errorf("%s: time.%s reads the machine's clock", files.Position(n.Pos()), sel.Sel.Name)
				}
				return true
			})
		}
	}
	if read < 60 {
		t.Errorf("only %d files were read", read)
	}
}
