package main

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/usher-run/usher/playbooks"
)

// The tests that a pattern may have meant: how many are named at most, and how much of the pattern
// they share at least.
const (
	maxSuggestions = 3
	minSharedPairs = 0.5
)

// noTest returns why no test was run, and what to do.
func noTest(ws *playbooks.Workspace, pattern string) string {
	var names []string
	for _, f := range ws.Tests {
		for i := range f.Tests {
			names = append(names, f.Playbook+"/"+f.Tests[i].Name)
		}
	}
	switch {
	case len(names) == 0 && len(ws.Playbooks) == 0:
		return "no test was run: the workspace has no playbook"
	case len(names) == 0:
		file := ws.Playbooks[0].File
		return fmt.Sprintf("no test was run: the workspace has none; write the first into %s_test.yaml",
			strings.TrimSuffix(file, ".yaml"))
	}
	said := fmt.Sprintf("no test matches -run %q, which is held against PLAYBOOK/NAME", pattern)
	if near := nearest(pattern, names); len(near) > 0 {
		return said + "; the nearest:\n  " + strings.Join(near, "\n  ")
	}
	var ids []string
	for _, f := range ws.Tests {
		ids = append(ids, f.Playbook)
	}
	slices.Sort(ids)
	return said + "; there are tests of " + strings.Join(slices.Compact(ids), ", ")
}

// nearest returns the names that share most with a pattern: those that differ in capitals alone,
// else by pairs of letters.
func nearest(pattern string, names []string) []string {
	type candidate struct {
		name  string
		share float64
	}
	var list []candidate
	fold, _ := regexp.Compile("(?i)" + pattern)
	want := letterPairs(pattern)
	for _, name := range names {
		have, shared := letterPairs(name), 0
		for p := range want {
			if have[p] {
				shared++
			}
		}
		c := candidate{name: name, share: float64(shared) / float64(max(1, len(want)))}
		if fold != nil && fold.MatchString(name) {
			c.share = 2 // above all
		}
		if c.share >= minSharedPairs {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b candidate) int { return cmp.Compare(b.share, a.share) })
	var out []string
	for _, c := range list[:min(maxSuggestions, len(list))] {
		out = append(out, c.name)
	}
	return out
}

// letterPairs returns the pairs of letters that stand side by side in a text, without what patterns
// and names write between words.
func letterPairs(text string) map[[2]rune]bool {
	out := map[[2]rune]bool{}
	var before rune
	for _, r := range strings.ToLower(text) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			continue
		}
		if before != 0 {
			out[[2]rune{before, r}] = true
		}
		before = r
	}
	return out
}
