package durability

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// What must be true, whatever happens to the process. These are the claims of knownToFail, behind
// the name of what happened.
const (
	allDecided  = "every acknowledged order is decided"
	once        = "no order counts twice or out of turn"
	effects     = "each order has its effects, once"
	codesUnique = "codes are unique, and no more than the budget and the day allow"
	codesExist  = "every mailed code is in the database"
	oneKey      = "no message goes out under a second key"
	allSent     = "every message that was decided goes out, and no other"
	fewAgain    = "no more goes out again than was on the wire"
)

var claims = []string{allDecided, once, effects, codesUnique, codesExist, oneKey, allSent}

// onTheWire is how many messages and webhooks a crash may find on their way, as docs/operations.md
// says: 32 of a channel.
const onTheWire = 2 * 32

// Figures of testdata/shop.
const (
	firstBudget = 40
	dailyCodes  = 35
	chosenQuota = 30
	luckyPrizes = 25
	newsCap     = 2
)

// expected is what a member with so many orders has. It follows from the playbooks of testdata/shop,
// which a person has read, and from nothing else.
type expected struct {
	tags    []string
	coupons map[string]int // by pool, but for the pools first and daily: who gets one is decided between members
	told    int            // coupons of the member's buddy
	mails   []string       // kind, member, order
	hooks   int
}

func expect(member string, orders int) expected {
	e := expected{coupons: map[string]int{}}
	for n := 1; n <= orders; n++ {
		e.coupons["thanks"]++
		e.mails = append(e.mails, fmt.Sprintf("thanks %s %d", member, n))
		if n <= newsCap {
			e.mails = append(e.mails, fmt.Sprintf("news %s %d", member, n))
		}
	}
	if orders >= 1 {
		e.tags = append(e.tags, "waited")
		e.mails = append(e.mails, fmt.Sprintf("waited %s 1", member))
	}
	if orders >= 2 {
		e.told = 1
		e.mails = append(e.mails, fmt.Sprintf("told buddy-%s 2", member))
	}
	if orders >= 3 {
		e.tags, e.hooks = append(e.tags, "answered"), 1
		e.coupons["answer"] = 1
		e.mails = append(e.mails, fmt.Sprintf("answered %s 3", member))
	}
	return e
}

// found is what a server says of the members, read over HTTP.
type found struct {
	members []foundMember
	stats   map[string]foundStats
}

type foundMember struct {
	Points     int
	Tags       []string
	Attributes struct{ Last int }
	events     []string       // ids, oldest first
	coupons    []foundCoupon  // also of the buddy
	pools      map[string]int // of coupons, but for the buddy's
	told       int
}

type foundCoupon struct{ Code, Pool, Member string }

type foundStats struct{ Entered, Done int }

func (s *server) find(members int) (*found, error) {
	f := &found{members: make([]foundMember, members), stats: map[string]foundStats{}}
	for i := range f.members {
		m, name := &f.members[i], memberName(i)
		if there, err := s.get(m, "/v1/members/%s", name); err != nil {
			return nil, err
		} else if !there {
			continue
		}
		m.pools = map[string]int{}
		for _, of := range []string{name, "buddy-" + name} {
			var list struct{ Coupons []foundCoupon }
			if _, err := s.get(&list, "/v1/members/%s/coupons?limit=200", of); err != nil {
				return nil, err
			}
			m.coupons = append(m.coupons, list.Coupons...)
			for _, c := range list.Coupons {
				if of == name {
					m.pools[c.Pool]++
				} else {
					m.told++
				}
			}
		}
		var line struct {
			Items []struct{ Event *struct{ ID, Event string } }
		}
		if _, err := s.get(&line, "/v1/members/%s/timeline?limit=200", name); err != nil {
			return nil, err
		}
		for _, item := range slices.Backward(line.Items) {
			if item.Event != nil && item.Event.Event != "raffle.drawn" {
				m.events = append(m.events, item.Event.ID)
			}
		}
	}
	for _, playbook := range []string{"every", "first", "asks", "told", "chosen", "enters", "winners"} {
		var stats foundStats
		if _, err := s.get(&stats, "/v1/playbooks/%s/stats", playbook); err != nil {
			return nil, err
		}
		f.stats[playbook] = stats
	}
	return f, nil
}

// verdict is what speaks against each claim. Owed is what is missing, and may come yet.
type verdict struct {
	owed  map[string][]string
	wrong map[string][]string
}

func (v *verdict) miss(claim, format string, args ...any) {
	v.owed[claim] = append(v.owed[claim], fmt.Sprintf(format, args...))
}

func (v *verdict) refute(claim, format string, args ...any) {
	v.wrong[claim] = append(v.wrong[claim], fmt.Sprintf(format, args...))
}

// count compares a number: less may become more.
func (v *verdict) count(claim, what string, got, want int) {
	switch {
	case got < want:
		v.miss(claim, "%s: %d of %d", what, got, want)
	case got > want:
		v.refute(claim, "%s: %d, and %d is right", what, got, want)
	}
}

func (v *verdict) against(claim string) []string { return append(v.wrong[claim], v.owed[claim]...) }

// judge holds what was found and received against what must be.
func judge(orders []ordered, f *found, received map[string]map[string]int) *verdict {
	v := &verdict{owed: map[string][]string{}, wrong: map[string][]string{}}
	sums := map[string]int{}
	mails, hooks := sort(received)
	codes := map[string]bool{}
	for i, o := range orders {
		name, m := memberName(i), &f.members[i]
		n := m.Points // orders that were not acknowledged may be there
		v.judgeOrders(name, m, o)
		want := expect(name, n)
		lucky := slices.Contains(m.Tags, "lucky")
		v.judgeEffects(name, m, want, lucky)
		sums["every"] += n
		for playbook, from := range map[string]int{"first": 1, "told": 2, "asks": 3} {
			if n >= from {
				sums[playbook]++
			}
		}
		sums["coupons first"] += m.pools["first"]
		sums["coupons daily"] += m.pools["daily"]
		own := map[string]bool{}
		for _, c := range m.coupons {
			if codes[c.Code] {
				v.refute(codesUnique, "%s twice", c.Code)
			}
			codes[c.Code], own[c.Code] = true, true
		}
		for _, what := range want.mails {
			v.judgeMail(what, mails[what], own)
			delete(mails, what)
		}
		if got := hooks[name]; want.hooks > 0 || len(got) > 0 {
			v.count(allSent, "webhooks of "+name, min(1, len(got)), want.hooks)
			if len(got) > 1 {
				v.refute(oneKey, "webhook of %s: %v", name, slices.Sorted(maps.Keys(got)))
			}
		}
	}
	for what := range mails {
		v.refute(allSent, "sent without cause: %s", what)
	}
	v.count(codesUnique, "coupons of the pool first", sums["coupons first"], min(firstBudget, sums["first"]))
	v.count(codesUnique, "coupons of the pool daily", sums["coupons daily"], min(dailyCodes, sums["first"]))
	sums["chosen"], sums["enters"], sums["winners"] = min(chosenQuota, sums["first"]), sums["first"], min(luckyPrizes, sums["first"])
	for playbook, got := range f.stats {
		v.count(effects, "entries of "+playbook, got.Entered, sums[playbook])
		v.count(effects, "ended runs of "+playbook, got.Done, sums[playbook])
	}
	return v
}

func (v *verdict) judgeOrders(name string, m *foundMember, o ordered) {
	n := m.Points
	if n < o.acknowledged {
		v.miss(allDecided, "%s: %d of %d", name, n, o.acknowledged)
	}
	if n > o.sent {
		v.refute(once, "%s: %d orders count, %d were sent", name, n, o.sent)
	}
	if slices.Contains(m.Tags, "disorder") || m.Attributes.Last != n {
		v.refute(once, "%s: the order %d came last, of %d; tags %v", name, m.Attributes.Last, n, m.Tags)
	}
	var ids []string
	for i := 1; i <= len(m.events); i++ {
		ids = append(ids, orderID(name, i))
	}
	if len(m.events) < n || !slices.Equal(ids, m.events) {
		v.refute(once, "%s: %d orders count, the timeline has %v", name, n, m.events)
	}
}

func (v *verdict) judgeEffects(name string, m *foundMember, want expected, lucky bool) {
	got := slices.DeleteFunc(slices.Clone(m.Tags), func(tag string) bool { return tag == "lucky" || tag == "disorder" })
	for _, tag := range want.tags {
		if !slices.Contains(got, tag) {
			v.miss(effects, "%s has no tag %s", name, tag)
		}
	}
	if len(got) > len(want.tags) {
		v.refute(effects, "%s has the tags %v", name, m.Tags)
	}
	for pool, n := range want.coupons {
		v.count(effects, "coupons of "+name+" of the pool "+pool, m.pools[pool], n)
	}
	v.count(effects, "coupons of the buddy of "+name, m.told, want.told)
	if first := m.pools["first"]; first > 1 || lucky != (first == 1) {
		v.refute(effects, "%s has %d coupons of the pool first, and the tags %v", name, first, m.Tags)
	}
}

// mailed is what was received of one message.
type mailed struct{ codes, keys map[string]bool }

func (v *verdict) judgeMail(what string, got *mailed, codes map[string]bool) {
	if got == nil {
		v.miss(allSent, "not sent: %s", what)
		return
	}
	if len(got.keys) > 1 {
		v.refute(oneKey, "%s: %v", what, slices.Sorted(maps.Keys(got.keys)))
	}
	for code := range got.codes {
		if code != "-" && !codes[code] {
			v.refute(codesExist, "%s: %s", what, code)
		}
	}
}

var hookBody = regexp.MustCompile(`^hook {"member": ?"(.*)"}$`)

// sort returns mails by kind, member and order, and keys of webhooks by member.
func sort(received map[string]map[string]int) (mails map[string]*mailed, hooks map[string]map[string]int) {
	mails, hooks = map[string]*mailed{}, map[string]map[string]int{}
	for what, keys := range received {
		if m := hookBody.FindStringSubmatch(what); m != nil {
			hooks[m[1]] = keys
			continue
		}
		what = strings.TrimPrefix(what, "mail ")
		at := max(0, strings.LastIndexByte(what, ' '))
		name, code := what[:at], strings.TrimSpace(what[at:])
		if mails[name] == nil {
			mails[name] = &mailed{codes: map[string]bool{}, keys: map[string]bool{}}
		}
		mails[name].codes[code] = true
		for key := range keys {
			mails[name].keys[key] = true
		}
	}
	return mails, hooks
}

// doubled counts what was received more than once under one key.
func doubled(received map[string]map[string]int) (again, all int) {
	for _, keys := range received {
		for _, n := range keys {
			again, all = again+n-1, all+n
		}
	}
	return again, all
}

// patience is how long nothing may come any more before what is owed counts as lost.
const patience = 15 * time.Second

// verdict waits until all that the orders are owed has come, or nothing comes any more.
func (s *server) verdict(orders []ordered, patience time.Duration) *verdict {
	s.t.Helper()
	var v *verdict
	before, wrongBefore, since := "", 0, time.Now()
	for {
		received := s.sink.taken()
		f, err := s.find(len(orders))
		now := fmt.Sprint(err)
		if err == nil {
			v = judge(orders, f, received)
			// Members and counts are not read at one moment: what speaks against a claim while it goes on is looked at again.
			wrong := 0
			for _, list := range v.wrong {
				wrong += len(list)
			}
			if len(v.owed) == 0 && (wrong == 0 || wrong == wrongBefore) {
				return v
			}
			now, wrongBefore = fmt.Sprint(v.owed), wrong
		}
		if now != before {
			before, since = now, time.Now()
		}
		if time.Since(since) > patience {
			if v == nil {
				s.t.Fatalf("the server does not answer: %v", err)
			}
			return v
		}
		time.Sleep(300 * time.Millisecond) // asking costs the server something, too
	}
}

// holds reports on every claim after so many crashes of a kind.
func (s *server) holds(after string, crashes int, orders []ordered) {
	s.t.Helper()
	wait := patience
	if isKnown(after) {
		wait = short(6*time.Second, patience)
	}
	v := s.verdict(orders, wait)
	again, all := doubled(s.sink.taken())
	if again > crashes*onTheWire {
		v.refute(fewAgain, "%d of %d went out again after %d crashes", again, all, crashes)
	}
	for _, claim := range append(slices.Clone(claims), fewAgain) {
		hold(s.t, after+": "+claim, v.against(claim)...)
	}
	s.t.Logf("%d orders acknowledged; %d messages and webhooks received, %d of them again under their key", sum(orders),
		all, again)
}

func sum(orders []ordered) (n int) {
	for _, o := range orders {
		n += o.acknowledged
	}
	return n
}
