package schema

import (
	"regexp"
	"slices"
	"strings"

	"github.com/usher-run/usher/playbooks/diag"
)

var (
	zoneOffset = regexp.MustCompile(`^(?:UTC|GMT|Z)?([+-]?)0?(\d{1,2})(?::?00)?$`)
	chinaZones = []string{
		"北京", "北京时间", "上海", "中国", "东八区", "东8区", "CST", "BEIJING", "SHANGHAI", "CHINA", "ASIA/BEIJING", "CHINA/BEIJING",
		"CHINA/SHANGHAI",
	}
)

// SuggestZone returns what to write for a zone by its offset from UTC, or by what people in China
// call theirs; "" for other names. write is the one name that is likely, since an offset is that of
// more than one place.
func SuggestZone(s string) (write, label string) {
	name := strings.ToUpper(strings.ReplaceAll(diag.HalfWidth(s), " ", ""))
	m := zoneOffset.FindStringSubmatch(name)
	switch {
	case name == "CST":
		return "Asia/Shanghai", "write `Asia/Shanghai` for China, `America/Chicago` for North America"
	case slices.Contains(chinaZones, name), m != nil && m[1] != "-" && m[2] == "8":
		return "Asia/Shanghai", "write `Asia/Shanghai`"
	case m != nil:
		return "", "write the name of a place with this offset, as Asia/Shanghai, or UTC"
	}
	return "", ""
}

// SuggestOptional returns how a type that may be missing is written here; "" when that was not
// meant.
func SuggestOptional(s string) string {
	for _, mark := range []string{"?", " optional", " | null", "|null", " | nil", " or null", " | undefined"} {
		if word, ok := strings.CutSuffix(s, mark); ok && TypesByName[strings.TrimSpace(word)] != nil {
			return "optional " + strings.TrimSpace(word)
		}
	}
	for _, mark := range []string{"?", "nullable ", "Optional[", "optional("} {
		if word, ok := strings.CutPrefix(s, mark); ok && TypesByName[strings.Trim(word, "]) ")] != nil {
			return "optional " + strings.Trim(word, "]) ")
		}
	}
	return ""
}

// TypesByName are the types that a word stands for.
var TypesByName = map[string]*Type{
	"string": String, "int": Int, "number": Number, "bool": Bool, "date": Date,
	"datetime": Datetime,
}
