package sim

import (
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/intake"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/engine/strictjson"
	"github.com/usher-run/usher/playbooks/schema"
)

// Admit finds the members whom an input names, as intake does, among those who are there at its instant. An input that
// it rejects is not to be decided.
func (w *World) Admit(in *engine.Input) (*strictjson.Rejection, error) {
	if !w.names {
		return nil, nil
	}
	if err := w.AdvanceTo(in.At); err != nil {
		return nil, err
	}
	return intake.Resolve(w.engine.Workspace().Schema, in, w.find)
}

// admitted is Admit of an input that stays where it is: one that is pointed to lies on the heap. It reports false of
// one that is rejected, and tells why, unless nobody asks.
func (w *World) admitted(in engine.Input, rejected func(*engine.Input, error)) (engine.Input, bool, error) {
	rej, err := w.Admit(&in)
	if rej != nil && rejected != nil {
		rejected(&in, rej)
	}
	return in, err == nil && rej == nil, err
}

// params finds the members whom the params of a trigger name.
func (w *World) params(t *schema.Type, values map[string]any) (map[string]any, error) {
	out, rej, err := intake.ResolveParams(w.engine.Workspace().Schema, t, values, w.find)
	if rej != nil {
		return nil, rej
	}
	return out, err
}

// find returns the member whom a text names, by their id or their code in this world.
func (w *World) find(name string) (who engine.Found, known bool, err error) {
	if naming.IsObject(name) {
		return who, false, nil
	}
	if st := w.members[name]; st != nil && st.Member != nil {
		return engine.Found{ID: name, CreatedAt: st.Member.CreatedAt}, true, nil
	}
	code, is := naming.AsReferralCode(name)
	if !is {
		return who, false, nil
	}
	for _, id := range w.uncoded {
		of := w.engine.ReferralCode(id)
		w.codes[of] = append(w.codes[of], id)
	}
	w.uncoded = nil
	if list := w.codes[code]; len(list) == 1 && w.members[list[0]].Member != nil {
		return engine.Found{ID: list[0], CreatedAt: w.members[list[0]].Member.CreatedAt}, true, nil
	}
	return who, false, nil
}

// add lets a subject be there.
func (w *World) add(id string, st *engine.State) {
	w.members[id] = st
	if !w.names || naming.IsObject(id) {
		return
	}
	if w.codes == nil {
		w.codes = map[string][]string{}
	}
	w.uncoded = append(w.uncoded, id)
}
