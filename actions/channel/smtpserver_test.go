package channel

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// smtpServer speaks SMTP on loopback and keeps what it was given. Replies by verb may be scripted.
type smtpServer struct {
	addr    string
	replies map[string]string // verb, or "." for the end of a message -> reply; "drop" hangs up

	mu     sync.Mutex
	mails  []receivedMail
	logins int
}

type receivedMail struct{ from, to, data string }

func startSMTP(t *testing.T, replies map[string]string) *smtpServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &smtpServer{addr: l.Addr().String(), replies: replies}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				// A client that leaks its connection fails its test here instead of hanging it.
				_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
				if !s.converse(conn) {
					t.Error("the client left its connection open")
				}
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return s
}

// converse reports whether the conversation came to an end by itself.
func (s *smtpServer) converse(conn net.Conn) bool {
	in := bufio.NewReader(conn)
	say := func(verb, line string) bool {
		if r, ok := s.replies[verb]; ok {
			line = r
		}
		if line == "drop" {
			return false
		}
		_, err := fmt.Fprintf(conn, "%s\r\n", line)
		return err == nil
	}
	if !say("HELLO", "220 mail.test ready") {
		return true
	}
	var m receivedMail
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return !errors.Is(err, os.ErrDeadlineExceeded)
		}
		line = strings.TrimRight(line, "\r\n")
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		reply := "250 fine"
		switch verb {
		case "EHLO":
			reply = "250-mail.test\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN"
		case "AUTH":
			s.mu.Lock()
			s.logins++
			s.mu.Unlock()
			reply = "235 welcome"
		case "QUIT":
			reply = "221 bye"
		case "MAIL":
			m.from = line
		case "RCPT":
			m.to = line
		case "DATA":
			if !say(verb, "354 go on") {
				return true
			}
			if s.replies["DATA"] != "" {
				continue
			}
			m.data = readData(in)
			verb = "."
			if s.replies["."] == "" {
				s.mu.Lock()
				s.mails = append(s.mails, m)
				s.mu.Unlock()
			}
		}
		if !say(verb, reply) || verb == "QUIT" {
			return true
		}
	}
}

func readData(in *bufio.Reader) string {
	var b strings.Builder
	for {
		line, err := in.ReadString('\n')
		if err != nil || line == ".\r\n" {
			return b.String()
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
}

func (s *smtpServer) received() []receivedMail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]receivedMail(nil), s.mails...)
}
