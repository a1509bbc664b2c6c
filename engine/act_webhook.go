package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/decimal"
	"github.com/usher-run/usher/playbooks/schema"
)

// KeyWebhook is the key of the action that calls an address and holds its run until there is an answer.
const KeyWebhook = "webhook"

// webhookLane begins the names of the lanes of webhooks, one a host, so that a slow host holds up nobody else. No declared channel
// has such a name.
const webhookLane = "@"

// Webhook is a call of an address: what a [Delivery] carries instead of a message.
type Webhook struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`
	Raw     bool              `json:"raw,omitempty"` // Body is a JSON string that is sent as the text in it
	Timeout time.Duration     `json:"timeout"`       // of one attempt
}

// IsWebhook tells whether a lane holds webhooks.
func IsWebhook(lane string) bool { return strings.HasPrefix(lane, webhookLane) }

// Call puts a webhook into the outbox. The run holds until its answer comes back as an input. The body is the field `body`.
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
	d := a.d
	d.c.Deliveries = append(d.c.Deliveries, Delivery{
		Key: d.e.id(d.now, "delivery", a.run.Playbook, a.run.ID, a.step.Path), Member: d.id, Playbook: a.run.Playbook, Run: a.run.ID,
		Step: a.step.Name(), Channel: webhookLane + strings.ToLower(u.Host), At: d.now, NotBefore: d.now, Message: Message{Webhook: &w},
	})
	a.Detail("url", w.URL)
	a.Detail("method", w.Method)
	a.holds = true
	return nil
}

// Holds gives the run that does not go on before this input, the answer of its webhook, is decided; nil when there is none.
func (e *Engine) Holds(st *State, in *Input) *Run {
	p, err := in.Decode()
	if err != nil || in.Kind != InputResult {
		return nil
	}
	step, _ := p.Properties["step"].(string)
	for _, r := range st.Runs {
		if r.ID != in.Name || r.State != RunWaiting {
			continue
		}
		if _, s := e.held(r, step); s != nil {
			return r
		}
	}
	return nil
}

// held gives the webhook that the run holds at, when the result is its answer.
func (e *Engine) held(r *Run, step string) (*book, *playbooks.Step) {
	b := e.books[r.Revision]
	if b == nil || r.PC >= len(b.Steps) || !r.DueAt.IsZero() {
		return nil, nil
	}
	s := &b.Steps[r.PC]
	if s.Key != KeyWebhook || s.Name() != step {
		return nil, nil
	}
	return b, s
}

// answered lets a run go on with the answer of its webhook. One that does not fit what the playbook says it returns is missing.
func (d *decider) answered(r *Run, b *book, s *playbooks.Step, at time.Time, answer map[string]any) error {
	d.begin(at)
	d.scope(r, b)
	status, _ := schema.Int.Coerce(answer["status"])
	result := map[string]any{"status": status}
	reason, _ := answer["reason"].(string)
	if want, ok := s.Result.Field("body"); ok && reason == "" {
		body, err := want.Required().Coerce(answer["body"])
		switch {
		case answer["body"] == nil:
			reason = "the answer has no body"
		case err != nil:
			reason = "the answer is not what `returns` says: " + unreadable(err)
		default:
			result["body"] = declared(want, body)
		}
	}
	entry := TraceEntry{What: "result", Step: s.Name(), Reason: reason, Detail: map[string]any{"status": status}}
	if body, ok := result["body"]; ok {
		want, _ := s.Result.Field("body")
		entry.Detail["body"] = schema.ToJSON(want, body)
	}
	if reason != "" {
		result["reason"] = reason
	}
	d.remember(r, b, s.ID, result)
	d.trace(r, d.now, entry)
	if d.e.status(r.Playbook) == playbooks.Draft { // nothing moves: it goes on like a wait that is due
		r.DueAt = at.Add(parked)
		return nil
	}
	r.PC++
	return d.advance(r, b)
}

// unreadable words why an answer does not fit. A number of too many digits comes as its text: that is the reason then.
func unreadable(err error) string {
	var te *schema.TypeError
	var number *decimal.ParseError
	if errors.As(err, &te) {
		if text, ok := te.Got.(string); ok && (te.Want.Kind == schema.KindInt || te.Want.Kind == schema.KindNumber) {
			if _, perr := decimal.Parse(text); errors.As(perr, &number) && number.Lossy() {
				return fmt.Sprintf("%s: %s, and declare it as string", te.Path, number)
			}
		}
	}
	return err.Error()
}

// declared keeps of an object the fields that its type has.
func declared(t *schema.Type, v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := make(map[string]any, len(t.Fields))
	for _, f := range t.Fields {
		if x, ok := m[f.Name]; ok {
			out[f.Name] = x
		}
	}
	return out
}
