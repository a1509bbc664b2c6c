// Package sim runs the engine's core on a virtual clock with its state in memory: for playbook
// tests and simulation. It is a shell around the same code that decides in production; there is no
// second engine.
package sim

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// World is an engine with all its state and a clock that moves only when it is told to.
type World struct {
	engine    *engine.Engine
	members   map[string]*engine.State
	pools     map[string]*engine.PoolState
	wakes     wakeHeap
	schedules []*schedule
	draws     []*draw // of raffles whose tickets are drawn together, to come
	now       time.Time
	seq       int64
	observe   func(*engine.Changes)
	one       [1]engine.Input
	changes   engine.Changes                               // of the last decision; its room is used again
	emitted   []engine.Input                               // to other members, and answers of webhooks: not decided yet
	answer    func(*engine.Delivery) playbooks.TestAnswer  // of a webhook; nil: status 200
	outcome   func(*engine.Delivery) playbooks.TestOutcome // of a message; nil: it is sent
	left      func(engine.Ask) int                         // how much there is of a pool that nobody has asked of before
	record    func(engine.Input)                           // sees all inputs, as they are decided; nil: nobody does
	put       map[string]engine.Delivery                   // messages that were put off, by their key
	names     bool                                         // inputs may name members: see Admit
	uncoded   []string                                     // members who are not among codes yet
	codes     map[string][]string                          // members by their referral codes
	hands     map[string]bool                              // playbooks whose runs hand messages to objects
	ended     map[string]*engine.Run                       // runs, by id, that may still be told of a delivery
}

type schedule struct {
	playbook string
	via      string // which of its triggers
	kind     string // of the objects that it is for; empty: members
	cron     *schema.Schedule
	segment  string
	active   *playbooks.Active
	next     time.Time
}

// NewWorld makes a world at an instant. observe sees the changes of every decision, in order; it
// must not keep them.
func NewWorld(e *engine.Engine, now time.Time, observe func(*engine.Changes)) *World {
	w := &World{
		members: map[string]*engine.State{}, pools: map[string]*engine.PoolState{}, now: now, observe: observe,
		hands: map[string]bool{}, ended: map[string]*engine.Run{},
	}
	w.left = func(a engine.Ask) int { return a.Most }
	w.names = e.Workspace().Schema.NamesMembers()
	w.engine = e.Alone(func(a engine.Ask) int { return w.left(a) })
	w.prepareDraws()
	for _, p := range e.Workspace().Playbooks {
		if len(p.HandsTo()) > 0 {
			w.hands[p.ID] = true
		}
		for _, t := range p.Trigger.Items() {
			if t.Kind == playbooks.TriggerSchedule && p.Status.Enters() {
				w.schedules = append(w.schedules, &schedule{
					playbook: p.ID, kind: p.For, via: t.Via, cron: t.Schedule, segment: t.Segment, active: p.Active,
					next: t.Schedule.Next(now),
				})
			}
		}
	}
	return w
}

// Record lets somebody see each input as it is decided, those among them that the world makes: the
// outcomes of deliveries, occurrences of schedules, events that runs emitted to others.
func (w *World) Record(f func(engine.Input)) { w.record = f }

// Now returns the clock's instant.
func (w *World) Now() time.Time { return w.now }

// Input decides one input at its instant, which becomes the clock's: everything that is due by then
// is decided before it.
func (w *World) Input(in engine.Input) error { return w.input(&in) }

func (w *World) input(in *engine.Input) error {
	if err := w.AdvanceTo(in.At); err != nil {
		return err
	}
	w.seq++
	w.one[0] = *in
	w.one[0].Seq = w.seq
	return w.decide(in.Member, w.one[:], in.At)
}

// AdvanceTo moves the clock: waits and schedules that are due at or before t are decided in the
// order of their instants, waits first. The clock never goes back.
func (w *World) AdvanceTo(t time.Time) error {
	for {
		s := w.nextSchedule()
		switch {
		case len(w.wakes) > 0 && !w.wakes[0].due.After(t) && (s == nil || !w.wakes[0].due.After(s.next)) &&
			!w.drawsBefore(w.wakes[0].due):
			k := w.wakes.pop()
			if err := w.decide(k.member, nil, k.due); err != nil {
				return err
			}
		case s != nil && !s.next.After(t) && !w.drawsBefore(s.next):
			if err := w.fire(s); err != nil {
				return err
			}
		case w.drawsBefore(t.Add(1)):
			if err := w.drawNext(); err != nil {
				return err
			}
		default:
			if t.After(w.now) {
				w.now = t
			}
			return nil
		}
	}
}

func (w *World) nextSchedule() *schedule {
	var first *schedule
	for _, s := range w.schedules {
		if !s.next.IsZero() && (first == nil || s.next.Before(first.next)) {
			first = s
		}
	}
	return first
}

// fire lets an occurrence of a schedule reach every member of its audience, by id.
func (w *World) fire(s *schedule) error {
	at := s.next.UTC()
	s.next = s.cron.Next(s.next)
	if !s.active.Holds(at) {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(w.members)) {
		if kind, _, _ := naming.CutObject(id); kind != s.kind || w.members[id].Member == nil {
			continue
		}
		if in, err := w.engine.InSegment(s.segment, w.members[id], at); err != nil || !in {
			continue
		}
		w.seq++
		in := engine.Input{
			Seq: w.seq, Kind: engine.InputSchedule, ID: naming.OccurrenceID(naming.StartOf(s.playbook, s.via), at, id),
			Member: id, Name: s.playbook, Time: at, At: at, Payload: &engine.Payload{Via: s.via},
		}
		if err := w.decide(id, []engine.Input{in}, at); err != nil {
			return err
		}
	}
	return nil
}

// watch notes which segments a member is in who was there before the world's first instant. It
// starts nothing.
func (w *World) watch(member string) error {
	return w.decide(member, []engine.Input{{
		Kind: engine.InputSchedule, ID: naming.OccurrenceID(engine.SegmentReevaluation, w.now, member), Member: member,
		Name: engine.SegmentReevaluation, Time: w.now, At: w.now,
	}}, w.now)
}

// decide decides, and after it what belongs to objects, too, and what runs emitted to others: each in its own line,
// first in, first out.
func (w *World) decide(member string, inputs []engine.Input, horizon time.Time) error {
	for i := range inputs {
		if err := w.copies(&inputs[i]); err != nil {
			return err
		}
	}
	if err := w.decideOne(member, inputs, horizon); err != nil {
		return err
	}
	for len(w.emitted) > 0 {
		in := w.emitted[0]
		w.emitted = w.emitted[1:]
		w.seq++
		in.Seq, in.At = w.seq, w.now
		if err := w.copies(&in); err != nil {
			return err
		}
		if err := w.decideOne(in.Member, []engine.Input{in}, in.At); err != nil {
			return err
		}
	}
	return nil
}

// copies puts what an event is for the objects that it names among what is to be decided.
func (w *World) copies(in *engine.Input) error {
	if len(w.engine.Workspace().Schema.Objects) == 0 {
		return nil
	}
	list, err := in.Copies()
	if err != nil {
		return fmt.Errorf("read event %s: %w", in.ID, err)
	}
	w.emitted = append(w.emitted, list...)
	return nil
}

func (w *World) decideOne(member string, inputs []engine.Input, horizon time.Time) error {
	if horizon.After(w.now) {
		w.now = horizon
	}
	st := w.members[member]
	if st == nil {
		st = &engine.State{}
		w.add(member, st)
	}
	if w.record != nil {
		for _, in := range inputs {
			w.record(in)
		}
	}
	if len(w.ended) > 0 {
		w.recall(st, inputs)
	}
	c := &w.changes
	c.Reset()
	if err := w.engine.Decide(member, st, inputs, horizon, w.pools, c); err != nil {
		return fmt.Errorf("member %s: %w", member, err)
	}
	for _, r := range c.Runs {
		if r.State == engine.RunWaiting && !r.DueAt.IsZero() {
			w.wakes.push(wakeAt{r.DueAt, member})
		}
	}
	for _, l := range c.Reevaluations {
		if !l.At.IsZero() {
			w.wakes.push(wakeAt{l.At, member})
		}
	}
	if w.observe != nil {
		w.observe(c)
	}
	w.entered(c)
	w.emitted = append(w.emitted, c.Emitted...)
	for i := range c.Deliveries {
		d := &c.Deliveries[i]
		switch {
		case d.Message.Webhook != nil:
			w.emitted = append(w.emitted, w.answered(d))
		case d.ReleasedAt.IsZero():
			if w.put == nil {
				w.put = map[string]engine.Delivery{}
			}
			w.put[d.Key] = *d
		default:
			w.sent(st, d)
		}
	}
	for i := range c.Releases {
		w.released(st, &c.Releases[i])
	}
	w.settle(st, c)
	return nil
}

// answers reports whether a result is to be decided that is about the run.
func (w *World) answers(run string) bool {
	return slices.ContainsFunc(w.emitted, func(in engine.Input) bool {
		return in.Kind == engine.InputResult && in.Name == run
	})
}

// recall puts the ended runs that inputs are results of among those of their subject, as a store gives them.
func (w *World) recall(st *engine.State, inputs []engine.Input) {
	for i := range inputs {
		run := w.ended[inputs[i].Name]
		if inputs[i].Kind != engine.InputResult || run == nil || slices.Contains(st.Runs, run) {
			continue
		}
		st.Runs = append(st.Runs, run)
		engine.SortRuns(st.Runs)
	}
}

// released sends a message that was put off, or forgets it.
func (w *World) released(st *engine.State, r *engine.Release) {
	d, ok := w.put[r.Key]
	if !ok || r.State == engine.DeliveryDeferred {
		return
	}
	delete(w.put, r.Key)
	if r.State == engine.DeliveryPending {
		d.ReleasedAt = r.At
		w.sent(st, &d)
	}
}

// sent lets a message arrive, or fail, at once. As in production that is an input when the run is open,
// and always when it has failed: a frequency cap counts it no more.
func (w *World) sent(st *engine.State, d *engine.Delivery) {
	if w.outcome != nil {
		if o := w.outcome(d); o.Status == "failed" {
			w.emitted = append(w.emitted, engine.ResultOf(d, map[string]any{"status": o.Status, "reason": o.Reason}))
			return
		}
	}
	if of := w.members[d.Message.Of]; of != nil {
		st = of
	}
	open := slices.ContainsFunc(st.Runs, func(r *engine.Run) bool { return r.ID == d.Run && r.State == engine.RunWaiting })
	if open {
		w.emitted = append(w.emitted, engine.ResultOf(d, map[string]any{
			"status": "sent", "delivered_at": w.now.UTC().Format(time.RFC3339Nano),
		}))
	}
}

// answered returns the answer to a webhook: at once.
func (w *World) answered(d *engine.Delivery) engine.Input {
	a := playbooks.TestAnswer{Status: 200}
	if w.answer != nil {
		a = w.answer(d)
	}
	values := map[string]any{"step": d.Step, "status": a.Status, "body": schema.ToJSON(nil, a.Body)}
	if a.Status == 0 {
		values["reason"] = "no answer"
	}
	return engine.ResultOf(d, values)
}

// settle does what a store does at a commit: what changed counts as stored, closed runs that
// nothing asks about are let go.
func (w *World) settle(st *engine.State, c *engine.Changes) {
	for _, r := range c.Runs {
		r.New, r.Changed = false, false
		if r.State != engine.RunWaiting && (w.hands[r.Playbook] || w.outcome != nil || w.answers(r.ID)) {
			w.ended[r.ID] = r
		}
	}
	if st.Member == nil { // it was deleted
		st.Runs = nil
		return
	}
	st.Runs = slices.DeleteFunc(st.Runs, func(r *engine.Run) bool {
		return r.State != engine.RunWaiting &&
			!slices.ContainsFunc(st.Member.Goals, func(g engine.GoalWatch) bool { return g.Run == r.ID }) &&
			!asked(st.Member, r.ID)
	})
}

// asked reports whether a message of the run is still to be released.
func asked(m *engine.Member, run string) bool {
	for _, d := range m.Deferred {
		if d.Run == run {
			return true
		}
	}
	return false
}

// wakeAt is a wait that may be due. One whose run has gone on since does no harm: the core looks
// for itself.
type wakeAt struct {
	due    time.Time
	member string
}

func (a wakeAt) before(b wakeAt) bool {
	return a.due.Before(b.due) || a.due.Equal(b.due) && a.member < b.member
}

// wakeHeap is a binary heap whose least entry is the first. (container/heap would allocate for
// every entry.)
type wakeHeap []wakeAt

func (h *wakeHeap) push(k wakeAt) {
	*h = append(*h, k)
	list := *h
	for i := len(list) - 1; i > 0; {
		parent := (i - 1) / 2
		if !list[i].before(list[parent]) {
			return
		}
		list[i], list[parent] = list[parent], list[i]
		i = parent
	}
}

func (h *wakeHeap) pop() wakeAt {
	list := *h
	first, last := list[0], len(list)-1
	list[0], list[last] = list[last], wakeAt{}
	list = list[:last]
	*h = list
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if list[child].before(list[least]) {
				least = child
			}
		}
		if least == i {
			return first
		}
		list[i], list[least] = list[least], list[i]
		i = least
	}
}
