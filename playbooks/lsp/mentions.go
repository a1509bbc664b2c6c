package lsp

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
	"github.com/usher-run/usher/playbooks/shapes"
)

// mentions offers the names of a kind that nothing declares, as the workspace uses them: the most
// used first.
func (b *completer) mentions(kind shapes.ShapeKind) []shapes.Named {
	used := shapes.Mentions(b.w.loaded, kind)
	names := slices.SortedFunc(maps.Keys(used), func(x, y string) int {
		if n := len(used[y]) - len(used[x]); n != 0 {
			return n
		}
		return strings.Compare(x, y)
	})
	var out []shapes.Named
	for _, name := range names {
		out = append(out, shapes.Named{
			Name:   name,
			Detail: fmt.Sprintf("%s, in %s", kindLabel(kind), countUses(len(used[name]))),
		})
	}
	return out
}

func kindLabel(kind shapes.ShapeKind) string {
	if kind == shapes.ShapeReason {
		return "exit reason"
	}
	return string(kind)
}

func countUses(n int) string {
	if n == 1 {
		return "1 place"
	}
	return fmt.Sprintf("%d places", n)
}

var (
	inTags       = regexp.MustCompile(`^[^"']*["']?\s*(?:not\s+)?in\s+member\.tags\b`)
	tagsContain  = regexp.MustCompile(`\bmember\.tags\s+contains\s*$`)
	whenOf       = regexp.MustCompile(`\bwhen\s+(?:["'][^"']*["']\s*(?:,|or)\s*)*$`)
	caseOf       = regexp.MustCompile(`\{%-?\s*case\s+([\p{L}_][\p{L}\p{N}_.]*)\s*-?%\}`)
	tagsInBraces = regexp.MustCompile(`\bin\s*\[[^\]]*$`)
)

// tagText reports whether a quoted text with the cursor is a tag: `"…" in member.tags`, or in
// Liquid `member.tags contains "…"`.
func tagText(text string, w dottedName) bool {
	_, after, _ := strings.Cut(text, mark)
	return inTags.MatchString(after) && !tagsInBraces.MatchString(w.before) || tagsContain.MatchString(w.before)
}

// liquidEnum returns the values of the enum that a quoted text in a Liquid tag is compared with,
// directly or by `when`.
func liquidEnum(sc *scope.Scope, whole, before string) []shapes.Named {
	t := textType(sc, before)
	if t == nil && whenOf.MatchString(before) {
		left, _, _ := strings.Cut(whole, mark)
		if all := caseOf.FindAllStringSubmatch(left, -1); len(all) > 0 {
			t = typeAt(sc, strings.Split(all[len(all)-1][1], "."), nil)
		}
	}
	return enumNames(t)
}

func enumNames(t *schema.Type) []shapes.Named {
	if t == nil {
		return nil
	}
	var out []shapes.Named
	for _, v := range t.Enum {
		out = append(out, shapes.Named{Name: v})
	}
	return out
}
