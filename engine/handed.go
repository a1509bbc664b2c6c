package engine

import (
	"fmt"
	"maps"

	"github.com/usher-run/usher/engine/effects"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/strictjson"
	"github.com/usher-run/usher/engine/view"
	"github.com/usher-run/usher/playbooks"
)

// A message for an object is decided in two lines. The run's evaluates what it names and carries over, and hands it to
// that of the object ([Act.handOver]), which writes the texts, decides on address, caps and quiet hours, and delivers
// ([decider.decideMessage]). What becomes of it comes back as a result ([effects.Told]).

// handOver hands a message to the object that its step names.
func (a *Act) handOver() error {
	d, s := a.d, a.step
	id := a.String("to")
	a.Detail("channel", a.String("channel"))
	if id == "" {
		a.skip(ReasonNoAddress)
		return nil
	}
	if bad := strictjson.CheckName("to", "the id of a "+s.HandsTo, id, strictjson.MaxIDLen); bad != nil {
		return fmt.Errorf("to %.40q: %s", id, bad.Message)
	}
	with, err := a.Data("with")
	if err != nil {
		return err
	}
	h := effects.Handed{
		Key: a.deliveryKey(), Object: naming.ObjectID(s.HandsTo, id), Of: d.ID, Run: a.run.ID, Playbook: a.run.Playbook,
		Revision: a.run.Revision, Step: s.Name(), Path: s.Path, Channel: a.String("channel"), Class: a.String("class"),
		With: with,
	}
	h.Variant, _ = a.result["variant"].(string)
	if v := s.Args["template"]; v != nil && v.Choices != nil {
		t, err := d.Chosen(v)
		if err != nil {
			return fmt.Errorf("template: %w", err)
		}
		h.Template = t.Name
	}
	a.Detail("object", map[string]any{s.HandsTo: id})
	if len(with) > 0 {
		a.Detail("with", with)
	}
	if a.run.Shadow() {
		a.Result("status", string(DeliverySent))
		return nil
	}
	a.Detail("status", effects.HandedOver)
	a.Result("status", "queued")
	a.effect = h.Key
	d.c.Emitted = append(d.c.Emitted, h.Input(d.Now))
	return nil
}

// decideMessage decides on a message that a run of another subject hands to this object.
func (d *decider) decideMessage(in *Input) error {
	d.Begin(in.At)
	h := effects.HandedOf(in)
	if h.Of == "" || h.Step == "" {
		return fmt.Errorf("the message %s does not say of which run it is", in.ID)
	}
	a := &Act{
		d: d, of: h.Of, run: &Run{ID: h.Run, Playbook: h.Playbook, Revision: h.Revision, Member: d.ID},
		step: &playbooks.Step{Key: "message", ID: h.Step, Path: h.Path},
	}
	a.Detail("channel", h.Channel)
	if err := a.deliver(&h); err != nil {
		a.Result("status", "failed")
		a.Reason(err.Error())
	}
	a.Detail(effects.DetailStatus, a.result["status"])
	a.Detail(effects.DetailOfRun, h.Run)
	// The record is about the message, by its key: the run's own are those of its line.
	about := &Run{ID: h.Key, Playbook: h.Playbook, Member: d.ID}
	d.traceEffect(about, TraceEntry{What: "message", Step: h.Step, Reason: a.reason, Detail: view.Plain(a.detail)}, a.effect)
	if a.result["status"] != "queued" {
		d.c.Emitted = append(d.c.Emitted, effects.Told(h.Of, h.Run, h.Step, h.Key, in.At, a.result))
	}
	return nil
}

// deliver sends a message that was handed over, or skips it with the reason.
func (a *Act) deliver(h *effects.Handed) error {
	d := a.d
	var s *playbooks.Step
	if a.book = d.e.index.Handed[h.Revision]; a.book != nil {
		s = a.book.Handed(h)
	}
	switch {
	case d.State.Member == nil:
		a.skip(ReasonNoObject)
		return nil
	case s == nil:
		a.skip(ReasonNoBook)
		return nil
	}
	a.step, a.Args = s, map[string]any{"channel": h.Channel, "class": h.Class}
	d.ReadBy(a.book.Types)
	carried := s.Carried()
	for i := range carried.Fields { // what is missing is not carried over
		carried.Fields[i].Type = carried.Fields[i].Type.AsOptional()
	}
	d.With = view.Decoded(carried, maps.Clone(h.With), d.Zone)
	defer func() {
		d.With = nil
		d.ReadBy(d.e.index.Types)
	}()
	if d.With == nil {
		d.With = map[string]any{}
	}
	if h.Variant != "" {
		a.Detail("variant", h.Variant)
	}
	args, err := d.Evaluator.Args(a.book, s, true)
	if err != nil {
		return err
	}
	maps.Copy(a.Args, args)
	return d.e.o.Effects[s.Key](a)
}

// skip leaves that nothing is sent.
func (a *Act) skip(reason string) {
	a.Result("status", "skipped")
	a.Reason(reason)
}
