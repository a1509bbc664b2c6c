package playbooks

import (
	"fmt"
	"slices"
	"strings"
)

// foreignAction is an action by the name that it has in another tool.
type foreignAction struct {
	key    string // the action here
	remove bool   // what is named is taken away: it stands under `remove`
	label  string // what to write, when the key alone is not enough
}

// foreignActions are looked up in small letters without what joins their parts.
var foreignActions = map[string]foreignAction{
	"delay": {key: "wait"}, "sleep": {key: "wait"}, "pause": {key: "wait"}, "waitfor": {key: "wait"}, "等待": {key: "wait"}, "延迟": {key: "wait"},
	"waituntil": {key: "wait", label: "write `wait: {until: …}`"}, "timer": {key: "wait"},
	"addtag": {key: "tag"}, "addtags": {key: "tag"}, "tagadd": {key: "tag"}, "settag": {key: "tag"}, "tags": {key: "tag"}, "打标签": {key: "tag"}, "标签": {key: "tag"}, "label": {key: "tag"},
	"untag": {key: "tag", remove: true}, "removetag": {key: "tag", remove: true}, "removetags": {key: "tag", remove: true}, "deletetag": {key: "tag", remove: true},
	"deltag": {key: "tag", remove: true}, "tagremove": {key: "tag", remove: true}, "去标签": {key: "tag", remove: true}, "删除标签": {key: "tag", remove: true}, "移除标签": {key: "tag", remove: true},
	"send": {key: "message"}, "sendmessage": {key: "message"}, "notify": {key: "message"}, "notification": {key: "message"}, "push": {key: "message"},
	"email": {key: "message"}, "sendemail": {key: "message"}, "mail": {key: "message"}, "sms": {key: "message"}, "sendsms": {key: "message"}, "发消息": {key: "message"}, "消息": {key: "message"},
	"elseif": {label: "write `choose`, a list of {if, then} whose last may be {else: […]}"}, "elif": {label: "write `choose`, a list of {if, then} whose last may be {else: […]}"},
	"elsif": {label: "write `choose`, a list of {if, then} whose last may be {else: […]}"}, "switch": {key: "choose"}, "case": {label: "write `choose`, a list of {if, then} whose last may be {else: […]}"},
	"when": {label: "write `if: …`"}, "unless": {label: "write `if: not (…)`"}, "while": {label: "there are no loops: an event or a schedule starts a playbook again"}, "foreach": {label: "there are no loops: an event or a schedule starts a playbook again"},
	"loop": {label: "there are no loops: an event or a schedule starts a playbook again"}, "repeat": {label: "there are no loops: an event or a schedule starts a playbook again"},
	"abtest": {key: "split"}, "experiment": {key: "split"}, "random": {key: "split"}, "分流": {key: "split"}, "branch": {key: "choose"}, "条件": {label: "write `if: …`"},
	"stop": {key: "exit"}, "end": {key: "exit"}, "abort": {key: "exit"}, "finish": {key: "exit"}, "return": {key: "exit"}, "结束": {key: "exit"}, "退出": {key: "exit"},
	"update": {key: "set"}, "assign": {key: "set"}, "setattribute": {key: "set"}, "setattributes": {key: "set"}, "updatemember": {key: "set"}, "attributes": {key: "set"},
	"http": {key: "webhook"}, "request": {key: "webhook"}, "httprequest": {key: "webhook"}, "call": {key: "webhook"}, "callwebhook": {key: "webhook"}, "api": {key: "webhook"},
	"track": {key: "emit"}, "fire": {key: "emit"}, "sendevent": {key: "emit"}, "addpoints": {key: "points"}, "积分": {key: "points"}, "givecoupon": {key: "coupon"},
	"issuecoupon": {key: "coupon"}, "sendcoupon": {key: "coupon"}, "发券": {key: "coupon"}, "优惠券": {key: "coupon"},
}

// foreignAction reports an action that another tool has; the edit is beyond doubt where its value is right here as well.
func (p *playbookReader) foreignAction(n, k *node) bool {
	name := strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "", ".", "").Replace(k.value))
	f, ok := foreignActions[name]
	if !ok || f.label == "" && p.reg.Action(f.key) == nil && f.key != "wait" && f.key != "choose" && f.key != "split" && f.key != "exit" {
		return false
	}
	r := p.error("unknown-action", k.pos(), fmt.Sprintf("there is no action `%s`", k.value))
	v := n.get(k.value)
	switch {
	case f.label != "":
		r.label(f.label)
	case f.remove:
		wrote := ""
		if v.kind == scalarNode && !v.empty() && v.style == plainStyle || v.kind == sequenceNode && v.flow {
			end := v.end()
			if v.kind == sequenceNode {
				end = v.start + closingBracket(n.f.text[v.start:min(len(n.f.text), v.start+maxSlip)]) + 1
			}
			if end > v.start {
				wrote = n.f.text[v.start:end]
				r.edit(k.pos(), f.key).edit(n.f.pos(v.start, end), "{remove: "+wrote+"}")
			}
		}
		if wrote == "" {
			wrote = "…"
		}
		r.label("write `" + f.key + ": {remove: " + wrote + "}`")
	default:
		r.label("write `"+f.key+"`").edit(k.pos(), f.key)
		sure := f.key == "tag" && (v.kind == sequenceNode || v.kind == scalarNode && v.tag == "str") && name != "tags" && name != "label" ||
			f.key == "wait" && v.kind == scalarNode && validDuration(v.value) && name != "pause" && name != "timer"
		r.doubt(sure)
	}
	return true
}

// flatProperties reports properties of an event that stand beside its name, in a test, instead of under `properties`.
func (r *testReader) flatProperties(n *node, known []string) bool {
	v := n.get("event")
	if n.kind != mappingNode || n.broken || v == nil || n.get("properties") != nil {
		return false
	}
	e := r.schema.Event(v.value)
	if e == nil || e.Properties == nil {
		return false
	}
	var flat []string
	first := (*node)(nil)
	for _, x := range n.entries {
		if _, ok := e.Properties.Field(x.key.value); !ok || slices.Contains(known, x.key.value) {
			continue
		}
		if first == nil {
			first = x.key
		}
		end := x.value.end()
		if x.value.kind != scalarNode {
			flat = append(flat, x.key.value+": …")
			continue
		}
		flat = append(flat, n.f.text[x.key.start:end])
	}
	if first == nil {
		return false
	}
	r.error("unknown-key", first.pos(), fmt.Sprintf("the properties of `%s` stand under `properties`", v.value)).
		label("write `properties: {" + strings.Join(flat, ", ") + "}`")
	return true
}
