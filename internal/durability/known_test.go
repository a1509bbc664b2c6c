package durability

import (
	"testing"
)

// knownToFail are the claims that do not hold yet, with the reason. They are printed whenever they
// fail, and a test fails when one begins to hold: whoever makes it hold takes it off this list and
// off "What does not hold yet" in docs/testing.md, which a test compares with it.
var knownToFail = map[string]string{}

// hold reports what speaks against a claim: nothing when it holds.
func hold(t *testing.T, claim string, against ...string) {
	t.Helper()
	reason, known := knownToFail[claim]
	const most = 8
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
