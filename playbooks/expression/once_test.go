package expression

import (
	"testing"

	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/expression/scope"
	"github.com/usher-run/usher/playbooks/schema"
)

// A list that is the same for every item is made once, where its function is reached: what it stands on may be
// missing, and lists may stand in lists.
func TestListsThatAreTheSameForEveryItem(t *testing.T) {
	item := schema.ObjectOf(schema.Field{Name: "sku", Type: schema.String}, schema.Field{Name: "n", Type: schema.Int})
	sc := &scope.Scope{Schema: testSchema(), Trigger: schema.ObjectOf(
		schema.Field{Name: "items", Type: schema.ListOf(item)}, schema.Field{Name: "more", Type: schema.ListOf(item)},
		schema.Field{Name: "gone", Type: schema.ListOf(item).AsOptional()},
		schema.Field{Name: "orders", Type: schema.ListOf(schema.ObjectOf(schema.Field{Name: "items", Type: schema.ListOf(item)}))},
	)}
	one := func(sku string, n int) any { return map[string]any{"sku": sku, "n": n} }
	env := testEnv()
	env.SetTrigger(Fields{
		"items": []any{one("a", 1), one("b", 2)}, "more": []any{one("b", 3), one("c", 4)},
		"orders": []any{map[string]any{"items": []any{one("x", 1)}}, map[string]any{"items": []any{one("a", 9)}}},
	}, nil)
	for text, want := range map[string]any{
		`any(trigger.items, .sku in map(trigger.more, .sku))`:                                                       true,
		`len(filter(trigger.items, .sku not in map(trigger.more, .sku)))`:                                           1,
		`any(trigger.orders, any(.items, .sku in map(trigger.items, .sku)))`:                                        true,
		`any(trigger.orders, any(.items, .sku in map(trigger.more, .sku)))`:                                         false,
		`count(trigger.items, .n < len(trigger.more) and .n < max(trigger.more[0]?.n ?? 0, 0))`:                     1,
		`any(trigger.items, trigger.gone != nil and .sku in map(trigger.gone, .sku))`:                               false,
		`trigger.gone != nil and any(trigger.items, .sku in map(trigger.gone, .sku))`:                               false,
		`any(trigger.items, .sku in map(trigger.gone ?? [], .sku))`:                                                 false,
		`count(trigger.items, .sku in map(filter(trigger.more, .sku in map(trigger.items, .sku)), .sku))`:           1,
		`any(trigger.items, .n > sum(trigger.more, .n)) or any(trigger.more, .n > sum(trigger.items, .n))`:          true,
		`any(events("order.paid"), .amount in map(trigger.items, .n + 1)) ? map(trigger.items, .sku)[1] ?? "" : ""`: "b",
	} {
		x, diags := CompileExpr(diag.Source{Text: text}, sc, nil)
		if x == nil {
			t.Errorf("%s: %v", text, diags)
			continue
		}
		if got, err := x.Eval(env); err != nil || got != want {
			t.Errorf("%s is %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		`any(trigger.items, .sku in map(events("cart.updated"), .cart_id))`, `any(trigger.items, len(events("order.paid")) > .n)`,
		`any(trigger.items, len([.sku, .sku]) > 1)`,
	} {
		if x, _ := CompileExpr(diag.Source{Text: text}, sc, nil); x != nil {
			t.Errorf("%s is no mistake", text)
		}
	}
}
