package loader

import (
	"encoding/json"
	"reflect"
	"testing"
	"testing/fstest"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
)

// What EventsSyntax writes, a workspace reads again as the same types.
func TestEventsSyntaxIsReadAgain(t *testing.T) {
	const text = `usher: 1
timezone: Asia/Shanghai
member:
  email: string
  等级: {enum: [金, 银], default: 银}
  address: {city: string}
  orders: = len(events("member.left"))
events:
  member.left: {}
  order.paid:
    order_id: string
    amount: number
    paid_on: date
    at: optional datetime
    level: {enum: [a, b]}
    gift: {optional: {enum: [c]}}
    items: {optional: [{sku: string, qty: int, tags: [string]}]}
    ship: {city: string, express: bool}
`
	first := loadEvents(t, []byte(text))
	data, err := json.Marshal(map[string]any{
		"usher": 1, "timezone": first.Timezone.String(), "member": first.MemberSyntax(), "events": first.EventsSyntax(),
	})
	if err != nil {
		t.Fatal(err)
	}
	again := loadEvents(t, data)
	if a, b := first.EventsSyntax(), again.EventsSyntax(); !reflect.DeepEqual(a, b) {
		t.Errorf("written %v, read again %v", a, b)
	}
	if a, b := first.MemberSyntax(), again.MemberSyntax(); !reflect.DeepEqual(a, b) || len(b) != 3 ||
		first.Timezone.String() != again.Timezone.String() {
		t.Errorf("written %v, read again %v", a, b)
	}
	if got := again.Event("order.paid").Properties; len(got.Fields) != 8 {
		t.Errorf("fields: %v", got.FieldNames())
	}
}

func loadEvents(t *testing.T, usher []byte) *playbooks.Schema {
	t.Helper()
	ws, diags := Load(fstest.MapFS{"usher.yaml": {Data: usher}}, &schema.Registry{})
	for _, d := range diags {
		if d.Severity == diag.Error {
			t.Fatalf("%s:%d:%d %s\n%s", d.File, d.Line, d.Column, d.Message, usher)
		}
	}
	return ws.Schema
}
