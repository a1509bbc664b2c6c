package command

import (
	"os"
	"slices"
	"testing"
)

func TestZonesAreNamedWithoutAListOfTheMachine(t *testing.T) {
	for _, word := range []string{"Asia/Shang", "asia/shang"} {
		got, _ := ZoneCandidates(nil, nil, word)
		if !slices.Contains(got, "Asia/Shanghai") {
			t.Errorf("%s: %v", word, got)
		}
	}
	if _, err := os.Stat(zoneFolder); err == nil && !slices.IsSorted(zoneNames()) {
		t.Error("the zones are not in order")
	}
}
