package tree

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// shelved are the nodes of values that are stored.
type shelved map[place][]byte

func (s shelved) Node(level int, bucket int64) ([]byte, error) { return s[place{level, bucket}], nil }

func (s shelved) Items(int64, int64, func(int64, any)) error {
	return errors.New("values read no events")
}

// store keeps what has changed, and returns the values as they are read again.
func (s shelved) store(t interface{ Fatal(...any) }, v *Values) *Values {
	for _, n := range v.Changed() {
		s[place{n.Level, n.Bucket}] = n.Data
	}
	again, err := OpenValues(s, s[place{RootLevel, 0}])
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// different counts the values of events from a time to another.
func different(list []event, from, to int64) (n int, failed bool) {
	seen := map[any]bool{}
	for _, e := range list {
		if e.at < from || e.at > to || e.item == nil {
			continue
		}
		if _, is := e.item.(error); is {
			failed = true
		}
		key := e.item
		if i, is := key.(int); is {
			key = float64(i)
		}
		seen[key] = true
	}
	return len(seen), failed
}

// What the values tell is what going through the events tells, stored in between or not, early or late.
// They tell of each window that ends with the last event or behind it.
func TestValuesAreThoseOfTheList(t *testing.T) {
	items := []any{
		nil, "", "a", "b", "f", "t", strings.Repeat("long", 20), strings.Repeat("long", 20) + "er", true, false, 0, 1, 1.0, -7, 0.1, 1e300,
	}
	rapid.Check(t, func(t *rapid.T) {
		v, stored, at, latest := NewValues(), shelved{}, int64(1_767_225_600_000), int64(0)
		var list []event
		for range rapid.IntRange(0, 120).Draw(t, "events") {
			at += gaps.Draw(t, "gap")
			late := rapid.SampledFrom([]int64{0, 0, 0, 1, 5000, 90 * 86_400_000}).Draw(t, "late")
			e := event{at - late, rapid.SampledFrom(items).Draw(t, "item")}
			if rapid.IntRange(0, 60).Draw(t, "odd") == 0 {
				e.item = errors.New("cannot be told")
			}
			if e.item != nil {
				latest = max(latest, e.at)
			}
			list = append(list, e)
			if err := v.Add(e.at, e.item); err != nil {
				t.Fatal(err)
			}
			if rapid.IntRange(0, 9).Draw(t, "store") == 0 {
				v = stored.store(t, v)
			}
			for range rapid.IntRange(0, 3).Draw(t, "questions") {
				from := list[rapid.IntRange(0, len(list)-1).Draw(t, "event")].at + rapid.SampledFrom([]int64{0, 1, -1}).Draw(t, "beside")
				to := at + rapid.SampledFrom([]int64{0, 0, 1, -1, -4096}).Draw(t, "end")
				n, told, err := v.Within(from, to)
				want, failed := different(list, from, to)
				if err != nil || told && n != want || told == (failed || from <= to && latest > to) && from <= to {
					t.Fatalf("[%d, %d] of %v has %d, told %v, %v; want %d, failed %v", from, to, list, n, told, err, want, failed)
				}
			}
		}
	})
}

// Many values are in several nodes. Of more than are told those are forgotten that were there longest
// ago; who reaches back to them is not told, and never something wrong.
func TestManyValues(t *testing.T) {
	v, stored := NewValues(), shelved{}
	const each, events = 10, 3 * valuesMost
	for i := range events {
		if err := v.Add(int64(i*each), fmt.Sprint("v", i)); err != nil {
			t.Fatal(err)
		}
		if i%997 == 0 {
			v = stored.store(t, v)
		}
		for _, back := range []int{1, 100, valuesMost - 1, valuesMost, 2 * valuesMost} {
			if i%499 > 0 {
				break
			}
			n, told, err := v.Within(int64((i-back+1)*each), int64(i*each))
			if want := min(back, i+1); err != nil || told != (want < valuesMost) || told && n != want {
				t.Fatalf("of %d the last %d are %d, told %v, %v", i+1, back, n, told, err)
			}
		}
	}
	if len(v.parts) < 2 || len(v.parts) > partsMost || v.count > 2*valuesMost {
		t.Errorf("%d values in %d parts", v.count, len(v.parts))
	}
	if err := v.Add(0, "v3"); err != nil { // forgotten, and comes late
		t.Fatal(err)
	}
	if n, told, err := v.Within(0, events*each); told || err != nil {
		t.Errorf("all are %d, told %v, %v", n, told, err)
	}
}

// What is damaged says so.
func TestDamagedValues(t *testing.T) {
	v, stored := NewValues(), shelved{}
	for i := range 2000 {
		if err := v.Add(int64(i), i); err != nil {
			t.Fatal(err)
		}
	}
	stored.store(t, v)
	root := stored[place{RootLevel, 0}]
	longer := append(root[:len(root):len(root)], 0)
	for _, bad := range [][]byte{nil, {}, {format}, {9, 0, 1}, {format, 7, 1}, {format, 0, 0x80}, longer} {
		if _, err := OpenValues(stored, bad); !errors.Is(err, ErrDamaged) {
			t.Errorf("a root %v: %v", bad, err)
		}
	}
	for name, damage := range map[string]func(shelved){
		"no node":      func(s shelved) { delete(s, place{0, 1}) },
		"another node": func(s shelved) { s[place{0, 1}] = s[place{0, 0}] },
		"a cut node":   func(s shelved) { s[place{0, 1}] = s[place{0, 1}][:40] },
		"other values": func(s shelved) { s[place{0, 1}] = newPart().encode() },
	} {
		bad := shelved{}
		for p, data := range stored {
			bad[p] = data
		}
		damage(bad)
		v, err := OpenValues(bad, root)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := v.Within(0, 5000); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Bytes that are no part of values are refused, whatever they are.
func FuzzDecodePart(f *testing.F) {
	p := newPart()
	p.add("sa", 5)
	p.add("n12345678", -5)
	f.Add(p.encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := decodePart(data, 0, 1)
		if err != nil {
			return
		}
		again, err := decodePart(p.encode(), 0, 1)
		if err != nil || len(again.places) != len(p.places) {
			t.Fatalf("a part became another: %v", err)
		}
	})
}
