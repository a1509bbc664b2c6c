package durability

import (
	"maps"
	"slices"
	"testing"
)

// sound is a world in which all is right: two members with three orders and one.
func sound() ([]ordered, *found, map[string]map[string]int) {
	member := func(name string, orders int, codes ...foundCoupon) foundMember {
		m := foundMember{Points: orders, Tags: []string{"lucky"}, pools: map[string]int{}, coupons: codes}
		m.Attributes.Last = orders
		want := expect(name, orders)
		m.Tags, m.told = append(m.Tags, want.tags...), want.told
		maps.Copy(m.pools, want.coupons)
		m.pools["first"], m.pools["daily"] = 1, 1
		for n := 1; n <= orders; n++ {
			m.events = append(m.events, orderID(name, n))
		}
		return m
	}
	f := &found{members: []foundMember{
		member("m0", 3, foundCoupon{Code: "A"}, foundCoupon{Code: "B"}, foundCoupon{Code: "C"}, foundCoupon{Code: "D"},
			foundCoupon{Code: "E"}),
		member("m1", 1, foundCoupon{Code: "F"}),
	}}
	f.stats = map[string]foundStats{"every": {4, 4}, "first": {2, 2}, "told": {1, 1}, "asks": {1, 1}, "chosen": {2, 2}, "enters": {2, 2}, "winners": {2, 2}}
	received := map[string]map[string]int{`hook {"member":"m0"}`: {"k0": 2}}
	for i, what := range []string{
		"thanks m0 1 A", "thanks m0 2 B", "thanks m0 3 C", "told buddy-m0 2 D", "answered m0 3 E", "thanks m1 1 F",
		"waited m0 1 -", "waited m1 1 -", "news m0 1 -", "news m0 2 -", "news m1 1 -",
	} {
		received["mail "+what] = map[string]int{string(rune('a' + i)): 1}
	}
	return []ordered{{3, 3}, {2, 1}}, f, received
}

// Each fault speaks against its claim, and against no other.
func TestTheModelSeesWhatIsWrong(t *testing.T) {
	type world struct {
		orders   []ordered
		f        *found
		received map[string]map[string]int
	}
	faults := []struct {
		name    string
		against []string
		plant   func(w *world)
	}{
		{"nothing", nil, func(*world) {}},
		{"an order is lost", []string{allDecided}, func(w *world) { w.orders[1] = ordered{2, 2} }},
		{"an order that was never sent", []string{once}, func(w *world) { w.orders[1] = ordered{0, 0} }},
		{"two orders out of turn", []string{once}, func(w *world) { w.f.members[0].Attributes.Last = 2 }},
		{"an order stands twice", []string{once}, func(w *world) { w.f.members[1].events = []string{"m1-1", "m1-1"} }},
		{"a tag is missing", []string{effects}, func(w *world) { w.f.members[1].Tags = []string{"lucky"} }},
		{"a coupon too many", []string{effects}, func(w *world) { w.f.members[0].pools["thanks"]++ }},
		{"an entry too many", []string{effects}, func(w *world) { w.f.stats["told"] = foundStats{2, 1} }},
		{"an entry above the quota", []string{effects}, func(w *world) { w.f.stats["chosen"] = foundStats{3, 2} }},
		{"a prize too many", []string{effects}, func(w *world) { w.f.stats["winners"] = foundStats{3, 3} }},
		{"a coupon of the day is lost", []string{codesUnique}, func(w *world) { w.f.members[1].pools["daily"] = 0 }},
		{"a coupon above the day's limit", []string{codesUnique}, func(w *world) { w.f.members[1].pools["daily"] = 2 }},
		{"a place of the quota is lost", []string{effects}, func(w *world) { w.f.stats["chosen"] = foundStats{1, 1} }},
		{"a run that does not end", []string{effects}, func(w *world) { w.f.stats["first"] = foundStats{2, 1} }},
		{"a code twice", []string{codesUnique}, func(w *world) {
			w.f.members[0].coupons[0].Code = "F"
			w.received["mail thanks m0 1 F"] = w.received["mail thanks m0 1 A"]
			delete(w.received, "mail thanks m0 1 A")
		}},
		{"a mailed code is gone", []string{codesExist}, func(w *world) { w.f.members[0].coupons[0].Code = "Z" }},
		{"a second key", []string{oneKey}, func(w *world) { w.received["mail news m1 1 -"]["z"] = 1 }},
		{"a second code", []string{codesExist, oneKey}, func(w *world) { w.received["mail told buddy-m0 2 Z"] = map[string]int{"z": 1} }},
		{"a webhook with a second key", []string{oneKey}, func(w *world) { w.received[`hook {"member":"m0"}`]["z"] = 1 }},
		{"a message that is not sent", []string{allSent}, func(w *world) { delete(w.received, "mail waited m1 1 -") }},
		{"a message over the cap", []string{allSent}, func(w *world) { w.received["mail news m0 3 -"] = map[string]int{"z": 1} }},
		{"a webhook that is not called", []string{allSent}, func(w *world) { delete(w.received, `hook {"member":"m0"}`) }},
	}
	for _, fault := range faults {
		w := world{}
		w.orders, w.f, w.received = sound()
		fault.plant(&w)
		v := judge(w.orders, w.f, w.received)
		var got []string
		for _, claim := range claims {
			if len(v.against(claim)) > 0 {
				got = append(got, claim)
			}
		}
		slices.Sort(got)
		if want := slices.Sorted(slices.Values(fault.against)); !slices.Equal(got, want) {
			t.Errorf("%s: speaks against %q, want %q: %+v", fault.name, got, want, v)
		}
	}
}
