package store_test

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/usher-run/usher/engine/store/storetest"
)

var (
	promise = regexp.MustCompile(`(?m)^ {1,3}(\d+)\. (.*(?:\n {4,}.*)*)`)
	cited   = regexp.MustCompile(`\b[A-Z][a-z]+ "[^"]+"`)
)

// comments returns all comments of the package, by where they stand.
func comments(t *testing.T) map[string]string {
	t.Helper()
	files := token.NewFileSet()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(files, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range f.Comments {
			var lines []string
			for _, line := range c.List {
				lines = append(lines, strings.TrimPrefix(line.Text, "//"))
			}
			all[files.Position(c.Pos()).String()] = strings.Join(lines, "\n")
		}
	}
	return all
}

// Each promise has its number and names a case that there is, and each case is the case of a
// promise.
func TestEveryPromiseHasItsCase(t *testing.T) {
	cases := storetest.Cases()
	if len(cases) < 70 {
		t.Fatalf("only %d cases", len(cases))
	}
	named := map[string]bool{}
	for at, text := range comments(t) {
		for i, m := range promise.FindAllStringSubmatch(text, -1) {
			if m[1] != strconv.Itoa(i+1) {
				t.Errorf("%s: promise %d has the number %s", at, i+1, m[1])
			}
			words := strings.Join(strings.Fields(m[2]), " ")
			list := cited.FindAllString(words, -1)
			if len(list) == 0 {
				t.Errorf("%s: no case holds promise %s: %s", at, m[1], words)
			}
			for _, c := range list {
				named[c] = true
				if !slices.Contains(cases, c) {
					t.Errorf("%s: promise %s names (%s), and there is no such case", at, m[1], c)
				}
			}
		}
	}
	for _, c := range cases {
		if !named[c] {
			t.Errorf("(%s) is the case of no promise", c)
		}
	}
}
