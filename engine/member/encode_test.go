package member_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-run/usher/engine/member"
)

// A document is what encoding/json writes, whichever of its fields are there.
func TestDocumentIsAsEncodingJSONWritesIt(t *testing.T) {
	at, watch := time.Date(2026, 3, 1, 8, 0, 0, 250_000_000, time.UTC), int64(7)
	whole := member.Member{
		ID: "m<1>", Attributes: map[string]any{"name": "小林", "n": 1.5, "list": []any{"a", nil}}, Tags: []string{"a", "b"},
		Backfilled: map[string]time.Time{"name": at}, CreatedAt: at, LastSeenAt: at.Add(time.Hour), Points: -3,
		Entries: map[string]time.Time{"welcome": at, "again": at}, Coupons: map[string]int{"b": 2, "a": 1},
		Goals: []member.GoalWatch{{Run: "r", Event: "order.paid", Until: at}}, Sends: []member.Send{{Channel: "mail", At: at}, {}},
		Segments:      map[string]member.Membership{"in": {In: true}, "out": {Since: 5}},
		Deferred:      map[string]member.Deferred{"k": {Run: "r", Of: "g"}},
		Dates:         map[string]member.DateMark{"birthday": {At: at}},
		ReevaluatedAt: at, ReevaluateAt: at.Add(time.Minute),
		Rare: &member.Rare{Coupons: &member.Coupons{List: []member.Coupon{{Code: "C", Pool: "p", IssuedAt: 5}}, Watch: &watch}},
	}
	from := reflect.ValueOf(whole)
	for i := range from.NumField() {
		if from.Field(i).IsZero() {
			t.Errorf("%s is not among what is written here", from.Type().Field(i).Name)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		var m member.Member
		for i := range from.NumField() {
			if rapid.Bool().Draw(t, from.Type().Field(i).Name) {
				reflect.ValueOf(&m).Elem().Field(i).Set(from.Field(i))
			}
		}
		want, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.Encode()
		if err != nil || string(got) != string(want) {
			t.Errorf("%v:\n%s, want\n%s", err, got, want)
		}
		read(t, got)
		for range 10 { // broken in one place
			broken, i := slices.Clone(got), rapid.IntRange(0, len(got)-1).Draw(t, "place")
			broken[i] = rapid.SampledFrom([]byte("\"\\{}[]:,.-e09 tfna\x00\xff")).Draw(t, "byte")
			read(t, broken)
		}
	})
}

// read reads a document, as encoding/json does.
func read(t *rapid.T, data []byte) {
	var got, want member.Member
	err, wantErr := got.Decode(data), json.Unmarshal(data, &want)
	if (err != nil) != (wantErr != nil) || err == nil && !reflect.DeepEqual(got, want) {
		t.Errorf("%s was read as\n%+v, %v, want\n%+v, %v", data, got, err, want, wantErr)
	}
}
