package text

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/osteele/liquid"

	"github.com/usher-run/usher/playbooks/decimal"
)

// liquidNumber is a number of the schema in a text. It prints without an exponent, also where a
// filter takes it for a text.
type liquidNumber float64

func (n liquidNumber) String() string { return decimal.Format(float64(n)) }

// numberFilters replaces the filters that calculate: they follow the arithmetic of expressions (see
// package decimal). As in Liquid a missing value counts as 0, a text that is a number counts as
// that number, and an int divided by an int is an int.
func numberFilters(e *liquid.Engine) {
	binary := func(name string, f func(a, b any) (any, error)) {
		e.RegisterFilter(name, func(a, b any) (any, error) { return calculated(name, f, a, b) })
	}
	binary("plus", decimal.Add)
	binary("minus", decimal.Sub)
	binary("times", decimal.Mul)
	binary("modulo", decimal.Mod)
	binary("divided_by", divided)
	binary("at_least", func(a, b any) (any, error) { return further(a, b, 1), nil })
	binary("at_most", func(a, b any) (any, error) { return further(a, b, -1), nil })
	e.RegisterFilter("abs", func(a any) (any, error) {
		return calculated("abs", func(a, _ any) (any, error) {
			if f, _ := decimal.Float(a); f < 0 {
				return decimal.Neg(a)
			}
			return a, nil
		}, a, nil)
	})
	e.RegisterFilter("round", func(a any, places func(int) int) (any,
		error,
	) {
		return rounded("round", decimal.RoundTo, a, places(0))
	})
	e.RegisterFilter("ceil", func(a any) (any, error) { return rounded("ceil", decimal.Ceil, a, 0) })
	e.RegisterFilter("floor", func(a any) (any, error) { return rounded("floor", decimal.Floor, a, 0) })
	e.RegisterFilter("sum", sumOfList)
	e.RegisterFilter("money", money)
	e.RegisterFilter("pluralize", func(count any, one, many string) (string, error) {
		n, err := numberIn(count)
		if f, _ := decimal.Float(n); err == nil && f == 1 {
			return one, nil
		}
		return many, err
	})
}

// calculated applies an operator to what a text gives it.
func calculated(name string, f func(a, b any) (any, error), a, b any) (any, error) {
	x, err := numberIn(a)
	if err == nil {
		b, err = numberIn(b)
	}
	if err == nil {
		x, err = f(x, b)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return inText(x), nil
}

func inText(v any) any {
	if f, ok := v.(float64); ok {
		return liquidNumber(f)
	}
	return v
}

// numberIn reads a value of a text as a number.
func numberIn(v any) (any, error) {
	switch x := v.(type) {
	case nil:
		return 0, nil
	case int:
		return x, nil
	case float64:
		return x, nil
	case liquidNumber:
		return float64(x), nil
	case string:
		f, err := decimal.Parse(strings.TrimSpace(x))
		if err != nil {
			return nil, err
		}
		if !strings.ContainsAny(x, ".eE") && math.Abs(f) <= decimal.MaxInt {
			return int(f), nil
		}
		return f, nil
	}
	if rv := reflect.ValueOf(v); rv.CanInt() {
		return int(rv.Int()), nil
	}
	return nil, errors.New("this is not a number")
}

// divided divides; two ints as Liquid does, rounding down.
func divided(a, b any) (any, error) {
	q, err := decimal.Div(a, b)
	x, whole := a.(int)
	y, by := b.(int)
	if err != nil || q == nil || !whole || !by {
		return q, err
	}
	n := x / y
	if x%y != 0 && (x < 0) != (y < 0) {
		n--
	}
	return n, nil
}

func further(a, b any, side float64) any {
	x, _ := decimal.Float(a)
	y, _ := decimal.Float(b)
	if (y-x)*side > 0 {
		return b
	}
	return a
}

// rounded rounds to so many decimals; what has none is an int.
func rounded(name string, f func(float64, int) (float64, error), a any, places int) (any, error) {
	return calculated(name, func(a, _ any) (any, error) {
		n, _ := decimal.Float(a)
		r, err := f(n, places)
		if err == nil && places <= 0 && math.Abs(r) <= decimal.MaxInt {
			return int(r), nil
		}
		return r, err
	}, a, nil)
}

// sumOfList adds up a list, or a property of its items.
func sumOfList(list []any, property func(string) string) (any, error) {
	key := property("")
	numbers := make([]any, 0, len(list))
	for _, item := range list {
		if object, ok := item.(map[string]any); ok && key != "" {
			item = object[key]
		}
		n, err := numberIn(item)
		if err != nil {
			return nil, fmt.Errorf("sum: %w", err)
		}
		numbers = append(numbers, n)
	}
	sum, err := decimal.Sum(numbers)
	if err != nil {
		return nil, fmt.Errorf("sum: %w", err)
	}
	return inText(sum), nil
}

// money writes a number with two decimals. A missing value stays missing: 0.00 would be a price.
func money(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	n, err := numberIn(v)
	if err != nil {
		return nil, fmt.Errorf("money: %w", err)
	}
	f, _ := decimal.Float(n)
	return decimal.Fixed(f, 2)
}
