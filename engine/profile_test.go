package engine_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
)

// What is shown of a member is what a decision at that instant would see.
func TestProfileIsWhatDecisionsSee(t *testing.T) {
	ws := load(t, map[string]string{"usher.yaml": `usher: 1
timezone: Asia/Shanghai
member:
  level: {enum: [leaf, bud], default: leaf}
  nickname: string
  joined: {type: date, default: 2026-01-01}
  orders: = len(events("order.paid", "30d"))
  last: = last(events("order.paid"))?.amount
events: {order.paid: {amount: number}}
segments:
  loyal: member.orders >= 2
  fresh: len(events("order.paid", "1d")) > 0
  bud: member.level == "bud"
`})
	e := engine.New(ws, engine.Options{Registry: actions.Registry()})
	st := &engine.State{Member: &engine.Member{ID: "m", CreatedAt: start, Attributes: map[string]any{"nickname": "小满"}}}
	for i, day := range []int{1, 20, 25} {
		st.Remember(engine.Input{
			Seq: int64(i + 1), Kind: engine.InputEvent, Member: "m", Name: "order.paid", Time: start.AddDate(0, 0, day),
			Payload: &engine.Payload{Properties: map[string]any{"amount": float64(day)}},
		})
	}
	got := e.Profile(st, start.AddDate(0, 0, 40))
	want := &engine.Profile{
		Code:     e.ReferralCode("m"),
		Defaults: map[string]any{"level": "leaf", "joined": "2026-01-01"},
		Computed: map[string]any{"orders": 2, "last": 25.0},
		Segments: []string{"loyal"}, Failed: map[string]string{},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, n := range e.ProfileNeeds("") {
		if n.Event != "order.paid" || !n.Window.IsZero() { // the last one, however old
			t.Errorf("it asks for %+v", n)
		}
	}
	if nobody := e.Profile(&engine.State{}, time.Now()); len(nobody.Segments)+len(nobody.Defaults) > 0 {
		t.Errorf("nobody has %+v", nobody)
	}
}

// An attribute of the workspace's own takes the place of the built-in code.
func TestOwnReferralCode(t *testing.T) {
	for own, want := range map[string]string{"": "built in", "referral_code: string, ": "own"} {
		ws := load(t, map[string]string{"usher.yaml": "usher: 1\nmember: {" + own + "seen: = member.referral_code}\n"})
		e := engine.New(ws, engine.Options{Registry: actions.Registry(), Secret: []byte("s")})
		if want == "built in" {
			want = e.ReferralCode("m")
		}
		st := &engine.State{Member: &engine.Member{ID: "m", CreatedAt: start, Attributes: map[string]any{"referral_code": "own"}}}
		p := e.Profile(st, start)
		if p.Computed["seen"] != want || (p.Code == want) != (own == "") {
			t.Errorf("%q: %+v", own, p)
		}
	}
}
