package channel

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/usher-run/usher/playbooks/schema"

	netmail "net/mail"

	"github.com/usher-run/usher/engine"
	"github.com/wneessen/go-mail"
)

// smtpTimeout bounds one conversation with the server, also when the caller sets no deadline.
const smtpTimeout = 30 * time.Second

// keyHeader carries the delivery's key, which is the same in every attempt, to the receiver.
const keyHeader mail.Header = "X-Usher-Key"

func declareSMTP() declared {
	return declared{
		spec: schema.ChannelSpec{
			Type: "smtp",
			Doc: "Sends mail through an SMTP server. The message's key goes out as Message-ID and X-Usher-Key, the same in " +
				"every attempt.",
			Fields: []schema.FieldSpec{
				{
					Name: "url", Kind: schema.FieldSecret, Required: true,
					Doc: "smtp://user:password@host:port (STARTTLS where the server offers it) or smtps:// (TLS from the start)",
				},
				{Name: "from", Kind: schema.FieldString, Required: true, Doc: "the sender, as in \"Acme <hi@acme.test>\""},
			},
			NeedsTo:  true,
			Address:  "email",
			Subjects: true,
			Example:  "email: {type: smtp, url: \"${SMTP_URL}\", from: \"Acme <hi@acme.test>\"}",
		},
		make: func(_ string, config map[string]string, deps Deps) (Sender, error) {
			return newSMTP(config["url"], config["from"], deps.Now)
		},
	}
}

type smtpSender struct {
	host    string
	secure  bool // TLS from the start
	options []mail.Option
	from    *netmail.Address
	now     func() time.Time
}

// bareHost matches the name of a mail server alone: it holds no password.
var bareHost = regexp.MustCompile(`^(?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?$`)

// newSMTP never puts the URL into an error: it holds a password.
func newSMTP(rawURL, from string, now func() time.Time) (*smtpSender, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" {
		if bareHost.MatchString(rawURL) {
			host, _, _ := strings.Cut(rawURL, ":")
			return nil, fmt.Errorf("url must be smtp://user:password@host:port or smtps://…: with TLS from the start it is smtps://user:password@%s:465", host)
		}
		return nil, errors.New("url must be smtp://user:password@host:port or smtps://…")
	}
	sender, err := netmail.ParseAddress(from)
	if err != nil {
		return nil, fmt.Errorf("from must be an address like \"Acme <hi@acme.test>\", got %q", from)
	}
	s := &smtpSender{host: u.Hostname(), secure: u.Scheme == "smtps", from: sender, now: now}
	s.options = []mail.Option{mail.WithTimeout(smtpTimeout), mail.WithoutNoop(), mail.WithoutRset()}
	port := 25
	if s.secure {
		port = 465
		s.options = append(s.options, mail.WithSSL())
	} else {
		s.options = append(s.options, mail.WithTLSPolicy(mail.TLSOpportunistic))
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil || port < 1 || port > 65535 {
			return nil, errors.New("url has a port that is no port number")
		}
	}
	s.options = append(s.options, mail.WithPort(port))
	if u.User != nil {
		// Each of these refuses by itself to show the password on an unencrypted line that leaves the
		// machine.
		password, _ := u.User.Password()
		s.options = append(s.options, mail.WithUsername(u.User.Username()), mail.WithPassword(password),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin))
	}
	// Made once here so that a bad setting is found when the server starts, not when the first message
	// goes out.
	if _, err := mail.NewClient(s.host, s.options...); err != nil {
		return nil, fmt.Errorf("set up the mail client: %w", err)
	}
	return s, nil
}

func (s *smtpSender) Send(ctx context.Context, d engine.Delivery, _ int) (providerID string, err error) {
	msg, err := s.message(d)
	if err != nil {
		return "", &PermanentError{Err: err}
	}
	ctx, cancel := context.WithTimeout(ctx, smtpTimeout)
	defer cancel()
	// The library leaves its connection open when the greeting, the login or the goodbye fails: dial
	// and close ourselves.
	var line net.Conn
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		line, err = s.dial(ctx, network, addr)
		return line, err
	}
	defer func() {
		if line != nil {
			_ = line.Close()
		}
	}()
	client, err := mail.NewClient(s.host, append(slices.Clone(s.options), mail.WithDialContextFunc(dial))...)
	if err != nil {
		return "", &PermanentError{Err: fmt.Errorf("set up the mail client: %w", err)}
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		// Also a refused login: it is about the server's settings, not about this message, so the message
		// waits.
		return "", fmt.Errorf("connect to the mail server %s: %w", s.host, err)
	}
	err = client.SendWithSMTPClient(conn, msg)
	// Once the server has said yes to the message, a failing goodbye must not send it a second time.
	if err != nil && !msg.IsDelivered() {
		return "", smtpError(s.host, err)
	}
	_ = client.CloseWithSMTPClient(conn)
	return queueID(msg.ServerResponse()), nil
}

// queueID returns what a mail server calls a message that it has taken, as "4F2A1C" in "2.0.0 Ok:
// queued as 4F2A1C": the word behind "as", or the first that has a digit and is no code of the
// answer's; empty when there is none.
func queueID(response string) string {
	words := strings.Fields(response)
	for i, w := range words {
		if i > 0 && strings.EqualFold(words[i-1], "as") || len(w) >= 6 && strings.ContainsAny(w, "0123456789") {
			return strings.Trim(w, "<>.,;()")
		}
	}
	return ""
}

func (s *smtpSender) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	plain := new(net.Dialer)
	if !s.secure {
		return plain.DialContext(ctx, network, addr)
	}
	secure := tls.Dialer{NetDialer: plain, Config: &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12}}
	return secure.DialContext(ctx, network, addr)
}

// smtpError tells replies that are for ever (5xx) from those that pass (4xx, a dropped connection).
func smtpError(host string, err error) error {
	wrapped := fmt.Errorf("send through the mail server %s: %w", host, err)
	var se *mail.SendError
	if !errors.As(err, &se) {
		return wrapped
	}
	switch se.Reason {
	case mail.ErrGetSender, mail.ErrGetRcpts, mail.ErrNoUnencoded:
		return &PermanentError{Err: wrapped}
	}
	if se.ErrorCode() >= 500 {
		return &PermanentError{Err: wrapped}
	}
	return wrapped
}

func (s *smtpSender) message(d engine.Delivery) (*mail.Msg, error) {
	if d.Message.To == "" {
		return nil, errors.New("there is no address: neither `to` nor the member's email is set")
	}
	m := mail.NewMsg(mail.WithCharset(mail.CharsetUTF8), mail.WithNoDefaultUserAgent())
	m.FromMailAddress(s.from)
	if err := m.To(d.Message.To); err != nil {
		return nil, fmt.Errorf("%q is not a mail address", d.Message.To)
	}
	_, domain, _ := strings.Cut(s.from.Address, "@")
	m.SetMessageIDWithValue(messageID(d.Key) + "@" + domain)
	m.SetGenHeader(keyHeader, d.Key)
	m.SetDateWithValue(s.now())
	m.Subject(oneLine(d.Message.Subject))
	kind := mail.TypeTextPlain
	if d.Message.HTML {
		kind = mail.TypeTextHTML
	}
	m.SetBodyString(kind, d.Message.Text)
	return m, nil
}

// messageID writes the key with the characters that a Message-ID allows; different keys stay
// different.
func messageID(key string) string {
	var b strings.Builder
	for _, c := range []byte(key) {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "=%02x", c)
	}
	return b.String()
}

// oneLine keeps a rendered subject from starting a header of its own.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
