package channel

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks/schema"
)

func declareHTTP() declared {
	return declared{
		spec: schema.ChannelSpec{
			Type: "http",
			Doc: "Hands each message to a service of your own, which sends it: a POST of JSON, signed as Standard Webhooks says. An answer of 2xx has taken it; " +
				"one of 408, 425, 429 or 5xx, and none at all, is tried again under the same `webhook-id`; any other is for ever.",
			Fields: []schema.FieldSpec{
				{Name: "url", Kind: schema.FieldSecret, Required: true, Doc: "https:// or http://, a host and perhaps a path"},
				{
					Name: "secret", Kind: schema.FieldSecret,
					Doc: "whsec_ and the key in base64, 24 to 64 bytes; when left out, nothing is signed",
				},
			},
			Attach:  allAttachments(),
			AnyData: true,
			Example: "app: {type: http, url: \"https://push.example.com/messages\", secret: \"${PUSH_SECRET}\"}",
		},
		make: func(_ string, config map[string]string, deps Deps) (Sender, error) { return newService(config, deps) },
	}
}

// service is a service of the team's own.
type service struct {
	url    string
	key    []byte // nil: nothing is signed
	now    func() time.Time
	client *http.Client
}

func newService(config map[string]string, deps Deps) (*service, error) {
	u, err := url.Parse(config["url"])
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return nil, errors.New("url must begin with https:// or http:// and a host, without a password")
	}
	s := &service{url: u.String(), now: deps.Now, client: &http.Client{
		Transport:     &http.Transport{ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if secret := config["secret"]; secret != "" {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
		if err != nil || len(key) < 24 || len(key) > 64 {
			return nil, errors.New("secret must be whsec_ and a key of 24 to 64 bytes in base64, as of `openssl rand -base64 32`")
		}
		s.key = key
	}
	return s, nil
}

// handedOver is a message as a service gets it.
type handedOver struct {
	Key      string              `json:"key"`
	Member   string              `json:"member,omitempty"`
	Object   map[string]string   `json:"object,omitempty"` // in place of a member: its kind and its id
	Playbook string              `json:"playbook"`
	Run      string              `json:"run"`
	Step     string              `json:"step"`
	Channel  string              `json:"channel"`
	Class    string              `json:"class"`
	To       string              `json:"to,omitempty"`
	Subject  string              `json:"subject,omitempty"`
	Text     string              `json:"text"`
	HTML     bool                `json:"html,omitempty"`
	Attach   []engine.Attachment `json:"attach,omitempty"`
	Data     map[string]any      `json:"data,omitempty"`
}

// Send hands a message over. What the service calls it is the field `id` of its answer.
func (s *service) Send(ctx context.Context, d engine.Delivery, _ int) (string, error) {
	m := &d.Message
	member, object := d.Subject()
	got, err := post(ctx, s.client, s.url, handedOver{
		Key: d.Key, Member: member, Object: object, Playbook: d.Playbook, Run: d.Run, Step: d.Step, Channel: d.Channel, Class: m.Class,
		To: m.To, Subject: m.Subject, Text: m.Text, HTML: m.HTML, Attach: m.Attach, Data: m.Data,
	}, func(r *http.Request, body []byte) { s.sign(r, d.Key, body) })
	if err != nil {
		return "", err
	}
	if got.status >= 200 && got.status < 300 {
		var answer struct {
			ID any `json:"id"`
		}
		if json.Unmarshal(got.body, &answer) == nil && answer.ID != nil {
			return fmt.Sprintf("%.200v", answer.ID), nil
		}
		return "", nil
	}
	err = statusError(got.status)
	var permanent *PermanentError
	if seconds, bad := strconv.Atoi(got.after); bad == nil && seconds >= 0 && !errors.As(err, &permanent) {
		return "", &RetryAfterError{After: min(time.Duration(seconds)*time.Second, time.Hour), Err: err}
	}
	return "", err
}

// sign adds what Standard Webhooks wants: the message's key, the same in every attempt, the instant,
// and the signature of both and the body.
func (s *service) sign(r *http.Request, id string, body []byte) {
	at := strconv.FormatInt(s.now().Unix(), 10)
	r.Header.Set("Webhook-Id", id)
	r.Header.Set("Webhook-Timestamp", at)
	r.Header.Set("Idempotency-Key", id)
	if s.key == nil {
		return
	}
	r.Header.Set("Webhook-Signature", "v1,"+macOf(string(s.key), id+"."+at+"."+string(body)))
}
