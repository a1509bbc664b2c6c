package channel

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks/schema"
)

// maxReply is how much of a provider's answer is read, in bytes.
const maxReply = 64 << 10

// robot posts messages to the robot of a group. What providers differ in is in their own files.
type robot struct {
	provider
	kind   string
	url    *url.URL // nil: each message says its own
	each   bool     // messages say their addresses
	secret string
	now    func() time.Time
	paces  *Paces
	client *http.Client
}

// provider is what is particular to the robots of a provider.
type provider struct {
	home   string // what every address of the provider begins with; the key follows
	limits []limit
	// compose writes a message as the provider wants it; an error is for ever.
	compose func(m *engine.Message) (map[string]any, error)
	// sign adds the signature to the address or the message.
	sign func(u *url.URL, message map[string]any, secret string, now time.Time)
	code string // the field of an answer that holds the code; 0 is fine
	text string // the field that says why
	// judge says what another code than 0 means.
	judge func(code int, why string) verdict
}

// verdict is what an answer of a provider means for a message.
type verdict struct {
	permanent bool
	wait      time.Duration // nothing is sent for so long; 0: a passing fault of this message alone
}

// robotFields are the fields of a robot's channel.
func robotFields(address, secret string) []schema.FieldSpec {
	fields := []schema.FieldSpec{
		{Name: "url", Kind: schema.FieldSecret, Required: true, Doc: "the robot's address, which holds its key: " + address},
	}
	if secret != "" {
		fields = append(fields, schema.FieldSpec{Name: "secret", Kind: schema.FieldSecret, Doc: secret})
	}
	return fields
}

// newRobot makes the sender of a robot's channel.
func newRobot(kind string, p provider, config map[string]string, deps Deps) (Sender, error) {
	var u *url.URL
	if text, given := config["url"]; given {
		var err error
		if u, err = url.Parse(text); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, errors.New("url must begin with https:// and a host, as the provider shows it")
		}
	}
	paces := deps.Paces
	if paces == nil {
		paces = &Paces{}
	}
	return &robot{
		provider: p, kind: kind, url: u, each: deps.Addressed, secret: config["secret"], now: deps.Now, paces: paces,
		client: &http.Client{
			Transport:     &http.Transport{DisableKeepAlives: true, ForceAttemptHTTP2: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// Send posts a message.
func (r *robot) Send(ctx context.Context, d engine.Delivery, _ int) (string, error) {
	message, err := r.compose(&d.Message)
	if err != nil {
		return "", &PermanentError{Err: err}
	}
	to, err := r.address(&d.Message)
	if err != nil {
		return "", &PermanentError{Err: err}
	}
	now, pace := r.now(), r.paces.of(r.kind+" "+to.String(), r.limits)
	if err := pace.take(now); err != nil {
		return "", err
	}
	if r.secret != "" {
		r.sign(&to, message, r.secret, now)
	}
	got, err := post(ctx, r.client, to.String(), message, nil)
	if err != nil {
		return "", err
	}
	var fields map[string]any
	if json.Unmarshal(got.body, &fields) == nil {
		if code, ok := fields[r.code].(float64); ok {
			why, _ := fields[r.text].(string)
			return "", r.judged(pace, int(code), why)
		}
	}
	return "", statusError(got.status)
}

// address returns where a message is posted: to the channel's robot, or where messages say their own to that. It is
// the key that the provider shows or the whole address, and lies at the provider's, or where the channel's does: what
// is sent in as an attribute leads nowhere else.
func (r *robot) address(m *engine.Message) (to url.URL, err error) {
	if !r.each || m.To == "" {
		if r.url == nil {
			return to, errors.New("the robot has no address")
		}
		return *r.url, nil
	}
	text := m.To
	if !strings.Contains(text, "/") {
		text = r.home + url.QueryEscape(text)
	}
	u, err := url.Parse(text)
	home, _ := url.Parse(r.home)
	switch {
	case err != nil || u.User != nil:
	case u.Scheme == home.Scheme && strings.EqualFold(u.Host, home.Host),
		r.url != nil && u.Scheme == r.url.Scheme && strings.EqualFold(u.Host, r.url.Host):
		return *u, nil
	}
	return to, fmt.Errorf("the address of the robot is none of %s: write its key", home.Host)
}

// judged returns what a provider's code means, as an error of [Sender].
func (r *robot) judged(pace *pace, code int, why string) error {
	if code == 0 {
		return nil
	}
	err := fmt.Errorf("the robot answers %d: %.200s", code, why)
	switch v := r.judge(code, why); {
	case v.permanent:
		return &PermanentError{Err: err}
	case v.wait > 0:
		pace.block(r.now(), v.wait)
		return &RetryAfterError{After: v.wait, Err: err}
	}
	return err
}

// statusError returns what the status of an answer means that says nothing else.
func statusError(status int) error {
	err := fmt.Errorf("the answer is %d %s", status, http.StatusText(status))
	switch {
	case status >= 500, status < 300, status == http.StatusRequestTimeout, status == http.StatusTooEarly,
		status == http.StatusTooManyRequests:
		return err
	}
	return &PermanentError{Err: err}
}

// answered is an answer over HTTP.
type answered struct {
	status int
	body   []byte
	after  string // Retry-After
}

// post posts a value as JSON. Its errors are passing, and leave the address out, which may hold a
// key.
func post(ctx context.Context, client *http.Client, to string, value any, sign func(r *http.Request, body []byte)) (
	*answered, error,
) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		return nil, &PermanentError{Err: fmt.Errorf("write the message as JSON: %w", err)}
	}
	data := bytes.TrimSuffix(body.Bytes(), []byte("\n"))
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(data))
	if err != nil {
		return nil, &PermanentError{Err: errors.New("the channel's url cannot be called")}
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", "usher")
	if sign != nil {
		sign(r, data)
	}
	res, err := client.Do(r)
	if err != nil {
		return nil, withoutAddress(err)
	}
	defer func() { _ = res.Body.Close() }() // it was read
	reply, err := io.ReadAll(io.LimitReader(res.Body, maxReply))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", withoutAddress(err))
	}
	return &answered{status: res.StatusCode, body: reply, after: res.Header.Get("Retry-After")}, nil
}

func withoutAddress(err error) error {
	var u *url.Error
	if !errors.As(err, &u) {
		return err
	}
	if u.Timeout() {
		return errors.New("no answer in time")
	}
	return u.Err
}

// macOf returns the signature of a text as providers of robots want it.
func macOf(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// fits refuses a text that the provider would refuse.
func fits(text string, most int) error {
	if strings.TrimSpace(text) == "" {
		return errors.New("the text is empty")
	}
	if len(text) > most {
		return fmt.Errorf("the text has %d bytes, a robot takes %d", len(text), most)
	}
	return nil
}

// firstLine returns the first line of a text, cut to a title, and what follows it.
func firstLine(text string) (line, rest string) {
	const longest = 60 // characters of a title
	line, rest, _ = strings.Cut(strings.TrimSpace(text), "\n")
	if runes := []rune(line); len(runes) > longest {
		return string(runes[:longest-1]) + "…", strings.TrimSpace(text)
	}
	return line, strings.TrimSpace(rest)
}

// texts returns a field of data that lists texts.
func texts(m *engine.Message, field string) []string {
	list, _ := m.Data[field].([]any)
	out := make([]string, 0, len(list))
	for _, item := range list {
		if s, ok := item.(string); ok && s != "" {
			out = append(out, s)
		}
	}
	return out
}

// says reports whether a bool of data is true.
func says(m *engine.Message, field string) bool {
	v, _ := m.Data[field].(bool)
	return v
}
