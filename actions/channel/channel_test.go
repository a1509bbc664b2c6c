package channel

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/engine/naming"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

var noon = time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)

func env(m map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := m[name]; return v, ok }
}

func deps(out io.Writer) Deps { return Deps{Out: out, Now: func() time.Time { return noon }} }

func delivery() engine.Delivery {
	return engine.Delivery{
		Key: "cart-rescue/r1/actions[1].then[0]", Member: "m1", Playbook: "cart-rescue", Run: "r1", Channel: "email",
		Message: engine.Message{To: "xiaowang@acme.test", Subject: "您的购物车", Text: "小王,送你一张券 NEW-123 & <b>"},
	}
}

func smtpTo(t *testing.T, s *smtpServer, login string) Sender {
	t.Helper()
	c := playbooks.Channel{
		Name: "email", Type: "smtp",
		Config: map[string]any{"url": "${SMTP_URL}", "from": "艾克米 <hi@acme.test>"},
	}
	sender, err := New(c, env(map[string]string{"SMTP_URL": "smtp://" + login + s.addr}), deps(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

func TestSMTPDelivers(t *testing.T) {
	server := startSMTP(t, nil)
	sender := smtpTo(t, server, "user:p%40ss@")
	for attempt := 1; attempt <= 2; attempt++ {
		if _, err := sender.Send(t.Context(), delivery(), attempt); err != nil {
			t.Fatal(err)
		}
	}
	mails := server.received()
	if len(mails) != 2 || server.logins != 2 {
		t.Fatalf("got %d mails and %d logins, want 2 and 2", len(mails), server.logins)
	}
	var ids []string
	for _, m := range mails {
		msg, err := netmail.ReadMessage(strings.NewReader(m.data))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, msg.Header.Get("Message-ID"))
		if got := msg.Header.Get("X-Usher-Key"); got != delivery().Key {
			t.Errorf("X-Usher-Key = %q", got)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject"))
		if err != nil || subject != "您的购物车" {
			t.Errorf("Subject = %q, %v", subject, err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(msg.Body))
		if err != nil || strings.TrimSpace(string(body)) != delivery().Message.Text {
			t.Errorf("body = %q, %v", body, err)
		}
		if !strings.Contains(m.to, "<xiaowang@acme.test>") || !strings.Contains(m.from, "<hi@acme.test>") {
			t.Errorf("envelope %q -> %q", m.from, m.to)
		}
	}
	if ids[0] != ids[1] || !strings.HasSuffix(ids[0], "@acme.test>") {
		t.Errorf("message ids differ over attempts: %q", ids)
	}
}

func TestSMTPTellsTheServersID(t *testing.T) {
	for reply, want := range map[string]string{
		"250 2.0.0 Ok: queued as 4F2A1C":                     "4F2A1C",
		"250 Ok 0100018f2a-77d0-000000":                      "0100018f2a-77d0-000000",
		"250 2.0.0 OK  1764250000 d9443c01a7-abc.12 - gsmtp": "1764250000",
		"250 <20261127.1@mx.test> Queued mail for delivery":  "20261127.1@mx.test",
		"250 Ok": "", "250 fine, thank you": "", "250 2.6.0 done": "",
	} {
		id, err := smtpTo(t, startSMTP(t, map[string]string{".": reply}), "").Send(t.Context(), delivery(), 1)
		if err != nil || id != want {
			t.Errorf("%s: %q, %v; want %q", reply, id, err, want)
		}
	}
}

func TestSMTPReplies(t *testing.T) {
	tests := []struct {
		name      string
		replies   map[string]string
		ok        bool
		permanent bool
	}{
		{"full mailbox passes", map[string]string{"RCPT": "452 mailbox full"}, false, false},
		{"greylisting passes", map[string]string{"MAIL": "451 try later"}, false, false},
		{"unknown recipient is for ever", map[string]string{"RCPT": "550 no such user"}, false, true},
		{"refused sender is for ever", map[string]string{"MAIL": "553 not you"}, false, true},
		{"refused content is for ever", map[string]string{".": "554 spam"}, false, true},
		{"busy after the content passes", map[string]string{".": "421 closing"}, false, false},
		{"hang up at once passes", map[string]string{"HELLO": "drop"}, false, false},
		{"hang up before the content passes", map[string]string{"DATA": "drop"}, false, false},
		{"hang up after the content passes", map[string]string{".": "drop"}, false, false},
		{"a failing goodbye is still delivered", map[string]string{"QUIT": "drop"}, true, false},
		{"a refused login waits for the operator", map[string]string{"AUTH": "535 wrong password"}, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := smtpTo(t, startSMTP(t, tt.replies), "user:hunter2@").Send(t.Context(), delivery(), 1)
			if (err == nil) != tt.ok {
				t.Fatalf("err = %v", err)
			}
			var p *PermanentError
			if errors.As(err, &p) != tt.permanent {
				t.Errorf("permanent = %v, want %v: %v", !tt.permanent, tt.permanent, err)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows the password: %v", err)
			}
		})
	}
}

func TestSMTPAddresses(t *testing.T) {
	sender := smtpTo(t, startSMTP(t, nil), "")
	for _, to := range []string{"", "no address", "a@b.test\r\nBcc: x@y.test"} {
		d := delivery()
		d.Message.To = to
		var p *PermanentError
		if _, err := sender.Send(t.Context(), d, 1); !errors.As(err, &p) {
			t.Errorf("to %q: %v, want a permanent error", to, err)
		}
	}
}

func TestSMTPSubjectCannotAddHeaders(t *testing.T) {
	server := startSMTP(t, nil)
	d := delivery()
	d.Message.Subject = "hi\r\nBcc: x@y.test"
	if _, err := smtpTo(t, server, "").Send(t.Context(), d, 1); err != nil {
		t.Fatal(err)
	}
	msg, err := netmail.ReadMessage(strings.NewReader(server.received()[0].data))
	if err != nil || msg.Header.Get("Bcc") != "" {
		t.Errorf("Bcc = %q, %v", msg.Header.Get("Bcc"), err)
	}
}

func TestSMTPStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := smtpTo(t, startSMTP(t, nil), "").Send(ctx, delivery(), 1); err == nil {
		t.Error("sent although the context was over")
	}
}

func TestLog(t *testing.T) {
	var out bytes.Buffer
	s, err := New(playbooks.Channel{Name: "dev", Type: "log"}, env(nil), deps(&out))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Send(t.Context(), delivery(), 1); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"key": delivery().Key, "member": "m1", "playbook": "cart-rescue", "run": "r1", "channel": "email",
		"to": "xiaowang@acme.test", "text": delivery().Message.Text, "time": "2026-03-28T12:00:00Z",
	}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s = %v, want %v", k, got[k], v)
		}
	}
}

func TestLogShowsWhatHangsOnAMessage(t *testing.T) {
	var out bytes.Buffer
	s, err := New(playbooks.Channel{Name: "dev", Type: "log"}, env(nil), deps(&out))
	if err != nil {
		t.Fatal(err)
	}
	d := delivery()
	d.Message.Attach = []engine.Attachment{
		{Image: "https://shop.test/a.png"},
		{Link: &schema.Link{URL: "https://shop.test", Title: "看看"}},
		{MiniProgram: &schema.MiniProgram{AppID: "wx1", Page: "/p", Title: "看看"}},
	}
	d.Message.Data = map[string]any{"order": "n1"}
	if _, err := s.Send(t.Context(), d, 1); err != nil {
		t.Fatal(err)
	}
	want := `"attach":[{"image":"https://shop.test/a.png"},{"link":{"url":"https://shop.test","title":"看看"}},` +
		`{"miniprogram":{"appid":"wx1","page":"/p","title":"看看"}}],"data":{"order":"n1"}`
	if !strings.Contains(out.String(), want) {
		t.Errorf("the log shows %s", out.String())
	}
}

func TestNullCounts(t *testing.T) {
	n := 0
	s, err := New(playbooks.Channel{Name: "nowhere", Type: "null"}, env(nil), Deps{Counted: func(string) { n++ }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Send(t.Context(), delivery(), 1); err != nil || n != 1 {
		t.Errorf("n = %d, err = %v", n, err)
	}
}

func TestNewRefuses(t *testing.T) {
	tests := []struct {
		name string
		c    playbooks.Channel
		want string
	}{
		{"unknown type", playbooks.Channel{Name: "x", Type: "pigeon"}, `channel x: there is no channel type "pigeon"`},
		{
			"unset variable", smtpConfig("${SMTP_URL}", "hi@acme.test"),
			"channel email: the field url needs ${SMTP_URL}, but the environment has no SMTP_URL",
		},
		{
			"no closing brace", smtpConfig("${SMTP_URL", "hi@acme.test"),
			"channel email: the field url has a ${ without its name and closing }",
		},
		{
			"missing field",
			playbooks.Channel{Name: "email", Type: "smtp", Config: map[string]any{"url": "smtp://x"}},
			"channel email: the field from is missing",
		},
		{
			"wrong scheme", smtpConfig("http://u:secret@x", "hi@acme.test"),
			"channel email: url must be smtp://user:password@host:port or smtps://…",
		},
		{
			"a host alone", smtpConfig("smtp.qq.com", "hi@acme.test"),
			"channel email: url must be smtp://user:password@host:port or smtps://…: with TLS from the start it is smtps://user:password@smtp.qq.com:465",
		},
		{
			"a host and its port", smtpConfig("smtp.qq.com:587", "hi@acme.test"),
			"channel email: url must be smtp://user:password@host:port or smtps://…: with TLS from the start it is smtps://user:password@smtp.qq.com:465",
		},
		{
			"wrong sender", smtpConfig("smtp://x", "Acme"),
			`channel email: from must be an address like "Acme <hi@acme.test>", got "Acme"`,
		},
		{
			"a robot without an address",
			playbooks.Channel{Name: "g", Type: "wecom_robot", Config: map[string]any{"url": "qyapi.weixin.qq.com"}},
			"channel g: url must begin with https:// and a host, as the provider shows it",
		},
		{
			"a service with a password",
			playbooks.Channel{Name: "g", Type: "http", Config: map[string]any{"url": "https://u:secret@a.test"}},
			"channel g: url must begin with https:// or http:// and a host, without a password",
		},
		{
			"a short key",
			playbooks.Channel{Name: "g", Type: "http", Config: map[string]any{"url": "https://a.test", "secret": "whsec_c2hvcnQ="}},
			"channel g: secret must be whsec_ and a key of 24 to 64 bytes in base64, as of `openssl rand -base64 32`",
		},
		{"wrong port", smtpConfig("smtp://x:0", "hi@acme.test"), "channel email: url has a port that is no port number"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(tt.c, env(nil), deps(io.Discard))
			if err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
}

func smtpConfig(url, from string) playbooks.Channel {
	return playbooks.Channel{Name: "email", Type: "smtp", Config: map[string]any{"url": url, "from": from}}
}

func TestSpecsAreWhole(t *testing.T) {
	for _, s := range Specs() {
		if s.Type == "" || s.Doc == "" || s.Example == "" {
			t.Errorf("%+v lacks its type, doc or example", s)
		}
	}
}

// A group's message leaves with the group's kind and id, and with no member.
func TestChannelsNameAnObjectByItsOutsideID(t *testing.T) {
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
	}))
	t.Cleanup(server.Close)
	for _, c := range []playbooks.Channel{
		{Name: "app", Type: "http", Config: map[string]any{"url": server.URL}}, {Name: "out", Type: "log"},
	} {
		var out bytes.Buffer
		sender, err := New(c, env(nil), deps(&out))
		if err != nil {
			t.Fatal(err)
		}
		d := delivery()
		d.Member = naming.ObjectID("group", "g1")
		if _, err := sender.Send(t.Context(), d, 1); err != nil {
			t.Fatal(err)
		}
		text := string(body) + out.String()
		if !strings.Contains(text, `"object":{"group":"g1"}`) || strings.Contains(text, "member") || strings.Contains(text, "u001f") {
			t.Errorf("%s hands over %s", c.Type, text)
		}
		body = nil
	}
}
