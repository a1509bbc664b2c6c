package engine_test

import (
	"testing"
	"time"

	"github.com/usher-run/usher/engine"
)

// What is said of a message that is sent later than it was decided: by today's limits, the message
// itself not counted.
func TestReview(t *testing.T) {
	e := newEngine(load(t, map[string]string{"usher.yaml": `usher: 1
timezone: UTC
member: {newsletter: bool}
consent: member.newsletter
channels: {out: {type: log}, other: {type: log}}
frequency_caps: [{channels: [out], max: 1, per: 24h}]
quiet_hours: {from: "22:00", to: "08:00"}
`}))
	noon := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	del := &engine.Delivery{Channel: "out", At: noon, NotBefore: noon, Message: engine.Message{Class: engine.Promotional}}
	own := engine.Send{Channel: "out", At: noon}
	agreed := map[string]any{"newsletter": true}
	for name, c := range map[string]struct {
		member *engine.Member
		now    time.Time
		skip   string
		until  time.Time
	}{
		"goes out": {
			member: &engine.Member{Attributes: agreed, Sends: []engine.Send{own}},
			now:    noon.Add(time.Hour),
		},
		"nobody":       {now: noon, skip: engine.ReasonConsent},
		"never agreed": {member: &engine.Member{}, now: noon, skip: engine.ReasonConsent},
		"in quiet hours": {
			member: &engine.Member{Attributes: agreed, Sends: []engine.Send{own}},
			now:    noon.Add(11 * time.Hour), until: noon.Add(20 * time.Hour),
		},
		"another since": {
			member: &engine.Member{
				Attributes: agreed,
				Sends:      []engine.Send{own, {Channel: "out", At: noon.Add(time.Hour)}},
			}, now: noon.Add(2 * time.Hour),
			skip: engine.ReasonCapped,
		},
		"another after a day": {
			member: &engine.Member{
				Attributes: agreed,
				Sends:      []engine.Send{own, {Channel: "out", At: noon.Add(25 * time.Hour)}},
			}, now: noon.Add(26 * time.Hour),
			skip: engine.ReasonCapped,
		},
		"of another channel": {member: &engine.Member{
			Attributes: agreed,
			Sends:      []engine.Send{own, {Channel: "other", At: noon.Add(time.Hour)}},
		}, now: noon.Add(2 * time.Hour)},
	} {
		if skip, until := e.Review(c.member, del, c.now); skip != c.skip || !until.Equal(c.until) {
			t.Errorf("%s: %q, %v", name, skip, until)
		}
	}
	if e.Reviews(del, noon.Add(time.Second)) || !e.Reviews(del, noon.Add(time.Hour)) {
		t.Error("a fresh decision is looked at again, or an old one is not")
	}
	del.Message.Class = engine.Transactional
	if e.Reviews(del, noon.Add(time.Hour)) {
		t.Error("a transactional message is looked at again")
	}
}
