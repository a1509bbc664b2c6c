package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/store"
)

// content is an event that has something of everything; change makes it another.
func content(change func(*engine.Input)) engine.Input {
	in := event("a", "m-0", "paid")
	in.Time = now().Add(-time.Hour)
	in.Data = []byte(`{"p":{"amount":3,"items":[{"sku":"s"}],"big":12345678901234567890},"a":{"level":"gold"}}`)
	if change != nil {
		change(&in)
	}
	return in
}

// contents are the same event in other words, and others under its id.
func (s *suite) contents(at time.Time) (same, others map[string]engine.Input) {
	with := func(data string) engine.Input {
		return content(func(in *engine.Input) { in.Time, in.Data = at, []byte(data) })
	}
	but := func(change func(*engine.Input)) engine.Input {
		return content(func(in *engine.Input) { in.Time = at; change(in) })
	}
	same = map[string]engine.Input{
		"as it was":            but(func(*engine.Input) {}),
		"another zone":         but(func(in *engine.Input) { in.Time = at.In(time.FixedZone("", 8*3600)) }),
		"another order":        with(`{"a":{"level":"gold"}, "p":{"big":12345678901234567890, "items":[ {"sku":"s"} ], "amount":3}}`),
		"numbers written else": with(`{"p":{"amount":3.0e0,"items":[{"sku":"s"}],"big":12345678901234567890},"a":{"level":"gold"}}`),
	}
	others = map[string]engine.Input{
		"member":             but(func(in *engine.Input) { in.Member = s.otherMember() }),
		"name":               but(func(in *engine.Input) { in.Name = "refunded" }),
		"time":               but(func(in *engine.Input) { in.Time = at.Add(time.Millisecond) }),
		"no time":            but(func(in *engine.Input) { in.Time = time.Time{} }),
		"nothing":            with(`{}`),
		"a property":         with(`{"p":{"amount":4,"items":[{"sku":"s"}],"big":12345678901234567890},"a":{"level":"gold"}}`),
		"a type":             with(`{"p":{"amount":"3","items":[{"sku":"s"}],"big":12345678901234567890},"a":{"level":"gold"}}`),
		"a property inside":  with(`{"p":{"amount":3,"items":[{"sku":"t"}],"big":12345678901234567890},"a":{"level":"gold"}}`),
		"a property more":    with(`{"p":{"amount":3,"items":[{"sku":"s"}],"big":12345678901234567890,"x":null},"a":{"level":"gold"}}`),
		"a large number":     with(`{"p":{"amount":3,"items":[{"sku":"s"}],"big":12345678901234567891},"a":{"level":"gold"}}`),
		"an attribute":       with(`{"p":{"amount":3,"items":[{"sku":"s"}],"big":12345678901234567890},"a":{"level":null}}`),
		"no attribute":       with(`{"p":{"amount":3,"items":[{"sku":"s"}],"big":12345678901234567890}}`),
		"a tag":              with(`{"p":{"amount":3,"items":[{"sku":"s"}],"big":12345678901234567890},"a":{"level":"gold"},"t":["x"]}`),
		"property/attribute": with(`{"a":{"amount":3,"items":[{"sku":"s"}],"big":12345678901234567890},"p":{"level":"gold"}}`),
	}
	return same, others
}

// differs holds a way of taking inputs in to [store.Differs]: in one group, and after it was stored
// and decided.
func (s *suite) differs(take func(...engine.Input) []store.Known) {
	s.t.Helper()
	first := content(nil)
	same, others := s.contents(first.Time)
	check := func(when string) {
		for name, in := range same {
			s.same(when+", "+name, take(in), []store.Known{{Duplicate: true}})
		}
		for name, in := range others {
			s.same(when+", "+name, take(in), []store.Known{{Duplicate: true, Differs: true}})
		}
	}
	s.same("in one group", take(first, same["another order"], others["a property"], same["as it was"]),
		[]store.Known{{}, {Duplicate: true}, {Duplicate: true, Differs: true}, {Duplicate: true}})
	check("undecided")
	owed := s.pending(s.laneOf("m-0"), 10).Inputs
	s.same("owed", ids(owed), []string{"a"})
	s.commit("m-0", owed[0].Seq, &engine.Changes{})
	check("decided")
	s.same("of the stored, in one group", take(others["name"], others["name"], same["as it was"]),
		[]store.Known{{Duplicate: true, Differs: true}, {Duplicate: true, Differs: true}, {Duplicate: true}})

	// A time that was not said is the acceptance, whenever that was.
	timeless := event("b", "m-0", "paid")
	take(timeless)
	future := timeless
	future.Time = now().Add(time.Hour)
	s.same("without time", take(timeless, future), []store.Known{{Duplicate: true}, {Duplicate: true}})
	past := timeless
	past.Time = now().Add(-time.Hour)
	s.same("with a time", take(past), []store.Known{{Duplicate: true, Differs: true}})
}

var intakeCases = map[string]func(*testing.T, *suite){
	"gives instants by the clock: never back, never ahead of it": func(t *testing.T, s *suite) {
		const hour, day = time.Hour, 24 * time.Hour
		last := s.accept(event("first", "m-0", "x"))[0].At
		var want []string
		for i, set := range []time.Duration{0, -hour, hour, day, -day, -3 * day, 368 * day, -365 * day} {
			s.machine.Set(set)
			taken, id := fmt.Sprint("taken-", i), fmt.Sprint("accepted-", i)
			want = append(want, taken, id)
			s.take(event(taken, "m-0", "x"))
			s.machine.Pass(time.Minute)
			at := s.accept(event(id, "m-0", "x"))[0].At
			if now := s.clock.Now(); at.Before(last.Add(50*time.Second)) || at.After(now) {
				t.Fatalf("a minute after %v, the machine's clock set by %v: %v, and it is %v", last, set, at, now)
			}
			last = at
		}
		lane, _ := s.membersOfLane(1)
		b, err := s.Pending(s.ctx, lane, s.clock.Now(), 1000)
		s.must(err)
		s.same("inputs", ids(b.Inputs)[1:], want)
		for i := range b.Inputs[1:] {
			if b.Inputs[i+1].At.Before(b.Inputs[i].At) {
				t.Fatalf("%v after %v", b.Inputs[i+1].At, b.Inputs[i].At)
			}
		}
	},
	"gives each input a seq and its instant": func(t *testing.T, s *suite) {
		before := now()
		in := s.accept(event("a", "m-0", "joined"), event("b", "m-0", "joined"))
		if in[0].Seq <= 0 || in[1].Seq <= in[0].Seq {
			t.Fatalf("seqs %d, %d do not rise", in[0].Seq, in[1].Seq)
		}
		if in[0].At.Before(before) || in[0].At.After(now()) || in[0].At.Nanosecond()%1e6 != 0 {
			t.Fatalf("accepted at %v, called at %v", in[0].At, before)
		}
	},
	"takes the id of one kind for no other's": func(t *testing.T, s *suite) {
		_, m := s.membersOfLane(2)
		kinds := []engine.InputKind{
			engine.InputEvent, engine.InputUpdate, engine.InputTrigger, engine.InputSchedule, engine.InputResult,
			engine.InputRedeem, engine.InputMessage,
		}
		var all []engine.Input
		for _, k := range kinds {
			all = append(all, engine.Input{Kind: k, ID: "a", Member: m[0], Name: "x", At: now()})
		}
		for round := range 2 {
			for _, again := range []string{m[0], m[1]} {
				for i := range all {
					in := all[i]
					in.Member = again
					receipts, err := s.Accept(s.ctx, []engine.Input{in})
					s.must(err)
					first := round == 0 && again == m[0]
					s.same(string(in.Kind), receipts[0].Known, store.Known{Duplicate: !first, Differs: again != m[0]})
				}
			}
		}
		for i := range all {
			all[i].ID = "b"
		}
		s.same("taken", s.take(all...), make([]bool, len(all)))
		s.same("taken again", s.take(all...), []bool{true, true, true, true, true, true, true})
	},
	"accepts an id once, ever": func(t *testing.T, s *suite) {
		first := s.accept(event("a", "m-0", "joined"))
		receipts, err := s.Accept(s.ctx, []engine.Input{
			event("a", "m-1", "left"), event("b", "m-0", "joined"),
			event("b", "m-0", "joined"),
		})
		s.must(err)
		if !receipts[0].Duplicate || receipts[0].Seq != first[0].Seq || receipts[1].Duplicate || !receipts[2].Duplicate {
			t.Fatalf("receipts %+v after seq %d", receipts, first[0].Seq)
		}
		s.same("what is owed", ids(s.pending(s.laneOf("m-0"), 10).Inputs), []string{"a", "b"})
	},
	"reports whether what comes again under an id has other content": func(t *testing.T, s *suite) {
		s.differs(func(inputs ...engine.Input) []store.Known {
			receipts, err := s.Accept(s.ctx, inputs)
			s.must(err)
			var list []store.Known
			for _, r := range receipts {
				list = append(list, r.Known)
			}
			return list
		})
	},
	"remembers what a request held": func(t *testing.T, s *suite) {
		for _, c := range []struct {
			key, content string
			same         bool
		}{{"a", "1", true}, {"a", "1", true}, {"a", "2", false}, {"b", "2", true}, {"a", "1", true}, {"b", "", false}} {
			same, err := s.Remember(s.ctx, c.key, []byte(c.content))
			s.must(err)
			s.same(c.key+" "+c.content, same, c.same)
		}
	},
	"takes a time that is missing or in the future for the acceptance": func(t *testing.T, s *suite) {
		future, past := event("a", "m-0", "joined"), event("b", "m-0", "joined")
		future.Time, past.Time = now().Add(time.Hour), now().Add(-time.Hour)
		in := s.accept(future, past, event("c", "m-0", "joined"))
		s.same("future time", in[0].Time, in[0].At)
		s.same("past time", in[1].Time, past.Time)
		s.same("no time", in[2].Time, in[2].At)
	},
	"keeps the instant of an occurrence": func(t *testing.T, s *suite) {
		in := event("a", "m-0", "weekly")
		in.Kind, in.At = engine.InputSchedule, now().Add(-time.Hour)
		s.accept(in)
		s.same("instant", s.pending(s.laneOf("m-0"), 10).Inputs[0].At, in.At)
	},
	"keeps every field": func(t *testing.T, s *suite) {
		in := event("a", "m-0", "paid")
		in.Payload = &engine.Payload{
			Properties: map[string]any{"amount": 12.5, "note": "五折 <b>"}, Attributes: map[string]any{"level": nil},
			AddTags: []string{"buyer"}, RemoveTags: []string{"new"},
		}
		want := s.accept(in)[0]
		got := s.pending(s.laneOf("m-0"), 10).Inputs[0]
		_, err := got.Decode()
		s.must(err)
		got.Data = nil
		s.same("input", got, want)
	},
	"takes encoded data as it is": func(t *testing.T, s *suite) {
		in := event("a", "m-0", "paid")
		in.Data = []byte(`{"p":{"amount":3}}`)
		s.accept(in)
		got := s.pending(s.laneOf("m-0"), 10).Inputs[0]
		p, err := got.Decode()
		s.must(err)
		s.same("properties", p.Properties, map[string]any{"amount": 3.0})
	},
	"stores an event for its objects with it, once": func(t *testing.T, s *suite) {
		group, other := naming.ObjectID("group", "g1"), naming.ObjectID("store", "s1")
		said := func(id string, objects ...string) engine.Input {
			in := event(id, "m-0", "said")
			in.Payload = &engine.Payload{
				Properties: map[string]any{"group": "g1"}, Attributes: map[string]any{"level": "gold"}, Objects: objects,
			}
			return in
		}
		want := map[string]any{"group": "g1", "member": "m-0"}
		for _, way := range []func(in ...engine.Input){
			func(in ...engine.Input) { s.accept(in...) },
			func(in ...engine.Input) { s.take(in...) },
		} {
			id := fmt.Sprint("e", len(s.inputsOf(group)))
			way(said(id, group, other))
			way(said(id, group, naming.ObjectID("group", "g2"))) // known: nothing of it is stored
			for _, subject := range []string{group, other} {
				list := s.inputsOf(subject)
				got := list[len(list)-1]
				p, err := got.Decode()
				s.must(err)
				s.same("of "+subject, []any{got.ID, got.Name, got.Kind, p.Properties, len(p.Attributes), len(p.Objects)},
					[]any{id, "said", engine.InputEvent, want, 0, 0})
				own := s.inputsOf("m-0")
				s.same("its instant", got.At, own[len(own)-1].At)
			}
		}
		s.same("of the event", len(s.inputsOf("m-0")), 2)
		s.same("of the object", len(s.inputsOf(group)), 2)
		s.same("of what came again", len(s.inputsOf(naming.ObjectID("group", "g2"))), 0)
	},
	"gives instants and seqs that rise together, whatever the number of callers": func(t *testing.T, s *suite) {
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				for i := range 25 {
					if _, err := s.Accept(s.ctx, []engine.Input{event(fmt.Sprint(g, "-", i), "m-0", "joined")}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		in := s.pending(s.laneOf("m-0"), 1000).Inputs
		s.same("number", len(in), 200)
		for i := 1; i < len(in); i++ {
			if in[i].Seq <= in[i-1].Seq || in[i].At.Before(in[i-1].At) {
				t.Fatalf("input %d at %v comes after input %d at %v", in[i].Seq, in[i].At, in[i-1].Seq, in[i-1].At)
			}
		}
	},
}
