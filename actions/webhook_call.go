package actions

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"

	"github.com/usher-run/usher/actions/channel"
	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks/decimal"
)

const (
	maxAnswer    = 64 << 10 // bytes of an answer that are read
	maxRedirects = 3
	longestRetry = time.Hour // that a receiver may ask for
)

// Webhooks calls addresses. It is safe for concurrent use.
type Webhooks struct {
	hosts           []*channel.Host
	public, trusted *http.Client
	now             func() time.Time
}

// NewWebhooks makes what carries out webhooks. The senders are those of the workspace's channels:
// the webhook channels among them add their secrets, and may lie in a private network.
func NewWebhooks(senders map[string]channel.Sender, now func() time.Time) *Webhooks {
	w := &Webhooks{public: client(refusePrivate), trusted: client(nil), now: now}
	for _, s := range senders {
		if h, ok := s.(*channel.Host); ok {
			w.hosts = append(w.hosts, h)
		}
	}
	return w
}

// client makes what calls. It asks no proxy, whatever the environment says: a proxy would connect
// where the guard does not see it.
func client(control func(network, address string, c syscall.RawConn) error) *http.Client {
	dialer := &net.Dialer{Timeout: longestTimeout, Control: control}
	return &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second,
			TLSHandshakeTimeout: longestTimeout, MaxResponseHeaderBytes: maxAnswer,
		},
	}
}

// redirects follows a redirect within the host alone, and where secrets were added within each path
// that they are for.
func redirects(signed []*channel.Host) func(*http.Request, []*http.Request) error {
	return func(r *http.Request, via []*http.Request) error {
		first := via[0]
		switch {
		case len(via) > maxRedirects:
			return &channel.PermanentError{Err: fmt.Errorf("more than %d redirects", maxRedirects)}
		case r.URL.Host != first.URL.Host || r.URL.Scheme != first.URL.Scheme:
			return &channel.PermanentError{Err: fmt.Errorf("a redirect to another place, %s://%s, is not followed",
				r.URL.Scheme, r.URL.Host)}
		case r.Method != first.Method:
			return &channel.PermanentError{Err: fmt.Errorf("a redirect that would turn %s into %s is not followed",
				first.Method, r.Method)}
		}
		for _, h := range signed {
			if !h.Covers(r.URL) {
				return &channel.PermanentError{Err: fmt.Errorf("a redirect out of the channel's url, to %s, is not followed",
					r.URL.Path)}
			}
		}
		return nil
	}
}

// errPrivate refuses an address of the network that the server stands in.
var errPrivate = errors.New("the address is not a public one: declare a channel of the type webhook for it in usher.yaml")

// guard knows the addresses that are nobody's public ones, as IANA lists them: private and shared
// ones, those of one machine or link, those that lead to IPv4 by way of IPv6, those of metadata
// services, documentation, benchmarks and multicast.
var guard = ssrf.New(ssrf.WithAnyPort())

// refusePrivate lets nobody connect to the server's own network. It sees the address that a name
// has led to.
func refusePrivate(_, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	if guard.SafeAddr(a.Addr().Unmap()) != nil {
		return &channel.PermanentError{Err: errPrivate}
	}
	return nil
}

// Call makes one attempt; attempts count from 1. It gives the answer as the fields of a result: its
// status, the body as JSON decodes it, and why there is none. Errors are those of a
// [channel.Sender]: a [*channel.PermanentError] will never go better, a [*channel.RetryAfterError]
// says when to try again, every other is passing.
func (w *Webhooks) Call(ctx context.Context, d engine.Delivery, _ int) (map[string]any, error) {
	call := d.Message.Webhook
	ctx, cancel := context.WithTimeout(ctx, call.Timeout)
	defer cancel()
	r, err := request(ctx, d.Key, call)
	if err != nil {
		return nil, &channel.PermanentError{Err: err}
	}
	client, signed := *w.public, []*channel.Host(nil)
	for _, h := range w.hosts {
		if h.Covers(r.URL) {
			client, signed = *w.trusted, append(signed, h)
			h.Sign(r)
		}
	}
	client.CheckRedirect = redirects(signed)
	res, err := client.Do(r)
	if err != nil {
		return nil, failed(err)
	}
	defer func() { _ = res.Body.Close() }() // it was read
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", failed(err))
	}
	switch s := res.StatusCode; {
	case s == http.StatusRequestTimeout, s == http.StatusTooManyRequests, s >= 500:
		err := fmt.Errorf("the answer is %s", res.Status)
		if after, ok := w.retryAfter(res.Header.Get("Retry-After")); ok {
			return nil, &channel.RetryAfterError{After: after, Err: err}
		}
		return nil, err
	case s >= 200 && s < 300, s >= 400:
		return answer(s, data), nil
	}
	return nil, &channel.PermanentError{Err: fmt.Errorf("the answer is %s", res.Status)}
}

// failed leaves out of a client's error the address, which may hold what is nobody's business.
func failed(err error) error {
	var permanent *channel.PermanentError
	if errors.As(err, &permanent) {
		return permanent
	}
	var u *url.Error
	if errors.As(err, &u) {
		if u.Timeout() {
			return errors.New("no answer in time")
		}
		return u.Err
	}
	return err
}

func request(ctx context.Context, key string, call *engine.Webhook) (*http.Request, error) {
	body, kind := []byte(call.Body), "application/json"
	r, err := http.NewRequestWithContext(ctx, call.Method, call.URL, nil)
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	for name, v := range call.Headers {
		r.Header.Set(name, v)
	}
	if given := r.Header.Get("Content-Type"); given != "" {
		kind = given
	}
	if call.Raw && !strings.Contains(kind, "json") { // a form, or a text
		var text string
		if err := json.Unmarshal(body, &text); err != nil {
			return nil, fmt.Errorf("read the body: %w", err)
		}
		body = []byte(text)
	}
	if len(body) > 0 {
		r.Header.Set("Content-Type", kind)
		r.ContentLength = int64(len(body))
		r.Body = io.NopCloser(bytes.NewReader(body))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	if r.Header.Get("Accept") == "" {
		r.Header.Set("Accept", "application/json")
	}
	r.Header.Set("User-Agent", "usher")
	r.Header.Set("Idempotency-Key", key)
	return r, nil
}

func answer(status int, data []byte) map[string]any {
	out := map[string]any{"status": status}
	switch {
	case len(data) > maxAnswer:
		out["reason"] = fmt.Sprintf("the answer is longer than %d bytes", maxAnswer)
	case len(bytes.TrimSpace(data)) == 0:
	case !json.Valid(data):
		out["reason"] = "the answer is not JSON"
	default:
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		var body any
		err := d.Decode(&body)
		if err == nil {
			body, err = numbers(body)
		}
		if err != nil {
			out["reason"] = "the answer cannot be read: " + err.Error()
			break
		}
		out["body"] = body
	}
	return out
}

// numbers reads the numbers of an answer. One that would change, mostly an id, stays the text that
// it is: whoever declares it as a string gets it whole, and for a number it is refused.
func numbers(v any) (any, error) {
	var err error
	switch x := v.(type) {
	case json.Number:
		f, err := decimal.Parse(string(x))
		var number *decimal.ParseError
		if errors.As(err, &number) && number.Lossy() {
			return string(x), nil
		}
		return f, err
	case []any:
		for i := range x {
			if x[i], err = numbers(x[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k := range x {
			if x[k], err = numbers(x[k]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// retryAfter reads seconds or a date.
func (w *Webhooks) retryAfter(text string) (time.Duration, bool) {
	if text == "" {
		return 0, false
	}
	if n, err := strconv.Atoi(text); err == nil && n >= 0 {
		return min(time.Duration(n)*time.Second, longestRetry), true
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(w.now()), 0), longestRetry), true
	}
	return 0, false
}

// Close lets go of idle connections.
func (w *Webhooks) Close() {
	w.public.CloseIdleConnections()
	w.trusted.CloseIdleConnections()
}
