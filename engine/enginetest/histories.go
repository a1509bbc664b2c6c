package enginetest

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/intake"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/playbooks"
)

// Start is when histories begin, two days before daylight saving begins in New York.
var Start = time.Date(2026, 3, 6, 15, 0, 0, 0, time.UTC)

// History draws a member's inputs over some weeks, some of them at one instant.
func History(t *rapid.T) []engine.Input {
	at := Start
	n := rapid.IntRange(1, 25).Draw(t, "n")
	var out []engine.Input
	for i := range n {
		at = at.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 60, 600, 720, 1440, 2160, 2880, 10000}).
			Draw(t, "gap")) * time.Minute)
		in := engine.Input{
			Seq: int64(i + 1), Kind: engine.InputEvent, ID: fmt.Sprintf("e%d", i), Member: "m", Time: at, At: at,
			Payload: &engine.Payload{},
		}
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0, 1:
			in.Name, in.Properties = "buy", map[string]any{"n": float64(rapid.IntRange(0, 4).Draw(t, "amount"))}
		case 2, 3:
			in.Name = "visit"
		case 4:
			in.Name = "leave"
		default:
			in.Kind, in.Name = engine.InputUpdate, ""
			in.Attributes = map[string]any{"level": rapid.SampledFrom([]string{"a", "b"}).Draw(t, "level")}
		}
		if rapid.IntRange(0, 7).Draw(t, "backfill") == 0 {
			in.Backfill = true
			in.Time = at.Add(-time.Duration(rapid.IntRange(0, 100_000).Draw(t, "before")) * time.Minute)
		}
		out = append(out, in)
	}
	return out
}

// The objects that inputs name.
var (
	groups = []string{"g1", "g2"}
	shops  = []string{"s1", "s2"}
)

// Histories draws the inputs of some members and objects of a workspace over some weeks, in the order of their
// instants. code gives the referral code of a member. Members are named as clients name them: they are not looked up
// yet.
func Histories(t *rapid.T, ws *playbooks.Workspace, code func(member string) string) []engine.Input {
	d := &drawer{t: t, ws: ws, calls: callsOf(ws), code: code, members: rapid.IntRange(1, 5).Draw(t, "members")}
	var all []engine.Input
	for m := range d.members {
		for _, in := range History(t) {
			in.ID, in.Member = fmt.Sprintf("m%d-%s", m, in.ID), fmt.Sprintf("m%d", m)
			d.one(&in)
			all = append(all, in)
		}
	}
	slices.SortStableFunc(all, func(a, b engine.Input) int { return a.At.Compare(b.At) })
	return all
}

// drawer draws what is added to the inputs of members.
type drawer struct {
	t       *rapid.T
	ws      *playbooks.Workspace
	calls   []call
	code    func(string) string
	members int
}

// dice reports true once in n times.
func (d *drawer) dice(n int, what string) bool {
	i := rapid.IntRange(0, 999).Draw(d.t, what)
	return i*7919%1000 < 1000/n
}

func (d *drawer) one(in *engine.Input) {
	switch {
	case in.Kind == engine.InputUpdate && len(d.calls) > 0 && d.dice(2, "calls"):
		d.call(in)
	case in.Kind == engine.InputUpdate && d.dice(30, "deletes"):
		in.Kind, in.Member, in.Attributes, in.Backfill = engine.InputDeletion, d.object(), nil, false
		in.Time = in.At
	case in.Kind == engine.InputUpdate:
		d.update(in)
	default:
		d.event(in)
	}
}

// event adds to an event what it names, and lets it be one in which somebody was brought.
func (d *drawer) event(in *engine.Input) {
	properties := map[string]any{}
	maps.Copy(properties, in.Properties)
	if in.Name == "leave" && d.dice(2, "joined") {
		in.Name = "joined"
		if d.dice(2, "brought") {
			properties["invited_by"] = d.name()
		}
		if d.dice(4, "others") {
			properties["others"] = []any{d.name(), d.name()}
		}
	}
	if d.dice(2, "of a group, too") {
		properties["group"] = Pick(d.t, "group", groups)
	}
	if in.Name == "visit" && d.dice(4, "at a shop") {
		properties["at"] = Pick(d.t, "shop", shops)
	}
	if in.Name == "buy" {
		if d.dice(4, "shops") { // some twice
			properties["shops"] = []any{Pick(d.t, "shop", shops), Pick(d.t, "shop", shops)}
		}
		if d.dice(3, "priced") {
			properties["price"] = rapid.SampledFrom([]float64{0, 0.1, 39.9, -2.5}).Draw(d.t, "price")
		}
		if d.dice(3, "with a friend") {
			properties["friend"] = d.name()
		}
		if d.dice(4, "timed") {
			properties["at"] = in.At.Add(-time.Hour).Format(time.RFC3339)
		}
	}
	if len(properties) > 0 {
		in.Properties = properties
	}
	member := in.Member
	if in.Member = ""; !d.dice(6, "alone") {
		in.Member = member
	}
	if err := intake.Belong(d.ws.Schema.Event(in.Name), in); err != nil { // it names no object
		in.Member = member
	}
	if in.Member == member && d.dice(12, "with attributes") {
		in.Attributes = d.attributes()
	}
}

// update lets other attributes be written, some of them of an object.
func (d *drawer) update(in *engine.Input) {
	if !d.dice(4, "the level") {
		in.Attributes = d.attributes()
	}
	if !d.dice(4, "of an object") {
		return
	}
	in.Member, in.Attributes = d.object(), nil
	switch kind, _, _ := naming.CutObject(in.Member); {
	case kind == "shop":
		in.Attributes = map[string]any{"said": Pick(d.t, "address", []string{"", "s@shop.test"})}
	case d.dice(3, "of an owner"):
		in.Attributes = map[string]any{"owner": d.name()}
	case d.dice(2, "a robot"):
		in.Attributes = map[string]any{"said": "https://robot.test/1", "level": Pick(d.t, "level", []string{"a", "b"})}
	default:
		in.Attributes = map[string]any{"born": d.born(), "timezone": d.zone()}
	}
}

// attributes draws some of a member's.
func (d *drawer) attributes() map[string]any {
	switch rapid.IntRange(0, 6).Draw(d.t, "attribute") {
	case 0, 1:
		return map[string]any{"timezone": d.zone()}
	case 2, 3:
		return map[string]any{"born": d.born()}
	case 4:
		return map[string]any{"inviter": d.name(), "home": Pick(d.t, "home", groups)}
	case 5:
		return map[string]any{"news": rapid.Bool().Draw(d.t, "news"), "locale": Pick(d.t, "locale", []string{"en", "zh-CN"})}
	}
	return map[string]any{"said": Pick(d.t, "said", []string{"m@shop.test", ""}), "paid": nil}
}

func (d *drawer) zone() string {
	return Pick(d.t, "zone", []string{"Asia/Shanghai", "America/New_York", "Europe/London", "Pacific/Auckland"})
}

func (d *drawer) born() string {
	return Pick(d.t, "born", []string{"2026-03-09", "1990-03-08", "2000-03-12", "2026-03-20", "1980-02-29"})
}

// object draws the id of an object.
func (d *drawer) object() string {
	if d.dice(4, "a shop") {
		return naming.ObjectID("shop", Pick(d.t, "shop", shops))
	}
	return naming.ObjectID("group", Pick(d.t, "group", groups))
}

// name draws how a client names a member: by their id or by their code. Some do not exist, or not yet.
func (d *drawer) name() string {
	who := fmt.Sprintf("m%d", rapid.IntRange(0, d.members).Draw(d.t, "who"))
	if d.code != nil && d.dice(3, "by code") {
		return d.code(who)
	}
	return who
}

// call is a trigger that is called over HTTP.
type call struct {
	playbook, via, kind string // kind of the objects that are called; empty: members
	params              bool   // it takes n
}

// callsOf returns what may be called.
func callsOf(ws *playbooks.Workspace) (out []call) {
	for _, p := range ws.Playbooks {
		for _, t := range p.Trigger.Items() {
			if t.Kind == playbooks.TriggerHTTP && p.Status.Enters() {
				out = append(out, call{p.ID, t.Via, p.For, t.Params != nil && len(t.Params.Fields) > 0})
			}
		}
	}
	return out
}

// call lets the input be a call of a playbook.
func (d *drawer) call(in *engine.Input) {
	c := rapid.SampledFrom(d.calls).Draw(d.t, "call")
	in.Kind, in.Name, in.Attributes, in.Backfill, in.Time = engine.InputTrigger, c.playbook, nil, false, in.At
	if in.Via = c.via; c.params {
		in.Properties = map[string]any{"n": float64(rapid.IntRange(0, 4).Draw(d.t, "n"))}
	}
	if c.kind != "" {
		in.Member = naming.ObjectID(c.kind, Pick(d.t, "group", groups))
	}
}
