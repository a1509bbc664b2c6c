package effects

import (
	"maps"
	"time"

	"github.com/usher-run/usher/engine/input"
)

// Handed is a message that a run hands to an object: its line decides on it.
type Handed struct {
	Key      string // of the delivery that comes of it
	Object   string // that gets it
	Of       string // whose run it is
	Run      string
	Playbook string
	Revision string
	Step     string // its name
	Path     string // of the step
	Channel  string
	Class    string
	Variant  string         // of its texts; empty: it has none
	Template string         // that an expression has chosen
	With     map[string]any // what its texts see of the run, as JSON holds it
}

// HandedOver is the status on the trace of a message that waits for the decision of an object's line.
const HandedOver = "handed over"

// ofKey is under what an input of an object's line says whose run it is about.
const ofKey = "of"

// Input returns the input that hands the message over.
func (h *Handed) Input(now time.Time) input.Input {
	values := map[string]any{
		ofKey: h.Of, "playbook": h.Playbook, "revision": h.Revision, "step": h.Step, "path": h.Path, "channel": h.Channel,
		"class": h.Class,
	}
	if h.Variant != "" {
		values["variant"] = h.Variant
	}
	if h.Template != "" {
		values["template"] = h.Template
	}
	if len(h.With) > 0 {
		values["with"] = h.With
	}
	return input.Input{
		Kind: input.Message, ID: h.Key, Member: h.Object, Name: h.Run, Time: now, At: now,
		Payload: &input.Payload{Properties: values},
	}
}

// HandedOf returns the message that an input hands over. What cannot be read of it is empty.
func HandedOf(in *input.Input) Handed {
	h := Handed{Key: in.ID, Object: in.Member, Run: in.Name}
	p, err := in.Decode()
	if err != nil {
		return h
	}
	text := func(name string) string {
		s, _ := p.Properties[name].(string)
		return s
	}
	h.Of, h.Playbook, h.Revision, h.Step, h.Path = text(ofKey), text("playbook"), text("revision"), text("step"), text("path")
	h.Channel, h.Class, h.Variant, h.Template = text("channel"), text("class"), text("variant"), text("template")
	h.With, _ = p.Properties["with"].(map[string]any)
	return h
}

// Whose returns whose run the result of a delivery of an object is about, where that is another subject's; else "".
func Whose(p *input.Payload) string {
	of, _ := p.Properties[ofKey].(string)
	return of
}

// Told returns the input that tells the subject whose run it is what became of a message for an object. id is that of
// what said so in the object's line.
func Told(of, run, step, id string, at time.Time, values map[string]any) input.Input {
	told := maps.Clone(values)
	delete(told, ofKey)
	told["step"] = step
	return input.Input{
		Kind: input.Result, ID: input.HandedID(id), Member: of, Name: run, Time: at, At: at,
		Payload: &input.Payload{Properties: told},
	}
}

// HandedBy returns the playbook whose run hands a message to an object, and its revision; false: the input is no such
// message.
func HandedBy(in *input.Input) (playbook, revision string, is bool) {
	if in.Kind != input.Message {
		return "", "", false
	}
	h := HandedOf(in)
	return h.Playbook, h.Revision, h.Revision != ""
}
