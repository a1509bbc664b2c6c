package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// identifiersOf returns the identifiers that a package declares: Name, Type.Method and Type.field.
// With tests, those of its test files are among them.
func identifiersOf(dir string, tests bool) (map[string]bool, error) {
	entries, err := os.ReadDir(filepath.Join("..", filepath.FromSlash(dir)))
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || !tests && strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		path := filepath.Join("..", filepath.FromSlash(dir), e.Name())
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range f.Decls {
			declared(d, names)
		}
	}
	return names, nil
}

func declared(d ast.Decl, names map[string]bool) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			names[d.Name.Name] = true
			return
		}
		t := d.Recv.List[0].Type
		if star, ok := t.(*ast.StarExpr); ok {
			t = star.X
		}
		if id, ok := t.(*ast.Ident); ok {
			names[id.Name+"."+d.Name.Name] = true
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.ValueSpec:
				for _, n := range s.Names {
					names[n.Name] = true
				}
			case *ast.TypeSpec:
				names[s.Name.Name] = true
				for _, m := range membersOf(s.Type) {
					names[s.Name.Name+"."+m] = true
				}
			}
		}
	}
}

// membersOf returns the fields of a struct and the methods of an interface.
func membersOf(t ast.Expr) []string {
	var list *ast.FieldList
	switch t := t.(type) {
	case *ast.StructType:
		list = t.Fields
	case *ast.InterfaceType:
		list = t.Methods
	default:
		return nil
	}
	var out []string
	for _, f := range list.List {
		for _, n := range f.Names {
			out = append(out, n.Name)
		}
	}
	return out
}

// place is what a page names: an identifier of a package, a file or a folder.
var place = regexp.MustCompile("(?:(file|folder) )?`([a-z0-9_./-]+)`(?: `([A-Za-z_][A-Za-z0-9_.]*)`)?")

func TestGlossaryNamesWhatThereIs(t *testing.T) {
	_, prose := read(t, "glossary.md")
	packages := map[string]map[string]bool{}
	terms := map[string]bool{}
	for _, line := range strings.Split(prose, "\n") {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if !strings.HasPrefix(line, "| ") || cells[0] == "term" || strings.HasPrefix(cells[0], "---") {
			continue
		}
		if len(cells) != 4 {
			t.Errorf("a term has four columns: %s", line)
			continue
		}
		if terms[cells[0]] {
			t.Errorf("%q stands there twice", cells[0])
		}
		terms[cells[0]] = true
		if !regexp.MustCompile(`\p{Han}`).MatchString(cells[1]) {
			t.Errorf("%q has no Chinese", cells[0])
		}
		if rest := strings.Trim(place.ReplaceAllString(cells[3], ""), ", "); rest != "" {
			t.Errorf("%q: where it lives is not readable at %q", cells[0], rest)
		}
		for _, m := range place.FindAllStringSubmatch(cells[3], -1) {
			kind, path, name := m[1], m[2], m[3]
			if kind != "" {
				if info, err := os.Stat(filepath.Join("..", path)); err != nil || info.IsDir() != (kind == "folder") {
					t.Errorf("%q: there is no %s %s", cells[0], kind, path)
				}
				continue
			}
			if packages[path] == nil {
				names, err := identifiersOf(path, false)
				if err != nil {
					t.Errorf("%q: %v", cells[0], err)
					continue
				}
				packages[path] = names
			}
			if !packages[path][name] {
				t.Errorf("%q: package %s declares no %q", cells[0], path, name)
			}
		}
	}
	if len(terms) < 50 {
		t.Errorf("found %d terms", len(terms))
	}
}
