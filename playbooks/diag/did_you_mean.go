package diag

import (
	"fmt"
	"slices"
	"strings"
)

// MaxDistance is how many slips of the keyboard may lie between a word and what was meant.
const MaxDistance = 2

// shortName is how many letters a word has at most in which one slip alone is likely.
const shortName = 4

// MaxCandidates is among how many words a near one is looked for.
const MaxCandidates = 1000

// DidYouMean returns the label of an unknown word: "did you mean `level`?" when a known one is
// near, else "".
func DidYouMean(word string, known []string) string {
	if best := Closest(word, known); best != "" {
		return "did you mean `" + best + "`?"
	}
	return ""
}

// Closest returns the known word nearest to the given one within [MaxDistance], or "". Of equals
// the first in the alphabet wins.
func Closest(word string, known []string) string {
	best, bestDistance := "", MaxDistance+1
	known = slices.Clone(known[:min(len(known), MaxCandidates)])
	slices.Sort(known)
	for _, k := range known {
		if strings.EqualFold(word, k) && word != k {
			return k
		}
		// A word of which nothing is left is not a slip, nor is one of which half is another; it may be
		// cut short.
		if len([]rune(word)) <= shortName && !strings.HasPrefix(k, word) &&
			EditDistance(word, k, MaxDistance) == MaxDistance {
			continue
		}
		if d := EditDistance(word, k, bestDistance); d < bestDistance && d < max(len([]rune(word)), len([]rune(k))) {
			best, bestDistance = k, d
		}
	}
	return best
}

// Digits returns the digits of a word.
func Digits(word string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, word)
}

// UniqueMatch reports whether the closest known word is one slip away, no other is, and no number
// differs: what was meant is beyond doubt. Of two names that differ in a digit, both may well
// exist: orders_30d is no slip for orders_90d. Two slips away are words that mean the opposite:
// untag and tag, max and min.
func UniqueMatch(word string, known []string) bool {
	best := Closest(word, known)
	if best == "" || strings.EqualFold(word, best) {
		return true
	}
	if Digits(word) != Digits(best) {
		return false
	}
	distance := EditDistance(word, best, MaxDistance+1)
	if distance > 1 {
		return false
	}
	for _, k := range known[:min(len(known), MaxCandidates)] {
		if k != best && EditDistance(word, k, MaxDistance+1) <= distance {
			return false
		}
	}
	return true
}

// EditDistance counts insertions, deletions, replacements and swaps of neighbours; it gives limit
// once that is reached.
func EditDistance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if abs(len(x)-len(y)) >= limit {
		return limit
	}
	before, prev, cur := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(x); i++ {
		cur[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return min(prev[len(y)], limit)
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}

// OneOf lists the words as a sentence does: "a, b or c"; a long list is cut.
func OneOf(words []string) string {
	const most = 20
	switch {
	case len(words) == 0:
		return "nothing"
	case len(words) == 1:
		return words[0]
	case len(words) > most:
		return fmt.Sprintf("%s or one of %d more", strings.Join(words[:most], ", "), len(words)-most)
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// Names returns the names of the items of a list, in its order.
func Names[T any](list []T, name func(*T) string) []string {
	var out []string
	for i := range list {
		out = append(out, name(&list[i]))
	}
	return out
}
