package api_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/usher-run/usher/api"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/raffle"
)

// The hash of a raffle's seed is public before the first entry; seed and tickets are only told once it is over, and
// prove who won.
func TestRaffles(t *testing.T) {
	var end time.Time
	rules := raffle.Rules{Prizes: []raffle.Prize{{Name: "one", Count: 1}}}
	odds := raffle.Rules{Prizes: []raffle.Prize{{Name: "one", Count: 1, Odds: "1/1"}}}
	f := newFixture(t, func(d *api.Deps) {
		end = d.Clock.Now().Add(time.Hour)
		ws := workspace()
		ws.Schema.Raffles = []playbooks.Raffle{
			{Name: "spring", Rules: rules, At: end},
			{Name: "instant", Rules: odds, Active: &playbooks.Active{Until: end}},
			{Name: "endless", Rules: odds},
		}
		d.Workspace = func() (*playbooks.Workspace, string) { return ws, "hash" }
	})
	type listed struct {
		Raffles []struct {
			Name     string
			SeedHash string `json:"seed_hash"`
			Tickets  int
			Over     bool
		}
	}
	list := func() (l listed) {
		t.Helper()
		a := f.call("GET", "/v1/raffles", "")
		f.want(a, 200, nil)
		if err := json.Unmarshal([]byte(a.text), &l); err != nil {
			t.Fatal(err)
		}
		return l
	}
	before := list()
	if len(before.Raffles) != 3 || len(before.Raffles[0].SeedHash) != 64 ||
		before.Raffles[0].SeedHash == before.Raffles[1].SeedHash {
		t.Errorf("%+v", before)
	}
	var tickets []engine.Ticket
	var members []*engine.Member
	for i := range 3 {
		m := fmt.Sprint("m", i)
		members = append(members, &engine.Member{ID: m})
		tickets = append(tickets, engine.Ticket{Ticket: fmt.Sprint("a", i), Raffle: "spring", Member: m, Rules: rules.Definition()})
		one := engine.Ticket{Ticket: fmt.Sprint("b", i), Raffle: "instant", Member: m, Rules: odds.Definition(), Hit: "one"}
		if i == 0 {
			one.Prize = "one"
		}
		tickets = append(tickets, one)
	}
	f.commit(&engine.Changes{Members: members, Tickets: tickets})
	for _, name := range []string{"spring", "instant", "endless"} {
		f.want(f.call("GET", "/v1/raffles/"+name+"/proof", ""), 409, "conflict")
	}
	f.want(f.call("GET", "/v1/raffles/autumn/proof", ""), 404, "not_found")

	f.now = end
	if err := f.store.CloseRaffle(t.Context(), "spring", end); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"spring", "instant"} {
		a := f.call("GET", "/v1/raffles/"+name+"/proof", "")
		f.want(a, 200, nil)
		var p raffle.Proof
		if err := json.Unmarshal([]byte(a.text), &p); err != nil {
			t.Fatal(err)
		}
		if wrong := p.Verify(); wrong != nil || len(p.Tickets) != 3 || p.SeedHash != before.Raffles[i].SeedHash {
			t.Errorf("%s: %v, %+v", name, wrong, p)
		}
		for _, k := range p.Tickets {
			if k.Holder == "" || k.Holder[0] == 'm' {
				t.Errorf("%s: the holder of %s is %q", name, k.Ticket, k.Holder)
			}
		}
	}
	f.want(f.call("GET", "/v1/raffles/endless/proof", ""), 409, "conflict")
	after := list().Raffles
	if !after[0].Over || !after[1].Over || after[2].Over || after[0].Tickets != 3 {
		t.Errorf("%+v", after)
	}
}
