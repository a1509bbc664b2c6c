package arithmetic

import (
	"cmp"
	"time"

	"github.com/expr-lang/expr/builtin"
	"github.com/usher-run/usher/playbooks/decimal"
)

// ListFunctions are the functions over the values of a list. A value that is missing is left out.
func ListFunctions() []*builtin.Function {
	values, keyed := new(func([]any) any), new(func([]any, []any) any)
	over := func(name string, f func(list []any) (any, error)) *builtin.Function {
		return Host(name, values, func(p []any) (any, error) {
			list, ok := p[0].([]any)
			if !ok {
				return nil, errMissing
			}
			return f(list)
		})
	}
	extreme := func(name string, better int) *builtin.Function {
		return Host(name, keyed, func(p []any) (any, error) {
			list, ok := p[0].([]any)
			keys, is := p[1].([]any)
			if !ok || !is || len(list) != len(keys) {
				return nil, errMissing
			}
			return extremeOf(list, keys, better), nil
		})
	}
	return []*builtin.Function{
		over("$distinct", func(list []any) (any, error) { return distinct(list), nil }),
		over("$most_common", func(list []any) (any, error) { return mostCommon(list), nil }),
		over("$avg", average),
		Host("$average", new(func(any, int) any), func(p []any) (any, error) { return averageOf(p[0], p[1].(int)) }),
		extreme("$largest", 1), extreme("$smallest", -1),
	}
}

// key returns what equal values have in common.
func key(v any) any {
	switch v := v.(type) {
	case int:
		return float64(v)
	case time.Time:
		return v.UnixNano()
	}
	return v
}

// distinct returns the different values in the order in which they come first.
func distinct(list []any) []any {
	out, seen := []any{}, make(map[any]bool, len(list))
	for _, v := range list {
		if k := key(v); v != nil && !seen[k] {
			seen[k] = true
			out = append(out, v)
		}
	}
	return out
}

// mostCommon returns the value that is there most often; of several the one that comes last. nil: there is none.
func mostCommon(list []any) (most any) {
	counts := make(map[any]int, len(list))
	for _, v := range list {
		if v != nil {
			counts[key(v)]++
		}
	}
	best, seen := 0, make(map[any]bool, len(counts))
	for i := len(list) - 1; i >= 0; i-- {
		v := list[i]
		if v == nil || seen[key(v)] {
			continue
		}
		seen[key(v)] = true
		if n := counts[key(v)]; n > best {
			best, most = n, v
		}
	}
	return most
}

// average returns the mean of the numbers; nil: there is none.
func average(list []any) (any, error) {
	var there []any
	for _, v := range list {
		if v != nil {
			there = append(there, v)
		}
	}
	sum, err := decimal.Sum(there)
	if err != nil {
		return nil, err
	}
	return averageOf(sum, len(there))
}

func averageOf(sum any, n int) (any, error) {
	if n == 0 {
		return nil, nil
	}
	return decimal.Div(sum, n)
}

// extremeOf returns the item with the largest key, or the smallest; of several the last. nil: there is none.
func extremeOf(list, keys []any, better int) (found any) {
	var best any
	for i, k := range keys {
		if k != nil && (best == nil || compare(k, best)*better >= 0) {
			best, found = k, list[i]
		}
	}
	return found
}

// compare orders two numbers or two times.
func compare(a, b any) int {
	if x, ok := a.(time.Time); ok {
		y, _ := b.(time.Time)
		return x.Compare(y)
	}
	x, _ := decimal.Float(a)
	y, _ := decimal.Float(b)
	return cmp.Compare(x, y)
}
