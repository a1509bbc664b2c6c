package arithmetic

import (
	"reflect"
	"testing"
	"time"
)

// Missing values are left out, ties go to the latest, and an int is the number that it equals.
func TestFunctionsOverLists(t *testing.T) {
	early, late := time.Unix(100, 0).UTC(), time.Unix(200, 0).UTC()
	elsewhere := early.In(time.FixedZone("", 3600))
	for name, c := range map[string]struct{ list, distinct, common, average any }{
		"none":    {[]any{}, []any{}, nil, nil},
		"missing": {[]any{nil, nil}, []any{}, nil, nil},
		"texts":   {[]any{"a", nil, "b", "a"}, []any{"a", "b"}, "a", errMissing},
		"tie":     {[]any{"a", "b", "b", "a", "c"}, []any{"a", "b", "c"}, "a", errMissing},
		"numbers": {[]any{1, 2.0, 1.0, nil, 0.1}, []any{1, 2.0, 0.1}, 1.0, 1.025},
		"bools":   {[]any{true, false}, []any{true, false}, false, errMissing},
		"times":   {[]any{early, late, elsewhere}, []any{early, late}, elsewhere, errMissing},
	} {
		list := c.list.([]any)
		if got := distinct(list); !reflect.DeepEqual(got, c.distinct) {
			t.Errorf("%s: different are %v, want %v", name, got, c.distinct)
		}
		if got := mostCommon(list); got != c.common {
			t.Errorf("%s: most common is %v, want %v", name, got, c.common)
		}
		got, err := average(list)
		if _, fails := c.average.(error); fails {
			if err == nil {
				t.Errorf("%s: the average is %v", name, got)
			}
		} else if got != c.average || err != nil {
			t.Errorf("%s: the average is %v, %v, want %v", name, got, err, c.average)
		}
	}
}

func TestLargestAndSmallest(t *testing.T) {
	day := func(n int64) time.Time { return time.Unix(n, 0) }
	for name, c := range map[string]struct {
		keys            []any
		largest, lowest any
	}{
		"none":    {nil, nil, nil},
		"missing": {[]any{nil, nil}, nil, nil},
		"numbers": {[]any{2, 3.5, nil, -1}, 1, 3},
		"ties":    {[]any{1, 1.0, 0, 0.0}, 1, 3},
		"times":   {[]any{day(2), day(1), day(2)}, 2, 1},
	} {
		list := make([]any, len(c.keys))
		for i := range list {
			list[i] = i
		}
		if got := extremeOf(list, c.keys, 1); got != c.largest {
			t.Errorf("%s: the largest is %v, want %v", name, got, c.largest)
		}
		if got := extremeOf(list, c.keys, -1); got != c.lowest {
			t.Errorf("%s: the smallest is %v, want %v", name, got, c.lowest)
		}
	}
}
