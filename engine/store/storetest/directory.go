package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
)

// find returns whom a text names; the zero Found: nobody.
func (s *suite) find(name string) engine.Found {
	s.t.Helper()
	who, known, err := s.Find(s.ctx, name)
	s.must(err)
	if known == (who == engine.Found{}) {
		s.t.Fatalf("find %q: %+v, %v", name, who, known)
	}
	return who
}

// referred returns changes that say by whom members were brought.
func referred(member, by string, at time.Time, event string) *engine.Changes {
	return &engine.Changes{Referrals: []engine.Referral{{Member: member, By: by, At: at, Event: event}}}
}

var directoryCases = map[string]func(*testing.T, *suite){
	"knows members from their first input on": func(t *testing.T, s *suite) {
		s.same("a stranger", s.find("m-0"), engine.Found{})
		s.take(event("taken", "m-0", "x"))
		first := s.find("m-0")
		if first.ID != "m-0" || first.CreatedAt.IsZero() {
			t.Fatalf("who was taken: %+v", first)
		}
		in := s.accept(event("accepted", "m-1", "x"), engine.Input{Kind: engine.InputUpdate, ID: "u", Member: "m-2"})
		s.same("who was accepted", s.find("m-1"), engine.Found{ID: "m-1", CreatedAt: in[0].At})
		s.same("whose attributes were", s.find("m-2"), engine.Found{ID: "m-2", CreatedAt: in[1].At})
		s.take(event("again", "m-0", "x"))
		s.accept(event("and again", "m-0", "a"))
		s.same("since the first", s.find("m-0"), first)
		long := now().Add(-240 * time.Hour)
		for i, member := range []string{"m-1", "m-9"} {
			e := event(fmt.Sprint("history ", i), member, "x")
			e.Time, e.Payload = long, &engine.Payload{Backfill: true}
			s.take(e)
			s.same("of whom history came", s.find(member), engine.Found{ID: member, CreatedAt: long})
		}
		s.accept(event("moves it", "m-5", "x"))
		s.same("history in the database", s.find("m-9"), engine.Found{ID: "m-9", CreatedAt: long})
	},
	"knows since when members are there": func(t *testing.T, s *suite) {
		at := now().Add(-time.Hour)
		s.accept(event("e", "m-0", "x"))
		s.commit("m-0", 0, &engine.Changes{Members: []*engine.Member{{ID: "m-0", CreatedAt: at}}})
		s.same("found", s.find("m-0"), engine.Found{ID: "m-0", CreatedAt: at})
	},
	"finds members by their codes": func(t *testing.T, s *suite) {
		secret, err := s.Secret(s.ctx)
		s.must(err)
		keys := naming.NewKeys(secret)
		code := keys.ReferralCode("m-0")
		s.accept(event("e", "m-0", "x"))
		s.same("who is not stored", s.find(code), engine.Found{})
		at := now()
		s.commit("m-0", 0, &engine.Changes{Members: []*engine.Member{{ID: "m-0", CreatedAt: at}}})
		who := engine.Found{ID: "m-0", CreatedAt: at}
		s.same("by the code", s.find(code), who)
		s.same("as it is typed", s.find(" "+code[:5]+"-"+string(code[5]|' ')+code[6:]), who)
		s.same("by another", s.find(keys.ReferralCode("m-1")), engine.Found{})
		// An id is somebody's before it is a code.
		s.commit(code, 0, &engine.Changes{Members: []*engine.Member{{ID: code, CreatedAt: at}}})
		s.same("by an id like a code", s.find(code), engine.Found{ID: code, CreatedAt: at})
	},
	"takes no object for a member": func(t *testing.T, s *suite) {
		g := naming.ObjectID("group", "g1")
		s.accept(event("e", g, "x"))
		s.commit(g, 0, &engine.Changes{Members: []*engine.Member{{ID: g, CreatedAt: now()}}})
		s.same("an object", s.find(g), engine.Found{})
		secret, err := s.Secret(s.ctx)
		s.must(err)
		s.same("its code", s.find(naming.NewKeys(secret).ReferralCode(g)), engine.Found{})
	},
	"keeps the first referral of a member": func(t *testing.T, s *suite) {
		at := now()
		if _, err := s.Referrer(s.ctx, "m-1"); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("brought by somebody: %v", err)
		}
		s.commit("m-1", 0, referred("m-1", "m-0", at, "first"))
		s.commit("m-1", 0, referred("m-1", "m-2", at.Add(time.Hour), "second"))
		by, err := s.Referrer(s.ctx, "m-1")
		s.must(err)
		s.same("by", by, store.Referral{Member: "m-0", At: at, Event: "first"})
		page, err := s.Referrals(s.ctx, "m-2", "", 10)
		s.must(err)
		s.same("by the second", page, store.ReferralPage{})
	},
	"pages over whom a member brought, newest first": func(t *testing.T, s *suite) {
		at := now()
		want := make([]store.Referral, 7)
		for i := range want {
			m := fmt.Sprint("m-", i+1)
			when := at.Add(-time.Duration(i/2) * time.Hour) // pairs of one instant
			s.commit(m, 0, referred(m, "m-0", when, m))
			want[i] = store.Referral{Member: m, At: when, Event: m}
		}
		for i := 0; i+1 < len(want); i += 2 { // of one instant, the later first
			want[i], want[i+1] = want[i+1], want[i]
		}
		for limit := 1; limit < 9; limit++ {
			var got []store.Referral
			for cursor := ""; ; {
				page, err := s.Referrals(s.ctx, "m-0", cursor, limit)
				s.must(err)
				got = append(got, page.Referrals...)
				if cursor = page.Next; cursor == "" {
					break
				}
			}
			s.same(fmt.Sprintf("pages of %d", limit), got, want)
		}
		s.noCursors(func(cursor string) error { _, err := s.Referrals(s.ctx, "m-0", cursor, 1); return err })
	},
	"knows nobody who was deleted": func(t *testing.T, s *suite) {
		in := s.accept(event("e", "m-1", "x"))
		s.commit("m-1", in[0].Seq, &engine.Changes{Members: []*engine.Member{{ID: "m-1", CreatedAt: in[0].At}}})
		s.commit("m-1", 0, referred("m-1", "m-0", now(), "first"))
		s.commit("m-2", 0, referred("m-2", "m-1", now(), "second"))
		s.commit("m-1", 0, &engine.Changes{Deleted: []engine.Deletion{{Member: "m-1", Seq: in[0].Seq + 1, At: now()}}})
		s.same("found", s.find("m-1"), engine.Found{})
		for _, member := range []string{"m-1", "m-2"} {
			if by, err := s.Referrer(s.ctx, member); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s was brought by %+v, %v", member, by, err)
			}
		}
		for _, member := range []string{"m-0", "m-1"} {
			page, err := s.Referrals(s.ctx, member, "", 10)
			s.must(err)
			s.same("whom "+member+" brought", len(page.Referrals), 0)
		}
	},
}
