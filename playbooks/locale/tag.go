package locale

import (
	"iter"
	"strings"

	"golang.org/x/text/language"
)

// Known returns a tag as tags are compared, in small letters and joined by `-`; ok is false when
// BCP 47 knows no such language, script, region or variant.
func Known(tag string) (key string, ok bool) {
	if _, err := language.Parse(tag); err != nil || strings.TrimSpace(tag) != tag {
		return "", false
	}
	return Key(tag), true
}

// Key returns a tag as tags are compared. What stands behind a dot or an @, as in zh_CN.UTF-8, is
// no part of it.
func Key(tag string) string {
	tag = strings.TrimSpace(tag)
	if i := strings.IndexAny(tag, ".@"); i >= 0 {
		tag = tag[:i]
	}
	return strings.ReplaceAll(strings.ToLower(tag), "_", "-")
}

// Lookup returns the keys under which a text for a tag is looked for, as RFC 4647 says: the tag
// itself, then what is left of it without its last part, to the language alone. None for "".
func Lookup(tag string) iter.Seq[string] {
	return func(yield func(string) bool) {
		key := Key(tag)
		for key != "" && yield(key) {
			i := strings.LastIndexByte(key, '-')
			if i < 0 {
				return
			}
			key = key[:i]
			if i = len(key) - 2; i >= 0 && key[i] == '-' { // a single letter begins what was left out
				key = key[:i]
			}
		}
	}
}
