package playbook

import (
	"fmt"
	"strings"

	"github.com/usher-run/usher/playbooks/syntax"
)

// foreignAction is an action by the name that it has in another tool.
type foreignAction struct {
	key    string // the action here
	remove bool   // what is named is taken away: it stands under `remove`
	label  string // what to write, when the key alone is not enough
}

// foreignActions are looked up in small letters without what joins their parts.
var foreignActions = map[string]foreignAction{
	"delay": {key: "wait"}, "sleep": {key: "wait"}, "pause": {key: "wait"}, "waitfor": {key: "wait"},
	"等待": {key: "wait"}, "延迟": {key: "wait"},
	"waituntil": {key: "wait", label: "write `wait: {until: …}`"}, "timer": {key: "wait"},
	"addtag": {key: "tag"}, "addtags": {key: "tag"}, "tagadd": {key: "tag"}, "settag": {key: "tag"},
	"tags": {key: "tag"}, "打标签": {key: "tag"}, "标签": {key: "tag"}, "label": {key: "tag"},
	"untag": {key: "tag", remove: true}, "removetag": {key: "tag", remove: true},
	"removetags": {key: "tag", remove: true}, "deletetag": {key: "tag", remove: true},
	"deltag": {key: "tag", remove: true}, "tagremove": {key: "tag", remove: true}, "去标签": {key: "tag", remove: true},
	"删除标签": {key: "tag", remove: true}, "移除标签": {key: "tag", remove: true},
	"send": {key: "message"}, "sendmessage": {key: "message"}, "notify": {key: "message"},
	"notification": {key: "message"}, "push": {key: "message"},
	"email": {key: "message"}, "sendemail": {key: "message"}, "mail": {key: "message"}, "sms": {key: "message"},
	"sendsms": {key: "message"}, "发消息": {key: "message"}, "消息": {key: "message"},
	"elseif": {label: "write `choose`, a list of {if, then} whose last may be {else: […]}"},
	"elif":   {label: "write `choose`, a list of {if, then} whose last may be {else: […]}"},
	"elsif":  {label: "write `choose`, a list of {if, then} whose last may be {else: […]}"}, "switch": {key: "choose"},
	"case": {label: "write `choose`, a list of {if, then} whose last may be {else: […]}"},
	"when": {label: "write `if: …`"}, "unless": {label: "write `if: not (…)`"},
	"while":   {label: "there are no loops: an event or a schedule starts a playbook again"},
	"foreach": {label: "there are no loops: an event or a schedule starts a playbook again"},
	"loop":    {label: "there are no loops: an event or a schedule starts a playbook again"},
	"repeat":  {label: "there are no loops: an event or a schedule starts a playbook again"},
	"abtest":  {key: "split"}, "experiment": {key: "split"}, "random": {key: "split"}, "分流": {key: "split"},
	"branch": {key: "choose"}, "条件": {label: "write `if: …`"}, "如果": {label: "write `if: …`"},
	"condition": {label: "write `if: …`"},
	"stop":      {key: "exit"}, "end": {key: "exit"}, "abort": {key: "exit"}, "finish": {key: "exit"},
	"return": {key: "exit"}, "结束": {key: "exit"}, "退出": {key: "exit"},
	"update": {key: "set"}, "assign": {key: "set"}, "setattribute": {key: "set"}, "setattributes": {key: "set"},
	"updatemember": {key: "set"}, "attributes": {key: "set"},
	"http": {key: "webhook"}, "request": {key: "webhook"}, "httprequest": {key: "webhook"}, "call": {key: "webhook"},
	"callwebhook": {key: "webhook"}, "api": {key: "webhook"},
	"track": {key: "emit"}, "fire": {key: "emit"}, "sendevent": {key: "emit"}, "addpoints": {key: "points"},
	"积分": {key: "points"}, "givecoupon": {key: "coupon"},
	"issuecoupon": {key: "coupon"}, "sendcoupon": {key: "coupon"}, "发券": {key: "coupon"}, "优惠券": {key: "coupon"},
}

// foreignAction reports an action that another tool has; the edit is beyond doubt where its value
// is right here as well.
func (p *reader) foreignAction(n, k *syntax.Node) bool {
	name := strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "", ".", "").Replace(k.Value))
	f, ok := foreignActions[name]
	if !ok || f.label == "" && p.Registry.Action(f.key) == nil && f.key != "wait" && f.key != "choose" && f.key != "split" &&
		f.key != "exit" {
		return false
	}
	r := p.Error("unknown-action", k.Pos(), fmt.Sprintf("there is no action `%s`", k.Value))
	v := n.Get(k.Value)
	switch {
	case f.label != "":
		r.Label(f.label)
	case f.remove:
		wrote := ""
		if v.Kind == syntax.ScalarNode && !v.Empty() && v.Style == syntax.PlainStyle || v.Kind == syntax.SequenceNode &&
			v.Flow {
			end := v.End()
			if v.Kind == syntax.SequenceNode {
				end = v.Start + syntax.ClosingBracket(n.F.Text[v.Start:min(len(n.F.Text), v.Start+syntax.MaxQuotingSearch)]) + 1
			}
			if end > v.Start {
				wrote = n.F.Text[v.Start:end]
				r.Edit(k.Pos(), f.key).Edit(n.F.Pos(v.Start, end), "{remove: "+wrote+"}")
			}
		}
		if wrote == "" {
			wrote = "…"
		}
		r.Label("write `" + f.key + ": {remove: " + wrote + "}`")
	default:
		r.Label("write `"+f.key+"`").Edit(k.Pos(), f.key)
		sure := f.key == "tag" && (v.Kind == syntax.SequenceNode || v.Kind == syntax.ScalarNode && v.Tag == "str") &&
			name != "tags" && name != "label" ||
			f.key == "wait" && v.Kind == syntax.ScalarNode && validDuration(v.Value) && name != "pause" && name != "timer"
		r.UnsureUnless(sure)
	}
	return true
}
