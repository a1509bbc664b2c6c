package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/grants"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/records"
	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/playbooks"
)

// line is a member as a database would hold them: what is decided next is decided on what comes back
// from it.
type line struct {
	id      string
	state   []byte            // of the member; nil: not seen before
	runs    map[string]stored // all that there are
	open    map[string]bool
	events  []engine.Input // decided
	emitted int64          // events that runs emitted to the member
	seen    time.Time      // the last event; the state need not know it

	by   *engine.Engine // that the history was kept by
	past engine.State   // with the history alone
}

type stored struct {
	engine.Run
	trigger, actions []byte
}

// member replays the steps of one member.
func (r *replay) member(ctx context.Context, id string, list []step) error {
	l := &line{id: id, runs: map[string]stored{}, open: map[string]bool{}}
	var was, now []store.Recorded
	for i := range list {
		s := &list[i]
		if s.apart != nil {
			l.apply(s.apart)
			continue
		}
		was = append(was, s.want...)
		if s.input == nil && !s.want[0].Due {
			continue // the input has left the database
		}
		e, err := r.epoch(ctx, s.epoch)
		if err != nil {
			return err
		}
		got, err := r.decide(ctx, e, l, s)
		if err != nil {
			return fmt.Errorf("at %s: %w", s.at.Format(time.RFC3339Nano), err)
		}
		for j := range got {
			got[j].Epoch = s.epoch
		}
		now = append(now, got...)
	}
	return r.compare(ctx, was, now)
}

// decide decides a step.
func (r *replay) decide(ctx context.Context, e *epoch, l *line, s *step) ([]store.Recorded, error) {
	var inputs []engine.Input
	horizon := s.at.Add(time.Millisecond - time.Nanosecond)
	if s.input != nil {
		inputs, horizon = []engine.Input{*s.input}, time.Time{}
	}
	st, err := l.load(nil)
	if err != nil {
		return nil, err
	}
	if err := r.learn(ctx, e, inputs, st); err != nil {
		return nil, err
	}
	needs := e.NeedsOf(inputs, map[string]*engine.State{l.id: st})
	if st, err = l.load(needs.Runs); err != nil {
		return nil, err
	}
	if err := r.learn(ctx, e, inputs, st); err != nil {
		return nil, err
	}
	if l.by != e.Engine {
		l.rewind(e.Engine)
	}
	st.History = l.past.History
	wake(st, s)
	c := new(engine.Changes)
	if err := e.Decide(l.id, st, inputs, horizon, granted(e.Workspace().Schema, s.want), c); err != nil {
		return nil, err
	}
	l.past.History = st.History
	if err := l.keep(inputs, c); err != nil {
		return nil, err
	}
	out := make([]store.Recorded, len(c.Records))
	for i := range c.Records {
		data, _, err := records.Encode(&c.Records[i])
		if err != nil {
			return nil, err
		}
		out[i] = store.Recorded{Record: c.Records[i], Data: data}
	}
	return out, nil
}

// wake makes the waits of parked runs due that a restart woke: the record says when.
func wake(st *engine.State, s *step) {
	for i := range s.want {
		id, ok := strings.CutPrefix(s.want[i].Input, "wait:")
		for _, run := range st.Runs {
			if ok && run.ID == id && run.Reason != "" && run.DueAt.After(s.at) {
				run.DueAt = s.at
			}
		}
	}
}

// granted returns what was granted of pools, by what the records say. Where the quota of a pool was used up, its
// budget was not: that is asked first.
func granted(s *playbooks.Schema, want []store.Recorded) map[string]*engine.PoolState {
	pools := map[string]*engine.PoolState{}
	give := func(pool string) {
		if pools[pool] == nil {
			pools[pool] = &engine.PoolState{Dry: true}
		}
		pools[pool].Free++
	}
	for i := range want {
		for j := range want[i].Entries {
			e := &want[i].Entries[j]
			pool, _ := e.Detail["pool"].(string)
			of, quota := e.Detail["quota"].(string)
			switch {
			case e.Begins() && quota:
				id := e.Run.Playbook
				if e.Detail["status"] == string(playbooks.Shadow) {
					id = naming.ShadowOf(id)
				}
				give(grants.Name(grants.OfPlaybook, id, of))
			case e.What == "raffle":
				raffle, _ := e.Detail["raffle"].(string)
				prize, won := e.Detail["prize"].(string)
				if _, entered := e.Detail["ticket"]; entered {
					give(grants.Tickets(raffle).Pool)
				}
				if won {
					give(grants.Name(grants.OfRaffle, raffle, prize))
				}
			case e.What != "coupon":
			case e.Reason == engine.ReasonQuota:
				give(pool)
			case e.Effect != "":
				give(pool)
				if p := s.Pool(pool); p != nil && p.Imported {
					pools[pool].Codes = append(pools[pool].Codes, e.Effect)
				}
				if quota {
					give(grants.Name(grants.OfCoupons, pool, of))
				}
			}
		}
	}
	return pools
}

// load returns the member with the open runs, and others by their ids, as a database gives them.
func (l *line) load(others []string) (*engine.State, error) {
	st := new(engine.State)
	if l.state != nil {
		st.Member = new(engine.Member)
		if err := st.Member.Decode(l.state); err != nil {
			return nil, err
		}
		if l.seen.After(st.Member.LastSeenAt) {
			st.Member.LastSeenAt = l.seen
		}
	}
	ids := make([]string, 0, len(l.open)+len(others))
	for id := range l.open {
		ids = append(ids, id)
	}
	for _, id := range others {
		if !l.open[id] && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	for _, id := range ids {
		kept, ok := l.runs[id]
		if !ok {
			continue
		}
		run := kept.Run
		if err := json.Unmarshal(kept.trigger, &run.Trigger); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(kept.actions, &run.Actions); err != nil {
			return nil, err
		}
		st.Runs = append(st.Runs, &run)
	}
	engine.SortRuns(st.Runs)
	return st, nil
}

// keep keeps what a decision changed.
func (l *line) keep(inputs []engine.Input, c *engine.Changes) (err error) {
	for range c.Deleted { // of this one
		l.state, l.events, l.seen = nil, nil, time.Time{}
	}
	for _, m := range c.Members {
		if l.state, err = json.Marshal(m); err != nil {
			return err
		}
	}
	for _, run := range c.Runs {
		kept := stored{Run: engine.Run{
			ID: run.ID, Playbook: run.Playbook, Revision: run.Revision, Member: run.Member, State: run.State, Reason: run.Reason,
			StartedAt: run.StartedAt, EndedAt: run.EndedAt, ConvertedAt: run.ConvertedAt, DueAt: run.DueAt, PC: run.PC,
		}}
		if kept.trigger, err = json.Marshal(run.Trigger); err != nil {
			return err
		}
		if kept.actions, err = json.Marshal(run.Actions); err != nil {
			return err
		}
		l.runs[run.ID] = kept
		if delete(l.open, run.ID); run.State == engine.RunWaiting {
			l.open[run.ID] = true
		}
	}
	for _, in := range inputs {
		if in.Kind != engine.InputEvent {
			continue
		}
		l.events = append(l.events, in)
		p, err := in.Decode()
		if err != nil {
			return err
		}
		if p.MovesLastSeen() && in.At.After(l.seen) {
			l.seen = in.At
		}
	}
	for _, in := range c.Cascaded { // numbered when they are stored
		l.emitted++
		in.Seq = 1<<40 + l.emitted
		l.events = append(l.events, in)
	}
	return nil
}

// rewind makes the history anew, as an engine reads it.
func (l *line) rewind(by *engine.Engine) {
	l.by, l.past = by, engine.State{}
	slices.SortFunc(l.events, func(a, b engine.Input) int { return engine.CompareEvents(&a, &b) })
	for _, in := range l.events {
		l.past.Remember(engine.Input{
			Seq: in.Seq, Kind: in.Kind, ID: in.ID, Member: in.Member, Name: in.Name, Time: in.Time, At: in.At,
			Data: in.Data, Cause: in.Cause, Payload: in.Payload,
		})
	}
}

// apply takes in what happened to a run outside of decisions.
func (l *line) apply(r *store.Recorded) {
	for i := range r.Entries {
		e := &r.Entries[i]
		if e.Run == nil || e.What != string(engine.RunFailed) {
			continue
		}
		if kept, ok := l.runs[e.Run.ID]; ok {
			kept.State, kept.Reason, kept.EndedAt, kept.DueAt = engine.RunFailed, e.Reason, r.At, time.Time{}
			l.runs[e.Run.ID] = kept
			delete(l.open, e.Run.ID)
		}
	}
}

// compare holds what comes out against what was recorded.
func (r *replay) compare(ctx context.Context, was, now []store.Recorded) error {
	key := func(r *store.Recorded) string { return fmt.Sprintf("%d %s", r.At.UnixMilli(), r.Input) }
	come := map[string][]*store.Recorded{}
	for i := range now {
		k := key(&now[i])
		come[k] = append(come[k], &now[i])
	}
	differs := func(one, other *store.Recorded) error {
		of := one
		if of == nil {
			of = other
		}
		if of.At.Before(r.Since) {
			return nil
		}
		e, err := r.epoch(ctx, of.Epoch)
		if err != nil {
			return err
		}
		d := Difference{Member: of.Member, At: of.At, Input: of.Input}
		d.Recorded, d.Now = lines(one), lines(other)
		d.Recorded, d.Now = without(d.Recorded, d.Now), without(d.Now, d.Recorded)
		if e.version != engine.Version {
			d.Engine = e.version
			r.sum.Other++
		} else {
			r.sum.Differences++
		}
		if r.Differs != nil {
			r.Differs(d)
		}
		return nil
	}
	for i := range was {
		k := key(&was[i])
		var other *store.Recorded
		if list := come[k]; len(list) > 0 {
			other, come[k] = list[0], list[1:]
		}
		if other == nil || string(other.Data) != string(was[i].Data) {
			if err := differs(&was[i], other); err != nil {
				return err
			}
		}
	}
	for i := range now {
		if slices.Contains(come[key(&now[i])], &now[i]) {
			if err := differs(nil, &now[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// lines returns what a record says, for people.
func lines(r *store.Recorded) (out []string) {
	if r == nil {
		return nil
	}
	for i := range r.Entries {
		e := &r.Entries[i]
		playbook := e.Playbook
		if e.Run != nil {
			playbook = e.Run.Playbook
		}
		text := playbook + ": " + strings.Join(slices.DeleteFunc([]string{e.What, e.Step}, func(s string) bool { return s == "" }), " ")
		if e.Reason != "" {
			text += " (" + e.Reason + ")"
		}
		for _, more := range []any{e.Detail, e.Effect} {
			if data, err := json.Marshal(more); err == nil && string(data) != "null" && string(data) != `""` {
				text += " " + string(data)
			}
		}
		out = append(out, text)
	}
	for _, w := range r.Whole {
		data, err := json.Marshal(map[string]any{"trigger": w.Trigger, "actions": w.Actions})
		if err == nil {
			out = append(out, fmt.Sprintf("%s: run %s of revision %s is %s %s", w.Playbook, w.ID, w.Revision, w.State, data))
		}
	}
	return out
}

// without returns the lines that are not among others.
func without(lines, others []string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(s string) bool { return slices.Contains(others, s) })
}
