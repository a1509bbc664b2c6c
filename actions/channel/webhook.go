package channel

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks/schema"
)

func declareWebhook() declared {
	return declared{
		spec: schema.ChannelSpec{
			Type: "webhook", Mute: true,
			Doc: "Carries no messages: it adds a secret header to the webhooks whose url lies below its own. " +
				"An address of your own network is called only below such a url.",
			Fields: []schema.FieldSpec{
				{Name: "url", Kind: schema.FieldSecret, Required: true, Doc: "https:// or http://, a host and perhaps a path"},
				{Name: "header", Kind: schema.FieldString, Doc: "the header that holds the secret: `Authorization` when left out"},
				{Name: "value", Kind: schema.FieldSecret, Doc: "what the header holds, as \"Bearer ${CRM_TOKEN}\""},
			},
			Example: "crm: {type: webhook, url: \"https://crm.example.com/\", value: \"Bearer ${CRM_TOKEN}\"}",
		},
		make: func(_ string, config map[string]string, _ Deps) (Sender, error) {
			h, err := newHost(config)
			return h, err
		},
	}
}

// Host is a declared place of webhooks: all addresses below its url.
type Host struct {
	base          *url.URL
	header, value string
}

func newHost(config map[string]string) (*Host, error) {
	u, err := url.Parse(config["url"])
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return nil, errors.New("the url must begin with https:// or http:// and a host, without a password")
	}
	h := &Host{base: u, header: config["header"], value: config["value"]}
	if h.header == "" {
		h.header = "Authorization"
	}
	return h, nil
}

// Covers reports whether an address lies below the host's url, however its path is read: some
// servers take a backslash for a slash, read what is escaped twice, or pass over what follows a
// semicolon.
func (h *Host) Covers(u *url.URL) bool {
	base := strings.TrimSuffix(h.base.Path, "/")
	path := u.Path
	return u.Scheme == h.base.Scheme && strings.EqualFold(u.Host, h.base.Host) && !climbs(path) &&
		(path == base || strings.HasPrefix(path, base+"/"))
}

// climbs reports whether a server may read a path as one that leaves a folder.
func climbs(path string) bool {
	for range 3 { // escaped again and again
		for _, part := range strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '\\' }) {
			if part, _, _ = strings.Cut(part, ";"); part == "." || part == ".." {
				return true
			}
		}
		again, err := url.PathUnescape(path)
		if err != nil {
			return strings.Contains(strings.ToLower(path), "%2e")
		}
		if again == path {
			return false
		}
		path = again
	}
	return true
}

// Sign adds the host's header.
func (h *Host) Sign(r *http.Request) {
	if h.value != "" {
		r.Header.Set(h.header, h.value)
	}
}

// Send refuses: the checker lets no message come here.
func (h *Host) Send(context.Context, engine.Delivery, int) (string, error) {
	return "", &PermanentError{Err: fmt.Errorf("the channel for %s carries no messages", h.base.Host)}
}
