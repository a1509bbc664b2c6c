package decimal

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func totalOf(list []any) (t Total) {
	for _, n := range list {
		switch n := n.(type) {
		case int:
			t.AddInt(n)
		case float64:
			t.AddFloat(n)
		}
	}
	return t
}

// The sum of two lists is that of both together, also when one of them was stored in between.
func TestTotalOfParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawNumbers(t), drawNumbers(t)
		want, wantErr := Sum(append(append([]any{}, a...), b...))
		first, second := totalOf(a), totalOf(b)
		stored, rest, err := TotalOf(append(second.Append(nil), "more"...))
		if err != nil || string(rest) != "more" {
			t.Fatalf("stored and read: %q, %v", rest, err)
		}
		first.Add(&stored)
		if got, err := first.Value(); got != want || !errors.Is(err, wantErr) {
			t.Fatalf("%v and %v are %v (%v), want %v (%v)", a, b, got, err, want, wantErr)
		}
	})
}

// Bytes that were cut or changed are no sum, or another one; they end nothing.
func FuzzTotalOf(f *testing.F) {
	for _, list := range [][]any{nil, {1}, {1, 0.5}, {1e300, 5e-324}} {
		total := totalOf(list)
		f.Add(total.Append(nil))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		total, rest, err := TotalOf(data)
		if err != nil {
			return
		}
		if len(rest) >= len(data) {
			t.Fatal("nothing was read")
		}
		again, rest, err := TotalOf(total.Append(nil))
		if err != nil || len(rest) > 0 {
			t.Fatalf("written and read: %q is left, %v", rest, err)
		}
		was, wasErr := total.Value()
		if is, isErr := again.Value(); is != was || !errors.Is(isErr, wasErr) {
			t.Fatalf("%v (%v) became %v (%v)", was, wasErr, is, isErr)
		}
	})
}
