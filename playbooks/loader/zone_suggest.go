package loader

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

// suggestZone returns what to write for a zone by its offset from UTC, or by what people in China
// call theirs; "" for other names. write is the one name that is likely, since an offset is that of
// more than one place.
func suggestZone(s string) (write, label string) {
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
