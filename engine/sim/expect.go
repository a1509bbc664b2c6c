package sim

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/decimal"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/schema"
)

// expect compares what is expected with what happened, as a whole.
func (t *tester) expect(x *playbooks.Expect) *Failure {
	whom := t.whom(x)
	fail := func(at diag.Pos, what string) *Failure {
		return &Failure{
			Pos: at, Message: what, Expected: expectedLines(x),
			Happened: append(t.lines(whom), t.runLines(x)...),
		}
	}
	if f := t.failure(x); f != nil {
		return f
	}
	h := t.happened(whom)
	for _, list := range []struct {
		one  string
		want []playbooks.ExpectItem
		got  []map[string]any
	}{
		{"message", x.Messages, shown(h.messages, x.Messages, "status", "skipped")},
		{"deferred message", x.Deferred, named(h.deferred, x.Deferred)},
		{"coupon", x.Coupons, shown(h.coupons, x.Coupons, "issued", false)},
		{"webhook", x.Webhooks, h.webhooks},
		{"event", t.normalized(x.Events), h.events},
	} {
		if at, what := difference(list.one, list.want, list.got, x.Pos); what != "" {
			return fail(at, what)
		}
	}
	switch {
	case !sameSet(x.Added, h.added):
		return fail(x.Pos, "added tags differ: expected "+listed(x.Added)+", happened "+listed(h.added))
	case !sameSet(x.Removed, h.removed):
		return fail(x.Pos, "removed tags differ: expected "+listed(x.Removed)+", happened "+listed(h.removed))
	case !sameAttributes(t.settable(x), x.Set, h.set):
		return fail(x.Pos, "set attributes differ: expected "+flow(x.Set)+", happened "+flow(h.set))
	case points(x.Points) != h.points:
		return fail(x.Pos, fmt.Sprintf("points differ: expected %d, happened %d", points(x.Points), h.points))
	case x.Run != "" && x.Run != t.runState(whom):
		return fail(x.Pos, fmt.Sprintf("the run is %s, expected %s", t.runState(whom), x.Run))
	case x.Reason != "" && x.Reason != t.reason(whom) && !slices.Contains(h.reasons, x.Reason):
		return fail(x.Pos, fmt.Sprintf("the reason is not %s", x.Reason))
	}
	return nil
}

// difference returns what is the first thing that differs in a list of effects, and where it was
// expected; "" when nothing does.
func difference(one string, want []playbooks.ExpectItem, got []map[string]any, at diag.Pos) (diag.Pos, string) {
	for i := range want {
		if i >= len(got) {
			return want[i].Pos, fmt.Sprintf("%s %d did not happen", one, i+1)
		}
		if field, have := mismatch(&want[i], got[i]); field != "" {
			what := fmt.Sprintf("%s %d: %s is %s, expected %s", one, i+1, field, shownValue(have),
				shownValue(want[i].Fields[field]))
			if field == "contains" {
				what = fmt.Sprintf("%s %d: %s does not contain %s", one, i+1, shownValue(have), shownValue(want[i].Fields[field]))
			}
			return want[i].Pos, what
		}
	}
	if len(got) > len(want) {
		return at, fmt.Sprintf("%s %d was not expected", one, len(want)+1)
	}
	return at, ""
}

// normalized returns expected events with the ids of their members as they are kept.
func (t *tester) normalized(want []playbooks.ExpectItem) []playbooks.ExpectItem {
	want = slices.Clone(want)
	for i := range want {
		if id, ok := want[i].Fields["member"].(string); ok {
			want[i].Fields = maps.Clone(want[i].Fields)
			want[i].Fields["member"] = t.schema.MemberID(id)
		}
	}
	return want
}

// mismatch returns the first field of an item, in the order of the alphabet, that is not as
// expected, with what it is.
func mismatch(want *playbooks.ExpectItem, got map[string]any) (field string, have any) {
	for _, k := range slices.Sorted(maps.Keys(want.Fields)) {
		v := want.Fields[k]
		if k == "contains" {
			text, ok := got["text"].(string)
			if !ok { // a webhook's body
				b, _ := json.Marshal(got["body"])
				text = string(b)
			}
			part := fmt.Sprint(v)
			if n, ok := v.(float64); ok {
				part = decimal.Format(n) // as texts print it
			}
			if !strings.Contains(text, part) {
				return k, text
			}
			continue
		}
		if !matches(v, got[k]) {
			return k, got[k]
		}
	}
	return "", nil
}

func listed(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(slices.Values(words)), ", ")
}

// shown leaves out what did not come about (a skipped message, a coupon that was not issued),
// unless an item asks for it.
func shown(got []map[string]any, want []playbooks.ExpectItem, field string, absent any) []map[string]any {
	if slices.ContainsFunc(want, func(i playbooks.ExpectItem) bool { return i.Fields[field] == absent }) {
		return got
	}
	return slices.DeleteFunc(slices.Clone(got), func(m map[string]any) bool { return m[field] == absent })
}

// named returns the messages that were put off when the expect names any: they need not be named.
func named(got []map[string]any, want []playbooks.ExpectItem) []map[string]any {
	if len(want) == 0 {
		return nil
	}
	return got
}

func points(p *int) int {
	if p == nil {
		return 0
	}
	return *p
}

// runState is that of the newest entry or refusal of a member; of "": of any.
func (t *tester) runState(member string) string {
	v := t.verdict(member)
	if v.refused != nil || v.run == nil || v.run.State == engine.RunHoldout {
		return "none"
	}
	return string(v.run.State)
}

func (t *tester) reason(member string) string {
	v := t.verdict(member)
	switch {
	case v.refused != nil:
		return v.refused.Reason
	case v.run == nil:
		return ""
	case v.run.State == engine.RunHoldout:
		return engine.ReasonHoldout
	case v.run.Reason != "":
		return v.run.Reason
	}
	return engine.ReasonEntered
}

func (t *tester) runLines(x *playbooks.Expect) []string {
	var out []string
	if x.Run != "" || x.Reason != "" {
		whom := t.whom(x)
		reasons := t.happened(whom).reasons
		out = append(out, "run: "+t.runState(whom))
		if r := t.reason(whom); r != "" && !slices.Contains(reasons, r) {
			out = append(out, "reason: "+r)
		}
		for _, r := range reasons {
			out = append(out, "reason: "+r)
		}
		if refused := t.verdict(whom).refused; refused != nil && len(refused.Seen) > 0 {
			out = append(out, "saw: "+flow(refused.Seen))
		}
	}
	return out
}

// matches compares a field. Of a mapping, each key that is listed has to match.
func matches(want, got any) bool {
	fields, isMap := want.(map[string]any)
	have, _ := got.(map[string]any)
	if !isMap || have == nil {
		return same(want, got)
	}
	for k, v := range fields {
		if !matches(v, have[k]) {
			return false
		}
	}
	return true
}

// same compares values as JSON holds them: 1 and 1.0 are one number.
func same(a, b any) bool {
	x, err1 := json.Marshal(schema.ToJSON(nil, a))
	y, err2 := json.Marshal(schema.ToJSON(nil, b))
	return err1 == nil && err2 == nil && string(x) == string(y)
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// settable returns the schema of whom an expect speaks; of all, of those that the playbook is for.
func (t *tester) settable(x *playbooks.Expect) *playbooks.Schema {
	kind := x.Object.Kind
	if p := t.world.engine.Workspace().Playbook(t.file.Playbook); kind == "" && x.Member == "" && p != nil {
		kind = p.For
	}
	return t.schemaOf(playbooks.ObjectRef{Kind: kind})
}

// sameAttributes compares attributes as the schema types them: a date is a date, however it is written.
func sameAttributes(s *playbooks.Schema, want, got map[string]any) bool {
	if len(want) != len(got) {
		return false
	}
	for k, v := range want {
		g, ok := got[k]
		if !ok || !same(attribute(s, k, v), g) {
			return false
		}
	}
	return true
}

// attribute returns the value of an attribute as it is stored.
func attribute(s *playbooks.Schema, name string, v any) any {
	if a := s.Attribute(name); a != nil {
		return schema.ToJSON(a.Type, v)
	}
	return v
}

// lines tells what happened; whose stands behind the names of what has no items.
func (h *happened) lines(whose string) []string {
	var out []string
	out = append(out, itemLines("messages", h.messages)...)
	out = append(out, itemLines("deferred", h.deferred)...)
	out = append(out, itemLines("coupons", h.coupons)...)
	out = append(out, itemLines("events", h.events)...)
	out = append(out, itemLines("webhooks", h.webhooks)...)
	if len(h.added)+len(h.removed) > 0 {
		out = append(out, "tags"+whose+": "+flow(map[string]any{"added": h.added, "removed": h.removed}))
	}
	if len(h.set) > 0 {
		out = append(out, "set"+whose+": "+flow(h.set))
	}
	if h.points != 0 {
		out = append(out, fmt.Sprintf("points%s: %d", whose, h.points))
	}
	return out
}

func itemLines(name string, items []map[string]any) []string {
	if len(items) == 0 {
		return nil
	}
	out := []string{name + ":"}
	for _, item := range items {
		out = append(out, "  - "+flow(item))
	}
	return out
}

func expectedLines(x *playbooks.Expect) []string {
	items := func(list []playbooks.ExpectItem) []map[string]any {
		var out []map[string]any
		for _, i := range list {
			out = append(out, i.Fields)
		}
		return out
	}
	h := happened{
		messages: items(x.Messages), deferred: items(x.Deferred), coupons: items(x.Coupons), events: items(x.Events),
		webhooks: items(x.Webhooks), added: x.Added, removed: x.Removed, set: x.Set, points: points(x.Points),
	}
	out := h.lines("")
	if x.Member != "" {
		out = append([]string{"member: " + x.Member}, out...)
	}
	if x.Object.Kind != "" {
		out = append([]string{"object: " + flow(map[string]any{x.Object.Kind: x.Object.ID})}, out...)
	}
	if x.Run != "" {
		out = append(out, "run: "+x.Run)
	}
	if x.Reason != "" {
		out = append(out, "reason: "+x.Reason)
	}
	return out
}

// shownValue writes a value as a test would: in one line, in quotes where it would be cut or read
// as something else.
func shownValue(v any) string {
	s, isText := v.(string)
	if !isText {
		if v == nil {
			return "missing"
		}
		b, _ := json.Marshal(schema.ToJSON(nil, v))
		return string(b)
	}
	plain := s != "" && strings.TrimSpace(s) == s
	for _, r := range s {
		if r < ' ' || strings.ContainsRune("{}[],:#\"'\\", r) {
			plain = false
		}
	}
	if plain {
		return s
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return s
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// flow writes a mapping in one line, keys in order, without what is empty.
func flow(m map[string]any) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		switch v := m[k].(type) {
		case nil:
			parts = append(parts, k+": null")
		case string:
			if v != "" {
				parts = append(parts, k+": "+shownValue(v))
			}
		case []string:
			if len(v) > 0 {
				parts = append(parts, k+": ["+strings.Join(v, ", ")+"]")
			}
		default:
			b, _ := json.Marshal(schema.ToJSON(nil, v))
			parts = append(parts, k+": "+string(b))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}
