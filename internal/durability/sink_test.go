package durability

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// sink takes mails and webhooks, and remembers each with its key.
type sink struct {
	mail net.Listener
	hook *httptest.Server

	mu       sync.Mutex
	received map[string]map[string]int // what was received (a subject, or a body) by key, how often
}

func startSink(t *testing.T) *sink {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &sink{mail: l, received: map[string]map[string]int{}}
	s.hook = httptest.NewServer(http.HandlerFunc(s.answer))
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.converse(c)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		s.hook.Close()
	})
	return s
}

func (s *sink) note(what, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.received[what] == nil {
		s.received[what] = map[string]int{}
	}
	s.received[what][key]++
}

// taken returns what was received so far, by what and key.
func (s *sink) taken() map[string]map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make(map[string]map[string]int, len(s.received))
	for what, keys := range s.received {
		copied := make(map[string]int, len(keys))
		for key, n := range keys {
			copied[key] = n
		}
		list[what] = copied
	}
	return list
}

// count returns how much was received that begins so.
func (s *sink) count(prefix string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for what := range s.received {
		if strings.HasPrefix(what, prefix) {
			n++
		}
	}
	return n
}

// answer takes a webhook. It is noted by the last part of its path and by its body.
func (s *sink) answer(w http.ResponseWriter, r *http.Request) {
	body, err := bufio.NewReader(r.Body).ReadString('}')
	if err != nil {
		http.Error(w, "an object was expected", http.StatusBadRequest)
		return
	}
	s.note("hook "+body, r.Header.Get("Idempotency-Key"))
	fmt.Fprint(w, "{}")
}

// converse takes mails. One is noted by its subject once it has arrived whole.
func (s *sink) converse(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	say := func(line string) bool {
		_, err := fmt.Fprintf(c, "%s\r\n", line)
		return err == nil
	}
	if !say("220 sink.test") {
		return
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		reply := "250 fine"
		switch verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " "); verb {
		case "QUIT":
			_ = say("221 bye")
			return
		case "DATA":
			if !say("354 go on") || !s.read(in) {
				return
			}
		}
		if !say(reply) {
			return
		}
	}
}

func (s *sink) read(in *bufio.Reader) bool {
	var subject, key string
	inSubject := false
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return false
		}
		line = strings.TrimRight(line, "\r\n")
		if line == "." {
			s.note("mail "+subject, key)
			return true
		}
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case inSubject && strings.HasPrefix(line, " "): // folded
			subject += line
		case strings.EqualFold(name, "Subject"):
			subject, inSubject = value, true
			continue
		case strings.EqualFold(name, "X-Usher-Key"):
			key = value
		}
		inSubject = inSubject && strings.HasPrefix(line, " ")
	}
}
