package main

import (
	"iter"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
)

// talk is what is said in one group: so many messages, evenly over a time.
type talk struct {
	members, messages int
	days              int
	begin             time.Time
	memberless        bool // messages belong to the group alone
}

const group = "g1"

// speaks returns who says something now, and how much: some say a lot.
func (t *talk) speaks(dice *rand.Rand) (member string, length int) {
	u := dice.Float64()
	return "m" + strconv.Itoa(int(float64(t.members)*u*u)), dice.IntN(200)
}

// sameDice are the same each time.
func sameDice() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) } //nolint:gosec // no secret

// inputs returns the messages, after the update that says how large the group is.
func (t *talk) inputs() iter.Seq2[engine.Input, error] {
	object := naming.ObjectID("group", group)
	return func(yield func(engine.Input, error) bool) {
		size := engine.Input{
			Kind: engine.InputUpdate, ID: "size", Member: object, Time: t.begin, At: t.begin,
			Payload: &engine.Payload{Attributes: map[string]any{"title": "Milk", "size": float64(t.members)}},
		}
		if !yield(size, nil) {
			return
		}
		dice := sameDice()
		step := time.Duration(t.days) * 24 * time.Hour / time.Duration(t.messages)
		for i := range t.messages {
			if !yield(t.message(i, t.begin.Add(time.Duration(i+1)*step).Truncate(time.Millisecond), object, dice), nil) {
				return
			}
		}
	}
}

func (t *talk) message(i int, at time.Time, object string, dice *rand.Rand) engine.Input {
	member, length := t.speaks(dice)
	in := engine.Input{
		Kind: engine.InputEvent, ID: "e" + strconv.Itoa(i), Member: member, Name: "group.message", Time: at, At: at,
		Payload: &engine.Payload{Properties: map[string]any{"group": group, "length": float64(length), "speaker": member}},
	}
	if t.memberless {
		in.Member = object
	} else {
		in.Payload.Objects = []string{object}
	}
	return in
}
