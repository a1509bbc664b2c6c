package locale

import (
	"slices"
	"strings"
	"testing"
)

func TestKnown(t *testing.T) {
	for tag, want := range map[string]string{
		"zh-CN": "zh-cn", "zh": "zh", "zh_CN": "zh-cn", "zh-Hant-TW": "zh-hant-tw", "en-GB": "en-gb", "ES-419": "es-419",
		"v2": "", "final": "", "xx": "", "zh-": "", "": "", " zh": "", "html": "", "zh-CN.UTF-8": "", "copy": "",
	} {
		key, ok := Known(tag)
		if key != want || ok != (want != "") {
			t.Errorf("Known(%q) = %q, %v; want %q", tag, key, ok, want)
		}
	}
}

func TestLookup(t *testing.T) {
	for tag, want := range map[string]string{
		"": "", "zh": "zh", "zh-CN": "zh-cn zh", "zh_CN": "zh-cn zh", "zh_CN.UTF-8": "zh-cn zh", "de_DE@euro": "de-de de",
		"zh-Hant-TW": "zh-hant-tw zh-hant zh", "en-US-u-ca-buddhist": "en-us-u-ca-buddhist en-us-u-ca en-us en",
		"zh-hant-cn-x-private1": "zh-hant-cn-x-private1 zh-hant-cn zh-hant zh",
	} {
		if got := strings.Join(slices.Collect(Lookup(tag)), " "); got != want {
			t.Errorf("%q is looked up as %q, want %q", tag, got, want)
		}
	}
}
