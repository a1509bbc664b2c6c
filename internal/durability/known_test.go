package durability

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// knownToFail are the claims that do not hold yet, with the reason. They are printed whenever they
// fail, and a test fails when one begins to hold: whoever makes it hold takes it off this list and
// off "What does not hold yet" in docs/testing.md, which a test compares with it.
var knownToFail = map[string]string{}

// isKnown reports whether some claim after something is known to fail: then what it owes never
// comes.
func isKnown(after string) bool {
	for claim := range knownToFail {
		if strings.HasPrefix(claim, after+": ") {
			return true
		}
	}
	return false
}

// hold reports what speaks against a claim: nothing when it holds.
func hold(t *testing.T, claim string, against ...string) {
	t.Helper()
	reason, known := knownToFail[claim]
	const most = 3
	shown := against[:min(len(against), most)]
	switch {
	case len(against) == 0 && known:
		t.Errorf("HOLDS NOW: %s. Take it off the list knownToFail, and off docs/testing.md", claim)
	case len(against) == 0:
		t.Logf("holds: %s", claim)
	case known:
		t.Logf("KNOWN TO FAIL: %s, as %s; %d times: %q", claim, reason, len(against), shown)
	default:
		t.Errorf("does not hold: %s; %d times: %q", claim, len(against), shown)
	}
}

// The page says which claims do not hold, those of this list and no others.
func TestWhatDoesNotHoldIsListed(t *testing.T) {
	page, err := os.ReadFile("../../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## What does not hold yet\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var listed []string
	for _, m := range regexp.MustCompile(`(?m)^- (.+): \*(.+)\*$`).FindAllStringSubmatch(section, -1) {
		listed = append(listed, m[1]+": "+m[2])
	}
	slices.Sort(listed)
	if known := slices.Sorted(maps.Keys(knownToFail)); !slices.Equal(listed, known) {
		t.Errorf("docs/testing.md lists %q, known are %q", listed, known)
	}
}
