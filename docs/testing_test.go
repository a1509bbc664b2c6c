package docs

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/usher-run/usher/engine/store/storetest"
)

// section returns a page's text below a heading of the second level.
func section(t *testing.T, page, heading string) string {
	t.Helper()
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(data), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("%s has no section %q", page, heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

// numbers returns the first group of each match.
func numbers(pattern, text string) (out []string) {
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

var (
	goTest       = regexp.MustCompile("`([a-z/]+)` `((?:Test|Fuzz)[A-Za-z0-9]+)`")
	playbookTest = regexp.MustCompile("`([a-z-]+): ([^`]+)`")
	storeCase    = regexp.MustCompile("`([A-Z][a-z]+ \"[^`]+\")`")
)

func TestEveryRuleNamesItsTests(t *testing.T) {
	for _, s := range []struct{ page, rules, tests string }{
		{"language.md", "Meaning", "What a playbook means"},
		{"language.md", "Quoting", "Quoting"},
		{"architecture.md", "What always holds", "What always holds"},
	} {
		rules := numbers(`(?m)^(\d+)\. `, section(t, s.page, s.rules))
		rows := section(t, "testing.md", s.tests)
		if listed := numbers(`(?m)^\| (\d+) \|`, rows); len(rules) == 0 || !slices.Equal(rules, listed) {
			t.Errorf("%s, %s: the rules are %v, listed are %v", s.page, s.rules, rules, listed)
		}
		for _, row := range strings.Split(rows, "\n") {
			named := goTest.MatchString(row) || playbookTest.MatchString(row) || storeCase.MatchString(row)
			if regexp.MustCompile(`^\| \d+ \|`).MatchString(row) && !named {
				t.Errorf("%s, %s: no test is named in %q", s.page, s.rules, row)
			}
		}
	}
}

func TestNamedTestsExist(t *testing.T) {
	data, err := os.ReadFile("testing.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	count := 0
	for _, m := range goTest.FindAllStringSubmatch(page, -1) {
		names, err := identifiersOf(m[1], true)
		if err != nil || !names[m[2]] {
			t.Errorf("package %s has no test %s (%v)", m[1], m[2], err)
		}
		count++
	}
	cases := storetest.Cases()
	for _, m := range storeCase.FindAllStringSubmatch(page, -1) {
		if !slices.Contains(cases, m[1]) {
			t.Errorf("the conformance suite has no case %s", m[1])
		}
		count++
	}
	for _, m := range playbookTest.FindAllStringSubmatch(page, -1) {
		file := "../engine/sim/testdata/meaning/playbooks/" + m[1] + "_test.yaml"
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), "\n  - name: "+m[2]+"\n") {
			t.Errorf("%s has no test %q (%v)", file, m[2], err)
		}
		count++
	}
	if count < 80 {
		t.Errorf("only %d tests are named", count)
	}
}
