package decimal

import (
	"math"
	"strconv"
	"strings"
)

// A ParseError says why a text is not taken as a number.
type ParseError struct {
	Text string
	Why  string
}

func (e *ParseError) Error() string { return e.Text + " " + e.Why }

// Lossy reports whether the text is a number, but one that would not stay what it is.
func (e *ParseError) Lossy() bool { return e.Why == whyDigits }

const (
	whySyntax = "is not a number like 12.5"
	whyLarge  = "is too large for a number"
	whyDigits = "has more digits than a number can hold: send it as text"
)

// maxQuoted is how much of a text an error shows, in bytes.
const maxQuoted = 40

// Parse reads a number in decimal notation: digits, a fraction and an exponent. Every place where
// numbers come in reads them here: JSON, CSV, YAML, expressions, answers of webhooks.
//
// A number that would change is refused. A whole number beyond 2^53 must be one that a float64
// holds, or have the digits that a float64 prints. A fraction must not vanish. Fractions with more
// digits than fit are rounded, as everywhere.
func Parse(text string) (float64, error) {
	fail := func(why string) (float64, error) {
		if len(text) > maxQuoted {
			text = strings.ToValidUTF8(text[:maxQuoted], "") + "…"
		}
		return 0, &ParseError{Text: text, Why: why}
	}
	if n, ok := small(text); ok {
		return n, nil
	}
	w, ok := split(text)
	if !ok {
		return fail(whySyntax)
	}
	f, err := strconv.ParseFloat(text, 64)
	switch {
	case err != nil:
		return fail(whyLarge)
	case !w.keeps(f):
		return fail(whyDigits)
	}
	return f + 0, nil
}

// small reads a whole number of few digits, the common case.
func small(text string) (float64, bool) {
	if len(text) == 0 || len(text) > 15 {
		return 0, false
	}
	n := 0
	for i := range len(text) {
		d := text[i] - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + int(d)
	}
	return float64(n), true
}

// written is a number as its text has it: 0.digits times ten to the power of point.
type written struct {
	digits string // without zeros at its ends
	point  int
}

// split takes a number apart, and reports whether it is one.
func split(text string) (written, bool) {
	if text != "" && (text[0] == '-' || text[0] == '+') {
		text = text[1:]
	}
	mantissa, exponent := text, 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa = text[:i]
		power := text[i+1:]
		if power != "" && (power[0] == '-' || power[0] == '+') {
			power = power[1:]
		}
		if power == "" || !allDigits(power) {
			return written{}, false
		}
		exponent, _ = strconv.Atoi(text[i+1:]) // of too many digits the largest int, which is beyond a float64 too
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole+fraction == "" || !allDigits(whole) || !allDigits(fraction) {
		return written{}, false
	}
	digits := whole + fraction
	point := len(whole)
	if trimmed := strings.TrimLeft(digits, "0"); len(trimmed) < len(digits) {
		point -= len(digits) - len(trimmed)
		digits = trimmed
	}
	exponent = min(max(exponent, -1e6), 1e6)
	return written{strings.TrimRight(digits, "0"), point + exponent}, true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// keeps reports whether the number is still told by f.
func (w written) keeps(f float64) bool {
	f = math.Abs(f)
	switch whole := len(w.digits) <= w.point; {
	case w.digits == "":
		return true
	case !whole:
		return f != math.Trunc(f) // the fraction is still there
	case f < MaxInt:
		return true
	}
	return w.reads(strconv.FormatFloat(f, 'f', 0, 64)) || w.reads(strconv.FormatFloat(f, 'f', -1, 64))
}

// reads reports whether the text of a whole number says the same.
func (w written) reads(whole string) bool {
	return len(whole) == w.point && strings.TrimRight(whole, "0") == w.digits
}
