package sim_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/sim"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
)

// What one event brings about is bounded over all lines, however wide it spreads at each link; and where it does not
// spread a chain has its sixteen links.
func TestOneEventFloodsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		emit        string
		least, most int
	}{
		"three groups each": {"{event: told, properties: {groups: [g1, g2, g3]}}", 300, 1002},
		"members":           {"{event: told, member: a}\n  - emit: {event: told, member: b}", 300, 1002},
		"one other":         {`{event: told, member: '= member.id == "a" ? "b" : "a"'}`, 17, 17},
	} {
		kind, schema := "for: group\n", "usher: 1\nobjects: {group: {}}\nevents: {told: {groups: [ref group]}}\n"
		if strings.Contains(c.emit, "member") {
			kind, schema = "", "usher: 1\nevents: {told: {}}\n"
		}
		ws, diags := loader.Load(fstest.MapFS{
			"usher.yaml": {Data: []byte(schema)},
			"playbooks/p.yaml": {Data: []byte("id: p\n" + kind +
				"stage: activation\ntrigger: {event: told}\nmode: parallel\nactions:\n  - emit: " + c.emit + "\n")},
		}, actions.Registry())
		if diag.HasError(diags) {
			t.Fatal(name, diags)
		}
		e := engine.New(ws, engine.Options{Registry: actions.Registry(), Effects: actions.Effects(), Secret: []byte("s")})
		at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
		decided, stopped := 0, ""
		w := sim.NewWorld(e, at, func(ch *engine.Changes) {
			for _, entry := range ch.Entries() {
				if entry.What == engine.WhatError {
					stopped = entry.Reason
				}
			}
		})
		w.Record(func(engine.Input) { decided++ })
		in := engine.Input{
			Kind: engine.InputEvent, ID: "e", Member: "a", Name: "told", Time: at, At: at,
			Payload: &engine.Payload{},
		}
		if kind != "" {
			in.Properties = map[string]any{"groups": []any{"g1"}}
			in.Objects = []string{naming.ObjectID("group", "g1")}
		}
		if err := w.Input(in); err != nil {
			t.Fatal(name, err)
		}
		if decided < c.least || decided > c.most || !strings.Contains(stopped, "stops here") {
			t.Errorf("%s: %d decisions, and the last said %q", name, decided, stopped)
		}
	}
}
