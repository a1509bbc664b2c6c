package diag

import (
	"math/big"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// writtenNumber is a number as people write it, with a quantity or a currency: 1万5, 1.5万, 20元, ¥20.
type writtenNumber struct {
	From, To int    // byte offsets
	Write    string // the number in digits; "" when more than one can be meant
	Why      string
}

var (
	writtenRun  = regexp.MustCompile(`(?:^|[^\w.])((?:[¥￥$€]\s*)?\d[\d.]*\s*[\d.十百千万亿元块钱角毛分半多几余来整]*)`)
	writtenMark = regexp.MustCompile(`[¥￥$€十百千万亿元块钱]`)
	writtenForm = regexp.MustCompile(`^([¥￥$€]\s*)?(\d+(?:\.\d+)?(?:\s*[百千万亿\d]+)?)\s*(元|块钱|块)?整?$`)
	writtenPart = regexp.MustCompile(`^(\d+)(百万|千万|百|千|万|亿)`)
	writtenOnce = regexp.MustCompile(`^(\d+(?:\.\d+)?)\s*(百万|千万|百|千|万|亿)?$`)
	quantities  = map[string]int64{"百": 100, "千": 1000, "万": 10_000, "百万": 1e6, "千万": 1e7, "亿": 1e8}
)

// FindWrittenNumber returns the first number in an expression that is written with a quantity or a
// currency.
func FindWrittenNumber(masked string) (writtenNumber, bool) {
	for _, m := range writtenRun.FindAllStringSubmatchIndex(masked, -1) {
		run := strings.TrimRight(masked[m[2]:m[3]], " \t\n")
		if !writtenMark.MatchString(run) {
			continue
		}
		w := writtenNumber{From: m[2], To: m[2] + len(run), Why: "a number is written in digits"}
		if f := writtenForm.FindStringSubmatch(run); f != nil && standsAlone(masked, w.From, w.To) {
			w.Write = inDigits(f[2])
			if f[1]+f[3] != "" && !strings.ContainsAny(f[2], "百千万亿") {
				w.Why = "a number has no currency"
			}
		}
		return w, true
	}
	return writtenNumber{}, false
}

// standsAlone reports whether nothing beside a number can belong to it.
func standsAlone(text string, from, to int) bool {
	before, after := text[:from], text[to:]
	if r, _ := utf8.DecodeLastRuneInString(before); strings.ContainsRune("一二两三四五六七八九十百千万亿零第约近", r) && before != "" {
		return false
	}
	if head, ok := strings.CutSuffix(before, ","); ok && head != "" && unicode.IsDigit(rune(head[len(head)-1])) {
		return false
	}
	rest := strings.TrimLeft(after, " \t\n")
	r, _ := utf8.DecodeRuneInString(rest)
	switch {
	case rest == "":
		return true
	case unicode.IsDigit(r) || r == '.' || r == '%' || r == '％':
		return false
	case unicode.IsLetter(r) && len(rest) == len(after):
		return strings.ContainsRune("且或并而", r)
	}
	return !unicode.Is(unicode.Han, r) || strings.ContainsRune("且或并而大小等不超多少低", r)
}

// inDigits writes a number with quantities in digits; "" when it is no whole number, or more than
// one can be meant.
func inDigits(s string) string {
	if m := writtenOnce.FindStringSubmatch(s); m != nil {
		if m[2] == "" {
			return m[1]
		}
		n, ok := new(big.Rat).SetString(m[1])
		if !ok {
			return ""
		}
		n.Mul(n, new(big.Rat).SetInt64(quantities[m[2]]))
		if !n.IsInt() || !n.Num().IsInt64() {
			return ""
		}
		return n.Num().String()
	}
	sum, unit := new(big.Int), int64(0)
	rest := strings.Join(strings.Fields(s), "")
	for rest != "" {
		m := writtenPart.FindStringSubmatch(rest)
		digits := rest
		q := int64(1)
		if m != nil {
			digits, q = m[1], quantities[m[2]]
		}
		n, ok := new(big.Int).SetString(digits, 10)
		if !ok {
			return ""
		}
		zeros := len(big.NewInt(unit).String()) - 1
		switch {
		case unit == 0:
		case m == nil && len(digits) == 1 && digits != "0" && unit <= quantities["万"]: // 1万5
			q = unit / 10
		case m == nil && len(digits) != zeros, m != nil && (q >= unit || len(digits) > 1):
			return ""
		}
		sum.Add(sum, n.Mul(n, big.NewInt(q)))
		if m == nil {
			break
		}
		rest, unit = rest[len(m[0]):], q
	}
	if !sum.IsInt64() {
		return ""
	}
	return sum.String()
}

// WholeNumber matches a whole number, with or without a sign.
var WholeNumber = regexp.MustCompile(`^[-+]?[0-9]+$`)
