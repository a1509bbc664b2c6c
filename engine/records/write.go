package records

import "github.com/usher-run/usher/engine/jsonbytes"

// write returns the JSON of a body, as encoding/json writes it.
func (b *body) write() ([]byte, error) {
	w := jsonbytes.New(1024)
	w.Begin('{')
	w.Name("i")
	w.String(b.Input)
	w.True("d", b.Due)
	if len(b.Runs) > 0 {
		w.Name("r")
		w.Begin('[')
		for i := range b.Runs {
			w.Item()
			b.Runs[i].write(w)
		}
		w.End(']')
	}
	w.Name("e")
	w.Begin('[')
	for i := range b.Entries {
		w.Item()
		b.Entries[i].write(w)
	}
	w.End(']')
	w.End('}')
	return w.Bytes()
}

func (r *run) write(w *jsonbytes.Writer) {
	w.Begin('{')
	w.Name("i")
	w.String(r.ID)
	w.Name("p")
	w.String(r.Playbook)
	if r.Whole != nil {
		w.Name("w")
		r.Whole.write(w)
	}
	w.End('}')
}

func (r *whole) write(w *jsonbytes.Writer) {
	w.Begin('{')
	w.Name("v")
	w.String(r.Revision)
	w.Name("s")
	w.String(string(r.State))
	w.NotEmpty("y", r.Reason)
	w.True("c", r.Converted)
	w.NotZero("n", r.PC)
	w.Map("t", r.Trigger)
	if len(r.Actions) > 0 {
		w.Name("a")
		jsonbytes.Object(w, r.Actions, func(results map[string]any) { w.Value(results) })
	}
	w.End('}')
}

func (e *entry) write(w *jsonbytes.Writer) {
	w.Begin('{')
	w.NotZero("r", e.Run)
	w.NotEmpty("w", e.What)
	w.NotEmpty("s", e.Step)
	w.NotEmpty("p", e.Playbook)
	w.NotEmpty("i", e.Input)
	w.NotEmpty("y", e.Reason)
	w.Map("d", e.Detail)
	w.NotEmpty("k", e.Effect)
	w.End('}')
}
