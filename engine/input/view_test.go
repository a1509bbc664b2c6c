package input

import (
	"testing"
	"time"

	"github.com/usher-run/usher/playbooks"
)

// Shops send a property `name` with every product, phones an `id`. Expressions see the event's own.
func TestPropertiesCalledLikeTheEventsOwn(t *testing.T) {
	at := time.Date(2026, 3, 28, 10, 0, 0, 0, time.UTC)
	in := Input{
		ID: "e1", Name: "order.paid", Time: at,
		Payload: &Payload{Properties: map[string]any{"id": "507", "name": "Tea tin", "time": []any{1.0}}},
	}
	schema := &playbooks.Schema{Timezone: time.UTC, Events: []playbooks.EventType{{Name: "order.paid"}}}
	rec, err := in.Record(schema, time.UTC)
	if err != nil || rec["id"] != "e1" || rec["name"] != "order.paid" || rec["time"] != at {
		t.Errorf("seen: %v, %v", rec, err)
	}
}
