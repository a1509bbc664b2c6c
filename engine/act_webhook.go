package engine

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
)

// KeyWebhook is the key of the action that calls an address and holds its run until there is an
// answer.
const KeyWebhook = "webhook"

// webhookHost begins the names of the channels of webhooks, one a host, so that a slow host holds up
// nobody else. No declared channel has such a name.
const webhookHost = "@"

// IsWebhook reports whether a channel is the webhooks of a host.
func IsWebhook(channel string) bool { return strings.HasPrefix(channel, webhookHost) }

// Call puts a webhook into the outbox. The run holds until its answer comes back as an input. The
// body is the field `body`.
func (a *Act) Call(w Webhook) error {
	u, err := url.Parse(w.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%.200q is not an address that can be called: it begins with https:// or http:// and a host", w.URL)
	}
	if field := a.step.Args["body"]; field != nil {
		body, err := a.d.json(a.book, field)
		if err != nil {
			return fmt.Errorf("body: %w", err)
		}
		var data bytes.Buffer
		enc := json.NewEncoder(&data)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(body); err != nil {
			return fmt.Errorf("body: %w", err)
		}
		w.Body = bytes.TrimSpace(data.Bytes())
		a.Detail("body", body)
		_, isText := body.(string)
		w.Raw = isText
	}
	if a.run.Shadow() {
		a.shadowCall(&w)
		return nil
	}
	d := a.d
	a.effect = d.e.id(d.now, "delivery", a.run.Playbook, a.run.ID, a.step.Path)
	d.c.Deliveries = append(d.c.Deliveries, Delivery{
		Key: a.effect, Member: d.id,
		Playbook: a.run.Playbook, Run: a.run.ID,
		Step: a.step.Name(), Channel: webhookHost + strings.ToLower(u.Host), At: d.now, NotBefore: d.now, ReleasedAt: d.now,
		Message: Message{Webhook: &w},
	})
	a.Detail("url", w.URL)
	a.Detail("method", w.Method)
	a.holds = true
	return nil
}
