package check

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/syntax"
)

// Tags, owners and reasons are words of the author's own: they are declared nowhere, so nothing can
// say that one is wrong. One that stands in a single place and is almost another that stands
// elsewhere is most likely that one, misspelt.

// NoteLabel notes a place of a word.
func (c *Notes) NoteLabel(kind playbooks.LabelKind, word string, role playbooks.LabelRole, n *syntax.Node) {
	if word == "" || n.Untraceable {
		return
	}
	use := playbooks.LabelUse{Role: role, Pos: n.Pos(), Text: "%s"}
	switch n.Style {
	case syntax.PlainStyle:
	default:
		use.Text = `"%s"`
	}
	c.NoteLabelAt(kind, word, use)
}

// NoteLabelAt notes a use of a word, once for each place.
func (c *Notes) NoteLabelAt(kind playbooks.LabelKind, word string, use playbooks.LabelUse) {
	if c.Labels[kind] == nil {
		c.Labels[kind] = map[string][]playbooks.LabelUse{}
	}
	for _, u := range c.Labels[kind][word] {
		if u.Pos == use.Pos {
			return
		}
	}
	c.Labels[kind][word] = append(c.Labels[kind][word], use)
}

// NoteLabelsOf notes the tags that an expression looks for.
func (c *Notes) NoteLabelsOf(e *expression.Expr) {
	for _, t := range e.Tags {
		c.NoteLabelAt(playbooks.TagLabel, t.Tag, playbooks.LabelUse{Role: playbooks.LabelRead, Pos: t.Pos, Text: `"%s"`})
	}
}

// tagsIn finds the tags that a Liquid text looks for.
var tagsIn = regexp.MustCompile(`member\.tags\s+contains\s+["']([^"']+)["']`)

// NoteLabelsOfText notes the tags that a Liquid text looks for. at returns the place of a range of
// characters.
func (c *Notes) NoteLabelsOfText(text string, at func(from, to int) diag.Pos) {
	for _, m := range tagsIn.FindAllStringSubmatchIndex(text, -1) {
		from, to := utf8.RuneCountInString(text[:m[2]]), utf8.RuneCountInString(text[:m[3]])
		c.NoteLabelAt(playbooks.TagLabel, text[m[2]:m[3]],
			playbooks.LabelUse{Role: playbooks.LabelRead, Pos: at(from, to), Text: "%s"})
	}
}

// similarNames warns of words that are most likely others, misspelt.
func (c *rules) similarNames() {
	for _, kind := range []playbooks.LabelKind{playbooks.TagLabel, playbooks.OwnerLabel, playbooks.ReasonLabel} {
		uses := c.Labels[kind]
		known := slices.Sorted(maps.Keys(uses))
		if len(known) > diag.MaxCandidates {
			continue
		}
		for _, word := range known {
			meant := ""
			for _, other := range known {
				same := differByTypo(word, other) || kind == playbooks.OwnerLabel && len(uses[other]) >= manyOwn &&
					isShortTypo(word, other)
				if same && isOutlier(kind, uses[word], uses[other]) && (meant == "" || len(uses[other]) > len(uses[meant])) {
					meant = other
				}
			}
			if meant != "" {
				c.reportSimilarName(kind, word, uses[word], meant, uses[meant])
			}
		}
	}
}

// isOutlier reports whether of two words that are almost the same it is the first which stands out.
func isOutlier(kind playbooks.LabelKind, word, other []playbooks.LabelUse) bool {
	given := func(u playbooks.LabelUse) bool { return u.Role == playbooks.LabelWritten }
	sought := func(u playbooks.LabelUse) bool { return u.Role == playbooks.LabelRead }
	switch {
	case len(word) == 1 && len(other) > 1:
		return true
	case len(word) > 1 && len(other) == 1:
		return false
	case kind == playbooks.OwnerLabel || !slices.ContainsFunc(other, given):
		// Neither is more than the other, unless a test alone knows the other.
		return len(word) == 1 && len(other) == 1 && given(word[0]) && other[0].Role == playbooks.LabelMentioned
	}
	// What nothing gives is looked for in vain, unless the other has its own who look for it.
	return slices.ContainsFunc(word, sought) && !slices.ContainsFunc(word, given) && !slices.ContainsFunc(other, sought)
}

func (c *rules) reportSimilarName(kind playbooks.LabelKind, word string, uses []playbooks.LabelUse, meant string,
	others []playbooks.LabelUse,
) {
	slices.SortFunc(uses, func(a, b playbooks.LabelUse) int { return diag.ComparePos(a.Pos, b.Pos) })
	slices.SortFunc(others, func(a, b playbooks.LabelUse) int { return diag.ComparePos(a.Pos, b.Pos) })
	elsewhere := fmt.Sprintf("`%s` in %d places", meant, len(others))
	if len(others) == 1 {
		elsewhere = fmt.Sprintf("`%s` elsewhere", meant)
	}
	here := "stands here alone"
	if len(uses) > 1 {
		here = "is never added"
	}
	c.Warn("misspelt", uses[0].Pos, fmt.Sprintf("the %s `%s` %s, and %s", kind, word, here, elsewhere)).
		Label("did you mean `"+meant+"`?").
		Edit(uses[0].Pos, fmt.Sprintf(uses[0].Text, meant)).UnsureUnless(false).
		Diagnostic().Relate("`"+meant+"` is here", others[0].Pos)
}

const (
	minTypoLength         = 4 // letters of a word in which one that is left out, doubled or swapped makes it another
	minSubstitutionLength = 7 // letters of a word in which one in place of another does: cold and cola are two words
	minTwoTyposLength     = 8 // letters of a word in which two slips are likely
	manyOwn               = 3 // playbooks of an owner whom another, written almost the same, is most likely to be
)

// isShortTypo reports whether a word is another, short one with a letter left out or too many: cm
// for crm. Owners are few, and known.
func isShortTypo(word, other string) bool {
	x, y := []rune(word), []rune(other)
	return len(y) == minTypoLength-1 && len(x) != len(y) && x[0] == y[0] && isAlphabetic(word) && isAlphabetic(other) &&
		diag.Digits(word) == diag.Digits(other) &&
		!inflected(word, other) && diag.EditDistance(word, other, diag.MaxDistance+1) == 1
}

// differByTypo reports whether two words are most likely the same, one of them misspelt. A number
// that differs, a plural or another ending and another beginning make another word: vip-1 and
// vip-2, buyer and buyers, active and inactive.
func differByTypo(a, b string) bool {
	if diag.Digits(a) != diag.Digits(b) {
		return false
	}
	if withoutSeparators(a) == withoutSeparators(b) {
		return len(withoutSeparators(a)) >= minTypoLength
	}
	x, y := nameParts(a), nameParts(b)
	if len(x) != len(y) {
		return false
	}
	differ := -1
	for i := range x {
		if x[i] == y[i] {
			continue
		}
		if differ >= 0 {
			return false
		}
		differ = i
	}
	return differ >= 0 && (partsDifferByTypo(x[differ], y[differ]) || differ > 0 &&
		(lacksFirstLetter(x[differ], y[differ]) || lacksFirstLetter(y[differ], x[differ])))
}

func partsDifferByTypo(x, y string) bool {
	if !isAlphabetic(x) || !isAlphabetic(y) || x[0] != y[0] || inflected(x, y) {
		return false
	}
	letters := min(len([]rune(x)), len([]rune(y)))
	sameLetters := sortedRunes(x) == sortedRunes(y)
	sameLength := len([]rune(x)) == len([]rune(y))
	switch diag.EditDistance(x, y, diag.MaxDistance+1) {
	case 1:
		return letters >= minTypoLength && (!sameLength || sameLetters) || letters >= minSubstitutionLength
	case 2:
		return letters >= minTwoTyposLength && (!sameLength || sameLetters)
	}
	return false
}

// lacksFirstLetter reports whether x, behind the same beginning, is a long word y without its first
// letter: bloom-ifted for bloom-gifted. A vowel may be a prefix: typical, atypical.
func lacksFirstLetter(x, y string) bool {
	return len(x) > minTypoLength && isAlphabetic(y) && y[1:] == x && !strings.ContainsRune("aeiou", rune(y[0]))
}

// withoutSeparators returns a word in small letters without what joins its parts: newcomer-list,
// Newcomer_List and newcomerlist are the same.
func withoutSeparators(word string) string { return strings.Join(nameParts(word), "") }

// nameParts returns the parts of a word in small letters.
func nameParts(word string) []string {
	return strings.FieldsFunc(strings.ToLower(word), func(r rune) bool { return strings.ContainsRune("-_.:/ ", r) })
}

// isAlphabetic reports whether a word is written in letters of an alphabet: where each character is
// a word, each slip makes another.
func isAlphabetic(word string) bool {
	return !strings.ContainsFunc(word, func(r rune) bool {
		return !unicode.In(r, unicode.Latin, unicode.Cyrillic, unicode.Greek) && !unicode.IsDigit(r)
	})
}

// endings make other words of one.
var endings = []string{"", "s", "es", "d", "ed", "r", "er", "ers", "rs", "y", "ly", "n", "en", "ing"}

func inflected(x, y string) bool {
	const stem = 3
	for _, e := range endings {
		root, ok := strings.CutSuffix(x, e)
		if !ok || len(root) < stem {
			continue
		}
		for _, f := range endings {
			if y == root+f && e != "e"+f && f != "e"+e { // newcomr is no form of newcomer
				return true
			}
		}
	}
	return false
}

func sortedRunes(s string) string {
	r := []rune(s)
	slices.Sort(r)
	return string(r)
}
