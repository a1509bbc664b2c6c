package sim

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/tally"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// Result is what a simulation came to; its JSON is that of `usher simulate --format json`.
type Result struct {
	Events    int                     `json:"events"`
	Members   int                     `json:"members"`
	From      time.Time               `json:"from"`
	To        time.Time               `json:"to"`
	Playbooks map[string]*tally.Stats `json:"playbooks"`
	By        string                  `json:"by,omitempty"`      // day, week or month; see [Result.SumUp]
	Periods   map[string][]Period     `json:"periods,omitempty"` // by playbook
	Days      map[string]*Day         `json:"-"`                 // by local date of the workspace
	Funnels   []Funnel                `json:"-"`                 // by playbook, with SimulateOptions.Funnels
	Trace     []MemberEntry           `json:"-"`                 // of SimulateOptions.Member, in order

	failures failures
}

// Day counts what happened on one day, by playbook.
type Day struct{ Entered, Done, Converted, Messages, Coupons map[string]int }

// SimulateOptions says how to simulate.
type SimulateOptions struct {
	Registry *schema.Registry
	Effects  map[string]engine.Effect
	Until    time.Time // zero: the last event
	Member   string    // whose whole trace is kept; empty: nobody's
	Funnels  bool      // counts how far runs come
	Progress func(done int)
	Rejected func(in *engine.Input, why error) // told of inputs that name somebody who is not there; nil: nobody is
}

// GCPercent is how much garbage a program that simulates does well to let lie, as GOGC. What a
// simulation holds lives to its end, so that looking through it often is in vain; at 500 it takes a
// twentieth of the time less and twice the memory.
const GCPercent = 500

// secret keys run ids and coupon codes where nobody will redeem one.
const secret = "simulation"

// Simulate feeds inputs through the core in the order of their instants, whatever their order in
// the list (ties keep it), and counts what the playbooks would do.
func Simulate(ws *playbooks.Workspace, inputs []engine.Input, o SimulateOptions) (*Result, error) {
	slices.SortStableFunc(inputs, func(a, b engine.Input) int { return a.At.Compare(b.At) })
	return SimulateStream(ws, func(yield func(engine.Input, error) bool) {
		for i := range inputs {
			if !yield(inputs[i], nil) {
				return
			}
		}
	}, o)
}

// SimulateStream is Simulate of inputs that come in the order of their instants already and are not
// kept. The first error of the stream ends it; an input that is older than the one before it is an
// [ErrOrder].
func SimulateStream(ws *playbooks.Workspace, inputs iter.Seq2[engine.Input, error], o SimulateOptions) (*Result,
	error,
) {
	res := &Result{Playbooks: map[string]*tally.Stats{}, Days: map[string]*Day{}}
	for _, p := range ws.Playbooks {
		res.Playbooks[p.ID] = tally.NewStats()
	}
	o.Member = ws.Schema.MemberID(o.Member)
	e := engine.New(ws, engine.Options{
		Secret: []byte(secret), Registry: o.Registry, Effects: o.Effects,
		Brief: o.Member == "",
	})
	obs := &observer{res: res, ws: ws, zone: ws.Schema.Timezone, member: o.Member}
	if o.Funnels {
		obs.reached = map[reachedKey]int{}
	}
	var w *World
	var last time.Time // of the stream, rejected inputs among it
	for in, err := range inputs {
		if err != nil {
			return nil, err
		}
		if w == nil {
			res.From = in.At
			w = NewWorld(e, in.At.Add(-time.Millisecond), obs.count)
		}
		if in.At.Before(last) {
			return nil, ErrOrder
		}
		last = in.At
		if w.names {
			named, ok, err := w.admitted(in, o.Rejected)
			if err != nil {
				return nil, fmt.Errorf("simulate event %s: %w", in.ID, err)
			}
			if in = named; !ok {
				continue
			}
		}
		res.To = in.At
		if in.Kind == engine.InputEvent {
			res.Events++
		}
		obs.input(&in)
		if err := w.input(&in); err != nil {
			return nil, fmt.Errorf("simulate event %s: %w", in.ID, err)
		}
		if o.Progress != nil {
			o.Progress(res.Events)
		}
	}
	if w == nil {
		return res, nil
	}
	if o.Until.After(res.To) {
		res.To = o.Until
	}
	if err := w.AdvanceTo(res.To); err != nil {
		return nil, err
	}
	res.Members = w.countMembers()
	if o.Funnels {
		res.Funnels = funnels(ws, res, obs.reached)
	}
	// An event is noted before what was due when it came.
	slices.SortStableFunc(res.Trace, func(a, b MemberEntry) int { return a.At.Compare(b.At) })
	return res, nil
}

// countMembers returns how many members there are, objects not among them.
func (w *World) countMembers() int {
	n := len(w.members)
	if len(w.engine.Workspace().Schema.Objects) > 0 {
		for id := range w.members {
			if naming.IsObject(id) {
				n--
			}
		}
	}
	return n
}

// ErrOrder says that a stream's inputs are not in the order of their instants.
var ErrOrder = errors.New("the events are not in the order of their time")

func (res *Result) day(at time.Time, zone *time.Location) *Day {
	key := at.In(zone).Format(time.DateOnly)
	d := res.Days[key]
	if d == nil {
		d = &Day{
			Entered: map[string]int{}, Done: map[string]int{}, Converted: map[string]int{}, Messages: map[string]int{},
			Coupons: map[string]int{},
		}
		res.Days[key] = d
	}
	return d
}

// TextOptions says how a result is printed for people.
type TextOptions struct {
	Zone  *time.Location // that times are shown in
	By    string         // one of [PeriodNames]
	Width int            // of the terminal; 0: nothing is cut
}

// WriteText prints the result as tables: what each playbook did, and for each that was entered its
// periods and its funnel.
func (res *Result) WriteText(out io.Writer, o TextOptions) error {
	p := &printer{out: out, width: o.Width}
	zone := o.Zone
	if res.Events == 0 {
		p.printf("no event could be used\n")
		return p.err
	}
	p.printf("%s of %s, %s to %s %s\n", plural(res.Events, "event"), plural(res.Members, "member"),
		res.From.In(zone).Format(time.DateTime), res.To.In(zone).Format(time.DateTime), zone)
	ids := slices.Sorted(maps.Keys(res.Playbooks))
	p.printf("\n")
	p.overview(res, ids)
	var notes []string
	for _, id := range ids {
		if s := res.Playbooks[id]; len(s.Skipped) > 0 {
			notes = append(notes, fmt.Sprintf("%s did not act: %s", id, counts(s.Skipped)))
		}
		if n := res.Playbooks[id].Points; n != 0 {
			notes = append(notes, fmt.Sprintf("%s gave %s", id, plural(n, "point")))
		}
	}
	if len(notes) > 0 {
		p.paragraph(notes)
	}
	if failed := res.FailureLines(zone); failed != nil {
		p.paragraph(failed)
	}
	for i := range res.Funnels {
		f := &res.Funnels[i]
		if f.Entered > 0 {
			p.printf("\n%s\n\n", f.Playbook)
			p.numbers(res.periodRows(f.Playbook, o.By))
			p.printf("\n")
			p.numbers(f.rows())
		}
	}
	return p.err
}
