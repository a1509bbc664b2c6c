package actions

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/actions/channel"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks"
)

func TestGuard(t *testing.T) {
	for what, addresses := range map[string][]string{
		"this machine":  {"127.0.0.1", "127.9.9.9", "::1", "0.0.0.0", "0.1.2.3", "::", "::ffff:127.0.0.1", "::127.0.0.1"},
		"private":       {"10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fd00::1", "fc00::1", "::ffff:10.0.0.1"},
		"of a link":     {"169.254.1.1", "fe80::1", "fec0::1"},
		"metadata":      {"169.254.169.254", "fd00:ec2::254", "::ffff:169.254.169.254", "192.0.0.192", "100.100.100.200"},
		"shared":        {"100.64.0.1", "100.127.255.255"},
		"NAT64":         {"64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b:1::a00:1"},
		"6to4":          {"2002:7f00:1::", "2002:a9fe:a9fe::"},
		"Teredo":        {"2001:0:7f00:1::"},
		"benchmarks":    {"198.18.0.1", "198.19.255.255", "2001:2::1"},
		"documentation": {"192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"},
		"multicast":     {"224.0.0.1", "239.255.255.255", "ff02::1"},
		"reserved":      {"240.0.0.1", "255.255.255.255", "192.0.0.1"},
	} {
		for _, a := range addresses {
			host := a + ":80"
			if strings.Contains(a, ":") {
				host = "[" + a + "]:80"
			}
			if refusePrivate("tcp", host, nil) == nil {
				t.Errorf("%s (%s) is called", a, what)
			}
		}
	}
	for _, a := range []string{
		"8.8.8.8:443", "[2606:4700::1111]:8443", "[::ffff:8.8.8.8]:80", "172.32.0.1:80",
		"100.128.0.1:80",
	} {
		if err := refusePrivate("tcp", a, nil); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
}

// TestNoProxy: a proxy of the environment would connect where nothing looks at the address.
func TestNoProxy(t *testing.T) {
	w := NewWebhooks(nil, time.Now)
	for _, c := range []*http.Client{w.public, w.trusted} {
		if c.Transport.(*http.Transport).Proxy != nil {
			t.Error("a proxy is asked")
		}
	}
}

// crm is a receiver, declared as a channel with a secret for what lies below /api/.
func crm(t *testing.T, answer http.HandlerFunc) (*Webhooks, *channel.Host, string) {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	h, err := channel.New(
		playbooks.Channel{
			Name: "crm", Type: "webhook",
			Config: map[string]any{"url": s.URL + "/api/", "value": "Bearer SECRET"},
		},
		func(string) (string, bool) { return "", false }, channel.Deps{},
	)
	if err != nil {
		t.Fatal(err)
	}
	w := NewWebhooks(map[string]channel.Sender{"crm": h}, time.Now)
	t.Cleanup(w.Close)
	return w, h.(*channel.Host), s.URL
}

// TestRedirectKeepsTheSecret: a redirect out of what the secret is for is not followed; one within
// is.
func TestRedirectKeepsTheSecret(t *testing.T) {
	for to, follow := range map[string]bool{
		"/api/v2/x": true, "/other/admin": false, "/api/../admin": false, "/apis": false, "/api/..%2fadmin": false,
		"/": false,
	} {
		var got []string
		w, _, base := crm(t, func(w http.ResponseWriter, r *http.Request) {
			got = append(got, r.URL.Path+" "+r.Header.Get("Authorization"))
			if r.URL.Path == "/api/x" {
				w.Header().Set("Location", to)
				w.WriteHeader(http.StatusTemporaryRedirect)
			}
		})
		call := &engine.Webhook{Method: "POST", URL: base + "/api/x", Timeout: 5 * time.Second}
		_, err := w.Call(t.Context(), engine.Delivery{Key: "k", Message: engine.Message{Webhook: call}}, 1)
		if follow != (err == nil) || follow != (len(got) == 2) {
			t.Errorf("to %s: %v, received %v", to, err, got)
		}
	}
}

func TestCovers(t *testing.T) {
	_, h, base := crm(t, func(http.ResponseWriter, *http.Request) {})
	for path, want := range map[string]bool{
		"/api": true, "/api/": true, "/api/x": true, "/api/a..b": true, "/api/50%25": true, "/apis": false, "/": false,
		"/api/../admin": false, "/api/..%2fadmin": false, "/api/%2e%2e/admin": false, "/api/..;/admin": false,
		"/api//..//admin": false,
		"/api/..%5cadmin": false, "/api/.%2e/admin": false, "/api/%252e%252e/admin": false, "/api/..": false,
		"/api/./x": false,
	} {
		u, err := url.Parse(base + path)
		if err != nil {
			t.Fatal(err)
		}
		if h.Covers(u) != want {
			t.Errorf("%s: covered is %v", path, !want)
		}
	}
}
