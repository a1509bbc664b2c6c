package playbooks

import (
	"strings"
	"time"
)

// Normalization is how the values of an attribute are written in one way, so that the same address
// is the same text.
type Normalization string

// The normalizations.
const (
	NormalNone  Normalization = ""
	NormalLower Normalization = "lower" // small letters, without space around them
	NormalPhone Normalization = "phone" // digits behind a +, as far as the country is known
)

// Normalized returns a value of the attribute as it is kept. A value that is no text stays as it
// is.
func (s *Schema) Normalized(a *Attribute, v any) any {
	text, ok := v.(string)
	if !ok {
		return v
	}
	return s.normalText(a.Normal, text)
}

// MemberID returns the id of a member as it is kept, wherever it comes from. Every way in uses it:
// what it makes the same is one member. A nil Schema keeps it as it is.
func (s *Schema) MemberID(id string) string {
	if s == nil {
		return id
	}
	return s.normalText(s.IDs, id)
}

func (s *Schema) normalText(how Normalization, text string) string {
	switch how {
	case NormalLower:
		return strings.ToLower(strings.TrimSpace(text))
	case NormalPhone:
		return phone(text, inChina(s.Timezone))
	}
	return text
}

// inChina reports whether a zone is one of mainland China.
func inChina(zone *time.Location) bool {
	if zone == nil {
		return false
	}
	switch zone.String() {
	case "Asia/Shanghai", "Asia/Urumqi", "Asia/Chongqing", "Asia/Chungking", "Asia/Harbin", "Asia/Kashgar", "PRC":
		return true
	}
	return false
}

// leastDigits is how many digits a telephone number has at least.
const leastDigits = 5

// phone writes a telephone number without what people put between its digits. A number in the form
// of other countries begins with +; a mobile number of mainland China gets its +86 where the
// workspace is at home there. What is no number stays as it is, without the space around it.
func phone(text string, china bool) string {
	text = strings.TrimSpace(text)
	var b strings.Builder
	for _, r := range text {
		if r >= 0xff01 && r <= 0xff5e { // full-width
			r -= 0xfee0
		}
		switch {
		case r >= '0' && r <= '9', r == '+' && b.Len() == 0:
			b.WriteRune(r)
		case strings.ContainsRune(" -().\u00a0\u3000\u2010\u2011\u2013\u2014（）", r):
		default:
			return text
		}
	}
	n := b.String()
	if rest, ok := strings.CutPrefix(n, "00"); ok {
		n = "+" + rest
	}
	switch {
	case len(strings.TrimPrefix(n, "+")) < leastDigits:
		return text
	case china && mobile(n):
		return "+86" + n
	case china && strings.HasPrefix(n, "86") && mobile(n[2:]):
		return "+" + n
	}
	return n
}

// mobile reports whether digits are a mobile number of mainland China.
func mobile(n string) bool { return len(n) == 11 && n[0] == '1' && n[1] >= '3' }
