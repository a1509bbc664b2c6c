package sim

import (
	"maps"
	"slices"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/effects"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/playbooks"
)

// verdict is what became last of a member: an entry, or a refusal that is newer.
type verdict struct {
	run     *engine.Run
	refused *engine.Decision
}

// effect is a thing that the playbooks did to a member.
type effect struct {
	member string
	happened
}

// happened is what the playbooks did.
type happened struct {
	messages, coupons []map[string]any
	deferred          []map[string]any // need not be named
	events, webhooks  []map[string]any
	added, removed    []string
	set               map[string]any
	points            int
	reasons           []string
}

func (h *happened) empty() bool {
	return len(shown(h.messages, nil, "status", "skipped"))+len(shown(h.coupons, nil, "issued", false))+len(h.added)+
		len(h.removed)+len(h.set)+len(h.events)+len(h.webhooks) == 0 && h.points == 0
}

// add takes in what happened next.
func (h *happened) add(o *happened) {
	h.messages, h.coupons = append(h.messages, o.messages...), append(h.coupons, o.coupons...)
	h.deferred = append(h.deferred, o.deferred...)
	h.events, h.webhooks = append(h.events, o.events...), append(h.webhooks, o.webhooks...)
	h.added, h.removed = append(h.added, o.added...), append(h.removed, o.removed...)
	if len(o.set) > 0 {
		set := maps.Clone(o.set)
		maps.Copy(set, h.set)
		maps.Copy(set, o.set)
		h.set = set
	}
	h.points += o.points
	h.reasons = append(h.reasons, o.reasons...)
}

// happened returns what happened to a member; "": to all.
func (t *tester) happened(member string) (h happened) {
	for i := range t.effects {
		if e := &t.effects[i]; member == "" || e.member == member {
			h.add(&e.happened)
		}
	}
	return h
}

// told lets go of what an expect has spoken of.
func (t *tester) told(member string) {
	t.effects = slices.DeleteFunc(t.effects, func(e effect) bool { return member == "" || e.member == member })
	t.failed = slices.DeleteFunc(t.failed, func(f failedRun) bool { return member == "" || f.member == member })
}

// lines tells what happened to a member; "": to all, and to whom where the test has several.
func (t *tester) lines(member string) []string {
	if member != "" || len(t.members) == 1 {
		h := t.happened(member)
		return h.lines("")
	}
	var lists happened
	var rest []string
	var ids []string
	for i := range t.effects {
		e := &t.effects[i]
		if !slices.Contains(ids, e.member) {
			ids = append(ids, e.member)
		}
		lists.add(&happened{
			messages: of(e.member, e.messages), deferred: of(e.member, e.deferred), coupons: of(e.member, e.coupons),
			events: e.events, webhooks: of(e.member, e.webhooks),
		})
	}
	for _, id := range ids {
		h := t.happened(id)
		h = happened{added: h.added, removed: h.removed, set: h.set, points: h.points}
		rest = append(rest, h.lines(" of "+called(id))...)
	}
	return append(lists.lines(""), rest...)
}

// of returns items that say whose they are.
func of(member string, items []map[string]any) (out []map[string]any) {
	for _, item := range items {
		item = maps.Clone(item)
		whose(item, member)
		out = append(out, item)
	}
	return out
}

// whose puts into an item whose it is.
func whose(item map[string]any, subject string) {
	if kind, id, ok := naming.CutObject(subject); ok {
		item["object"] = map[string]any{kind: id}
		return
	}
	item["member"] = subject
}

// called returns what people call a subject.
func called(subject string) string {
	if kind, id, ok := naming.CutObject(subject); ok {
		return kind + " " + id
	}
	return subject
}

// id returns the id of a member as it is kept; of "" the first member's, where there is one.
func (t *tester) id(written string) string {
	if written == "" && t.people == 0 {
		return ""
	}
	if written == "" {
		return t.members[0]
	}
	return t.schema.MemberID(written)
}

// entry takes in one entry of a trace.
func (t *tester) entry(c *engine.Changes, e *engine.Entry) {
	var h happened
	defer func() { t.effects = append(t.effects, effect{e.Run.Member, h}) }()
	t.reached.entry(e)
	switch e.What {
	case "message":
		if e.Detail["status"] == effects.HandedOver {
			break // the line of the object says what became of it
		}
		item := t.messageOf(c, e)
		if e.Reason == engine.ReasonDeferred {
			t.put[e.Run.ID+" "+e.Step] = item
			h.deferred = append(h.deferred, item)
			break
		}
		h.messages = append(h.messages, item)
	case "released", string(engine.DeliveryDropped):
		t.left(e, &h)
	case "coupon":
		_, issued := e.Detail["code"]
		h.coupons = append(h.coupons, map[string]any{"pool": e.Detail["pool"], "issued": issued, "reason": e.Reason})
	case "tag":
		added, _ := e.Detail["added"].([]string)
		removed, _ := e.Detail["removed"].([]string)
		h.added = append(h.added, added...)
		h.removed = append(h.removed, removed...)
	case "set":
		h.set = maps.Clone(e.Detail)
	case "points":
		added, _ := e.Detail["added"].(int)
		h.points += added
	case "emit":
		item, to := eventOf(e)
		t.effects = append(t.effects, effect{to, happened{events: []map[string]any{item}}})
	case engine.KeyWebhook:
		h.webhooks = append(h.webhooks, t.webhookOf(e))
	}
	if e.Reason != "" {
		h.reasons = append(h.reasons, e.Reason)
	}
}

// answer returns what the test says about a webhook, else status 200.
func (t *tester) answer(d *engine.Delivery) playbooks.TestAnswer {
	if a, ok := t.test.Webhooks[d.Step]; ok && d.Playbook == t.file.Playbook {
		return a
	}
	return playbooks.TestAnswer{Status: 200}
}

// outcome returns what the test says about a message, else that it was sent.
func (t *tester) outcome(d *engine.Delivery) playbooks.TestOutcome {
	if o, ok := t.test.Messages[d.Step]; ok && d.Playbook == t.file.Playbook {
		return o
	}
	return playbooks.TestOutcome{Status: "sent"}
}

// fails puts on a message that goes out that it fails, where the test says so.
func (t *tester) fails(item map[string]any, e *engine.Entry) {
	if o := t.outcome(&engine.Delivery{Step: e.Step, Playbook: e.Run.Playbook}); o.Status == "failed" {
		item["status"], item["reason"] = o.Status, o.Reason
	}
}

// webhookOf returns a webhook as an expect matches it, with the status of its answer.
func (t *tester) webhookOf(e *engine.Entry) map[string]any {
	item := map[string]any{"url": e.Detail["url"], "method": e.Detail["method"]}
	item["status"] = t.answer(&engine.Delivery{Step: e.Step, Playbook: e.Run.Playbook}).Status
	if body, ok := e.Detail["body"]; ok {
		item["body"] = body
	}
	return item
}

// left takes in that a message which had been put off goes out, or does not.
func (t *tester) left(e *engine.Entry, h *happened) {
	key := e.Run.ID + " " + e.Step
	item := maps.Clone(t.put[key])
	delete(t.put, key)
	if item == nil || e.Reason == engine.ReasonExited {
		return
	}
	delete(item, "reason")
	if e.What == string(engine.DeliveryDropped) {
		item["status"], item["reason"] = "skipped", e.Reason
	} else {
		t.fails(item, e)
	}
	h.messages = append(h.messages, item)
}

// eventOf returns an emitted event as an expect matches it, and whose it is.
func eventOf(e *engine.Entry) (item map[string]any, to string) {
	item = map[string]any{"event": e.Detail["event"], "properties": map[string]any{}}
	to = e.Run.Member
	if member, ok := e.Detail["member"].(string); ok {
		to = member
	}
	whose(item, to)
	if v, ok := e.Detail["properties"]; ok {
		item["properties"] = v
	}
	return item, to
}

// attached returns attachments as a playbook writes them.
func attached(list []engine.Attachment) []any {
	out := make([]any, len(list))
	for i, a := range list {
		switch {
		case a.Link != nil:
			out[i] = map[string]any{"link": map[string]any{"url": a.Link.URL, "title": a.Link.Title}}
		case a.MiniProgram != nil:
			m := a.MiniProgram
			out[i] = map[string]any{"miniprogram": map[string]any{"appid": m.AppID, "page": m.Page, "title": m.Title}}
		default:
			out[i] = map[string]any{"image": a.Image}
		}
	}
	return out
}

// messageOf returns a message as an expect matches it: with its delivery, or as skipped when there
// is none.
func (t *tester) messageOf(c *engine.Changes, e *engine.Entry) map[string]any {
	item := map[string]any{"channel": e.Detail["channel"], "status": "skipped"}
	for i := range c.Deliveries {
		if d := &c.Deliveries[i]; d.Key == e.Effect {
			item["text"], item["class"], item["to"], item["status"] = d.Message.Text, d.Message.Class, d.Message.To, "queued"
			if e.Reason != engine.ReasonDeferred { // what is put off has its outcome when it leaves
				t.fails(item, e)
			}
			if d.Message.Subject != "" {
				item["subject"] = d.Message.Subject
			}
			if d.Message.Attach != nil {
				item["attach"] = attached(d.Message.Attach)
			}
			if d.Message.Data != nil {
				item["data"] = d.Message.Data
			}
		}
	}
	if name, ok := e.Detail["variant"]; ok {
		item["variant"] = name
	}
	if name, ok := e.Detail["template"]; ok {
		item["template"] = name
	}
	if e.Reason != "" {
		item["reason"] = e.Reason
	}
	return item
}

// level takes in that the level of a member changed. What it was made at the beginning is no change.
func (t *tester) level(member string, e *engine.Entry) {
	if e.Run == nil && e.Reason != effects.ReasonEdited && e.Reason != effects.ReasonGrace {
		name, _ := e.Detail["attribute"].(string)
		t.effects = append(t.effects, effect{member, happened{set: map[string]any{name: e.Detail["after"]}}})
	}
}

// tagsOf returns the tags that an entry names.
func tagsOf(detail map[string]any) []string {
	tags, _ := detail["tags"].([]string)
	return tags
}

// pointsOf returns how many points expired, as an entry says.
func pointsOf(detail map[string]any) int {
	n, _ := detail["points"].(int)
	return n
}
