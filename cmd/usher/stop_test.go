package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usher-run/usher/engine/worker"
)

// mailSink is a mail server that takes its time, and counts the mails that it has said yes to by
// their keys.
type mailSink struct {
	slow time.Duration
	mu   sync.Mutex
	keys map[string]int
}

func newMailSink(t *testing.T, slow time.Duration) (sink *mailSink, addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sink = &mailSink{slow: slow, keys: map[string]int{}}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				sink.talk(c)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	return sink, l.Addr().String()
}

// talk is one conversation. It ends when the other side goes away.
func (s *mailSink) talk(c net.Conn) {
	in := bufio.NewScanner(c)
	say := func(text string) { fmt.Fprintf(c, "%s\r\n", text) }
	say("220 sink")
	for in.Scan() {
		switch line := strings.ToUpper(in.Text()); {
		case strings.HasPrefix(line, "DATA"):
			say("354 go on")
			key, whole := "", false
			for !whole && in.Scan() {
				if name, value, _ := strings.Cut(in.Text(), ":"); strings.EqualFold(name, "X-Usher-Key") {
					key = strings.TrimSpace(value)
				}
				whole = in.Text() == "."
			}
			if !whole {
				return
			}
			<-time.After(s.slow) // a slow server, not a wait for something
			s.mu.Lock()
			s.keys[key]++
			s.mu.Unlock()
			say("250 ok")
		case strings.HasPrefix(line, "QUIT"):
			say("221 bye")
			return
		default:
			say("250 sink")
		}
	}
}

// count returns how many different mails came, and how many in all.
func (s *mailSink) count() (distinct, all int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.keys {
		all += n
	}
	return len(s.keys), all
}

const mails = 300

// mailing is a server with so many mails due.
func mailing(t *testing.T, slow time.Duration) (*process, *mailSink) {
	t.Helper()
	sink, addr := newMailSink(t, slow)
	ws := writeFiles(t, map[string]string{
		"usher.yaml": "usher: 1\nmember: {email: string}\nevents: {go: {}}\nchannels: {mail: {type: smtp, url: \"smtp://" +
			addr +
			"\", from: \"Shop <hi@shop.test>\"}}\n",
		"playbooks/welcome.yaml": "id: welcome\nstage: activation\ntrigger: {event: go}\nactions:\n" +
			"  - message: {channel: mail, to: a@x.test, subject: 你好, text: 欢迎, class: transactional}\n",
	})
	p := newProcessOf(t, ws)
	var events bytes.Buffer
	for i := range mails {
		fmt.Fprintf(&events, ",{\"id\": \"e%d\", \"event\": \"go\", \"member\": \"m%d\"}", i, i)
	}
	if err := p.post("[" + events.String()[1:] + "]"); err != nil {
		t.Fatal(err)
	}
	return p, sink
}

// TestStopSendsNothingTwice: a server that is stopped again and again while mails go out sends each
// of them once.
func TestStopSendsNothingTwice(t *testing.T) {
	p, sink := mailing(t, 200*time.Millisecond)
	for i := 1; i <= 4; i++ {
		p.until("more mails are out", func() bool {
			distinct, _ := sink.count()
			return distinct >= i*mails/6
		})
		p.terminate()
		p.start()
	}
	p.until("all mails are out", func() bool {
		distinct, _ := sink.count()
		return distinct == mails
	})
	p.terminate()
	if distinct, all := sink.count(); distinct != mails || all != mails {
		t.Errorf("%d mails, %d times in all; want %d", distinct, all, mails)
	}
	if log := p.log.String(); strings.Contains(log, "asynq") || strings.Contains(log, "level=WARN") ||
		strings.Contains(log, "level=ERROR") {
		t.Errorf("a clean stop leaves warnings in the log:\n%s", log)
	}
}

// TestKillSendsOnlyWhatWasOnTheWireTwice: a server that is killed sends no more twice than it had
// begun.
func TestKillSendsOnlyWhatWasOnTheWireTwice(t *testing.T) {
	const kills, senders = 3, worker.DefaultAttempts / 8
	p, sink := mailing(t, 50*time.Millisecond)
	for i := 1; i <= kills; i++ {
		p.until("more mails are out", func() bool {
			distinct, _ := sink.count()
			return distinct >= i*mails/5
		})
		p.kill()
		p.start()
	}
	p.until("all mails are out", func() bool {
		distinct, _ := sink.count()
		return distinct == mails
	})
	p.terminate()
	if distinct, all := sink.count(); distinct != mails || all > mails+kills*senders {
		t.Errorf("%d mails, %d times in all; at most %d of them twice after each of %d kills", distinct, all, senders, kills)
	}
}
