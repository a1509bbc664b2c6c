package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	anyYAML  = regexp.MustCompile(`(?i)^[\s>]*(` + "```+|~~~+" + `)\s*\{?\.?(ya?ml)\b`)
	listMark = regexp.MustCompile(`^[\s>]+(` + "```|~~~" + `)`)
)

// unmarked finds what would keep YAML of a page from being checked: a block without a marker, or
// one that is fenced in another way than the tests read.
func unmarked(text string) []string {
	var out []string
	before, open := "", false
	for i, line := range strings.Split(text, "\n") {
		switch {
		case open:
			open = line != "```"
		case anyYAML.MatchString(line) && line != "```yaml":
			out = append(out, fmt.Sprintf("line %d: write ```yaml at the line's beginning", i+1))
		case listMark.MatchString(line):
			out = append(out, fmt.Sprintf("line %d: a block begins at the line's beginning", i+1))
		case line == "```yaml" && !marker.MatchString(before):
			out = append(out, fmt.Sprintf("line %d: a yaml block needs a marker: see the head of docs/docs_test.go", i+1))
			open = true
		default:
			open = strings.HasPrefix(line, "```")
		}
		before = line
	}
	return out
}

func TestEveryYAMLBlockIsMarked(t *testing.T) {
	forEachPage(t, func(t *testing.T, page string) {
		data, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, problem := range unmarked(string(data)) {
			t.Error(problem)
		}
	})
	for text, want := range map[string]int{
		"<!-- check: part -->\n```yaml\na: b\n```\n":      0,
		"```sh\nls\n```\n":                                0,
		"```\n```yaml is a word here\n```\n":              0,
		"```yaml\na: b\n```\n":                            1,
		"<!-- check: part -->\n\n```yaml\na: b\n```\n":    1,
		"<!-- check: part -->\n```yml\na: b\n```\n":       1,
		"<!-- check: part -->\n~~~yaml\na: b\n~~~\n":      1,
		"- a list\n  ```yaml\n  a: b\n  ```\n":            2,
		"<!-- check: part -->\n```yaml title=x\na\n```\n": 1,
		"```sh\nls\n```\n\n```yaml\na: b\n```\nand so on": 1,
	} {
		if got := unmarked(text); len(got) != want {
			t.Errorf("%q has %d problems, want %d: %v", text, len(got), want, got)
		}
	}
}

// Each page of the tour stands for itself, and its Chinese page shows the same code.
func TestTour(t *testing.T) {
	pages, err := filepath.Glob("tour/*.md")
	chinese, zerr := filepath.Glob("tour/zh/*.md")
	if err != nil || zerr != nil || len(pages) != 16 || len(chinese) != len(pages) {
		t.Fatalf("%d pages, %d Chinese: %v %v", len(pages), len(chinese), err, zerr)
	}
	for _, page := range pages {
		blocks, _ := read(t, page)
		other, prose := read(t, "tour/zh/"+filepath.Base(page))
		if !slices.EqualFunc(blocks, other, func(a, b block) bool {
			return a.lang == b.lang && a.check == b.check &&
				a.text == b.text
		}) {
			t.Errorf("%s: the Chinese page shows other blocks", page)
		}
		if regexp.MustCompile(`\p{Han}`).FindString(prose) == "" {
			t.Errorf("%s: the Chinese page has no Chinese", page)
		}
		if filepath.Base(page) == "README.md" {
			continue
		}
		has := map[string]int{}
		for _, b := range blocks {
			kind, _, _ := strings.Cut(b.check, " ")
			has[kind]++
		}
		if has["usher.yaml"] != 1 || has["playbook"] == 0 || has["test"] == 0 {
			t.Errorf("%s: a page has its usher.yaml, playbooks and tests, this one %v", page, has)
		}
		index, err := os.ReadFile("tour/README.md")
		if err != nil || !strings.Contains(string(index), "("+filepath.Base(page)+")") {
			t.Errorf("the tour's README does not lead to %s: %v", page, err)
		}
	}
}
