package history

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression"
	"github.com/usher-run/usher/playbooks/expression/scope"
)

// How many different values there are is told of more events than a list may have, in memory and in a store; what
// the values themselves are is not.
func TestDifferentValuesOfManyEvents(t *testing.T) {
	s := longSchema()
	compile := func(text string) *expression.Expr {
		t.Helper()
		x, diags := expression.CompileExpr(diag.Source{Text: text}, &scope.Scope{Schema: s}, nil)
		if x == nil {
			t.Fatal(diags)
		}
		return x
	}
	const events = 2 * expression.MaxItems
	now := time.Date(2026, 3, 6, 15, 0, 0, 0, time.UTC)
	kept, back := new(History), &shelf{nodes: map[string][]byte{}, roots: map[string][]byte{}}
	for i := range events {
		e := Event{
			ID: fmt.Sprint(i), Time: now.Add(time.Duration(i-events) * time.Minute), At: now, Place: int64(i),
			Properties: map[string]any{"n": float64(i % 7), "price": float64(i), "sku": fmt.Sprint("s", i%500), "on": "2026-03-06"},
		}
		if i == 0 {
			e.Properties["sku"] = "once"
		}
		kept.Add("buy", e)
		back.events = append(back.events, e)
	}
	for what, h := range map[string]*History{"kept": kept, "stored": back.take(nil, nil)} {
		r := &Reader{History: h, Zone: time.UTC, Env: expression.NewEnv(), Schema: s, Now: now, Patient: true}
		for text, want := range map[string]int{
			`len(distinct(events("buy"), .sku))`: 501, `len(distinct(events("buy", "13d"), .sku))`: 500,
			`len(distinct(filter(events("buy"), .n == 3), .n))`: 1, `len(distinct(events("buy", "2d"), .price))`: 2880,
		} {
			if v, err := ask(r, r, compile(text), now); v != want || err != nil {
				t.Errorf("%s: %s is %v, %v, want %d", what, text, v, err, want)
			}
		}
		var many *expression.TooMany
		for _, text := range []string{`len(distinct(events("buy"), .price))`, `distinct(events("buy"), .sku)`} {
			if v, err := ask(r, r, compile(text), now); !errors.As(err, &many) {
				t.Errorf("%s: %s is %v, %v", what, text, v, err)
			}
		}
	}
}

// What is stored of values is read again, grows by what comes, and is built anew where it is damaged.
func TestDifferentValuesAreStored(t *testing.T) {
	back, r, _ := longBuys(t)
	x, diags := expression.CompileExpr(diag.Source{Text: `len(distinct(events("buy", "90d"), .sku))`}, &scope.Scope{Schema: r.Schema}, nil)
	if x == nil {
		t.Fatal(diags)
	}
	taken := map[string]*Taken{x.Aggregates[0].Key: {x.Aggregates[0], r.Schema}}
	expect := func(want int) {
		t.Helper()
		if v, err := ask(r, r, x, r.Now); v != want || err != nil || r.Unavailable != nil {
			t.Fatalf("there are %v, %v, %v, want %d", v, err, r.Unavailable, want)
		}
	}
	expect(1)
	for i := range 20 {
		e := Event{
			ID: fmt.Sprint("more", i), Time: r.Now, At: r.Now, Place: int64(6000 + i),
			Properties: map[string]any{"n": 1.0, "price": 2.0, "sku": fmt.Sprint("s", i), "on": "2026-03-06"},
		}
		r.Put("buy", e, nil, taken)
		expect(i + 2)
		r.History = back.take(r.History.Changed("m"), []Event{e})
		r.Patient = false // nothing is built any more
	}
	expect(21)
	r.Patient = true
	before := len(back.nodes)
	delete(back.nodes, x.Aggregates[0].Key+"0/0")
	if r.History = back.take(nil, nil); len(back.nodes) == before {
		t.Fatal("nothing was stored")
	}
	expect(21)
}
