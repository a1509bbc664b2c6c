package actions

import (
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks/schema"
)

// How long an attempt of a webhook may take.
const (
	webhookTimeout = 10 * time.Second
	longestTimeout = 60 * time.Second
)

func webhook() action {
	return action{
		ActionSpec: schema.ActionSpec{
			Key: engine.KeyWebhook,
			Doc: "Calls an address. The run goes on when there is an answer, or when every attempt has failed: then `status` is 0. " +
				"Attempts are repeated under one `Idempotency-Key`; a secret comes from a [channel of the type webhook](channels.md#webhook).",
			Shorthand: "url",
			Fields: []schema.FieldSpec{
				{Name: "url", Kind: schema.FieldURL, Required: true, Doc: "the address"},
				{
					Name: "method", Kind: schema.FieldEnum, Enum: []string{"POST", "GET", "PUT", "PATCH", "DELETE"}, Default: "POST",
					Doc: "the method of HTTP",
				},
				{Name: "headers", Kind: schema.FieldHeaders, Doc: "further headers"},
				{Name: "body", Kind: schema.FieldJSON, Doc: "what is sent, as JSON; each value in it may be an expression"},
				{
					Name: "timeout", Kind: schema.FieldDuration, Longest: schema.Duration{Elapsed: longestTimeout},
					Doc: "how long an attempt may take: 10s when it is left out, at most 60s",
				},
				{Name: "returns", Kind: schema.FieldReturns, Doc: "what of the answer the playbook reads: `{name: type}`"},
			},
			Results: []schema.ResultSpec{
				{Name: "status", Type: schema.Int, Doc: "the answer's status; 0 when there was none"},
				{Name: "reason", Type: schema.String.AsOptional(), Doc: "why there was no answer, or why it has no body"},
				{
					Name: "body", Type: schema.ObjectOf().AsOptional(),
					Doc: "the answer, typed by `returns`; missing when it does not fit",
				},
			},
			Example: "id: crm\nwebhook:\n  url: https://crm.example.com/members\n  body: {id: = member.id, level: = member.level}\n  returns: {score: int}",
		},
		effect: func(a *engine.Act) error {
			w := engine.Webhook{Method: a.String("method"), URL: a.String("url"), Timeout: webhookTimeout}
			if t, ok := a.Args["timeout"].(schema.Duration); ok {
				w.Timeout = t.Longest()
			}
			headers, _ := a.Args["headers"].(map[string]any)
			for name, v := range headers {
				if w.Headers == nil {
					w.Headers = map[string]string{}
				}
				w.Headers[name], _ = v.(string)
			}
			return a.Call(w)
		},
	}
}
