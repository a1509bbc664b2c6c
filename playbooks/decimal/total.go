package decimal

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Total is an exact sum of numbers. It is rounded once, when it is asked for, so neither the order
// nor the grouping of the numbers changes it. The zero value is the sum of none.
//
// A float64 counts as the shortest decimal that stands for it. Nearly all numbers have four
// decimals or fewer: these are added as whole numbers of units. All others go into a big integer.
type Total struct {
	whole int64  // of ints
	units int64  // of float64s, in units of 10^-unitPlaces
	some  bool   // a float64 is among them
	rest  *exact // what the others do not hold; nil: nothing
}

const (
	unitPlaces = 4
	unit       = 1e4
	spillAt    = 1 << 62 // beyond, one more addition could overflow
)

// exact is coefficient * 10^exponent.
type exact struct {
	coefficient big.Int
	exponent    int
}

// AddInt adds an int.
func (t *Total) AddInt(n int) {
	if n > MaxInt || n < -MaxInt {
		t.spill(int64(n), 0)
		return
	}
	if t.whole += int64(n); t.whole > spillAt || t.whole < -spillAt {
		t.spill(t.whole, 0)
		t.whole = 0
	}
}

// AddFloat adds a finite float64.
func (t *Total) AddFloat(f float64) {
	t.some = true
	// Of 15 digits at most, so that no shorter decimal stands for f.
	n := math.RoundToEven(f * unit)
	if !(math.Abs(n) < limit15) || n/unit != f {
		t.addShortest(f)
		return
	}
	if t.units += int64(n); t.units > spillAt || t.units < -spillAt {
		t.spill(t.units, -unitPlaces)
		t.units = 0
	}
}

// addShortest adds the shortest decimal that stands for a number.
func (t *Total) addShortest(f float64) {
	var buf [32]byte
	mantissa, power, _ := strings.Cut(string(strconv.AppendFloat(buf[:0], f, 'e', -1, 64)), "e")
	exponent, _ := strconv.Atoi(power) // strconv wrote it
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits, _ := strconv.ParseInt(whole+fraction, 10, 64) // 17 at most
	t.spill(digits, exponent-len(fraction))
}

// spill adds n * 10^exponent to the big integer.
func (t *Total) spill(n int64, exponent int) {
	x := &exact{exponent: exponent}
	x.coefficient.SetInt64(n)
	t.addExact(x)
}

func (t *Total) addExact(x *exact) {
	if t.rest == nil {
		t.rest = &exact{exponent: x.exponent}
	}
	if x.exponent < t.rest.exponent {
		t.rest.coefficient.Mul(&t.rest.coefficient, power10(t.rest.exponent-x.exponent))
		t.rest.exponent = x.exponent
	}
	var n big.Int
	n.Mul(&x.coefficient, power10(x.exponent-t.rest.exponent))
	t.rest.coefficient.Add(&t.rest.coefficient, &n)
}

func power10(n int) *big.Int {
	return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil)
}

// Value returns the sum: an int of ints alone, else a float64 of at most 15 significant digits,
// halves away from zero. The error is ErrNotExact or ErrTooLarge.
func (t *Total) Value() (any, error) {
	if t.rest == nil {
		switch {
		case !t.some:
			return wholeOf(int(t.whole))
		case t.whole == 0 && math.Abs(float64(t.units)) < limit15:
			return float64(t.units)/unit + 0, nil // one correct rounding; -0 + 0 is 0
		}
	}
	sum := *t
	if t.rest != nil {
		sum.rest = &exact{exponent: t.rest.exponent}
		sum.rest.coefficient.Set(&t.rest.coefficient)
	}
	sum.spill(t.whole, 0)
	sum.spill(t.units, -unitPlaces)
	if t.some {
		return sum.rest.float()
	}
	n := new(big.Int).Quo(&sum.rest.coefficient, power10(-sum.rest.exponent)) // ints alone leave no fraction
	if !n.IsInt64() {
		return nil, ErrNotExact
	}
	return wholeOf(int(n.Int64()))
}

func wholeOf(n int) (any, error) {
	n, err := exactInt(n, false)
	if err != nil {
		return nil, err
	}
	return n, nil
}

// float rounds to 15 significant digits.
func (x *exact) float() (any, error) {
	text := x.coefficient.Text(10)
	sign, digits := "", text
	if strings.HasPrefix(text, "-") {
		sign, digits = "-", text[1:]
	}
	exponent := x.exponent
	if more := len(digits) - 15; more > 0 {
		exponent += more
		n, _ := strconv.ParseInt(digits[:15], 10, 64)
		if digits[15] >= '5' {
			n++
		}
		digits = strconv.FormatInt(n, 10)
	}
	f, err := strconv.ParseFloat(sign+digits+"e"+strconv.Itoa(exponent), 64)
	if err != nil {
		return nil, ErrTooLarge
	}
	return f + 0, nil
}
