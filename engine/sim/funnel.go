package sim

import (
	"io"
	"maps"
	"strings"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/tally"
	"github.com/usher-run/usher/playbooks"
)

// Funnel says how far the runs of a playbook came.
type Funnel struct {
	Playbook  string
	Entered   int // without the holdout
	Steps     []FunnelStep
	Converted int
}

// FunnelStep is an action or a way, with how many runs reached it.
type FunnelStep struct {
	Name  string
	Depth int // how many branches it stands in
	Runs  int
}

// MemberEntry is a line of a member's trace: an event of theirs, or what a playbook made of it.
type MemberEntry struct {
	At       time.Time      `json:"at"`
	Playbook string         `json:"playbook,omitempty"` // empty: an event
	Run      string         `json:"run,omitempty"`
	Step     string         `json:"step,omitempty"`
	What     string         `json:"what"`
	Reason   string         `json:"reason,omitempty"`
	Detail   map[string]any `json:"detail,omitempty"`
}

// observer takes in what a simulation does.
type observer struct {
	res     *Result
	ws      *playbooks.Workspace
	zone    *time.Location
	member  string
	reached map[reachedKey]int // nil: nobody asks for funnels
}

// reachedKey names what a run came to: a step, what happened there, and for a branch the way.
type reachedKey struct{ playbook, step, what, branch string }

// input notes an event of the member who is traced.
func (o *observer) input(in *engine.Input) {
	if o.member == "" || in.Member != o.member {
		return
	}
	e := MemberEntry{At: in.At, What: "event " + in.Name}
	if in.Payload != nil && len(in.Payload.Properties) > 0 {
		e.Detail = in.Payload.Properties
	}
	o.res.Trace = append(o.res.Trace, e)
}

func (o *observer) count(c *engine.Changes) {
	res := o.res
	tally.Each(c, func(k engine.TallyKey, n int) {
		stats := res.Playbooks[k.Playbook]
		if stats == nil {
			stats = tally.NewStats()
			res.Playbooks[k.Playbook] = stats
		}
		stats.Add(k.What, k.Key, n)
	})
	for _, r := range c.Runs {
		if r.New {
			res.day(r.StartedAt, o.zone).Entered[r.Playbook]++
		}
	}
	for i := range c.Records { // not by Entries: this is done for every decision
		r := &c.Records[i]
		for j := range r.Entries {
			e := &r.Entries[j]
			if e.Run != nil && o.reached != nil {
				o.entry(e.Run, &e.TraceEntry)
			}
			if tellsFailure(e) {
				res.failures.add(o.ws, failureOf(r, e))
			}
		}
	}
	for i := range c.Deliveries {
		if c.Deliveries[i].Message.Webhook != nil || c.Deliveries[i].ReleasedAt.IsZero() {
			continue
		}
		res.day(c.Deliveries[i].At, o.zone).Messages[c.Deliveries[i].Playbook]++
	}
	for i := range c.Releases {
		if r := &c.Releases[i]; r.State == engine.DeliveryPending {
			res.day(r.At, o.zone).Messages[r.Playbook]++
		}
	}
	for i := range c.Coupons {
		res.day(c.Coupons[i].IssuedAt, o.zone).Coupons[c.Coupons[i].Playbook]++
	}
	if o.member != "" {
		o.trace(c)
	}
}

// entry counts one entry of a run's trace.
func (o *observer) entry(r *engine.Run, t *engine.TraceEntry) {
	switch {
	case r.State == engine.RunHoldout: // measured, but no part of the funnel
		return
	case r.State == "": // the object's side of a message that was handed to it: the run has reached it on its own line
		return
	case t.What == "goal":
		o.res.day(t.At, o.zone).Converted[r.Playbook]++
	case t.What == string(engine.RunDone):
		o.res.day(t.At, o.zone).Done[r.Playbook]++
	}
	if t.Step != "" {
		o.reached[reachedKey{r.Playbook, t.Step, t.What, ""}]++
		if t.Reason != "" {
			o.reached[reachedKey{r.Playbook, t.Step, t.What, t.Reason}]++
		}
		return
	}
	if p := o.ws.Playbook(r.Playbook); p != nil && t.What == string(engine.RunExited) && r.PC < len(p.Steps) &&
		p.Steps[r.PC].Key == "exit" {
		o.reached[reachedKey{r.Playbook, p.Steps[r.PC].Name(), "exit", ""}]++
	}
}

// trace keeps what happened to the member, refusals too, in the order in which it came about.
func (o *observer) trace(c *engine.Changes) {
	for r, e := range c.Entries() {
		if r.Member != o.member {
			continue
		}
		of := MemberEntry{At: e.At, Playbook: e.Playbook, Step: e.Step, What: e.What, Reason: e.Reason, Detail: e.Detail}
		if e.Run != nil {
			of.Playbook, of.Run = e.Run.Playbook, e.Run.ID
		}
		o.res.Trace = append(o.res.Trace, of)
	}
}

// funnels returns the funnel of every playbook, by id.
func funnels(ws *playbooks.Workspace, res *Result, reached map[reachedKey]int) []Funnel {
	out := make([]Funnel, len(ws.Playbooks))
	for i, p := range ws.Playbooks {
		s := res.Playbooks[p.ID]
		out[i] = Funnel{
			Playbook: p.ID, Entered: s.Entered - s.Holdout, Converted: s.Converted,
			Steps: funnelSteps(p, reached),
		}
	}
	return out
}

// funnelSteps lists a playbook's actions, each way before what stands in it.
func funnelSteps(p *playbooks.Playbook, reached map[reachedKey]int) (out []FunnelStep) {
	ways := map[int][]FunnelStep{} // by the step that they begin with
	for i := range p.Steps {
		step := &p.Steps[i]
		out = append(out, ways[i]...)
		if step.Key == "jump" {
			continue
		}
		depth := strings.Count(step.Path, ".")
		if len(step.Branches) == 0 {
			out = append(out, FunnelStep{stepLabel(step), depth, reached[reachedKey{p.ID, step.Name(), step.Key, ""}]})
		}
		for k := range step.Branches {
			w := &step.Branches[k]
			runs := reached[reachedKey{p.ID, step.Name(), step.Key, w.Name}]
			ways[w.Start] = append(ways[w.Start], FunnelStep{takenBranch(w) + " of " + stepLabel(step), depth, runs})
		}
	}
	return append(out, ways[len(p.Steps)]...)
}

// rows returns the funnel as a table.
func (f *Funnel) rows() [][]string {
	rows := [][]string{{"reached", "runs", "of entered"}, {"entered", num(f.Entered), share(f.Entered, f.Entered)}}
	for _, s := range f.Steps {
		rows = append(rows, []string{strings.Repeat("  ", s.Depth) + s.Name, num(s.Runs), share(s.Runs, f.Entered)})
	}
	return append(rows, []string{"converted", num(f.Converted), share(f.Converted, f.Entered)})
}

// WriteTrace prints a member's trace as lines for people, with times in one zone.
func (res *Result) WriteTrace(out io.Writer, o TextOptions) error {
	p := &printer{out: out, width: o.Width}
	for _, e := range res.Trace {
		what := e.What
		if e.Step != "" && e.Step != e.What {
			what += " " + e.Step
		}
		if e.Playbook != "" {
			what = e.Playbook + ": " + what
		}
		if e.Reason != "" {
			what += " (" + e.Reason + ")"
		}
		if len(e.Detail) > 0 {
			what += " " + flow(inZone(e.Detail, o.Zone))
		}
		p.hang("", e.At.In(o.Zone).Format(traceTime)+"  "+strings.ReplaceAll(what, "\n", " "))
	}
	return p.err
}

// traceTime is how a trace shows times.
const traceTime = "2006-01-02 15:04:05 -0700"

// inZone returns details with their times as text of a zone.
func inZone(detail map[string]any, zone *time.Location) map[string]any {
	out := maps.Clone(detail)
	for k, v := range out {
		t, is := v.(time.Time)
		if text, ok := v.(string); ok { // as results hold times
			at, err := time.Parse(time.RFC3339Nano, text)
			t, is = at, err == nil
		}
		if is {
			out[k] = t.In(zone).Format(traceTime)
		}
	}
	return out
}
