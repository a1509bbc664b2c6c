package durability

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"
)

// load sends orders of many members, each member's one after the other: the next once the one
// before is acknowledged. What is not acknowledged is sent again, under the same id.
type load struct {
	t        *testing.T
	url      string
	members  int
	each     int // orders of a member
	pace     time.Duration
	stopping chan struct{}
	sent     sync.WaitGroup

	mu     sync.Mutex
	orders []ordered // by member
}

// ordered is how far a member's orders are.
type ordered struct{ sent, acknowledged int }

const (
	senders  = 4
	perArray = 20
)

func memberName(i int) string { return fmt.Sprintf("m%d", i) }

func orderID(member string, n int) string { return fmt.Sprintf("%s-%d", member, n) }

// newLoad returns a load that sends one array of orders a pace and sender.
func newLoad(t *testing.T, url string, members, each int, pace time.Duration) *load {
	return &load{t: t, url: url, members: members, each: each, pace: pace, orders: make([]ordered, members)}
}

// start sends what is not acknowledged yet, until it is or until stop.
func (l *load) start() {
	l.stopping = make(chan struct{})
	for s := range senders {
		var mine []int
		for m := s; m < l.members; m += senders {
			mine = append(mine, m)
		}
		l.sent.Go(func() { l.send(mine) })
	}
}

// wait returns when everything is acknowledged.
func (l *load) wait() { l.sent.Wait() }

// stop gives up what is not acknowledged.
func (l *load) stop() {
	close(l.stopping)
	l.sent.Wait()
}

// now returns how far each member's orders are.
func (l *load) now() []ordered {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]ordered(nil), l.orders...)
}

func (l *load) acknowledged() (n int) {
	for _, o := range l.now() {
		n += o.acknowledged
	}
	return n
}

func (l *load) send(members []int) {
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for from := 0; from < len(members); from += perArray {
		group := members[from:min(from+perArray, len(members))]
		for n := 1; n <= l.each; n++ {
			if !l.array(client, group, n) {
				return
			}
			select {
			case <-l.stopping:
				return
			case <-time.After(l.pace):
			}
		}
	}
}

type event struct {
	ID         string         `json:"id"`
	Event      string         `json:"event"`
	Member     string         `json:"member"`
	Properties map[string]any `json:"properties"`
	Attributes map[string]any `json:"attributes,omitempty"`
}

// array sends the order n of each member until it is acknowledged; false: it was told to stop.
func (l *load) array(client *http.Client, members []int, n int) bool {
	var list []event
	l.mu.Lock()
	for _, m := range members {
		if l.orders[m].acknowledged >= n {
			continue
		}
		l.orders[m].sent = n
		name := memberName(m)
		e := event{ID: orderID(name, n), Event: "order.paid", Member: name, Properties: map[string]any{"n": n}}
		if n == 1 {
			e.Attributes = map[string]any{"email": name + "@x.test"}
		}
		list = append(list, e)
	}
	l.mu.Unlock()
	if len(list) == 0 {
		return true
	}
	body, err := json.Marshal(list)
	if err != nil {
		l.t.Error(err)
		return false
	}
	for {
		if l.post(client, body, len(list)) {
			l.mu.Lock()
			for _, m := range members {
				l.orders[m].acknowledged = max(l.orders[m].acknowledged, n)
			}
			l.mu.Unlock()
			return true
		}
		select {
		case <-l.stopping:
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// post reports whether all was acknowledged.
func (l *load) post(client *http.Client, body []byte, events int) bool {
	req, err := http.NewRequest(http.MethodPost, l.url+"/v1/events", bytes.NewReader(body))
	if err != nil {
		l.t.Error(err)
		return false
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return false // it is down
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode == http.StatusServiceUnavailable || resp.StatusCode == http.StatusTooManyRequests {
		return false
	}
	var told struct{ Accepted, Duplicate, Rejected int }
	if err := json.Unmarshal(text, &told); err != nil || resp.StatusCode != http.StatusAccepted ||
		told.Rejected != 0 || told.Accepted+told.Duplicate != events {
		l.t.Errorf("%d orders were answered %s: %s", events, resp.Status, text)
		return false
	}
	return true
}
