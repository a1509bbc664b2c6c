package engine

import (
	"maps"
	"slices"

	"github.com/usher-run/usher/engine/effects"
	"github.com/usher-run/usher/playbooks"
)

// A run that began while its playbook was in shadow is decided and traced like any other. Nothing of it leaves, and
// nothing of it is done: its actions leave what they leave in a test where all goes well.
const (
	shadowCode   = "shadow" // of coupons, and of tickets
	shadowStatus = 200      // that webhooks answer with
)

// remembered returns what a run keeps from its entry on beside its trigger.
func (en *entry) remembered() map[string]map[string]any {
	if en.b.Today != playbooks.Shadow {
		return en.vars
	}
	out := maps.Clone(en.vars)
	if out == nil {
		out = map[string]map[string]any{}
	}
	out[effects.ShadowKey] = map[string]any{"on": true}
	return out
}

// shadowTag says on the trace which tags would come and go.
func (a *Act) shadowTag(add, remove []string) {
	has := a.d.st.Member.Tags
	add = slices.DeleteFunc(slices.Clone(add), func(t string) bool { return slices.Contains(has, t) })
	remove = slices.DeleteFunc(slices.Clone(remove), func(t string) bool { return !slices.Contains(has, t) })
	if len(add) > 0 {
		a.Detail("added", add)
	}
	if len(remove) > 0 {
		a.Detail("removed", remove)
	}
}

// shadowSend leaves what a message leaves that was sent.
func (a *Act) shadowSend(m *Message) {
	a.Result("status", string(DeliverySent))
	a.Detail("text", m.Text)
	if m.To != "" {
		a.Detail("to", m.To)
	}
}

// shadowCall leaves what a webhook leaves that was answered.
func (a *Act) shadowCall(w *Webhook) {
	a.Detail("url", w.URL)
	a.Detail("method", w.Method)
	a.Result("status", shadowStatus)
	if _, ok := a.step.Result.Field("body"); ok {
		a.Reason("the answer has no body")
	}
}

// shadowCoupon leaves what a coupon leaves that was issued, and takes none of the pool.
func (a *Act) shadowCoupon(pool *playbooks.Pool) {
	a.Result("code", shadowCode)
	a.Detail("code", shadowCode)
	if end := pool.Ends(a.d.now.In(a.d.zone)); !end.IsZero() {
		a.Result("expires_at", end.UTC().In(a.d.zone))
		a.Detail("expires_at", end.UTC())
	}
}
