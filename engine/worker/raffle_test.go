package worker_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/worker"
	"github.com/usher-run/usher/playbooks/raffle"
)

const (
	enters = "id: enters\nstage: activation\ntrigger: {event: order.paid}\nmode: parallel\nactions: [{raffle: {enter: RAFFLE}}]\n"
	hears  = "id: hears\nstage: activation\ntrigger: {event: raffle.drawn}\nmode: parallel\nactions: [{tag: '= trigger.prize ?? \"none\"'}]\n"
)

// raffled returns the declarations with a raffle of the name r.
func raffled(t *testing.T, rules string) string {
	t.Helper()
	declare(t, "coupons:\n", "raffles:\n  r: "+rules+"\ncoupons:\n")
	return strings.Replace(enters, "RAFFLE", "r", 1)
}

// proof is what a server tells of a raffle that is over.
func (w *world) proof(rules raffle.Rules, drawn bool) *raffle.Proof {
	w.Helper()
	secret, err := w.Secret(w.ctx)
	if err != nil {
		w.Fatal(err)
	}
	keys := naming.NewKeys(secret)
	p := &raffle.Proof{Raffle: "r", Seed: keys.RaffleSeed("r"), Rules: rules, Drawn: drawn}
	p.SeedHash = raffle.SeedHash(p.Seed)
	list, err := w.Tickets(w.ctx, "r", "", 10_000)
	if err != nil {
		w.Fatal(err)
	}
	for _, t := range list {
		p.Tickets = append(p.Tickets, raffle.Ticket{
			Ticket: t.Ticket, Holder: keys.RaffleHolder("r", t.Member), Hit: t.Hit, Prize: t.Prize,
		})
	}
	if drawn {
		p.Draw(p.Seed, p.Tickets)
	}
	return p
}

// verified holds a proof against both verifiers: the one of this package, and a short script that shares nothing with it.
func (w *world) verified(p *raffle.Proof) {
	w.Helper()
	if wrong := p.Verify(); wrong != nil {
		w.Errorf("the proof does not hold: %v", wrong)
	}
	text, err := json.Marshal(p)
	if err != nil {
		w.Fatal(err)
	}
	file := filepath.Join(w.TempDir(), "proof.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		w.Fatal(err)
	}
	out, err := exec.Command("python3", "testdata/verify.py", file).CombinedOutput()
	if err != nil {
		w.Fatalf("the second verifier: %v\n%s", err, out)
	}
	var want strings.Builder
	for _, t := range p.Tickets {
		fmt.Fprintf(&want, "%s %s\n", t.Ticket, t.Prize)
	}
	if string(out) != want.String() {
		w.Errorf("the second verifier says\n%s\nwant\n%s", out, &want)
	}
}

// tagged counts the members by their tags.
func (w *world) tagged(members int) map[string]int {
	n := map[string]int{}
	for i := range members {
		m, err := w.Member(w.ctx, fmt.Sprint("m", i))
		if err != nil {
			w.Fatal(err)
		}
		for _, tag := range m.Tags {
			n[tag]++
		}
	}
	return n
}

// However many workers there are, and whatever of their work is lost, all tickets are drawn once, each prize as often
// as it is there, and each holder hears it.
func TestRaffleIsDrawnOnce(t *testing.T) {
	laned(t, func(t *testing.T, lanes int) {
		w := newLanedWorld(t, lanes, embedded(t))
		draw := w.now().Add(2 * time.Hour).Truncate(time.Minute).UTC()
		book := raffled(t, "{prizes: {big: {count: 1}, small: {count: 20}, thanks: {}}, per_member: 1, draw: \""+
			draw.Format(time.RFC3339)+"\"}")
		w.edit = func(c *worker.Config) { c.Store = &granting{Store: c.Store, failEvery: 4} }
		w.activate(book, hears)
		wake := w.eight()
		for i := 0; i < 120; i += 12 {
			wake(w.orders(i, i+12, 7)...)
		}
		w.orders(120, 240, 7)
		w.advance(3 * time.Hour) // what is not decided yet came before the draw
		wake(w.orders(240, 250, 7)...)
		w.until("all have heard", func() bool { return w.counts("hears").Done == 240 })
		w.idle()
		if got := fmt.Sprint(w.tagged(250)); got != "map[big:1 small:20 thanks:219]" {
			t.Errorf("they won %s", got)
		}
		rules := raffle.Rules{Prizes: []raffle.Prize{{Name: "big", Count: 1}, {Name: "small", Count: 20}, {Name: "thanks"}}}
		w.verified(w.proof(rules, true))
		jobs, _, err := w.Jobs(w.ctx, store.JobFilter{Limit: 10})
		if err != nil || len(jobs) != 1 || jobs[0].Kind != store.JobRaffle || jobs[0].Reached != 240 {
			t.Errorf("jobs %+v, %v", jobs, err)
		}
		if differences := w.replayed(""); len(differences) > 0 {
			t.Errorf("decided again: %v", differences[:1])
		}
	})
}

// A prize is given as often as it is there, to the last, whoever hits it first.
func TestPrizesAtOnceUnderManyWorkers(t *testing.T) {
	laned(t, func(t *testing.T, lanes int) {
		w := newLanedWorld(t, lanes, embedded(t))
		book := raffled(t, "{prizes: {big: {count: 7, odds: 1/2}, small: {odds: 1/4}}, prizes_each: true}")
		w.edit = func(c *worker.Config) { c.Store = &granting{Store: c.Store, failEvery: 4} }
		w.activate(book, hears)
		wake := w.eight()
		for i := 0; i < 120; i += 12 {
			wake(w.orders(i, i+12, 7)...)
		}
		w.idle()
		prizes := []raffle.Prize{{Name: "big", Count: 7, Odds: "1/2"}, {Name: "small", Odds: "1/4"}}
		p := w.proof(raffle.Rules{Prizes: prizes, PrizesEach: true}, false)
		w.verified(p)
		n := w.tagged(120)
		if len(p.Tickets) != 120 || n["big"] != 7 || n["small"] < 10 || n["big"]+n["small"]+n["none"] != 120 {
			t.Errorf("%d tickets, they won %v", len(p.Tickets), n)
		}
		if differences := w.replayed(""); len(differences) > 0 {
			t.Errorf("decided again: %v", differences[:1])
		}
	})
}

// What was promised with the first ticket holds.
func TestPrizesDoNotChangeAfterTheFirstEntry(t *testing.T) {
	w := newWorld(t, embedded(t))
	book := raffled(t, "{prizes: {big: {count: 7, odds: 1/2}}}")
	w.activate(book)
	change := func(prizes string) error {
		before := declarations
		defer func() { declarations = before }()
		declarations = strings.Replace(before, "count: 7, odds: 1/2", prizes, 1)
		return worker.Activate(w.ctx, w.Store, compile(t, book), w.now())
	}
	if err := change("count: 8, odds: 1/2"); err != nil {
		t.Errorf("before the first entry: %v", err)
	}
	w.activate(book)
	w.orders(0, 1, 7)
	w.run().Wake("m0")
	w.idle()
	for _, prizes := range []string{"count: 8, odds: 1/2", "count: 7, odds: 1/3"} {
		var changed *store.RaffleChanged
		if err := change(prizes); !errors.As(err, &changed) || changed.Raffle != "r" {
			t.Errorf("%s: %v", prizes, err)
		}
	}
	if err := change("count: 7, odds: 1/2"); err != nil {
		t.Errorf("the same: %v", err)
	}
}

// A raffle is drawn once: another draw needs another name.
func TestRaffleIsOverOnceItIsDrawn(t *testing.T) {
	w := newWorld(t, embedded(t))
	draw := w.now().Add(time.Hour).Truncate(time.Minute).UTC()
	book := raffled(t, "{prizes: {big: {count: 9}}, draw: \""+draw.Format(time.RFC3339)+"\"}")
	w.activate(book, hears)
	w.orders(0, 3, 7)
	wk := w.run()
	wk.Wake("m0")
	w.until("they have tickets", func() bool { return w.counts("enters").Done == 3 })
	w.advance(2 * time.Hour)
	w.until("all have heard", func() bool { return w.counts("hears").Done == 3 })
	declarations = strings.Replace(declarations, draw.Format(time.RFC3339), draw.AddDate(1, 0, 0).Format(time.RFC3339), 1)
	w.activate(book, hears)
	if err := wk.Refresh(w.ctx); err != nil {
		t.Fatal(err)
	}
	wk.Wake(w.orders(3, 6, 7)...)
	w.until("they were asked", func() bool { return w.counts("enters").Done == 6 })
	tickets, err := w.Tickets(w.ctx, "r", "", 10)
	if err != nil || len(tickets) != 3 {
		t.Errorf("%d tickets, %v", len(tickets), err)
	}
}
