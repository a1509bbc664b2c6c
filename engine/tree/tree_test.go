package tree

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

type event struct {
	at   int64
	item any
}

// plain is a history as a list, which is what a tree is held against, with the nodes that a tree
// had stored.
type plain struct {
	events []event
	stored map[place][]byte
	read   int // items
}

func (h *plain) Node(level int, bucket int64) ([]byte, error) {
	return h.stored[place{level, bucket}], nil
}

func (h *plain) Items(from, to int64, f func(int64, any)) error {
	for _, e := range h.events {
		if e.at >= from && e.at <= to {
			h.read++
			f(e.at, e.item)
		}
	}
	return nil
}

// build returns the tree of the list.
func (h *plain) build() *Tree {
	first, last := int64(0), int64(0)
	if n := len(h.events); n > 0 {
		first, last = h.events[0].at, h.events[n-1].at
	}
	b := Build(h, first, last)
	for _, e := range h.events {
		b.Add(e.at, e.item)
	}
	return b.Tree()
}

func (h *plain) put(e event) {
	i := len(h.events)
	for i > 0 && h.events[i-1].at > e.at {
		i--
	}
	h.events = slices.Insert(h.events, i, e)
}

func (h *plain) within(from, to int64) (v Value) {
	for _, e := range h.events {
		if e.at >= from && e.at <= to {
			one := of(e.item)
			v.Add(&one)
		}
	}
	return v
}

// store keeps what has changed, and returns the tree as it is read again.
func (h *plain) store(t *rapid.T, tr *Tree) *Tree {
	if h.stored == nil {
		h.stored = map[place][]byte{}
	}
	for _, n := range tr.Changed() {
		h.stored[place{n.Level, n.Bucket}] = n.Data
	}
	root := h.stored[place{RootLevel, 0}]
	if root == nil {
		return tr
	}
	again, err := Open(h, root)
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// describe makes values comparable.
func describe(v Value) string {
	sum, err := v.Sum.Value()
	return fmt.Sprint(v.Events, v.Failed, v.Hits, sum, err)
}

var gaps = rapid.SampledFrom([]int64{0, 0, 0, 1, 1, 63, 64, 65, 4096, 60_000, 3_600_000, 86_400_000, 40 * 86_400_000})

func drawItem(t *rapid.T) any {
	return rapid.SampledFrom([]any{nil, true, true, false, 1, -7, 0.1, 39.9, 1e300, "failed"}).Draw(t, "item")
}

// A tree answers what the list does: built of many events or grown by one after the other, early or
// late, stored in between or not.
func TestTreeIsTheList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := &plain{}
		at := rapid.SampledFrom([]int64{0, 1_767_225_600_000, -5_000_000_000, 1 << 40}).Draw(t, "start")
		draw := func() event {
			at += gaps.Draw(t, "gap")
			late := rapid.SampledFrom([]int64{0, 0, 0, 1, 5000, 90 * 86_400_000}).Draw(t, "late")
			return event{at - late, drawItem(t)}
		}
		for range rapid.IntRange(0, 300).Draw(t, "before") {
			h.put(draw())
		}
		tr := h.build()
		for range rapid.IntRange(0, 200).Draw(t, "after") {
			if rapid.IntRange(0, 9).Draw(t, "store") == 0 {
				tr = h.store(t, tr)
			}
			e := draw()
			h.put(e)
			if err := tr.Add(e.at, e.item); err != nil {
				t.Fatal(err)
			}
		}
		for range 20 {
			from, to := edge(t, h), edge(t, h)
			got, err := tr.Within(from, to)
			if want := h.within(from, to); err != nil || describe(got) != describe(want) {
				t.Fatalf("[%d, %d] has %s (%v), want %s", from, to, describe(got), err, describe(want))
			}
			checkHits(t, h, tr, from, to)
		}
	})
}

// edge draws an end of a window: at an event, beside one, or anywhere.
func edge(t *rapid.T, h *plain) int64 {
	if len(h.events) == 0 {
		return rapid.Int64().Draw(t, "edge")
	}
	e := h.events[rapid.IntRange(0, len(h.events)-1).Draw(t, "event")]
	return e.at + rapid.SampledFrom([]int64{0, 0, 1, -1, 64, -4096, 1 << 50, -1 << 50}).Draw(t, "beside")
}

func checkHits(t *rapid.T, h *plain, tr *Tree, from, to int64) {
	newest := rapid.Bool().Draw(t, "newest")
	var got, want []event
	err := tr.Hits(from, to, newest, func(p Part) (bool, error) {
		var some []event
		err := h.Items(p.From, p.To, func(at int64, item any) { some = append(some, event{at, item}) })
		if newest {
			slices.Reverse(some)
		}
		got = append(got, some...)
		return true, err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range h.events {
		if e.at >= from && e.at <= to {
			want = append(want, e)
		}
	}
	if newest {
		slices.Reverse(want)
	}
	hit := func(e event) bool { return e.item != true && e.item != "failed" }
	got, want = slices.DeleteFunc(got, hit), slices.DeleteFunc(want, hit)
	if !slices.Equal(got, want) {
		t.Fatalf("hits of [%d, %d], newest %v: %v, want %v", from, to, newest, got, want)
	}
}

// A window reads the events at its ends alone, and an event changes the nodes on one way.
func TestTreeReadsLittle(t *testing.T) {
	h := &plain{stored: map[place][]byte{}}
	const day, events = 86_400_000, 20_000
	for i := range int64(events) {
		h.events = append(h.events, event{1_767_225_600_000 + i*90*day/events, true})
	}
	tr := h.build()
	for _, n := range tr.Changed() {
		h.stored[place{n.Level, n.Bucket}] = n.Data
	}
	tr, err := Open(h, h.stored[place{RootLevel, 0}])
	if err != nil {
		t.Fatal(err)
	}
	h.read = 0
	last := h.events[events-1].at
	v, err := tr.Within(last-30*day, last)
	if want := h.within(last-30*day, last); err != nil || v.Hits != want.Hits {
		t.Fatalf("%d hits, want %d (%v)", v.Hits, want.Hits, err)
	}
	if h.read > 2*leafMost {
		t.Errorf("%d events were read", h.read)
	}
	late := event{last - 50*day, true}
	h.put(late)
	if err := tr.Add(late.at, late.item); err != nil {
		t.Fatal(err)
	}
	if n := tr.Changed(); len(n) > 4 {
		t.Errorf("a late event changed %d nodes", len(n))
	}
}

// Bytes that are no node are refused, whatever they are.
func FuzzDecode(f *testing.F) {
	n := &node{}
	v := of(39.9)
	n.make(3).Add(&v)
	f.Add(n.encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := decode(data)
		if err != nil {
			return
		}
		again, err := decode(n.encode())
		if err != nil || again.mask != n.mask || len(again.parts) != len(n.parts) {
			t.Fatalf("a node became another: %v", err)
		}
	})
}
