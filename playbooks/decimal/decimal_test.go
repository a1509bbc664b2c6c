package decimal

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// drawFloat draws numbers as they come: prices, products of prices, and every bit pattern.
func drawFloat(t *rapid.T) float64 {
	switch rapid.IntRange(0, 4).Draw(t, "sort") {
	case 0:
		return float64(rapid.Int64Range(-1e15, 1e15).Draw(t, "cents")) / math.Pow10(rapid.IntRange(0, 8).Draw(t, "places"))
	case 1:
		a := float64(rapid.Int64Range(0, 1e8).Draw(t, "a")) / 100
		return a * float64(rapid.Int64Range(1, 1e5).Draw(t, "b")) / 10000
	case 2: // beside a decimal of few digits
		f := float64(rapid.Int64Range(0, 1e15).Draw(t, "near")) / math.Pow10(rapid.IntRange(0, 15).Draw(t, "places"))
		for range rapid.IntRange(0, 12).Draw(t, "steps") {
			f = math.Nextafter(f, math.Inf(1))
		}
		return f
	case 3:
		return rapid.SampledFrom([]float64{
			0, math.Copysign(0, -1), 1, 1e15, 1e15 - 0.125, 999999999999999.9, 9999999999999999, 1 << 53, 1e21, 1e308,
			math.MaxFloat64,
			math.SmallestNonzeroFloat64, 1e-300, 5e-324, 0.1, 0.3, 2.675, 1.005, 39.9, 1e13, 1e13 - 0.01,
		}).Draw(t, "edge")
	}
	f := math.Float64frombits(rapid.Uint64().Draw(t, "bits"))
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 1
	}
	return f
}

// The quick way of rounding gives what printing 15 digits and reading them gives.
func TestRoundIsTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFloat(t)
		if rapid.Bool().Draw(t, "negative") {
			f = -f
		}
		got, want := Round(f), reference(f)
		if got != want || math.Signbit(got) != math.Signbit(want) {
			t.Fatalf("Round(%v) = %v, want %v", f, got, want)
		}
		if Round(got) != got && got != f {
			t.Fatalf("Round(%v) = %v is rounded again to %v", f, got, Round(got))
		}
	})
}

// The result of an operator is the exact result of the decimals, rounded: as a calculator with 15
// digits has it.
func TestOperatorsAreThoseOfACalculator(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		price := func(name string) (float64, *big.Rat) {
			n, places := rapid.Int64Range(-1e7, 1e7).Draw(t, name), rapid.IntRange(0, 4).Draw(t, name+" places")
			text := strconv.FormatInt(n, 10) + "e-" + strconv.Itoa(places)
			f, err := Parse(text)
			r, ok := new(big.Rat).SetString(text)
			if err != nil || !ok {
				t.Fatal(text, err)
			}
			return f, r
		}
		a, x := price("a")
		b, y := price("b")
		check := func(op string, got any, err error, want *big.Rat) {
			f, _ := want.Float64()
			// A quotient may lie between two decimals: what float64 adds to both operands may decide which
			// of them is nearer.
			near := op == "/" && err == nil && math.Abs(got.(float64)-f) <= 6e-15*math.Abs(f)
			if err != nil || got != Round(f) && !near {
				t.Fatalf("%v %s %v = %v (%v), want %v", a, op, b, got, err, Round(f))
			}
		}
		got, err := Add(a, b)
		check("+", got, err, new(big.Rat).Add(x, y))
		got, err = Sub(a, b)
		check("-", got, err, new(big.Rat).Sub(x, y))
		got, err = Mul(a, b)
		check("*", got, err, new(big.Rat).Mul(x, y))
		if b != 0 {
			got, err = Div(a, b)
			check("/", got, err, new(big.Rat).Quo(x, y))
		}
	})
}

// Whatever goes in, a result is nil, an exact int, or a finite number of 15 digits that JSON gives
// back.
func TestResultsAreStorable(t *testing.T) {
	value := func(t *rapid.T, name string) any {
		if rapid.Bool().Draw(t, name+" is an int") {
			return rapid.OneOf(rapid.IntRange(-MaxInt, MaxInt), rapid.IntRange(-3, 3), rapid.Int()).Draw(t, name)
		}
		return drawFloat(t)
	}
	ops := map[string]func(a, b any) (any, error){
		"+": Add, "-": Sub, "*": Mul, "/": Div, "%": Mod, "**": Pow,
		"neg": func(a, _ any) (any, error) { return Neg(a) }, "int": func(a, _ any) (any, error) { return Int(a) },
		"sum": func(a, b any) (any, error) { return Sum([]any{a, b, a}) },
		"round": func(a, b any) (any, error) {
			f, _ := Float(a)
			places, _ := b.(int)
			return RoundTo(f, places)
		},
	}
	rapid.Check(t, func(t *rapid.T) {
		op := rapid.SampledFrom([]string{"+", "-", "*", "/", "%", "**", "neg", "int", "sum", "round"}).Draw(t, "op")
		a, b := value(t, "a"), value(t, "b")
		got, err := ops[op](a, b)
		if err != nil || got == nil {
			return
		}
		data, err := json.Marshal(got)
		if err != nil {
			t.Fatalf("%v %s %v = %v: %v", a, op, b, got, err)
		}
		back, err := Parse(string(data))
		f, _ := Float(got)
		if err != nil || back != f || math.Signbit(back) != math.Signbit(f) {
			t.Fatalf("%v %s %v = %v comes back as %v (%v)", a, op, b, got, back, err)
		}
		if n, ok := got.(int); ok && (n > MaxInt || n < -MaxInt) {
			t.Fatalf("%v %s %v = %d", a, op, b, n)
		}
	})
}

func TestArithmetic(t *testing.T) {
	type call struct {
		op   func(a, b any) (any, error)
		a, b any
	}
	to := func(round func(float64, int) (float64, error)) func(a, b any) (any, error) {
		return func(a, b any) (any, error) { return round(a.(float64), b.(int)) }
	}
	for _, c := range []struct {
		call
		want any
		err  error
	}{
		{call{Add, 0.1, 0.2}, 0.3, nil},
		{call{Mul, 0.0725, 100}, 7.25, nil},
		{call{Sub, 0.3, 0.1}, 0.2, nil},
		{call{Sub, 100.1, 100}, 0.1, nil},
		{call{Sub, 9.1, 8.9}, 0.2, nil},
		{call{Sub, 0.0021, 0.002}, 0.0001, nil},
		{call{Sub, 1, 0.123456789012345}, 0.876543210987655, nil},
		{call{Sub, 123456789.123456, 123456789.123455}, 0.000001, nil},
		{call{Sub, 1234567890.12345678, 1234567890.1}, 0.02346, nil},
		{call{Sub, 1e300, 9e299}, 1e299, nil},
		{call{Sub, 5e-324, 5e-324}, 0.0, nil},
		{call{Add, 2, 3}, 5, nil},
		{call{Div, 7, 2}, 3.5, nil},
		{call{Div, 1, 3}, 0.333333333333333, nil},
		{call{Div, 5, 0}, nil, nil},
		{call{Mod, 5, 0}, nil, nil},
		{call{Mod, -7, 3}, -1, nil},
		{call{Mod, 0.3, 0.1}, 0.0, nil},
		{call{Mod, 5.5, 2}, 1.5, nil},
		{call{Pow, 1.1, 2}, 1.21, nil},
		{call{Pow, -8, 0.5}, nil, ErrNone},
		{call{Pow, 0, -1}, nil, ErrTooLarge},
		{call{Add, 1e308, 1e308}, nil, ErrTooLarge},
		{call{Div, 1e308, 1e-10}, nil, ErrTooLarge},
		{call{Add, MaxInt, 1}, nil, ErrNotExact},
		{call{Add, math.MaxInt, 1}, nil, ErrNotExact},
		{call{Sub, math.MinInt, 1}, nil, ErrNotExact},
		{call{Sub, 0, math.MinInt}, nil, ErrNotExact},
		{call{Mul, math.MinInt, -1}, nil, ErrNotExact},
		{call{Mul, 1 << 40, 1 << 40}, nil, ErrNotExact},
		{call{Add, MaxInt - 1, 1}, MaxInt, nil},
		{call{Mul, -1.0, 0}, 0.0, nil},
		{call{Add, nil, 1}, nil, errMissing},
		{call{to(RoundTo), 2.5, 0}, 3.0, nil},
		{call{to(RoundTo), -2.5, 0}, -3.0, nil},
		{call{to(RoundTo), 1.005, 2}, 1.01, nil},
		{call{to(RoundTo), 2.675, 2}, 2.68, nil},
		{call{to(RoundTo), 1234.5, -2}, 1200.0, nil},
		{call{to(RoundTo), 1.5, 400}, 1.5, nil},
		{call{to(RoundTo), 1e308, -400}, 0.0, nil},
		{call{to(RoundTo), -0.4, 0}, 0.0, nil},
		{call{to(Ceil), -0.5, 0}, 0.0, nil},
		{call{to(Ceil), 7.000000000000001, 0}, 7.0, nil},
		{call{to(Floor), 2.9999999999999996, 0}, 3.0, nil},
	} {
		got, err := c.op(c.a, c.b)
		if got != c.want && !(err != nil && got == 0.0) || !errors.Is(err, c.err) {
			t.Errorf("of %v and %v: got %v (%v), want %v (%v)", c.a, c.b, got, err, c.want, c.err)
		}
	}
}

func TestFormat(t *testing.T) {
	for f, want := range map[float64]string{
		399: "399", 1e21: "1000000000000000000000", 0.1: "0.1", 1e-7: "0.0000001",
		math.Copysign(0, -1): "0",
	} {
		if got := Format(f); got != want {
			t.Errorf("Format(%v) = %s, want %s", f, got, want)
		}
	}
	for f, want := range map[float64]string{
		19.9: "19.90", 1299: "1299.00", 1.005: "1.01", -0.001: "0.00",
		1e21: "1000000000000000000000.00",
	} {
		if got, err := Fixed(f, 2); err != nil || got != want {
			t.Errorf("Fixed(%v) = %s (%v), want %s", f, got, err, want)
		}
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string]float64{
		"0": 0, "12": 12, "-12.50": -12.5, "+5": 5, ".5": 0.5, "5.": 5, "1e3": 1000, "1E-2": 0.01, "-0": 0, "007": 7,
		"9007199254740992": 1 << 53, "9007199254740994": 1<<53 + 2, "9007199254740991": 1<<53 - 1,
		"-9007199254740991.0": -(1<<53 - 1),
		"1e22":                1e22, "1e23": 1e23, "1e308": 1e308, "10000000000000000000000000": 1e25,
		"0.1234567890123456789":   0.12345678901234568,
		"0e999999999999999999999": 0, "39.90": 39.9, "1e-300": 1e-300,
	} {
		if got, err := Parse(text); err != nil || got != want {
			t.Errorf("Parse(%q) = %v (%v), want %v", text, got, err, want)
		}
	}
	for text, why := range map[string]string{
		"9007199254740993": whyDigits, "9007199254740993.0": whyDigits, "9007199254740993e0": whyDigits,
		"9007199254740992.5": whyDigits,
		"-9007199254740993":  whyDigits, "900719925474099300e-2": whyDigits, "0.9007199254740993e16": whyDigits,
		"12345678901234567890": whyDigits, "1.00000000000000000001": whyDigits, "4503599627370496.25": whyDigits,
		"1e-400": whyDigits,
		"1e309":  whyLarge, "-1e309": whyLarge, "1e99999999999999999999": whyLarge,
		"": whySyntax, "-": whySyntax, ".": whySyntax, "e5": whySyntax, "1e": whySyntax, "1e+": whySyntax, "NaN": whySyntax,
		"inf":      whySyntax,
		"Infinity": whySyntax, "0x10": whySyntax, "0x1p3": whySyntax, "1_000": whySyntax, "1,000": whySyntax,
		" 1": whySyntax, "１２": whySyntax,
		"1e1e1": whySyntax, "--1": whySyntax, "1.2.3": whySyntax, "1e--5": whySyntax,
	} {
		_, err := Parse(text)
		var pe *ParseError
		if !errors.As(err, &pe) || pe.Why != why {
			t.Errorf("Parse(%q): got %v, want %s", text, err, why)
		}
	}
}

// What a float64 prints is read as the same float64, in every notation.
func TestParseReadsWhatIsPrinted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFloat(t)
		for _, format := range []byte{'f', 'e', 'g'} {
			text := strconv.FormatFloat(f, format, -1, 64)
			if got, err := Parse(text); err != nil || got != f {
				t.Fatalf("Parse(%s) = %v (%v)", text, got, err)
			}
		}
	})
}

func BenchmarkRound(b *testing.B) {
	for name, f := range map[string]float64{"whole": 399, "price": 39.9 + 39.9, "third": 1.0 / 3} {
		b.Run(name, func(b *testing.B) {
			sum := 0.0
			for range b.N {
				sum += Round(f)
			}
			_ = sum
		})
		b.Run(name+"/reference", func(b *testing.B) {
			sum := 0.0
			for range b.N {
				sum += reference(f)
			}
			_ = sum
		})
	}
}
