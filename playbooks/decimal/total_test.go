package decimal

import (
	"errors"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// sumByRat is the reference: the shortest decimals, added as fractions, and rounded by big.Rat.
func sumByRat(t *rapid.T, list []any) (sum any, err error) {
	exact, some := new(big.Rat), false
	for _, n := range list {
		text := ""
		switch n := n.(type) {
		case int:
			text = strconv.Itoa(n)
		case float64:
			text, some = strconv.FormatFloat(n, 'g', -1, 64), true
		}
		r, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("no number: %s", text)
		}
		exact.Add(exact, r)
	}
	if !some {
		if new(big.Rat).Abs(exact).Cmp(big.NewRat(MaxInt, 1)) > 0 {
			return nil, ErrNotExact
		}
		return int(exact.Num().Int64()), nil
	}
	// The 15 digits begin where the exact number does.
	places := 14
	for size := new(big.Rat).Abs(exact); size.Sign() > 0 && size.Cmp(big.NewRat(1, 1)) < 0; places++ {
		size.Mul(size, big.NewRat(10, 1))
	}
	if whole := new(big.Int).Quo(exact.Num(), exact.Denom()); whole.Sign() != 0 {
		places = 15 - len(strings.TrimPrefix(whole.String(), "-"))
	}
	if places < 0 {
		down := new(big.Rat).SetInt(power10(-places))
		text := new(big.Rat).Quo(exact, down).FloatString(0)
		return parsed(text + "e" + strconv.Itoa(-places))
	}
	return parsed(exact.FloatString(places))
}

func parsed(text string) (any, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, ErrTooLarge
	}
	return f + 0, nil
}

func drawNumbers(t *rapid.T) []any {
	money := rapid.Map(rapid.IntRange(-1_000_000, 1_000_000), func(n int) float64 { return float64(n) / 100 })
	one := rapid.OneOf(
		rapid.Map(rapid.IntRange(-MaxInt, MaxInt), func(n int) any { return n }),
		rapid.Map(rapid.IntRange(-9, 9), func(n int) any { return n }),
		rapid.Map(money, func(f float64) any { return f }),
		rapid.Map(rapid.Float64(), func(f float64) any { return f }),
		rapid.Map(rapid.SampledFrom([]float64{1.7e308, -1.7e308, 5e-324, 1e11, 99_999_999_999.9999, 0.1, 0.00005}),
			func(f float64) any { return f }),
	)
	return rapid.SliceOfN(one, 0, 40).Draw(t, "numbers")
}

func TestTotalIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := drawNumbers(t)
		got, err := Sum(list)
		want, wantErr := sumByRat(t, list)
		if got != want || !errors.Is(err, wantErr) {
			t.Fatalf("sum of %v = %v (%v), want %v (%v)", list, got, err, want, wantErr)
		}
	})
}

func TestTotalDoesNotDependOnTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := drawNumbers(t)
		got, err := Sum(list)
		other := rapid.Permutation(slices.Clone(list)).Draw(t, "order")
		again, againErr := Sum(other)
		if got != again || !errors.Is(againErr, err) {
			t.Fatalf("%v is %v (%v), but %v is %v (%v)", list, got, err, other, again, againErr)
		}
	})
}

// Many ints, each of which fits, may be more than an int64 holds.
func TestTotalOfManyLargeNumbers(t *testing.T) {
	var ints, floats Total
	for range 5000 {
		ints.AddInt(MaxInt)
		floats.AddFloat(99_999_999_999.9999)
	}
	if got, err := ints.Value(); !errors.Is(err, ErrNotExact) {
		t.Errorf("ints: %v, %v", got, err)
	}
	for range 5000 {
		ints.AddInt(-MaxInt)
	}
	if got, err := ints.Value(); got != 0 || err != nil {
		t.Errorf("ints that cancel out: %v, %v", got, err)
	}
	if got, err := floats.Value(); got != 5e14 || err != nil {
		t.Errorf("floats: %v, %v", got, err)
	}
}
