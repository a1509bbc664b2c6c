package channel

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks/schema"
)

func declareLog() declared {
	return declared{
		spec: schema.ChannelSpec{
			Type: "log",

			ReachesAll: true,

			Doc:     "Writes each message as a line of JSON to the server's standard output instead of sending it: for development.",
			Attach:  allAttachments(),
			AnyData: true,
			Example: "dev: {type: log}",
		},
		make: func(name string, _ map[string]string, deps Deps) (Sender, error) {
			return &logSender{out: deps.Out, now: deps.Now}, nil
		},
	}
}

type logSender struct {
	mu  sync.Mutex // whole lines
	out io.Writer
	now func() time.Time
}

type logLine struct {
	Time     time.Time         `json:"time"`
	Key      string            `json:"key"`
	Member   string            `json:"member,omitempty"`
	Object   map[string]string `json:"object,omitempty"` // in place of a member: its kind and its id
	Playbook string            `json:"playbook"`
	Run      string            `json:"run"`
	Channel  string            `json:"channel"`
	To       string            `json:"to,omitempty"`
	Subject  string            `json:"subject,omitempty"`
	Text     string            `json:"text"`

	Attach []engine.Attachment `json:"attach,omitempty"`
	Data   map[string]any      `json:"data,omitempty"`
}

func (s *logSender) Send(_ context.Context, d engine.Delivery, _ int) (string, error) {
	member, object := d.Subject()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(logLine{
		Time: s.now().UTC(), Key: d.Key, Member: member, Object: object, Playbook: d.Playbook, Run: d.Run, Channel: d.Channel,
		To: d.Message.To, Subject: d.Message.Subject, Text: d.Message.Text,
		Attach: d.Message.Attach, Data: d.Message.Data,
	})
	if err != nil {
		return "", &PermanentError{Err: fmt.Errorf("write the message as JSON: %w", err)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.out.Write(b.Bytes()); err != nil {
		return "", fmt.Errorf("write the message to the log: %w", err)
	}
	return "", nil
}
