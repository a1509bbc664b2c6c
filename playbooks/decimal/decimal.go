// Package decimal is the arithmetic of the language: numbers behave as on a calculator.
//
// A number is a float64 that stands for a decimal of at most 15 significant digits. Each result of
// + - * / is rounded to the nearest decimal of 15 digits, so that what a float64 adds behind them
// is never seen: 0.1 + 0.2 is 0.3. Fifteen is the most that every float64 keeps: a decimal of 15
// digits survives the way into a float64 and back. A sum of many numbers is exact, and rounded once:
// see [Total].
//
// How [Round] works. The nearest decimal of 15 digits is what strconv finds when it prints the
// number with 15 digits and reads it again; that is the reference, and it is slow. Most results
// have few decimals: they are as good as n/100 or n/1000000 for a whole n. Round finds that n,
// divides it again, and is done when the quotient differs from the number by less than half a unit
// of the 15th digit: then no other decimal of 15 digits is nearer. A test compares both ways.
//
// An addition needs more. 100.1 - 100 is 0.0999999999999943 in 15 digits, because the float64 of 100.1
// is off by more than a digit of the small result. So what is near is measured by the larger
// operand, and where that is not enough the result is rounded to the decimals that its operands have.
//
// What holds of every result:
//  1. It is finite. There is no NaN and no infinity: a result that is too large is an error, and
//     dividing by zero gives nil, which is a missing value.
//  2. An int stays within ±2^53, where float64 and JSON are exact. Beyond, it is an error.
//  3. Zero has no sign.
package decimal

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// MaxInt is the largest int, in either direction: up to it a float64 holds every whole number.
const MaxInt = 1 << 53

// The errors of arithmetic. They are reasons that a person reads.
var (
	ErrTooLarge = errors.New("the result is too large for a number")
	ErrNotExact = fmt.Errorf("the result is beyond ±%d, up to where an int is exact", int64(MaxInt))
	ErrNone     = errors.New("the result is no number")
)

// limit15 is the first whole number that has more than 15 digits.
const limit15 = 1e15

// Round returns the nearest decimal of 15 significant digits. f is finite.
func Round(f float64) float64 {
	if r, ok := quick(f, math.Abs(f)); ok {
		return r
	}
	return reference(f)
}

// quick finds the result when it has few decimals. most is the largest number that it was made of.
//
// n and scale are whole numbers that a float64 holds, so c is the float64 nearest to the decimal
// n/scale, within 1.2e-16 of it in proportion. With tolerance that is less than half a unit of the
// 15th digit of most, which is 5e-16 of it at least. The decimal has no digit behind that one.
func quick(f, most float64) (float64, bool) {
	const tolerance = 3.5e-16
	for _, scale := range [...]float64{1e2, 1e6} {
		if !(most*scale < limit15) {
			return 0, false
		}
		c := math.RoundToEven(f*scale) / scale
		if math.Abs(f-c) <= most*tolerance {
			return c + 0, true // -0 + 0 is 0
		}
	}
	return 0, false
}

func reference(f float64) float64 {
	var buf [32]byte
	r, err := strconv.ParseFloat(string(strconv.AppendFloat(buf[:0], f, 'e', 14, 64)), 64)
	if err != nil {
		return f // the largest float64s would round up to infinity
	}
	return r + 0
}

// AddFloat returns a + b.
func AddFloat(a, b float64) (float64, error) {
	f := a + b
	most := max(math.Abs(a), math.Abs(b))
	if r, ok := quick(f, most); ok && most > 0 {
		return r, nil
	}
	if math.Abs(f) < most {
		f = toDecimals(f, max(decimalsOf(a), decimalsOf(b)))
	}
	return finite(f)
}

// decimalsOf returns how many decimals a number has in 15 digits.
func decimalsOf(f float64) int {
	var buf [32]byte
	text := string(strconv.AppendFloat(buf[:0], f, 'e', 14, 64))
	mantissa, power, _ := strings.Cut(text, "e")
	exponent, _ := strconv.Atoi(power) // strconv wrote it
	_, fraction, _ := strings.Cut(strings.TrimRight(mantissa, "0"), ".")
	return max(len(fraction)-exponent, 0)
}

func toDecimals(f float64, places int) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(f, 'f', places, 64), 64)
	if err != nil {
		return f
	}
	return r
}

// finite rounds a result, or tells that there is none.
func finite(f float64) (float64, error) {
	switch {
	case math.IsNaN(f):
		return 0, ErrNone
	case math.IsInf(f, 0):
		return 0, ErrTooLarge
	}
	return Round(f), nil
}

// AddInt returns a + b.
func AddInt(a, b int) (int, error) { return exactInt(a+b, overflowsAdd(a, b)) }

func overflowsAdd(a, b int) bool { return (a+b > a) != (b > 0) && b != 0 }

// exactInt refuses an int beyond what a float64 holds.
func exactInt(n int, overflow bool) (int, error) {
	if overflow || n > MaxInt || n < -MaxInt {
		return 0, ErrNotExact
	}
	return n, nil
}

// Add returns a + b of two numbers: an int of two ints, else a float64.
func Add(a, b any) (any, error) {
	if x, y, ok := ints(a, b); ok {
		return boxed(AddInt(x, y))
	}
	return floats(a, b, AddFloat)
}

// Sub returns a - b.
func Sub(a, b any) (any, error) {
	if x, y, ok := ints(a, b); ok {
		return boxed(exactInt(x-y, y == math.MinInt || overflowsAdd(x, -y)))
	}
	return floats(a, b, func(x, y float64) (float64, error) { return AddFloat(x, -y) })
}

// Mul returns a * b.
func Mul(a, b any) (any, error) {
	if x, y, ok := ints(a, b); ok {
		p := x * y
		return boxed(exactInt(p, x != 0 && (p/x != y || x == -1 && y == math.MinInt)))
	}
	return floats(a, b, func(x, y float64) (float64, error) { return finite(x * y) })
}

// Div returns a / b, a float64 also of ints; nil when b is zero.
func Div(a, b any) (any, error) {
	if y, ok := Float(b); ok && y == 0 {
		return nil, nil
	}
	return floats(a, b, func(x, y float64) (float64, error) { return finite(x / y) })
}

// Mod returns what is left of a when b was taken off it as often as it goes, with the sign of a;
// nil when b is zero.
func Mod(a, b any) (any, error) {
	if y, ok := Float(b); ok && y == 0 {
		return nil, nil
	}
	if x, y, ok := ints(a, b); ok {
		return boxed(exactInt(x%y, false))
	}
	return floats(a, b, func(x, y float64) (float64, error) {
		times := math.Trunc(Round(x / y))
		if !(math.Abs(times) < limit15) {
			return finite(math.Mod(x, y))
		}
		return AddFloat(x, -Round(times*y))
	})
}

// Pow returns a to the power of b, a float64 also of ints.
func Pow(a, b any) (any, error) {
	return floats(a, b, func(x, y float64) (float64, error) { return finite(math.Pow(x, y)) })
}

// Neg returns -a.
func Neg(a any) (any, error) { return Sub(0, a) }

// Sum returns the exact sum of a list of numbers, rounded once; of none it is 0. An int comes of
// ints alone.
func Sum(list []any) (any, error) {
	var t Total
	for _, item := range list {
		switch n := item.(type) {
		case int:
			t.AddInt(n)
		case float64:
			t.AddFloat(n)
		default:
			f, ok := Float(item)
			if !ok {
				return nil, errMissing
			}
			t.AddFloat(f)
		}
	}
	return t.Value()
}

// Int returns a number without its fraction.
func Int(a any) (any, error) {
	f, ok := Float(a)
	if !ok {
		return nil, errMissing
	}
	if f = math.Trunc(f); !(math.Abs(f) <= MaxInt) {
		return nil, ErrNotExact
	}
	return int(f), nil
}

// RoundTo returns a number with so many decimals, halves away from zero. Fewer than none round to
// tens, hundreds and so on.
func RoundTo(f float64, places int) (float64, error) { return shifted(f, places, math.Round) }

// Floor returns the next lower number with so many decimals.
func Floor(f float64, places int) (float64, error) { return shifted(f, places, math.Floor) }

// Ceil returns the next higher number with so many decimals.
func Ceil(f float64, places int) (float64, error) { return shifted(f, places, math.Ceil) }

// shifted rounds at a decimal place. What was rounded to 15 digits before is not cut at a digit
// that a calculator would not show: 1.005 has its half at two places.
func shifted(f float64, places int, round func(float64) float64) (float64, error) {
	const most = 400 // beyond the range of a float64
	places = min(max(places, -most), most)
	scale := math.Pow10(places)
	n := Round(f) * scale
	switch {
	case places > 0 && !(math.Abs(n) < limit15): // it has no digits there, or the scale is too large
		return finite(f)
	case scale == 0:
		return 0, nil
	}
	return finite(round(Round(n)) / scale)
}

// Format writes a number with as few digits as tell it apart, never with an exponent.
func Format(f float64) string { return strconv.FormatFloat(f+0, 'f', -1, 64) }

// Fixed writes a number with exactly so many decimals.
func Fixed(f float64, places int) (string, error) {
	r, err := RoundTo(f, places)
	if err != nil {
		return "", err
	}
	return strconv.FormatFloat(r, 'f', places, 64), nil
}

// Float returns a number as a float64, and whether it is one.
func Float(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int:
		return float64(n), true
	}
	return 0, false
}

var errMissing = errors.New("a value is missing")

func ints(a, b any) (x, y int, ok bool) {
	x, okX := a.(int)
	y, okY := b.(int)
	return x, y, okX && okY
}

func floats(a, b any, op func(x, y float64) (float64, error)) (any, error) {
	x, okX := Float(a)
	y, okY := Float(b)
	if !okX || !okY {
		return nil, errMissing
	}
	return boxed(op(x, y))
}

func boxed[N int | float64](n N, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return n, nil
}
