package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/intake"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/sim"
)

// Whom an event names is the same on a server, where it may come in an array and before those it names are decided, and
// in a simulation, where one comes after the other.
func TestMembersAreFoundAlikeServedAndSimulated(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			a := newAlike(t, rand.New(rand.NewPCG(seed, 1)))
			for range 8 {
				a.step()
			}
			a.decideAll()
			for i, m := range a.members {
				for _, text := range a.f.eventsByID(t, m) {
					id, what, _ := strings.Cut(text, " ")
					if a.simulated[id] != what {
						t.Errorf("event %s of member %d: served %s, simulated %s", id, i, what, a.simulated[id])
					}
					delete(a.simulated, id)
				}
			}
			for id, what := range a.simulated {
				if what != rejectedText {
					t.Errorf("event %s: simulated %s, and not served", id, what)
				}
			}
		})
	}
}

const rejectedText = "rejected"

// alike feeds a server and a simulation with the same events.
type alike struct {
	t         *testing.T
	f         *fixture
	rnd       *rand.Rand
	world     *sim.World
	members   []string
	decided   map[string]bool // members who may be called by their codes
	came      map[string]bool
	keys      *naming.Keys
	n         int
	simulated map[string]string // what an event names, by its id
}

func newAlike(t *testing.T, rnd *rand.Rand) *alike {
	f, ws := newReferringFixture(t)
	secret, err := f.store.Secret(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a := &alike{
		t: t, f: f, rnd: rnd, members: []string{"m0", "m1", "m2", "m3", "m4"}, decided: map[string]bool{}, came: map[string]bool{},
		keys: naming.NewKeys(secret), simulated: map[string]string{},
	}
	e := engine.New(ws, engine.Options{Registry: actions.Registry(), Effects: actions.Effects(), Secret: secret})
	a.world = sim.NewWorld(e, f.now, nil)
	return a
}

// step sends one array, and may let all be decided that came.
func (a *alike) step() {
	a.f.now = a.f.now.Add(time.Second)
	var list []string
	history := false
	for range 1 + a.rnd.IntN(4) {
		text, isHistory := a.event()
		list, history = append(list, text), history || isHistory
	}
	body := list[0]
	if len(list) > 1 {
		body = "[" + strings.Join(list, ",") + "]"
	}
	served := a.f.call("POST", "/v1/events", body)
	for _, text := range list {
		a.simulate(text, served)
	}
	if history || a.rnd.IntN(2) == 0 {
		a.decideAll()
	}
}

// event returns an event of a member that may name another.
func (a *alike) event() (text string, history bool) {
	a.n++
	member := a.members[a.rnd.IntN(len(a.members))]
	body := map[string]any{"id": fmt.Sprint("e", a.n), "event": "go", "member": member}
	who := append([]string{"nobody"}, a.members...)[a.rnd.IntN(len(a.members)+1)]
	if a.decided[who] && a.rnd.IntN(2) == 0 {
		who = strings.ToLower(a.keys.ReferralCode(who))
	}
	switch a.rnd.IntN(4) {
	case 0:
		body["event"], body["properties"] = "thanked", map[string]any{"friend": who}
	case 1, 2:
		body["event"], body["properties"] = "member.joined", map[string]any{"invited_by": who, "n": 1.5}
	}
	if history = a.rnd.IntN(6) == 0; history {
		body["backfill"] = true
		body["time"] = a.f.now.Add(-time.Duration(1+a.rnd.IntN(50)) * time.Hour)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(raw), history
}

// simulate decides an event in the world. A server says in its answer which it has rejected.
func (a *alike) simulate(text string, served answer) {
	in, rej := intake.Recorded(referring(a.t).Schema, []byte(text), nil)
	if rej != nil {
		a.t.Fatal(rej)
	}
	in.At = a.f.now
	if in.Time.IsZero() {
		in.Time = in.At
	}
	rej, err := a.world.Admit(&in)
	if err != nil {
		a.t.Fatal(err)
	}
	if rejected := strings.Contains(served.text, fmt.Sprintf(`"rejected","id":%q`, in.ID)) || served.status >= 400; rejected != (rej != nil) {
		a.t.Fatalf("event %s: simulated %v, served %s", text, rej, served.text)
	}
	if a.simulated[in.ID] = rejectedText; rej == nil {
		a.came[in.Member] = true
		a.simulated[in.ID] = named(in.Properties, in.Sent, in.Missing)
		if err := a.world.Input(in); err != nil {
			a.t.Fatal(err)
		}
	}
}

func (a *alike) decideAll() {
	a.f.decide(referring(a.t), a.members...)
	maps.Copy(a.decided, a.came)
}

func named(properties, sent, missing any) string {
	if m, _ := properties.(map[string]any); len(m) == 0 {
		properties = map[string]any(nil)
	}
	return strings.ReplaceAll(fmt.Sprintf("%v %v %v", properties, sent, missing), "<nil>", "map[]")
}

// eventsByID returns what the events of a member name, each behind its id; none of somebody who never came.
func (f *fixture) eventsByID(t *testing.T, member string) (list []string) {
	t.Helper()
	timeline := f.call("GET", "/v1/members/"+member+"/timeline?limit=500", "")
	items, _ := timeline.body["items"].([]any)
	for _, item := range items {
		if e, ok := item.(map[string]any)["event"].(map[string]any); ok {
			list = append(list, fmt.Sprint(e["id"], " ", named(e["properties"], e["sent"], e["missing"])))
		}
	}
	return list
}
