package arithmetic

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/usher-run/usher/playbooks/decimal"
	"github.com/usher-run/usher/playbooks/schema"
)

// Operators names the functions that operators are lowered to. The expr library's own would show
// what float64 adds behind the 15th digit, and let ints wrap around. No author can write these
// names.
var Operators = map[string]string{
	"+": "$add", "-": "$sub", "*": "$mul", "/": "$div", "%": "$mod", "**": "$pow", "^": "$pow",
}

// Numbers names what functions of the expr library are lowered to, for the same reason.
var Numbers = map[string]string{
	"round": "$round", "ceil": "$ceil", "floor": "$floor", "int": "$int", "string": "$string", "sum": "$sum",
}

// Functions declares these functions to the expr library.
func Functions() []*builtin.Function {
	one, two := new(func(any) any), new(func(any, any) any)
	unary := func(name string, f func(any) (any, error)) *builtin.Function {
		return Host(name, one, func(p []any) (any, error) { return f(p[0]) })
	}
	binary := func(name string, f func(a, b any) (any, error)) *builtin.Function {
		return Host(name, two, func(p []any) (any, error) { return f(p[0], p[1]) })
	}
	whole := func(name string, f func(float64, int) (float64, error)) *builtin.Function {
		return unary(name, func(v any) (any, error) {
			n, ok := decimal.Float(v)
			if !ok {
				return nil, errMissing
			}
			return f(n, 0)
		})
	}
	return []*builtin.Function{
		binary("$add", add), binary("$sub", subtract), binary("$mul", decimal.Mul), binary("$div", decimal.Div),
		binary("$mod", decimal.Mod), binary("$pow", decimal.Pow), unary("$neg", decimal.Neg),
		whole("$round", decimal.RoundTo), whole("$ceil", decimal.Ceil), whole("$floor", decimal.Floor),
		unary("$int", decimal.Int), unary("$string", numberText), unary("$calculated", unlessFailed),
		Host("$sum", new(func([]any) any), func(p []any) (any, error) {
			list, ok := p[0].([]any)
			if !ok {
				return nil, errMissing
			}
			return decimal.Sum(list)
		}),
		Host("$slice", new(func(string, any, any) string),
			func(p []any) (any, error) { return cutText(p[0].(string), p[1], p[2]), nil }),
	}
}

var errMissing = errors.New("a value is missing")

// Call returns the node of a call of a function.
func Call(name string, args ...ast.Node) ast.Node {
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: name}, Arguments: args}
}

// add adds numbers, texts, durations, and a duration to a time.
func add(a, b any) (any, error) {
	switch x := a.(type) {
	case string:
		y, ok := b.(string)
		if !ok {
			return nil, errMissing
		}
		return Bounded(x + y)
	case time.Time:
		if y, ok := b.(time.Duration); ok {
			return moved(x, y)
		}
		return nil, errMissing
	case time.Duration:
		switch y := b.(type) {
		case time.Time:
			return moved(y, x)
		case time.Duration:
			if sum := x + y; (sum > x) == (y > 0) {
				return sum, nil
			}
			return nil, errTooFar
		}
		return nil, errMissing
	}
	return decimal.Add(a, b)
}

// subtract subtracts numbers, durations, times, and a duration from a time.
func subtract(a, b any) (any, error) {
	switch x := a.(type) {
	case time.Time:
		switch y := b.(type) {
		case time.Time:
			d := x.Sub(y)
			if !y.Add(d).Equal(x) {
				return nil, errTooFar
			}
			return d, nil
		case time.Duration:
			return moved(x, -y)
		}
		return nil, errMissing
	case time.Duration:
		y, ok := b.(time.Duration)
		if !ok {
			return nil, errMissing
		}
		return add(x, -y)
	}
	return decimal.Sub(a, b)
}

// errTooFar refuses an elapsed time that does not fit: 292 years.
var errTooFar = errors.New("the times lie more than 292 years apart")

func moved(t time.Time, d time.Duration) (any, error) { return InReach(t.Add(d)) }

// InReach refuses a time that could not be stored and read again.
func InReach(t time.Time) (any, error) {
	if !schema.Plausible(t) {
		return nil, fmt.Errorf("the time would lie in the year %d", t.Year())
	}
	return t, nil
}

// numberText writes a number as texts do.
func numberText(v any) (any, error) {
	switch n := v.(type) {
	case int:
		return strconv.Itoa(n), nil
	case float64:
		return decimal.Format(n), nil
	}
	return nil, errMissing
}

// cutText cuts a text at characters, as [from:to] cuts a list: negative places count from the end.
func cutText(s string, from, to any) string {
	runes := []rune(s)
	place := func(v any, otherwise int) int {
		n, ok := v.(int)
		if !ok {
			return otherwise
		}
		if n < 0 {
			n += len(runes)
		}
		return min(max(n, 0), len(runes))
	}
	end := place(to, len(runes))
	return string(runes[min(place(from, 0), end):end])
}

// Bounded returns the text, or [ErrTooLong] when it is longer than a rendered text may be.
func Bounded(s string) (string, error) {
	if len(s) > MaxRendered {
		return "", ErrTooLong
	}
	return s, nil
}

// MaxRendered is what a text may become at most, in bytes.
const MaxRendered = 64 << 10

// ErrTooLong is the error of a text that grows beyond [MaxRendered].
var ErrTooLong = fmt.Errorf("the text grows beyond %d bytes", MaxRendered)

// Host declares a function to the expr library. signature is a pointer to a function of its type.
func Host(name string, signature any, f func([]any) (any, error)) *builtin.Function {
	return &builtin.Function{
		Name: name, Func: func(params ...any) (any, error) { return f(params) },
		Types: []reflect.Type{reflect.TypeOf(signature).Elem()},
	}
}

// unlessFailed returns the value of a variable that may be a failure.
func unlessFailed(v any) (any, error) {
	if f, failed := v.(Failure); failed {
		return nil, f.error
	}
	return v, nil
}

// Failure stands for a value that could not be calculated. All variables are loaded before the run;
// only who needs this one fails.
type Failure struct{ error }

// Failed returns what stands for a value that could not be calculated, for the reason.
func Failed(err error) Failure { return Failure{err} }
