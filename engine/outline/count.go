package outline

import (
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// A run keeps beside the results of its actions what its waits count. No action has such an id.
const (
	CountKey = ":count" // of a wait without an id: `count`
	SinceKey = ":since" // ids of events that were decided at the instant of the entry, before it: `ids`
)

// counts says how a run keeps what one of its waits counts.
func (b *Outline) counts(w *playbooks.Wait) {
	if w == nil || w.Count == 0 {
		return
	}
	if w.Since {
		b.Since = append(b.Since, w.Matches[0].Name)
		b.Results[SinceKey] = schema.ObjectOf(schema.Field{Name: "ids", Type: schema.ListOf(schema.String).AsOptional()})
	}
	b.Results[CountKey] = schema.ObjectOf(schema.Field{Name: "count", Type: schema.Int.AsOptional()})
}
